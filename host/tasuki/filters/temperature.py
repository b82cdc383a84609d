"""Body temperature: smoothed, with its slope and whether the sensor touches skin."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tasuki.filters.kept import Kept
from tasuki.native.filters import line, missing
from tasuki.native.vital import Warmth

TEMPERATURE = np.dtype([("celsius", "<f4"), ("slope_c_per_min", "<f4"), ("contact", "?")])
"""One reading a sample: degrees C, degrees C a minute (both NaN when unknown), contact."""

_FAST_S = 30.0
_SLOW_S = 120.0
_SETTLE_S = 10.0
_HOLD_S = 10.0


class BodyTemperature(Kept[Warmth]):
    """Median of three, exponential mean of 30 s, slope against a mean of 120 s.

    Contact means 28 to 43 degrees C for 10 s without a fall faster than half a
    degree a minute: a sensor that comes off cools far faster than a body can.
    """

    def __init__(self, rate_hz: float) -> None:
        """rate_hz: 0.05 to 100 Hz, else ValueError."""
        self._core = Warmth(**warmth_design(rate_hz))

    def process(self, block: ArrayLike) -> NDArray[np.void]:
        """Rows of TEMPERATURE, one for each sample of block (degrees C, shape (n,)).

        A bad sample repeats the last reading for 10 s; then nothing is known.
        """
        raw = self._core.run(line(block))
        rows = np.empty(len(raw), TEMPERATURE)
        rows["celsius"] = raw["celsius"]
        rows["slope_c_per_min"] = raw["slope"]
        rows["contact"] = raw["contact"]
        return rows

    def gap(self, samples: int) -> None:
        """Announce missing samples, as so many NaN."""
        hold_at_most = min(missing(samples), 1100)
        self._core.run(np.full(hold_at_most, np.nan, np.float32))


def warmth_design(rate_hz: float) -> dict[str, float]:
    """Fields of struct tsk_warmth_coef; ValueError outside 0.05 to 100 Hz."""
    if not 0.05 <= rate_hz <= 100:
        raise ValueError(f"body temperature needs 0.05 to 100 Hz, got {rate_hz}")
    return {
        "fast": 1 - math.exp(-1 / (_FAST_S * rate_hz)),
        "slow": 1 - math.exp(-1 / (_SLOW_S * rate_hz)),
        "per_minute": 60 / (_SLOW_S - _FAST_S),
        "least": 28.0,
        "most": 43.0,
        "fall": 0.5,
        "settle": max(1, round(_SETTLE_S * rate_hz)),
        "hold": max(1, round(_HOLD_S * rate_hz)),
    }
