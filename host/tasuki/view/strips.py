"""A recording in the terminal as strips, with a mark under each event."""

import numpy as np
from numpy.typing import NDArray

from tasuki.view.braille import columns, draw
from tasuki.view.words import word

Floats = NDArray[np.float64]

_WIDTH = 96
_ROWS = 5
_MOST = 6  # strips; a longer recording shows its first ones
_ECG_STRIP_S = 10.0
_BREATH_STRIP_S = 60.0


def beat_strips(microvolts: Floats, rate_hz: float, beats: NDArray[np.void], lang: str) -> list[str]:
    """Ten seconds a strip: the ECG as filtered, a mark under each R peak."""
    from tasuki.filters import EcgConditioner

    try:
        shown = EcgConditioner(rate_hz).process(microvolts).astype(np.float64)
    except ValueError:  # slower than the conditioner is made for
        shown = microvolts
    lines = _strips(shown, rate_hz, beats["time_s"], _ECG_STRIP_S, 500.0)
    return [*lines, *_trend(60 / beats["rr_s"], word("heart", lang), lang)]


def breath_strips(samples: Floats, rate_hz: float, breaths: NDArray[np.void], lang: str) -> list[str]:
    """A minute a strip, a mark under each end of inspiration."""
    lines = _strips(samples, rate_hz, breaths["time_s"], _BREATH_STRIP_S, 0.0)
    return [*lines, *_trend(breaths["rate_bpm"], word("breath", lang), lang)]


def _strips(samples: Floats, rate_hz: float, events_s: Floats, strip_s: float, span: float) -> list[str]:
    length = round(strip_s * rate_hz)
    count = min(_MOST, -(-len(samples) // length))
    lines = []
    for strip in range(count):
        part = samples[strip * length : (strip + 1) * length]
        width = max(1, round(_WIDTH * len(part) / length))
        marks = [" "] * _WIDTH
        inside = events_s[(events_s >= strip * strip_s) & (events_s < (strip + 1) * strip_s)]
        for at in inside - strip * strip_s:
            marks[min(_WIDTH - 1, int(at / strip_s * _WIDTH))] = "▲"
        lines += [f"{'':>7} {row}" for row in draw(part, width, _ROWS, span)]
        lines.append(f"{strip * strip_s:>5.0f} s {''.join(marks)}".rstrip())
    if count * length < len(samples):
        lines.append(f"{'':>7} … {len(samples) / rate_hz:.0f} s")
    return lines


def _trend(per_minute: Floats, title: str, lang: str) -> list[str]:
    known = per_minute[np.isfinite(per_minute)]
    if len(known) < 2:
        return []
    low, high = columns(known, _WIDTH)
    head = f"{title}: {np.nanmin(low):.0f} … {np.nanmax(high):.0f} {word('per_minute', lang)}"
    return [head, *(f"{'':>7} {row}" for row in draw(known, _WIDTH, 3, 10.0))]
