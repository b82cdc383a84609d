"""The report's sections on consent, integrity and sources."""

from collections.abc import Iterable, Mapping, Sequence

from tasuki.view.markup import Markup, both, el, join, said
from tasuki.view.report_signals import tag
from tasuki.view.snapshot import HOLD, Decision, Epoch, Gap, Source, axes
from tasuki.view.words import WORDS

_MOST_ROWS = 400
_MOST_SQUARES = 900
_MARKS = {"verified": "✓", "rejected": "✗", "pending": "…"}


def consent_section(decisions: tuple[Decision, ...]) -> Markup:
    """Items by purposes with what was decided, then the refusals with reasons."""
    if not decisions:
        return el("section", el("h2", both("report.consent")), el("p", both("report.no_decisions")))
    refused = [decision for decision in decisions if not decision.allowed]
    return el(
        "section",
        el("h2", both("report.consent")),
        el("div", _matrix(decisions), class_="scroll"),
        el("h3", both("report.refusals")),
        _refusals(refused) if refused else el("p", both("report.no_refusals"), class_="ok"),
        class_="long",
    )


def integrity_section(epochs: tuple[Epoch, ...], gaps: tuple[Gap, ...], faults: Mapping[str, int]) -> Markup:
    """Epochs as a row of marks and a table, gaps, damaged frames."""
    squares = [
        el("span", _MARKS.get(e.state, "…"), class_=e.state, title=f"{e.number}: {e.state} {e.note}".strip())
        for e in epochs[:_MOST_SQUARES]
    ]
    rows = [
        (
            e.number,
            f"{e.t0_s:.1f} - {e.t1_s:.1f} s",
            join(_MARKS.get(e.state, "…"), " ", both(e.state)),
            e.frames,
            e.note,
        )
        for e in epochs
    ]
    lost = [(gap.stream, f"{gap.t0_s:.1f} - {gap.t1_s:.1f} s", gap.frames) for gap in gaps]
    damaged = [(fault, count) for fault, count in faults.items() if count]
    return el(
        "section",
        el("h2", both("report.integrity")),
        el("p", both("report.integrity_about"), class_="soft"),
        el("div", *squares, class_="epochs"),
        el(
            "details",
            el("summary", both("epochs")),
            table(("epoch", "time", "state", "frames", "note"), rows),
        )
        if rows
        else "",
        el("h3", both("gaps")),
        table(("stream", "time", "frames"), lost) if lost else el("p", "✓ ", both("no_gaps"), class_="ok"),
        el("h3", both("frames_bad")),
        table(("fault", "count"), damaged) if damaged else el("p", "✓ ", both("no_faults"), class_="ok"),
        class_="long",
    )


def sources_section(sources: tuple[Source, ...]) -> Markup:
    """Origin and credits of every channel."""
    if not sources:
        return Markup()
    entries = [
        el(
            "li",
            el("b", both(s.name)),
            " ",
            tag(s.origin),
            *(el("div", line, class_="soft") for line in s.credits),
        )
        for s in sources
    ]
    return el("section", el("h2", both("report.sources")), el("ul", *entries))


def figures_section(summary: Mapping[str, object]) -> Markup:
    """Every figure of the summary under the name that the JSON has."""
    rows = [
        el("tr", el("th", name, class_="mono"), el("td", _figure(value), class_="mono"))
        for name, value in summary.items()
    ]
    body = el("table", el("tbody", *rows))
    return el("section", el("details", el("summary", both("report.figures")), body), class_="long")


def notes_section(notes: tuple[str, ...]) -> Markup:
    """Sentences that the reader should see first."""
    return el("section", *(el("p", note) for note in notes)) if notes else Markup()


def table(heads: Iterable[str], rows: Sequence[tuple[object, ...]]) -> Markup:
    """A table with translated heads; a very long one is cut and says so."""
    head = el("tr", *(el("th", both(key)) for key in heads))
    body = [el("tr", *(el("td", cell) for cell in row)) for row in rows[:_MOST_ROWS]]
    rest = len(rows) - _MOST_ROWS
    more = el("p", f"{rest} ", both("rows_more"), class_="soft") if rest > 0 else ""
    return join(el("div", el("table", el("thead", head), el("tbody", *body)), class_="scroll"), more)


def _matrix(decisions: tuple[Decision, ...]) -> Markup:
    items, purposes = axes(decisions)
    by_place = {(decision.item, decision.purpose): decision for decision in decisions}
    head = el("tr", el("th", both("item")), *(el("th", both(purpose)) for purpose in purposes))
    rows = [
        el("tr", el("th", both(item)), *(_cell(by_place.get((item, purpose))) for purpose in purposes))
        for item in items
    ]
    return el("table", el("thead", head), el("tbody", *rows))


def _cell(decision: Decision | None) -> Markup:
    if decision is None:
        return el("td", "·", class_="soft")
    blocks = el("small", f"{decision.blocks} ", both("blocks"))
    if decision.allowed:
        return el("td", el("b", "✓ ", both("allow")), blocks, class_="allow")
    why = el("small", reason(decision.reason), " ", rule(decision.rule))
    if decision.outcome == HOLD:
        return el("td", el("b", "◌ ", both("hold")), why, blocks)
    return el("td", el("b", "✗ ", both("deny")), why, blocks, class_="deny")


def _refusals(refused: list[Decision]) -> Markup:
    """One row per reason, rule and remedy, so that the same sentence stands once."""
    groups: dict[tuple[str, str, str, Markup], list[Decision]] = {}
    for d in refused:
        groups.setdefault((d.purpose, d.reason, d.rule, remedy(d)), []).append(d)
    rows: list[tuple[object, ...]] = []
    for (purpose, code, number, way), group in groups.items():
        names = join(*(part for d in group for part in (", ", both(d.item))))
        names = Markup(names.removeprefix(", "))
        rows.append((names, both(purpose), reason(code), rule(number), sum(d.blocks for d in group), way))
    return table(("item", "purpose", "reason", "rule", "blocks", "remedy"), rows)


def reason(code: str) -> Markup:
    """A reason code in words; the code itself stays readable where there are none."""
    return both(f"reason.{code}") if f"reason.{code}" in WORDS else el("span", code.replace("_", " "))


def remedy(decision: Decision) -> Markup:
    """What would change a refusal, in both languages where both are given."""
    return said({"en": decision.remedy, "ja": decision.remedy_ja or decision.remedy})


def rule(number: str) -> Markup:
    """The id of a policy rule, never broken over two lines."""
    return el("span", number, class_="rule-id")


def _figure(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {count}" for key, count in value.items()) or "-"
    if isinstance(value, float):
        return f"{value:.6g}"
    return "-" if value is None else str(value)
