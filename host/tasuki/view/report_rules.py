"""The report's table of rules: which one let each stream pass or stopped it, at every place on its way."""

from collections.abc import Mapping, Sequence

from tasuki.view.markup import Markup, both, el, escape, join, said
from tasuki.view.report_trust import reason, rule, table
from tasuki.view.snapshot import ALLOW, DENY, HOLD, HUB, Way

Sentences = Mapping[str, tuple[str, str]]  # rule id to its English gist and its Japanese sentence
_OUTCOMES = {ALLOW: ("✓ ", "allow"), HOLD: ("◌ ", "hold"), DENY: ("✗ ", "deny")}


def rules_section(ways: Sequence[Way], sentences: Sentences) -> Markup:
    """Streams by places, and the rules that decided in full; nothing when nothing was decided."""
    if not ways:
        return Markup()
    cited = list(dict.fromkeys(way.rule for way in ways if way.rule))
    return el(
        "section",
        el("h2", both("report.rules")),
        el("p", both("report.rules_about"), class_="soft"),
        el("div", _table(ways), class_="scroll"),
        el("details", el("summary", both("report.rule_texts")), _texts(cited, sentences)),
        class_="long",
    )


def _table(ways: Sequence[Way]) -> Markup:
    purposes = {way.destination: way.purpose for way in ways if way.destination != HUB}
    streams = dict.fromkeys(way.stream for way in ways)
    heads = [el("th", both("stream")), el("th", both("report.at_hub"))]
    heads += [
        el("th", both(f"destination.{name}"), el("small", both(purpose)))
        for name, purpose in purposes.items()
    ]
    rows = [
        _row(stream, [way for way in ways if way.stream == stream], (HUB, *purposes)) for stream in streams
    ]
    return el("table", el("thead", el("tr", *heads)), el("tbody", *rows), class_="ways")


def _row(stream: str, ways: Sequence[Way], places: Sequence[str]) -> Markup:
    """One stream; the first block's id stands under its name, others in their cells."""
    first = next((way.example for way in ways if way.example), "")
    head = el("th", both(stream), el("small", first, class_="mono") if first else "")
    return el("tr", head, *(_cell([w for w in ways if w.destination == at], first) for at in places))


def _cell(found: Sequence[Way], known: str) -> Markup:
    """All answers at one place; where there are several, the cell is as red as its last."""
    if not found:
        return el("td", "·", class_="soft")
    style = _OUTCOMES.get(found[-1].outcome, _OUTCOMES[DENY])[1]
    return el("td", *(_answer(way, known) for way in found), class_=style if style != "hold" else None)


def _answer(way: Way, known: str) -> Markup:
    mark, outcome = _OUTCOMES.get(way.outcome, _OUTCOMES[DENY])
    what = _at_hub(way) if way.destination == HUB else both("report.late" if way.late else outcome)
    parts = [el("b", mark, what), el("small", rule(way.rule), " ", reason(way.reason))]
    if way.blocks:
        unit = "frames" if way.destination == HUB else "blocks"
        parts.append(el("small", f"{way.blocks} ", both(unit)))
    if way.example not in ("", known):
        parts.append(el("small", way.example, class_="mono"))
    return el("div", *parts, class_=f"answer {outcome}")


def _at_hub(way: Way) -> Markup:
    if way.blocks:
        return both("report.dropped")
    return both("report.sampled" if way.outcome == ALLOW else "not_sampled")


def _texts(cited: Sequence[str], sentences: Sentences) -> Markup:
    """The policy's own sentences; in the English page with their gist."""
    rows = []
    for id_ in cited:
        gist, sentence = sentences.get(id_, ("", ""))
        english = join(gist, el("small", sentence)) if gist else escape(sentence)
        rows.append((rule(id_), said({"en": english, "ja": sentence}, "div")))
    return table(("rule", "report.sentence"), rows)
