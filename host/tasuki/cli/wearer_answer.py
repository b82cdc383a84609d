"""What `tasuki wearer` answers: lines for a person in two languages, rows for a program."""

from collections.abc import Iterable, Mapping
from typing import Any

from tasuki.consent import times
from tasuki.consent.policy import builtin
from tasuki.consent.wording import listed
from tasuki.wearer.erasure import DONE, OUT_OF_SCOPE, PENDING, Progress
from tasuki.wearer.retention import Purged

_TEXTS = {
    "all": ("everything", "すべて"),
    "question": (
        "Erase {what} of {subject}, everywhere and for good?",
        "{subject} さんの{what}をすべての保管先から完全に削除しますか?",
    ),
    "effective": (
        "{case}: consent is withdrawn and the keys are destroyed; what is stored is looked after now",
        "{case}: 同意を撤回し、鍵を破棄しました。保管先の削除を進めます。",
    ),
    "head": ("{case}  {what}, begun {at}", "{case}  {what}、開始 {at}"),
    "complete": (
        "complete since {at}; `-o FILE` writes the receipt",
        "{at} に完了。`-o FILE` で証明書を出力します。",
    ),
    "open": (
        "not done: {n} stores have not confirmed; the same command goes on",
        "未完了: {n}件の確認を待っています。同じコマンドで続行します。",
    ),
    "none": ("there are no erasures", "削除の記録はありません。"),
    "genuine": ("genuine: {case} of {wearer}", "真正です: {case}({wearer})"),
    "purged": ("{store}: {n} of {items}, older than {days} days", "{store}: {items} {n}件({days}日超過)"),
    "nothing_old": ("nothing is older than it may be", "保存期間を過ぎたものはありません。"),
    "waits": ("{store}: waits: {why}", "{store}: 待機中: {why}"),
    DONE: ("done", "完了"),
    PENDING: ("pending", "待機中"),
    OUT_OF_SCOPE: ("out of reach", "対象外"),
}


def text(name: str, language: str, **values: object) -> str:
    """One sentence in `en` or `ja`."""
    return _TEXTS[name][language == "ja"].format(**values)


def question(subject: str, items: frozenset[str] | None, language: str) -> str:
    """What is asked before anything is destroyed."""
    return text("question", language, what=_what(items, language), subject=subject)


def lines(progress: Progress, language: str) -> list[str]:
    """An erasure for a person: a line for each store, the last one says whether it is done."""
    at = times.for_person(progress.begun_ns)
    out = [text("head", language, case=progress.case, what=_what(progress.items, language), at=at)]
    for row in progress.stores:
        why = "; ".join(part for part in (row.what, row.verified) if part)
        out.append(f"  {text(row.state, language):<12}  {row.name}: {why}")
    if progress.ended_ns is not None:
        out.append(text("complete", language, at=times.for_person(progress.ended_ns)))
    else:
        out.append(text("open", language, n=len(progress.pending)))
    return out


def row(progress: Progress) -> dict[str, Any]:
    """An erasure for a program."""
    return {
        "case": progress.case,
        "items": None if progress.items is None else sorted(progress.items),
        "begun": times.exact(progress.begun_ns),
        "complete": progress.complete,
        "ended": None if progress.ended_ns is None else times.exact(progress.ended_ns),
        "stores": [vars(row) for row in progress.stores],
    }


def receipt_lines(said: Mapping[str, Any], language: str) -> list[str]:
    """A receipt that was verified, for a person."""
    out = [text("genuine", language, case=said["case"], wearer=said["wearer"])]
    for row in said["stores"]:
        why = "; ".join(part for part in (row["done"], row["verified"]) if part)
        out.append(f"  {text(row['state'], language):<12}  {row['name']}: {why}")
    return out


def purge_lines(rows: Iterable[Purged], language: str) -> list[str]:
    """What was purged, for a person."""
    out = []
    for row in rows:
        items = listed(builtin(), row.items, language) or text("all", language)
        if row.count:
            out.append(text("purged", language, store=row.store, n=row.count, items=items, days=row.days))
        if row.waits:
            out.append(text("waits", language, store=row.store, why=row.waits))
    return out or [text("nothing_old", language)]


def _what(items: frozenset[str] | None, language: str) -> str:
    return text("all", language) if items is None else listed(builtin(), sorted(items), language)
