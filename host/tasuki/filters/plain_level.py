"""Offset and jumps over gaps taken off, in plain Python; the counterpart of native/src/filter_level.c."""

import numpy as np
from numpy.typing import NDArray


def plain_level(samples: NDArray[np.float32], hold: int) -> tuple[NDArray[np.float32], list[int]]:
    """(the signal from its first good value on, NaN where it is bad; the first good sample after each gap).

    A gap is more than `hold` bad samples in a row.
    """
    out = np.full(len(samples), np.nan, np.float32)
    ends = []
    offset = held = np.float32(0)
    started, missing = False, 0
    for i, x in enumerate(samples):
        if not np.isfinite(x):
            missing += 1
            continue
        if missing > hold:
            ends.append(i)
        if not started or missing > hold:
            offset, started = x - held, True
        held, missing = x - offset, 0
        out[i] = held
    return out, ends
