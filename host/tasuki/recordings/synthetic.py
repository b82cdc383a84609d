"""Channels that no recording brings: simple, plausible, the same on every run.

Each takes the sample times in seconds and gives physical values. All random
numbers come in sample order from a fixed seed, so a longer replay starts with
the same samples as a shorter one.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BREATHS_PER_MINUTE = 14.0
_SKIN_DEGC = 33.5
_STRIDE_HZ = 0.9  # two steps each
_DAY = 60.0  # seconds of standing, walking and sitting, over and over


def respiration(times: Floats) -> Floats:
    """Chest expansion, shape (n,), about -1 to 1; inspiration takes two fifths of a breath."""
    turns = _breaths(times)
    part = turns % 1.0
    phase = np.where(part < 0.4, part / 0.8, 0.5 + (part - 0.4) / 1.2)
    depth = 0.75 + _drift(times, seed=12, seconds=20.0, size=0.12)
    noise = _rng(13).normal(0.0, 0.01, len(times))
    return np.asarray(-np.cos(2 * np.pi * phase) * np.clip(depth, 0.4, 1.0) + noise, np.float64)


def temperature(times: Floats) -> Floats:
    """Skin temperature, shape (n,), degrees Celsius: warms slowly under the garment."""
    noise = _rng(21).normal(0.0, 0.01, len(times))
    return np.asarray(_SKIN_DEGC + 0.8 * (1 - np.exp(-times / 400.0)) + noise, np.float64)


def imu(times: Floats, site: int) -> Floats:
    """Accelerometer in g and gyroscope in degrees per second, shape (n, 6); x right, y up, z forward."""
    walking, sitting = _activity(times)
    stride = 2 * np.pi * _STRIDE_HZ * times
    lean = np.radians(18.0 * sitting + 1.0 * _drift(times, seed=30 + site, seconds=4.0, size=1.0))
    swing = 2.5 if site in (3, 4) else 1.0  # wrists swing
    out = np.empty((len(times), 6))
    out[:, 0] = 0.06 * walking * np.sin(stride) * swing
    out[:, 1] = np.cos(lean) + walking * (0.22 * np.cos(2 * stride) + 0.06 * np.cos(4 * stride + 0.6))
    out[:, 2] = np.sin(lean) + walking * 0.12 * np.sin(2 * stride + 0.9) * swing
    out[:, 3] = 9.0 * walking * np.sin(2 * stride + 0.3) * swing
    out[:, 4] = 24.0 * walking * np.sin(stride + 0.5) * swing
    out[:, 5] = 7.0 * walking * np.cos(stride) * swing
    noise = _rng(40 + site).normal(0.0, 1.0, out.shape)
    return np.asarray(out + noise * np.array([0.004, 0.004, 0.004, 0.15, 0.15, 0.15]), np.float64)


def strain(times: Floats, channels: int) -> Floats:
    """Garment strain, shape (n, channels), counts: the first half follows the breath, all follow the walk."""
    walking, _ = _activity(times)
    place = np.arange(channels)
    base = 1800.0 + 90.0 * ((place * 7) % 5)
    breath = np.where(place < channels / 2, 420.0 - 45.0 * place, 35.0)
    step = 40.0 + 22.0 * (place % 4)
    lag = place * 0.35
    stride = 2 * np.pi * _STRIDE_HZ * times[:, np.newaxis]
    walk = walking[:, np.newaxis] * step * np.sin(2 * stride + lag)
    noise = _rng(51).normal(0.0, 3.0, (len(times), channels))
    return np.asarray(base + respiration(times)[:, np.newaxis] * breath + walk + noise, np.float64)


def subjective(times: Floats) -> Floats:
    """Answers to questions 1, 2, 3 in turn, shape (n, 2): number and rating from 1 to 7."""
    question = 1 + np.arange(len(times)) % 3
    rating = _rng(61).integers(3, 6, len(times))
    return np.column_stack((question, rating)).astype(np.float64)


def _breaths(times: Floats) -> Floats:
    """Breaths since time 0: the rate wanders by about a tenth."""
    rate = BREATHS_PER_MINUTE / 60 * (1 + _drift(times, seed=11, seconds=15.0, size=0.1))
    step = np.diff(times, prepend=times[:1])
    return np.asarray(np.cumsum(rate * step), np.float64)


def _activity(times: Floats) -> tuple[Floats, Floats]:
    """How much the wearer walks and sits, 0 to 1 each, with a second between."""
    at = times % _DAY
    walking = np.clip(at - 20, 0, 1) - np.clip(at - 40, 0, 1)
    sitting = np.clip(at - 40, 0, 1) - np.clip(at - 59, 0, 1)
    return 0.5 - 0.5 * np.cos(np.pi * walking), 0.5 - 0.5 * np.cos(np.pi * sitting)


def _drift(times: Floats, seed: int, seconds: float, size: float) -> Floats:
    """Smooth wandering about 0 with deviation `size`: random knots every `seconds`, cosine between."""
    if not len(times):
        return np.zeros(0)
    knots = _rng(seed).normal(0.0, size, int(times[-1] / seconds) + 2)
    at = times / seconds
    left = at.astype(np.int64)
    blend = 0.5 - 0.5 * np.cos(np.pi * (at - left))
    return np.asarray(knots[left] * (1 - blend) + knots[left + 1] * blend, np.float64)


def _rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(208_000 + seed)
