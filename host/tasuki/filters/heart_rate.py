"""Heart rate, its variability and regularity from beats."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasuki.filters.kept import Kept
from tasuki.native.vital import Rate


@dataclass(frozen=True)
class HeartRateReading:
    """What the latest beats say.

    Attributes:
        bpm: beats per minute, from the median of the latest 8 intervals; None when there is none.
        rmssd_ms: root mean square of successive differences of up to 32 intervals, ms; None
            when there are fewer than two in a row.
        irregular: RMSSD above 0.1 of the mean interval over at least 16 differences, as in
            screens for atrial fibrillation (Dash et al., Ann Biomed Eng 37:1701-1709, 2009); a
            hint to look at, no diagnosis.
        quality: 0 to 1, mean confidence of the latest 8 beats.
    """

    bpm: float | None
    rmssd_ms: float | None
    irregular: bool
    quality: float


class HeartRate(Kept[Rate]):
    """A running reading over the beats of a BeatDetector."""

    def __init__(self) -> None:
        self._core = Rate()
        self._reading: HeartRateReading | None = None

    def process(self, block: NDArray[np.void]) -> HeartRateReading:
        """Take rows of BEAT (any number, none allowed) and read."""
        intervals, confidences = block["rr_s"], block["confidence"]
        if len(intervals):  # most blocks have none
            self._reading = None
            for rr_s, confidence in zip(intervals.tolist(), confidences.tolist(), strict=True):
                self._core.beat(rr_s * 1000.0 if rr_s > 0 else 0.0, confidence)
        if self._reading is None:
            self._reading = self._read()
        return self._reading

    def _read(self) -> HeartRateReading:
        bpm, mean_square, quality, irregular = self._core.read()
        rmssd = math.sqrt(mean_square) if mean_square >= 0 else None
        return HeartRateReading(bpm or None, rmssd, irregular, quality)

    def reset(self) -> None:
        """As before the first beat."""
        self._reading = None
        super().reset()

    def restore(self, data: bytes) -> None:
        """Go on from state(); ValueError, and no change, for that of another filter."""
        self._reading = None
        super().restore(data)

    def gap(self, samples: int) -> None:
        """Nothing to do: the detector marks the interval across a gap as unknown."""
