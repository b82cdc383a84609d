"""Biquad cascades in plain Python, one operation a line: slow, for reading and for tests."""

import numpy as np
from numpy.typing import NDArray

_LARGEST = (1 << 28) - 1


def plain_biquads_f32(sos: NDArray[np.float64], samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Transposed direct form 2 in float32 over shape (n,); a bad sample comes out as NaN."""
    sections = np.asarray(sos, np.float32)
    delays = np.zeros((len(sections), 2), np.float32)
    out = np.empty(len(samples), np.float32)
    held = np.float32(0)
    for i, sample in enumerate(samples):
        held = sample if np.isfinite(sample) else held
        x = held
        for (b0, b1, b2, _, a1, a2), d in zip(sections, delays, strict=True):
            y = b0 * x + d[0]
            d[0] = (b1 * x + d[1]) - a1 * y
            d[1] = b2 * x - a2 * y
            x = y
        out[i] = x if np.isfinite(sample) else np.nan
    return out


def plain_biquads_i32(sos: NDArray[np.float64], samples: NDArray[np.int32]) -> NDArray[np.int32]:
    """Direct form 1 with Q2.30 coefficients over shape (n,), rounded half up after each section."""
    scaled = np.asarray(sos) * 2.0**30
    sections = (np.sign(scaled) * np.floor(np.abs(scaled) + 0.5)).astype(np.int64).tolist()
    signals = [[0, 0] for _ in range(len(sections) + 1)]
    out = []
    for sample in samples.tolist():
        x = _limited(sample)
        for (b0, b1, b2, _, a1, a2), before, after in zip(sections, signals, signals[1:], strict=False):
            total = b0 * x + b1 * before[0] + b2 * before[1] - a1 * after[0] - a2 * after[1]
            before[:] = x, before[0]
            x = _limited((total + (1 << 29)) >> 30)
        signals[-1][:] = x, signals[-1][0]
        out.append(x)
    return np.array(out, np.int32)


def _limited(x: int) -> int:
    return max(-_LARGEST, min(_LARGEST, x))
