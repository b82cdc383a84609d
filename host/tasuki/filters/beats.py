"""Beats from raw ECG, each decided within half a second of its R peak."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tasuki.filters.kept import Kept
from tasuki.native.filters import BEAT, Beats, line

__all__ = ["BEAT", "BeatDetector", "detect_beats"]


class BeatDetector(Kept[Beats]):
    """Causal QRS detector for one ECG channel.

    The slope energy of Pan and Tompkins (IEEE Trans Biomed Eng 32(3):230-236,
    1985) in integers, with decisions that look 250 ms ahead instead of searching
    back; docs/adr/0006-beat-detector.md says what was chosen and how it scores.
    The first 2 s are learned from; their beats are decided when they end.
    """

    def __init__(self, rate_hz: float) -> None:
        """rate_hz: 100 to 2000 Hz, else ValueError."""
        self._core = Beats(rate_hz)

    def process(self, block: ArrayLike) -> NDArray[np.void]:
        """Rows of BEAT decided in this block.

        block: microvolts, shape (n,), any length; electrode offsets and either
        polarity do no harm. NaN, infinite and above 262 mV are bad samples.
        """
        return self._core.run(line(block))

    def gap(self, samples: int) -> NDArray[np.void]:
        """Announce that so many samples are missing here; rows of BEAT from before them."""
        return self._core.gap(samples)


def detect_beats(signal_uv: ArrayLike, rate_hz: float) -> NDArray[np.void]:
    """All beats of a whole record, rows of BEAT; signal_uv: microvolts, shape (n,)."""
    detector = BeatDetector(rate_hz)
    rows = np.concatenate([detector.process(signal_uv), detector.gap(round(3 * rate_hz))])
    return rows[rows["sample"] < len(np.asarray(signal_uv))]
