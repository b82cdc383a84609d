"""What `tasuki consent` answers: lines for a person in two languages, rows for a program."""

from collections.abc import Iterable, Mapping
from typing import Any

from tasuki.consent import times
from tasuki.consent.events import BEGINNING, FOREVER, Event, Span
from tasuki.consent.policy import builtin
from tasuki.consent.wording import listed, word

_TEXTS = {
    "recorded": ("recorded: {what}", "記録しました: {what}"),
    "nothing_granted": (
        "nothing of that is granted; nothing had to be withdrawn",
        "該当する同意はありません。",
    ),
    "nothing_new": ("nothing new: all of it is recorded already", "新しい内容はありません。"),
    "notice": (
        "under notice {version}; `{show}` shows it, `tasuki consent withdraw` takes it back",
        "説明文 {version} に基づきます(表示: `{show}`、撤回: `tasuki consent withdraw`)。",
    ),
    "effect": (
        "in effect now: a running hub follows within a second",
        "すでに有効です。動作中のハブには1秒以内に反映されます。",
    ),
    "genuine": (
        "receipt {identifier} is genuine; issued {at}",
        "控え {identifier} は真正です。発行日時 {at}",
    ),
    "written": ("{file}: {count} statements", "{file}: {count}件の記録"),
    "guardian": (
        "registered: only the guardian can say yes for this wearer",
        "登録しました。同意は保護者のみが行えます。",
    ),
    "since": ("since {at}", "{at} から"),
    "by": (" (said by a {relation})", "({relation}による)"),
    "parent": ("parent", "親"),
    "legal": ("guardian", "保護者"),
}


def text(name: str, language: str, **values: object) -> str:
    """One sentence in `en` or `ja`."""
    return _TEXTS[name][language == "ja"].format(**values)


def statement(event: Event, language: str) -> str:
    """One event in a line: what, for what purpose, which items."""
    return _line(event.decision, event.purpose, event.items, language) + _by(event, language)


def lines(state: Mapping[tuple[str, str], Span], language: str) -> list[str]:
    """A state for a person: one line per purpose, state and beginning."""
    groups: dict[tuple[str, str, int], tuple[Span, list[str]]] = {}
    for (item, purpose), span in sorted(state.items()):
        key = purpose, span.state, span.since_ns
        groups.setdefault(key, (span, []))[1].append(item)
    out = []
    for (purpose, name, since), (span, items) in groups.items():
        line = _line(name, purpose, items, language)
        if since > BEGINNING:
            line += "  " + text("since", language, at=times.for_person(since))
        out.append(line + (_by(span.event, language) if span.event else ""))
    return out


def rows(state: Mapping[tuple[str, str], Span]) -> list[dict[str, Any]]:
    """A state for a program."""
    return [
        {
            "item": item,
            "purpose": purpose,
            "state": span.state,
            "since": None if span.since_ns == BEGINNING else times.exact(span.since_ns),
            "until": None if span.until_ns == FOREVER else times.exact(span.until_ns),
            "notice": span.notice,
            "language": span.event.language if span.event else None,
            "by": (span.event.relation or "wearer") if span.event else None,
        }
        for (item, purpose), span in sorted(state.items())
    ]


def recorded(events: Iterable[Event]) -> list[dict[str, Any]]:
    """Events for a program."""
    return [
        {
            "number": event.number,
            "decision": event.decision,
            "purpose": event.purpose,
            "items": sorted(event.items),
            "at": times.exact(event.at_ns),
            "recorded": times.exact(event.recorded_ns),
            "notice": event.notice,
            "by": event.relation or "wearer",
        }
        for event in events
    ]


def _line(state: str, purpose: str, items: Iterable[str], language: str) -> str:
    policy = builtin()
    head = f"{word(policy, state, language)}  {word(policy, purpose, language)}: "
    return head + listed(policy, sorted(items), language)


def _by(event: Event, language: str) -> str:
    if not event.by:
        return ""
    relation = text("parent" if event.relation == "parent" else "legal", language)
    return text("by", language, relation=relation)
