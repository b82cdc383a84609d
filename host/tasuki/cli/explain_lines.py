"""Explained decisions, line by line, in English or Japanese; a rule always with its Japanese sentence."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime

from tasuki.audit.explain import Explained, Found
from tasuki.consent.decision import Decision
from tasuki.consent.documents import Words
from tasuki.view.words import word

_MARKS = {"allow": "✓", "hold": "◌", "deny": "✗"}
_TEXT = {
    "en": {
        "block": "block {block}: routed {at}",
        "none": "no block of stream {stream} came of epoch {epoch}",
        "dropped": "dropped before it could be part of a block: {item}, {frames} frames, {reason}",
        "sending": " when it was to be sent, {at}",
        "remedy": "  what would change it: {}",
        "proof": "proof for others: tasuki audit prove --block {}",
    },
    "ja": {
        "block": "ブロック {block}: 振り分け {at}",
        "none": "エポック {epoch} にストリーム {stream} のブロックはありません",
        "dropped": "ブロックになる前に破棄: {item}, {frames} フレーム, {reason}",
        "sending": " 送信時 {at}",
        "remedy": "  変えるには: {}",
        "proof": "第三者への証明: tasuki audit prove --block {}",
    },
}


def of_block(explained: Explained, rules: Callable[[Found], Mapping[str, Words]], lang: str) -> Iterator[str]:
    """What the log knows of a block."""
    text, id_ = _TEXT[lang], explained.block
    yield text["block"].format(block=id_, at=_time(explained.at_ms))
    if not explained.found:
        yield text["none"].format(stream=id_.stream, epoch=id_.epoch)
    for item, reasons in explained.dropped.items():
        for code, frames in reasons.items():
            reason = word(f"reason.{code}", lang)
            yield text["dropped"].format(item=word(item, lang), frames=frames, reason=reason)
    for one in explained.found:
        later = text["sending"].format(at=_time(one.at_ms)) if one.at_sending else ""
        yield from of_decision(one.decision, rules(one), lang, later)
    yield text["proof"].format(id_)


def of_decision(decision: Decision, rules: Mapping[str, Words], lang: str, when: str = "") -> Iterator[str]:
    """One decision: outcome and reason, the rules with their sentences, what would change it."""
    d = decision
    what = f"{word(d.item, lang)} → {d.destination} ({word(d.purpose, lang)})"
    outcome = f"{word(d.outcome, lang)}, {word(f'reason.{d.reason}', lang)} [{d.reason}]"
    yield f"{_MARKS[d.outcome]} {what}{when}: {outcome}"
    for id_, words in rules.items():
        yield f"  {id_}  {words.ja}" + (f" ({words.en})" if lang == "en" and words.en else "")
    yield _TEXT[lang]["remedy"].format(d.remedy(lang))


def _time(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
