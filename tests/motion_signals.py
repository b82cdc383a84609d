"""Motion for the tests: recorded where the recordings are at hand, made up elsewhere."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from scipy.io import loadmat

BROAD = Path(__file__).parents[1] / "../shared/data/broad"
HIFD = Path(__file__).parents[1] / "../shared/data/hifd"
G = 9.81


class Trial(NamedTuple):
    """One BROAD trial: (n, 3) each, optical quaternion (n, 4), where it is scored."""

    name: str
    rate_hz: float
    gyro: np.ndarray
    accel: np.ndarray
    mag: np.ndarray
    truth: np.ndarray
    scored: np.ndarray


def broad_names():
    """Names of the trials at hand."""
    return sorted(path.stem for path in BROAD.glob("*.npz"))


def broad(name):
    """A trial; skips where it is absent."""
    if not (BROAD / f"{name}.npz").exists():
        pytest.skip(f"BROAD trial {name} is not in ../shared/data/broad")
    data = np.load(BROAD / f"{name}.npz")
    gyro, accel, mag = (
        np.ascontiguousarray(data[k] * float(data[f"{k}_lsb"]), np.float32) for k in ("gyr", "acc", "mag")
    )
    present = (data["quat"] != 0).any(axis=1)
    return Trial(name, float(data["fs"]), gyro, accel, mag, data["quat"] / 32767, data["movement"] & present)


def _turned(q, v):
    u = q[:, 1:]
    once = np.cross(u, v)
    return v + 2 * (q[:, :1] * once + np.cross(u, once))


def waved_arm(seconds=60, rate_hz=100.0, seed=1):
    """Smooth turning and shaking with noise and a constant bias, synthetic: (gyro, accel, mag, truth)."""
    random = np.random.default_rng(seed)
    t = np.arange(round(seconds * rate_hz)) / rate_hz
    awake = np.clip((t - 5) / 2, 0, 1)[:, None]
    phases = random.uniform(0, 6, (3, 3))
    rate = awake * sum(np.sin(2 * np.pi * f * t[:, None] + phases[i]) for i, f in enumerate((0.15, 0.4, 1.1)))
    truth = np.empty((len(t), 4))
    q = np.array([1.0, 0, 0, 0])
    for i, w in enumerate(rate / rate_hz):
        angle = np.linalg.norm(w)
        step = np.r_[np.cos(angle / 2), np.sinc(angle / 2 / np.pi) / 2 * w]
        q = _times(q, step)
        truth[i] = q = q / np.linalg.norm(q)
    middle = truth + np.vstack([truth[:1], truth[:-1]])
    back = middle / np.linalg.norm(middle, axis=1)[:, None] * [1, -1, -1, -1]
    shaken = awake * 2 * np.sin(2 * np.pi * 1.7 * t[:, None] + phases[0])
    gyro = rate + np.array([0.004, -0.006, 0.003]) + random.normal(0, 0.002, (len(t), 3))
    accel = _turned(back, shaken + np.array([0, 0, G])) + random.normal(0, 0.03, (len(t), 3))
    mag = _turned(back, np.broadcast_to([0.0, 20, -42], (len(t), 3))) + random.normal(0, 0.3, (len(t), 3))
    return gyro.astype("f4"), accel.astype("f4"), mag.astype("f4"), truth


def _times(a, b):
    return np.r_[a[0] * b[0] - a[1:] @ b[1:], a[0] * b[1:] + b[0] * a[1:] + np.cross(a[1:], b[1:])]


def spoilt(*blocks):
    """The same with bad samples of every kind in some of the blocks, and a gap in all."""
    blocks = [block.copy() for block in blocks]
    blocks[0][100, 1], blocks[0][333] = np.nan, np.inf
    blocks[1][[101, 500], 0] = -np.inf, 3e9
    blocks[-1][700:720] = np.nan
    for block in blocks:
        block[1000:1040] = np.nan
    return blocks


def fallen(seconds=20, rate_hz=100.0, at=8.0, gravity=True, seed=1, strike=False):
    """A fall at some time, or an arm that strikes once, synthetic: m/s2, (n, 3)."""
    random = np.random.default_rng(seed)
    t = np.arange(round(seconds * rate_hz)) / rate_hz
    noise = random.normal(0, 1, (len(t), 3))
    body = (
        np.exp(-0.5 * ((t - at + 0.35) / 0.2) ** 2) * 12 + np.exp(-0.5 * ((t - at - 0.35) / 0.25) ** 2) * 10
    )
    shape = np.exp(-0.5 * ((t - at) / 0.02) ** 2)[:, None] * np.array([60, 90, -70])
    swing = np.exp(-0.5 * ((t - at + 0.3) / 0.15) ** 2)[:, None] * np.array([6.0, 2, 1])
    tumble = swing if strike else body[:, None] * noise
    before = np.array([0, 0, G]) if gravity else np.zeros(3)
    after = np.array([G, 0, 0]) if gravity and not strike else before
    weight = np.where((t < at)[:, None], before, after)
    return (weight + shape + tumble + 0.05 * noise).astype("f4")


def hifd(name):
    """Wrist acceleration without gravity, 50 Hz, m/s2, (n, 3); skips where the recording is absent."""
    path = HIFD / f"{name}.mat"
    if not path.exists():
        pytest.skip(f"HIFD recording {name} is not in ../shared/data/hifd")
    data = loadmat(path)
    return np.hstack([data[k] for k in ("ax", "ay", "az")]).astype(np.float32) * np.float32(G)
