"""The session's HTML report: one file, nothing loaded from elsewhere, no script.

Its content security policy forbids every request, so even a hostile name in
the data could not make a browser fetch something.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tasuki.view.markup import Markup, both, el, join
from tasuki.view.report_rules import Sentences, rules_section
from tasuki.view.report_signals import cards, ecg_section, signals_section
from tasuki.view.report_trust import (
    consent_section,
    figures_section,
    integrity_section,
    notes_section,
    sources_section,
)
from tasuki.view.snapshot import Decision, Epoch, Gap, Series, Source, Way
from tasuki.view.style import CSS
from tasuki.view.words import LANGUAGES, check_language, word

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_NAMES = {"en": "English", "ja": "日本語"}


@dataclass(frozen=True)
class Report:
    """All that the report shows.

    Attributes:
        summary: the session's figures by name, as `tasuki demo --json` prints them. Known names
            become cards: heart_rate_bpm, respiration_rate_bpm, temperature_degc, beats,
            beats_expected, epochs_verified, epochs_rejected, blocks_uploaded, blocks_refused,
            gaps, frames, frames_bad. All of them stand in the table at the end.
        series: the signals that consent let be seen, full rate; long ones are thinned here.
        beats_s: times of detected beats, seconds, rising.
        rates: heart rate and respiration rate over time, named heart_rate and respiration_rate.
        decisions: one per item and purpose, refusals with reason, rule and remedy.
        ways: what became of each stream on its way to each destination.
        sentences: rule id to its English gist and its Japanese sentence, for the rules that ways name.
        epochs, gaps: what was signed and what is missing.
        faults: damaged frames by fault.
        sources: where each channel comes from, with credits.
        notes: sentences for the reader.
        subtitle: e.g. the recording's name; made: when the report was made, as text.
    """

    summary: Mapping[str, object]
    series: tuple[Series, ...] = ()
    beats_s: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    rates: tuple[Series, ...] = ()
    decisions: tuple[Decision, ...] = ()
    ways: tuple[Way, ...] = ()
    sentences: Sentences = field(default_factory=dict)
    epochs: tuple[Epoch, ...] = ()
    gaps: tuple[Gap, ...] = ()
    faults: Mapping[str, int] = field(default_factory=dict)
    sources: tuple[Source, ...] = ()
    notes: tuple[str, ...] = ()
    subtitle: str = ""
    made: str = ""

    @property
    def end_s(self) -> float:
        """Time of the last sample of any series, seconds."""
        return max((float(s.time_s[-1]) for s in (*self.series, *self.rates) if len(s.time_s)), default=0.0)


def write_report(path: Path, report: Report, lang: str = "en") -> None:
    """Write `report` to `path`; it opens in `lang` and can be switched. OSError as from writing files."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page(report, lang), encoding="utf-8")


def page(report: Report, lang: str = "en") -> str:
    """The whole page."""
    check_language(lang)
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        el("meta", name="referrer", content="no-referrer"),
        el("title", f"Tasuki: {word('report.title', lang)}"),
        el("style", Markup(CSS)),
    )
    choices = [
        el("input", type="radio", name="lang", id=code, checked="" if code == lang else None)
        for code in LANGUAGES
    ]
    main = el(
        "main",
        _header(report),
        notes_section(report.notes),
        cards(report.summary),
        ecg_section(report.series, report.beats_s),
        consent_section(report.decisions),
        rules_section(report.ways, report.sentences),
        signals_section(report.series, report.rates, report.end_s),
        integrity_section(report.epochs, report.gaps, report.faults),
        sources_section(report.sources),
        figures_section(report.summary),
        el("p", both("report.disclaimer"), class_="soft"),
    )
    return "<!DOCTYPE html>\n" + el("html", head, el("body", *choices, main), lang=lang)


def _header(report: Report) -> Markup:
    labels = join(*(el("label", _NAMES[code], for_=code) for code in LANGUAGES))
    return el(
        "header",
        el("h1", "Tasuki ", el("small", both("report.title"))),
        el("span", report.subtitle),
        el("span", report.made, class_="soft"),
        el("span", labels, class_="switch"),
    )
