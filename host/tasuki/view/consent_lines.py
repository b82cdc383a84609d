"""What consent lets pass, in the live view: a table of items and purposes, then the reasons."""

from rich.text import Text

from tasuki.view.cells import BAD, GOOD, MUTED, fit
from tasuki.view.snapshot import HOLD, Decision, axes
from tasuki.view.words import word

_ITEM_WIDTH = 16
_CELL_WIDTH = 9


def consent_table(decisions: tuple[Decision, ...], width: int, lang: str) -> list[Text]:
    """A head line and one line per item; a cell is ✓ and the blocks sent, or ✗ and the rule."""
    items, purposes = axes(decisions)
    purposes = purposes[: max(1, (width - _ITEM_WIDTH) // _CELL_WIDTH)]
    cell = (width - _ITEM_WIDTH) // max(1, len(purposes))
    head = fit(Text(f" {word('consent', lang)}"), _ITEM_WIDTH)
    for purpose in purposes:
        head.append(fit(Text(word(f"short.{purpose}", lang)), cell))
    by_place = {(decision.item, decision.purpose): decision for decision in decisions}
    head.stylize("bold")
    lines = [head]
    for item in items:
        line = fit(Text(f" {word(item, lang)}"), _ITEM_WIDTH)
        for purpose in purposes:
            line.append(fit(_cell(by_place.get((item, purpose))), cell))
        lines.append(line)
    return lines


def refusal_lines(decisions: tuple[Decision, ...], room: int, lang: str) -> list[Text]:
    """Refusals with their reasons, grouped by reason and rule, at most `room` lines."""
    groups: dict[tuple[str, str], list[Decision]] = {}
    for decision in decisions:
        if not decision.allowed:
            groups.setdefault((decision.reason, decision.rule), []).append(decision)
    lines = [_refusal(reason, rule, group, lang) for (reason, rule), group in groups.items()]
    if len(lines) > room > 0:
        rest = Text(f" … {len(lines) - room + 1} {word('more', lang)}", MUTED)
        return [*lines[: room - 1], rest]
    return lines[:room]


def _cell(decision: Decision | None) -> Text:
    if decision is None:
        return Text("·", MUTED)
    if decision.allowed:
        return Text(f"✓ {decision.blocks}", GOOD)
    why = decision.rule or decision.reason
    return Text(f"◌ {why}", MUTED) if decision.outcome == HOLD else Text(f"✗ {why}", BAD)


def _refusal(reason: str, rule: str, group: list[Decision], lang: str) -> Text:
    places: dict[str, list[str]] = {}
    for decision in group:
        items = places.setdefault(word(f"short.{decision.purpose}", lang), [])
        items.append(word(decision.item, lang))
    blocks = sum(decision.blocks for decision in group)
    line = Text().append(" ✗ ", BAD)
    line.append(
        f"{word(f'reason.{reason}' if reason else 'deny', lang)}" + (f" ({rule})" if rule else ""), "bold"
    )
    line.append(f" {blocks} {word('blocks', lang)}: ", MUTED)
    line.append("; ".join(f"{', '.join(items)} → {purpose}" for purpose, items in places.items()))
    return line
