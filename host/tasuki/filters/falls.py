"""Falls from the acceleration of a body-worn sensor."""

import hashlib
import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tasuki.filters.fall_weights import OFFSET, WEIGHTS
from tasuki.filters.kept import Kept
from tasuki.native.filters import floats
from tasuki.native.motion import LANES, FallLanes, Falls, axes

FEATURES = ("impact", "stillness", "after", "before", "jerk before", "jerk after", "repeats")
"""What a decision rests on: log2 of the impact in m/s2; log2 of half a m/s2 more than the mean movement 1 to
2.5 s after it, 0.1 to 1 s after it and 1 to 0.08 s before it; the same of the mean change from sample to
sample 1 to 0.06 s before and 0.08 to 1 s after; how many impacts a third as large came 0.5 to 2.5 s later."""

FALL = np.dtype(
    [
        ("sample", "<i8"),
        ("time_s", "<f8"),
        ("confidence", "<f8"),
        ("impact_m_s2", "<f8"),
        ("quality", "<f8"),
        ("features", "<f4", (len(FEATURES),)),
    ]
)
"""One fall.

sample: its impact, counted from the first sample since the start, gaps included.
time_s: the same in seconds.
confidence: 0 to 1, of a logistic regression whose training had as much weight on falls as on other impacts,
    times quality: what was not seen is not taken for stillness.
impact_m_s2: the acceleration without gravity.
quality: 0 to 1, share of good samples from 1 s before to 2.5 s after it.
features: see FEATURES.
"""
FALL_OF = np.dtype([("hub", "<i4"), *FALL.descr])
"""The same with the number of the hub."""

_INNER_HZ = 50.0
_GRAVITY_S, _GRAVITY_STEP, _LEAST_IMPACT = 0.5, 5.0, 15.0
_AFTER_S, _RESTART_S = 2.5, 1.0
_WINDOWS_S = ((1.0, 2.52), (0.1, 1.0), (-1.0, -0.08), (-1.0, -0.06), (0.08, 1.0))
_REPEATS_S = (0.5, 2.52)


def weights_hash() -> str:
    """SHA-256 of the learnt weights as float32, first 16 digits: to tell which detector said something."""
    return hashlib.sha256(np.array([*WEIGHTS, OFFSET], "<f4").tobytes()).hexdigest()[:16]


def settings(
    rate_hz: float,
    least_confidence: float = 0.5,
    weights: tuple[float, ...] = WEIGHTS,
    offset: float = OFFSET,
) -> dict[str, Any]:
    """The fields of tsk_fall_coef; ValueError outside 40 to 2000 Hz."""
    if not 40 <= rate_hz <= 2000:
        raise ValueError(f"falls need 40 to 2000 Hz, got {rate_hz}")
    decimate = max(1, round(rate_hz / _INNER_HZ))
    inner = rate_hz / decimate

    def window(span: tuple[float, float]) -> list[int]:
        return [math.ceil(edge * inner - 1e-9) for edge in span]

    windows, repeats = [window(span) for span in _WINDOWS_S], window(_REPEATS_S)
    return {
        "decimate": decimate,
        "least_peak": round(_LEAST_IMPACT * 64),
        "after": max(windows[0][1], repeats[1]) - 1,
        "restart": round(_RESTART_S * inner),
        "window": windows,
        "repeats": repeats,
        "gravity": 1 - math.exp(-1 / (_GRAVITY_S * inner)),
        "gravity_step": _GRAVITY_STEP,
        "jerk": inner / _INNER_HZ,
        "weight": list(weights),
        "offset": offset,
        "least": least_confidence,
    }


def _rows(raw: NDArray[np.void], rate_hz: float, kind: np.dtype[np.void]) -> NDArray[np.void]:
    rows = np.empty(len(raw), kind)
    if not len(raw):  # most blocks decide none
        return rows
    rows["sample"] = raw["sample"]
    rows["time_s"] = raw["sample"] / rate_hz
    rows["confidence"] = raw["confidence"]
    rows["impact_m_s2"] = raw["impact"]
    rows["quality"] = raw["quality"]
    rows["features"] = raw["feature"]
    return rows


class FallDetector(Kept[Falls]):
    """Falls by an impact and what goes before and after, decided 2.5 s after the impact, causal.

    Acceleration with gravity and without are both taken: gravity is followed slowly
    and taken off, and where there is none nothing is. Impact, activity and stillness
    as in threshold detectors (Bourke et al., Gait & Posture 26:194-199, 2007), weighed
    by a logistic regression; jerk tells a body that tumbles from an arm that strikes.
    """

    def __init__(self, rate_hz: float, least_confidence: float = 0.5) -> None:
        """rate_hz: 40 to 2000; least_confidence: impacts less sure are not reported, 0 reports all."""
        self._rate_hz = rate_hz
        self._settings = settings(rate_hz, least_confidence)
        self._core = Falls(**self._settings)

    def process(self, accel: ArrayLike) -> NDArray[np.void]:
        """m/s2, shape (n, 3): rows of FALL, one for each fall decided in this block."""
        return _rows(self._core.run(axes(accel, "accel")), self._rate_hz, FALL)

    def gap(self, samples: int) -> NDArray[np.void]:
        """Announce missing samples: as so many bad ones; an impact before them may be decided by them."""
        return _rows(self._core.gap(samples), self._rate_hz, FALL)


class FallDetectorMany(Kept[FallLanes]):
    """The same for many hubs that sample together, the same bits for each; a missing sample is NaN."""

    def __init__(self, rate_hz: float, hubs: int, least_confidence: float = 0.5) -> None:
        """hubs: at least 1; the rest as for FallDetector."""
        if hubs < 1:
            raise ValueError("at least one hub is needed")
        self._rate_hz, self._hubs = rate_hz, hubs
        self._core = FallLanes(hubs, **settings(rate_hz, least_confidence))

    def process(self, accel: ArrayLike) -> NDArray[np.void]:
        """m/s2, shape (n, 3, hubs): rows of FALL_OF, by hub and then in time order."""
        block = floats(accel)
        if block.ndim != 3 or block.shape[1:] != (3, self._hubs):
            raise ValueError(f"expected a block of shape (n, 3, {self._hubs}), got {block.shape}")
        return self._ordered([self._group(block, first) for first in range(0, self._hubs, LANES)])

    def _group(self, block: NDArray[np.float32], first: int) -> NDArray[np.void]:
        part = block[:, :, first : first + LANES]
        idle = np.full((len(part), 3, LANES - part.shape[2]), np.nan, np.float32)
        return self._core.run(first // LANES, np.concatenate([part, idle], axis=2))

    def _ordered(self, groups: list[NDArray[np.void]]) -> NDArray[np.void]:
        raw = np.concatenate(groups)
        rows = _rows(raw, self._rate_hz, FALL_OF)
        rows["hub"] = raw["lane"] + np.repeat(LANES * np.arange(len(groups)), [len(each) for each in groups])
        return rows[np.lexsort((rows["sample"], rows["hub"]))]

    def gap(self, samples: int) -> NDArray[np.void]:
        """Announce missing samples of all hubs."""
        groups = range(-(-self._hubs // LANES))
        return self._ordered([self._core.gap(group, samples) for group in groups])
