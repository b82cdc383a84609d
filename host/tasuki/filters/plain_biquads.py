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
    """Direct form 1 over shape (n,), rounded half up after each section, what was lost given back."""
    sections = [_fixed(row) for row in _spread(np.asarray(sos, np.float64)).tolist()]
    signals = [[0, 0] for _ in range(len(sections) + 1)]
    lost = [[0, 0] for _ in sections]
    out = []
    for sample in samples.tolist():
        x = _limited(sample)
        for (lift, b0, b1, b2, a1, a2), before, after, off in zip(
            sections, signals, signals[1:], lost, strict=False
        ):
            total = (b0 * x + b1 * before[0] + b2 * before[1]) << lift
            total += 2 * off[0] - off[1] - a1 * after[0] - a2 * after[1]
            y = (total + (1 << 29)) >> 30
            before[:] = x, before[0]
            off[:] = total - (y << 30), off[0]
            x = _limited(y)
        signals[-1][:] = x, signals[-1][0]
        out.append(x)
    return np.array(out, np.int32)


def _spread(sos: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same cascade, its gain spread over the sections by powers of two."""
    exponents = np.frexp(np.abs(sos[:, :3]).sum(axis=1))[1].astype(int)
    mean, over = divmod(int(exponents.sum()), len(sos))
    rows = sos.copy()
    rows[:, :3] *= 2.0 ** (mean - exponents + (np.arange(len(sos)) < over))[:, None]
    return rows


def _fixed(row: list[float]) -> tuple[int, ...]:
    """How many places b0 b1 b2 lack of 30, and the coefficients."""
    lift = next(lift for lift in range(3) if max(map(abs, row[:3])) < 2.0 ** (lift + 1))
    ahead = (_rounded(value * 2.0 ** (30 - lift)) for value in row[:3])
    return lift, *ahead, *(_rounded(value * 2.0**30) for value in row[4:])


def _rounded(value: float) -> int:
    return int(np.copysign(np.floor(abs(value) + 0.5), value))


def _limited(x: int) -> int:
    return max(-_LARGEST, min(_LARGEST, x))
