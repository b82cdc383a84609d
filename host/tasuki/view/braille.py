"""A waveform as braille: 2 by 4 dots a character, drawn with NumPy in one go."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Bits of the eight dots of U+2800 by (row, column), Unicode chapter 21.1
_BITS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]], np.uint32)
_BLANK = 0x2800


def draw(values: Floats, width: int, height: int, smallest_span: float = 0.0) -> list[str]:
    """`height` lines of exactly `width` characters that show all of `values`, oldest left.

    The scale fits the values and never magnifies less than `smallest_span`, so
    noise on a flat line stays flat. NaN leaves an empty column.
    """
    low, high = columns(values, 2 * width)
    dots = _rows(low, high, 4 * height, smallest_span)
    cells = dots.reshape(height, 4, width, 2)
    codes = _BLANK + np.einsum("hrwc,rc->hw", cells.astype(np.uint32), _BITS)
    return ["".join(map(chr, line)) for line in codes.tolist()]


def columns(values: Floats, count: int) -> tuple[Floats, Floats]:
    """Lowest and highest value of each of `count` equal parts, shape (count,); NaN where there is none.

    Neighbours are joined, so that a steep slope has no holes. Fewer values than
    parts are joined by straight lines.
    """
    if len(values) == 0:
        empty = np.full(count, np.nan)
        return empty, empty
    if len(values) < count:
        at = np.linspace(0, len(values) - 1, count)
        values = np.interp(at, np.arange(len(values)), values)
    starts = (np.arange(count) * len(values)) // count
    low = np.fmin.reduceat(values, starts)
    high = np.fmax.reduceat(values, starts)
    last = values[np.append(starts[1:] - 1, len(values) - 1)]
    low[1:] = np.where(np.isnan(low[1:]), np.nan, np.fmin(low[1:], last[:-1]))
    high[1:] = np.where(np.isnan(high[1:]), np.nan, np.fmax(high[1:], last[:-1]))
    return low, high


def _rows(low: Floats, high: Floats, rows: int, smallest_span: float) -> NDArray[np.bool_]:
    """Which dots are set, shape (rows, columns), the highest value in row 0."""
    known = ~np.isnan(low)
    if not known.any():
        return np.zeros((rows, len(low)), np.bool_)
    bottom, top = float(low[known].min()), float(high[known].max())
    middle, span = (bottom + top) / 2, max(top - bottom, smallest_span, 1e-12)
    scale = (rows - 1) / span
    with np.errstate(invalid="ignore"):
        first = np.rint((middle + span / 2 - high) * scale)
        last = np.rint((middle + span / 2 - low) * scale)
        row = np.arange(rows)[:, np.newaxis]
        return np.asarray((row >= first) & (row <= last), np.bool_)
