"""Motion in the terminal: the acceleration's size as strips, with falls or postures under them."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tasuki.view.braille import draw

Floats = NDArray[np.float64]

_WIDTH = 96
_ROWS = 4
_MOST = 6  # strips; a longer recording shows its first ones
_STRIP_S = 30.0
_SPAN = 5.0  # m/s2; less is not magnified
_LETTERS = {"lying": "_", "sitting": "s", "standing": "|", "upright": "!", "walking": "w", "running": "r"}


def fall_strips(accel: Floats, rate_hz: float, falls_s: Floats) -> list[str]:
    """Half a minute a strip, a mark under each fall. accel: (n, 3), m/s2."""

    def marks(start_s: float) -> str:
        inside = falls_s[(falls_s >= start_s) & (falls_s < start_s + _STRIP_S)] - start_s
        places = set((inside / _STRIP_S * _WIDTH).astype(int).tolist())
        return "".join("▲" if place in places else " " for place in range(_WIDTH))

    return _strips(accel, rate_hz, marks)


def motion_strips(rows: NDArray[np.void], accel: Floats, rate_hz: float) -> list[str]:
    """The same with posture and steps: _ lying, s sitting, | standing, ! upright, w walking, r running."""
    step = _STRIP_S * rate_hz / _WIDTH

    def marks(start_s: float) -> str:
        at = (start_s * rate_hz + (np.arange(_WIDTH) + 0.5) * step).astype(int)
        seen = rows[at[at < len(rows)]]
        return "".join(
            _LETTERS.get(str(row["activity"]), _LETTERS.get(str(row["posture"]), " ")) for row in seen
        )

    return _strips(accel, rate_hz, marks)


def _strips(accel: Floats, rate_hz: float, marks: Callable[[float], str]) -> list[str]:
    size = np.linalg.norm(accel, axis=1)
    length = max(1, round(_STRIP_S * rate_hz))
    count = min(_MOST, -(-len(size) // length))
    lines = []
    for strip in range(count):
        part = size[strip * length : (strip + 1) * length]
        width = max(1, round(_WIDTH * len(part) / length))
        lines += [f"{'':>7} {row}" for row in draw(part, width, _ROWS, _SPAN)]
        lines.append(f"{strip * _STRIP_S:>5.0f} s {marks(strip * _STRIP_S)}".rstrip())
    if count * length < len(size):
        lines.append(f"{'':>7} … {len(size) / rate_hz:.0f} s")
    return lines
