"""Bring a recorded signal to the hub's rate without moving it in time."""

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_LARGEST_FACTOR = 5000  # rates are met to about 1 in 10 million


def to_rate(
    signal: Floats, source_hz: float, target_hz: float, start: float, count: int
) -> tuple[Floats, int]:
    """`count` samples at `target_hz` from `start` seconds on; and how many source samples were filled.

    Polyphase filtering (scipy.signal.resample_poly) is zero-phase, so annotated
    beat times still hold. Past the end of the source its last value stands.
    """
    first = round(start * source_hz)
    part, filled = fill(signal[first : first + int(np.ceil(count * source_hz / target_hz)) + 1])
    ratio = Fraction(target_hz / source_hz).limit_denominator(_LARGEST_FACTOR)
    if ratio == 1:
        out = part
    else:
        from scipy.signal import resample_poly  # here because it takes a second to import

        out = np.asarray(resample_poly(part, ratio.numerator, ratio.denominator, padtype="line"), np.float64)
    short = count - len(out)
    return (np.pad(out, (0, short), mode="edge") if short > 0 else out[:count]), filled


def fill(signal: Floats) -> tuple[Floats, int]:
    """The signal with invalid (NaN) samples bridged by straight lines, and their number."""
    bad = ~np.isfinite(signal)
    if not bad.any():
        return signal, 0
    if bad.all():
        return np.zeros_like(signal), len(signal)
    places = np.arange(len(signal))
    return np.interp(places, places[~bad], signal[~bad]), int(bad.sum())
