"""Plots as inline SVG: colours come from the page's style, so they follow light and dark."""

import numpy as np
from numpy.typing import NDArray

from tasuki.view.braille import columns
from tasuki.view.markup import Markup, el, join

Floats = NDArray[np.float64]

WIDTH = 1000
_COLUMNS = 1000  # more than a screen shows; keeps a plot under 20 kB however long the session
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 8, 10, 22

STRIP_S = 10.0
MAX_STRIPS = 12
_MM = 4.0  # user units a millimetre of paper: 25 mm are a second, 10 mm a millivolt
_TALLEST_MV, _LOWEST_MV = 8.0, 2.0


def line_plot(
    time_s: Floats,
    values: Floats,
    end_s: float,
    item: str,
    smallest_span: float,
    height: int = 170,
    label: str | None = None,
) -> Markup:
    """Values over time with axes; spikes survive, since each column keeps its lowest and highest.

    label: what a screen reader says of it.
    """
    time_s, values = lift_at_gaps(time_s, values)
    good = values[np.isfinite(values)]
    low, high = (float(good.min()), float(good.max())) if len(good) else (0.0, 1.0)
    spread = max(high - low, smallest_span)
    middle = (low + high) / 2
    ticks_y = nice_ticks(middle - 0.55 * spread, middle + 0.55 * spread, 4)
    bottom, top = min(ticks_y[0], low), max(ticks_y[-1], high)
    right, floor = WIDTH - _RIGHT, height - _BOTTOM

    def x(t: Floats) -> Floats:
        return _LEFT + (right - _LEFT) * t / max(end_s, 1e-9)

    def y(v: Floats) -> Floats:
        return floor - (floor - _TOP) * (v - bottom) / max(top - bottom, 1e-12)

    at, shown = thin(time_s, values)
    parts = [_rule(_LEFT, right, float(y(np.array(v))), f"{v:g}") for v in ticks_y]
    for t in nice_ticks(0, end_s, 8):
        parts.append(el("text", f"{t:g} s", x=_n(float(x(np.array(t)))), y=height - 6, class_="tick mid"))
    parts.append(el("path", d=path(x(at), y(shown)), class_=f"line {item}"))
    box = f"0 0 {WIDTH} {height}"
    return el("svg", *parts, viewBox=box, class_="plot", role="img", aria_label=label)


def ecg_strips(time_s: Floats, millivolts: Floats, beats_s: Floats, end_s: float) -> Markup:
    """Strips of ten seconds on ECG paper (25 mm/s, 10 mm/mV), beats marked with triangles."""
    bottom, top = _paper_range(millivolts)
    time_s, millivolts = lift_at_gaps(time_s, millivolts)
    count = min(MAX_STRIPS, max(1, int(np.ceil(end_s / STRIP_S - 1e-9))))
    strips = [_strip(i * STRIP_S, time_s, millivolts, beats_s, bottom, top) for i in range(count)]
    return join(_paper(), *strips)


def thin(time_s: Floats, values: Floats, count: int = _COLUMNS) -> tuple[Floats, Floats]:
    """Lowest and highest value of each of `count` equal parts, in turn; short series stay whole."""
    if len(values) <= 2 * count:
        return time_s, values
    low, high = columns(values, count)
    starts = (np.arange(count) * len(values)) // count
    at = np.repeat(time_s[starts], 2)
    return at, np.column_stack((low, high)).ravel()


def lift_at_gaps(time_s: Floats, values: Floats) -> tuple[Floats, Floats]:
    """The series with a NaN wherever time jumps, so that no line is drawn over what is missing."""
    if len(time_s) < 3:
        return time_s, values
    steps = np.diff(time_s)
    jumps = np.flatnonzero(steps > 2.5 * float(np.median(steps))) + 1
    return np.insert(time_s, jumps, time_s[jumps - 1]), np.insert(values, jumps, np.nan)


def path(x: Floats, y: Floats) -> str:
    """SVG path data; a NaN lifts the pen."""
    out: list[str] = []
    pen_up = True
    for px, py, known in zip(x.tolist(), y.tolist(), np.isfinite(y).tolist(), strict=True):
        if known:
            out.append(f"{'M' if pen_up else 'L'}{px:.1f} {py:.1f}")
        pen_up = not known
    return "".join(out)


def nice_ticks(low: float, high: float, about: int) -> list[float]:
    """Round numbers that cover low to high from inside, `about` as many; never empty."""
    span = high - low
    if not span > 0:
        return [low]
    rough = span / about
    power = 10.0 ** np.floor(np.log10(rough))
    step = float(power * next(m for m in (1, 2, 5, 10) if power * m >= rough * 0.999))
    first = int(np.ceil(low / step - 1e-9))
    last = int(np.floor(high / step + 1e-9))
    return [round(i * step, 10) for i in range(first, last + 1)] or [low]


def _rule(left: float, right: float, y: float, label: str) -> Markup:
    return join(
        el("line", x1=left, x2=right, y1=_n(y), y2=_n(y), class_="rule"),
        el("text", label, x=left - 6, y=_n(y + 4), class_="tick end"),
    )


def _paper_range(millivolts: Floats) -> tuple[float, float]:
    """Bottom and top of the paper in millivolts, whole half millivolts, artefacts cut off."""
    good = millivolts[np.isfinite(millivolts)]
    if not len(good):
        return -1.0, 1.0
    low, high = np.percentile(good, [0.1, 99.9])
    low, high = np.floor(2 * (low - 0.1)) / 2, np.ceil(2 * (high + 0.35)) / 2
    if high - low < _LOWEST_MV:
        high = low + _LOWEST_MV
    return float(max(low, high - _TALLEST_MV)), float(high)


def _paper() -> Markup:
    """Patterns of 1 mm and 5 mm squares, defined once for all strips."""
    small = el("path", d="M4 0H0V4", class_="paper-1")
    large = el("path", d="M20 0H0V20", class_="paper-5")
    minor = el("pattern", small, id="mm1", width=4, height=4, patternUnits="userSpaceOnUse")
    fill = el("rect", width=20, height=20, fill="url(#mm1)")
    major = el("pattern", fill, large, id="mm5", width=20, height=20, patternUnits="userSpaceOnUse")
    return el("svg", el("defs", minor, major), width=0, height=0, class_="defs", aria_hidden="true")


def _strip(
    start: float, time_s: Floats, millivolts: Floats, beats_s: Floats, bottom: float, top: float
) -> Markup:
    height = (top - bottom) * 10 * _MM
    inside = (time_s >= start) & (time_s <= start + STRIP_S)
    x = (time_s[inside] - start) * 25 * _MM
    y = np.clip((top - millivolts[inside]) * 10 * _MM, 0, height)
    marks = [
        el("path", d=f"M{_n((b - start) * 25 * _MM - 5)} 2h10l-5 9z", class_="beat")
        for b in beats_s[(beats_s >= start) & (beats_s < start + STRIP_S)].tolist()
    ]
    label = el("text", f"{start:g} s", x=6, y=_n(height - 7), class_="tick strip-time")
    return el(
        "svg",
        el("rect", width=WIDTH, height=_n(height), class_="paper"),
        el("rect", width=WIDTH, height=_n(height), fill="url(#mm5)"),
        el("path", d=path(x, y), class_="line ecg"),
        *marks,
        label,
        viewBox=f"0 0 {WIDTH} {_n(height)}",
        class_="strip",
        role="img",
    )


def _n(value: float) -> str:
    """A coordinate, short."""
    return f"{value:.1f}".removesuffix(".0")
