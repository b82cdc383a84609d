"""Temperature and heart rate in plain Python, operation for operation as the C core in float32."""

import numpy as np
from numpy.typing import NDArray

from tasuki.filters.temperature import warmth_design

F = np.float32
Rows = list[tuple[float, float, bool]]


def plain_temperature(celsius: NDArray[np.float32], rate_hz: float) -> Rows:
    """(smoothed degrees C, slope in degrees C a minute, contact) after each sample; NaN when unknown."""
    design = warmth_design(rate_hz)
    share = {name: F(value) for name, value in design.items()}
    recent: list[np.float32] = []
    fast = slow = F(0)
    inside = missing = 0
    rows: Rows = []
    for x in np.asarray(celsius, np.float32):
        if np.isfinite(x):
            if not recent or missing > design["hold"]:
                recent, fast, slow, inside = [x, x, x], x, x, 0
            missing = 0
            recent = [*recent[1:], x]
            middle = sorted(recent)[1]
            fast = fast + share["fast"] * (middle - fast)
            slow = slow + share["slow"] * (middle - slow)
            falls = share["per_minute"] * (fast - slow) < -share["fall"]
            outside = middle < share["least"] or middle > share["most"]
            inside = 0 if falls or outside else inside + 1
        else:
            missing += 1
        known = bool(recent) and missing <= design["hold"]
        slope = share["per_minute"] * (fast - slow)
        contact = known and inside >= design["settle"]
        rows.append((float(fast), float(slope), contact) if known else (np.nan, np.nan, False))
    return rows


def plain_heart_rate(rr_ms: NDArray[np.float32], confidence: NDArray[np.float32]) -> tuple[float, ...]:
    """(beats a minute or 0, mean square of successive differences or -1, irregular, quality) of the last 32.

    rr_ms: interval before each beat, 0 where it is not known.
    """
    possible = [rr if 200 <= rr <= 3000 else F(0) for rr in np.asarray(rr_ms, np.float32)][-32:]
    sure = [F(c) for c in np.asarray(confidence, np.float32)][-8:]
    latest = [rr for rr in reversed(possible) if rr > 0][:8]
    median = F(np.median(np.array(latest, np.float32))) if latest else F(0)
    squares = total = F(0)
    pairs = 0
    for before, rr in zip(reversed(possible[:-1]), reversed(possible[1:]), strict=True):
        if rr > 0 and before > 0:
            squares, total, pairs = squares + (rr - before) * (rr - before), total + rr, pairs + 1
    mean = total / F(pairs) if pairs else F(0)
    square = squares / F(pairs) if pairs else F(-1)
    irregular = pairs >= 16 and square > F(0.01) * mean * mean
    quality = F(0)
    for each in reversed(sure):
        quality = quality + each
    quality = quality / F(len(sure)) if sure else F(0)
    bpm = F(60000) / median if median > 0 else F(0)
    return float(bpm), float(square), bool(irregular), float(quality)
