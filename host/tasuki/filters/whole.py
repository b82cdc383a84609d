"""The streaming filters over a whole record at once."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tasuki.filters.respiration import RespirationRate
from tasuki.native.filters import line

BREATH = np.dtype(
    [("sample", "<i8"), ("time_s", "<f8"), ("rate_bpm", "<f8"), ("confidence", "<f8"), ("apnoea", "?")]
)
"""One breath: end of inspiration; rate and confidence as they were known when it was decided (NaN
before); apnoea: more than 10 s had passed without a breath."""


def detect_breaths(samples: ArrayLike, rate_hz: float) -> NDArray[np.void]:
    """All breaths of a whole record, rows of BREATH; samples: any scale, shape (n,)."""
    signal = line(samples)
    filt = RespirationRate(rate_hz)
    step = max(1, round(0.2 * rate_hz))
    rows: list[tuple[int, float, float, float, bool]] = []
    for start in range(0, len(signal), step):
        reading = filt.process(signal[start : start + step])
        rate = np.nan if reading.rate_bpm is None else reading.rate_bpm
        for time_s in reading.breath_times_s.tolist():
            rows.append((round(time_s * rate_hz), time_s, rate, reading.confidence, reading.apnoea))
    return np.array(rows, BREATH)
