"""The moving signals of the live view."""

import numpy as np
from rich.text import Text

from tasuki.view.braille import draw
from tasuki.view.cells import BAD, GOOD, MUTED, SIGNALS
from tasuki.view.snapshot import NOT_SAMPLED, PASSES, Stream
from tasuki.view.words import word

_DRAWN = ("ecg", "respiration", "body_motion")
_SYMBOLS = {PASSES: ("●", GOOD), NOT_SAMPLED: ("○", MUTED)}
_SHARE = {"ecg": 2.0}  # of the height; the others have 1

# Nothing smaller than this fills the height: noise at rest stays flat.
_SMALLEST_SPAN = {"uV": 500.0, "g": 0.2, "count": 50.0, "degC": 0.5}
_SHOWN_AS = {"uV": ("mV", 1e-3, 2), "degC": ("°C", 1.0, 1), "g": ("g", 1.0, 2)}


def waves(streams: tuple[Stream, ...], width: int, height: int, lang: str) -> list[Text]:
    """`height` lines: per signal a line of text and its waveform, as many signals as have room."""
    chosen = sorted(
        (stream for stream in streams if stream.item in _DRAWN), key=lambda s: _DRAWN.index(s.item)
    )[: max(1, height // 4)]
    lines: list[Text] = []
    for stream, rows in zip(chosen, _split(chosen, height), strict=True):
        lines.append(_label(stream, width, lang))
        lines += _wave(stream, width, rows - 1, lang)
    return lines + [Text()] * (height - len(lines))


def _split(streams: list[Stream], height: int) -> list[int]:
    """Rows for each, label included; they add up to `height`."""
    if not streams:
        return []
    shares = np.array([_SHARE.get(stream.item, 1.0) for stream in streams])
    rows = np.floor(height * shares / shares.sum()).astype(int)
    rows[0] += height - rows.sum()
    return [int(row) for row in rows]


def _label(stream: Stream, width: int, lang: str) -> Text:
    """Name and state, then range, rate and frames as far as they fit."""
    symbol, style = _SYMBOLS.get(stream.state, ("✗", BAD))
    line = Text().append(f" {symbol} ", style)
    line.append(word(stream.name, lang), "bold")
    line.append(f"  {word(stream.state, lang)}", style)
    if stream.state != PASSES:
        return line
    for part in (*_range(stream), f"{stream.rate_hz:g} Hz", f"{stream.frames} {word('frames', lang)}"):
        piece = Text(f"  {part}", MUTED)
        if line.cell_len + piece.cell_len <= width:
            line.append(piece)
    return line


def _range(stream: Stream) -> list[str]:
    known = stream.samples[np.isfinite(stream.samples)]
    if not len(known):
        return []
    unit, factor, digits = _SHOWN_AS.get(stream.unit, (stream.unit, 1.0, 0))
    low, high = float(known.min()) * factor, float(known.max()) * factor
    return [f"{low:.{digits}f} … {high:.{digits}f} {unit}"]


def _wave(stream: Stream, width: int, rows: int, lang: str) -> list[Text]:
    """The waveform; what consent keeps away is never drawn, even if samples are there."""
    if stream.state != PASSES or not np.isfinite(stream.samples).any():
        key = stream.state if stream.state != PASSES else "no_signal"
        blank = [Text() for _ in range(rows)]
        blank[rows // 2] = Text(f"   ┄┄┄ {word(key, lang)} ┄┄┄", MUTED)
        return blank
    span = _SMALLEST_SPAN.get(stream.unit, 0.0)
    style = SIGNALS.get(stream.item, GOOD)
    return [Text(line, style) for line in draw(stream.samples, width, rows, span)]
