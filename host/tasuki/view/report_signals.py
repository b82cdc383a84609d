"""The report's figures and plots."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from tasuki.view.markup import Markup, both, el, join
from tasuki.view.plots import MAX_STRIPS, STRIP_S, ecg_strips, line_plot
from tasuki.view.snapshot import Series

Floats = NDArray[np.float64]

_UNITS = {"uV": ("mV", 1e-3), "degC": ("°C", 1.0)}
_SMALLEST_SPAN = {"/min": 10.0, "degC": 1.0, "g": 0.4, "uV": 0.5, "count": 20.0}


def cards(summary: Mapping[str, object]) -> Markup:
    """The key figures, large. A figure that the summary lacks gets no card."""
    return el(
        "div",
        _card(summary, "heart_rate_bpm", "heart_rate", "/min", "ecg", 0),
        _card(summary, "respiration_rate_bpm", "respiration_rate", "/min", "respiration", 0),
        _card(summary, "temperature_degc", "body_temperature", "°C", "body_temperature", 1),
        _card(summary, "beats", "beats", "", "ecg", 0, ("beats_expected", "expected")),
        _card(summary, "epochs_verified", "epochs_verified", "", "good", 0, ("epochs_rejected", "rejected")),
        _card(
            summary, "blocks_uploaded", "blocks_uploaded", "", "good", 0, ("blocks_refused", "blocks_refused")
        ),
        _alarm_card(summary, "gaps", "frames_lost"),
        _alarm_card(summary, "frames_bad", "frames_bad"),
        class_="cards",
    )


def ecg_section(series: tuple[Series, ...], beats_s: Floats) -> Markup:
    """ECG on paper with the beats marked; a long one also as an overview."""
    ecg = next((s for s in series if s.item == "ecg" and len(s.values)), None)
    if ecg is None:
        return el("section", el("h2", both("report.ecg")), el("p", both("report.no_ecg")))
    _, factor = _UNITS.get(ecg.unit, (ecg.unit, 1.0))
    millivolts = ecg.values * factor
    end = float(ecg.time_s[-1])
    parts = [ecg_strips(ecg.time_s, millivolts, beats_s, end)]
    if end > MAX_STRIPS * STRIP_S:
        parts.append(el("p", both("report.first_strips"), class_="soft"))
        parts.append(line_plot(ecg.time_s, millivolts, end, "ecg", 0.5))
    return el(
        "section",
        el("h2", both("report.ecg"), " ", tag(ecg.origin)),
        el("p", both("report.paper"), class_="soft"),
        el("div", *parts, class_="scroll"),
        class_="long",
    )


def signals_section(series: tuple[Series, ...], rates: tuple[Series, ...], end_s: float) -> Markup:
    """Rates, then every signal but the ECG, over the whole session."""
    shown = [s for s in (*rates, *series) if s.item != "ecg" or s in rates]
    plots = [_plot(one, end_s) for one in shown if len(one.values)]
    if not plots:
        plots = [el("p", both("report.no_series"))]
    return el("section", el("h2", both("report.signals")), *plots, class_="long")


def tag(origin: str) -> Markup:
    """The origin as a label; synthetic ones say so in both languages."""
    if not origin:
        return Markup()
    if origin.startswith("synthetic_"):
        return el("span", "◇ ", both("synthetic"), f": {origin}", class_="tag")
    if origin.startswith("recorded:"):
        return el(
            "span", "● ", both("recorded"), f": {origin.removeprefix('recorded:').strip()}", class_="tag"
        )
    return el("span", origin, class_="tag")


def _plot(series: Series, end_s: float) -> Markup:
    unit, factor = _UNITS.get(series.unit, (series.unit, 1.0))
    span = _SMALLEST_SPAN.get(series.unit, 0.0)
    title = el("h3", both(series.name), " ", el("small", unit), " ", tag(series.origin))
    plot = line_plot(series.time_s, series.values * factor, end_s, series.item, span)
    return join(title, el("div", plot, class_="scroll"))


def _card(
    summary: Mapping[str, object],
    name: str,
    label: str,
    unit: str,
    style: str,
    digits: int,
    aside: tuple[str, str] | None = None,
) -> Markup:
    if name not in summary:
        return Markup()
    parts = [el("span", both(label)), el("b", number(summary[name], digits), el("i", f" {unit}"))]
    if aside is not None and summary.get(aside[0]) is not None:
        parts.append(el("small", number(summary[aside[0]], 0), " ", both(aside[1])))
    return el("div", *parts, class_=f"card {style}")


def _alarm_card(summary: Mapping[str, object], name: str, label: str) -> Markup:
    if name not in summary:
        return Markup()
    value = summary[name]
    symbol = el("i", " ✗" if value else " ✓")
    return el(
        "div",
        el("span", both(label)),
        el("b", number(value, 0), symbol),
        class_=f"card {'bad' if value else 'good'}",
    )


def number(value: object, digits: int) -> str:
    """A figure for people; None is a dash."""
    if value is None:
        return "-"
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return f"{value:,.{digits}f}".replace(",", "\u202f")
    return str(value)
