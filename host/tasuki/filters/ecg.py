"""ECG made fit to look at: no wander, no mains, no muscle noise above 40 Hz."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import signal

from tasuki.native.filters import BiquadCascade, Level, line

_WANDER_HZ = 0.5
_MUSCLE_HZ = 40.0
_NOTCH_Q = 30.0
_HOLD_S = 0.02


class EcgConditioner:
    """High-pass 0.5 Hz, mains notch, low-pass 40 Hz, one channel, causal.

    Butterworth sections of second order (AHA recommendations for monitoring,
    Kligfield et al., Circulation 115:1306-1324, 2007: 0.5 to 40 Hz). The first
    value counts as zero, so an electrode offset starts no transient. Mains above half
    the rate are notched where they fold to.
    """

    def __init__(self, rate_hz: float, mains_hz: float = 50) -> None:
        """rate_hz: 100 to 4000 Hz, mains_hz: below it, else ValueError."""
        sos, hold = conditioner_design(rate_hz, mains_hz)
        self._level = Level(hold)
        self._cascade = BiquadCascade(sos, 1)

    def process(self, block: ArrayLike) -> NDArray[np.float32]:
        """Microvolts in, microvolts out, shape (n,); a bad sample comes out as NaN."""
        return self._cascade.run_line(line(block), self._level)

    def gap(self, samples: int) -> None:
        """Announce missing samples; what follows joins on without a jump."""
        self._level.gap(samples)
        self._cascade.gap(samples)

    def reset(self) -> None:
        """As before the first sample."""
        self._level.reset()
        self._cascade.reset()

    def state(self) -> bytes:
        """Level and delays."""
        return self._level.memory.save(self._cascade.memory.save())

    def restore(self, data: bytes) -> None:
        """Go on from state(); ValueError when it is of another filter."""
        cascade = self._level.memory.extra(data)
        self._cascade.memory.load(cascade)
        self._level.memory.load(data, cascade)


def conditioner_design(rate_hz: float, mains_hz: float) -> tuple[NDArray[np.float64], int]:
    """Sections, and how many bad samples in a row are a gap; ValueError for rates it is not made for."""
    if not (100 <= rate_hz <= 4000 and 0 < mains_hz < rate_hz):
        raise ValueError(f"cannot condition {rate_hz} Hz with mains at {mains_hz} Hz")
    seen_hz = min(mains_hz, rate_hz - mains_hz)
    high = signal.butter(2, _WANDER_HZ, "highpass", fs=rate_hz, output="sos")
    notch = [] if seen_hz == rate_hz / 2 else [signal.tf2sos(*signal.iirnotch(seen_hz, _NOTCH_Q, fs=rate_hz))]
    low = signal.butter(2, _MUSCLE_HZ, "lowpass", fs=rate_hz, output="sos")  # nothing passes at half the rate
    return np.concatenate([high, *notch, low]), max(1, round(_HOLD_S * rate_hz))
