"""What `tasuki policy` prints: lines for people, data for programs."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.cells import cell_len

from tasuki.consent.coverage import SIDES, Coverage
from tasuki.consent.diff import Change, Difference
from tasuki.consent.documents import BASE, Document, Overlay
from tasuki.consent.library import Library
from tasuki.consent.policy import Policy

_DAY_NS = 86_400 * 1_000_000_000

_WORDS = {
    "policy": ("policy", "ポリシー"),
    "published": ("published", "公表"),
    "effective": ("in force from", "発効"),
    "documents": ("evaluated, the first that has a word decides", "評価した文書(先のものが優先)"),
    "reviewed": ("next review due", "次回の見直し期限"),
    "overdue": (
        "OVERDUE: what individual terms widen is refused until the review is recorded (L-02)",
        "期限切れ:見直しの記録まで、個別規約による拡張は拒否します (L-02)",
    ),
    "item": ("item", "項目"),
    "rows": ("rows of the documents", "文書の条項"),
    "rules": ("rules", "規則"),
    "versions": ("published versions", "公表済みの版"),
    "nothing": ("nothing changed in the table", "表に変更はありません"),
    "wearers": ("wearers have granted it", "人の着用者が同意しています"),
    "narrowed": ("narrowed", "縮小"),
    "widened": ("widened", "拡大"),
    "reworded": ("reworded", "文言変更"),
}


def word(key: str, language: str) -> str:
    """A word of these lines in `en` or `ja`."""
    return _WORDS[key][language == "ja"]


def head(shown: Policy, document: Document | None, language: str, now_ns: int) -> list[str]:
    """What it is: version, hash, dates, documents, review."""
    lines = [f"{word('policy', language)} {shown.version}  sha256 {shown.hash.hex()}"]
    if document:
        lines.append(
            f"{document.version}: {word('published', language)} {day(document.published_ns)}, "
            f"{word('effective', language)} {day(document.effective_ns)}"
        )
    lines.append(f"{shown.controller.in_(language)}, {shown.data_manager.in_(language)}")
    lines.append(f"{word('documents', language)}: " + " > ".join(each.version for each in shown.documents))
    lines.append(f"{word('reviewed', language)}: {day(shown.review_due_ns)}")
    if now_ns >= shown.review_due_ns:
        lines.append(word("overdue", language))
    return lines


def table(shown: Policy, language: str) -> list[str]:
    """Items by purposes: the rule that allows, in brackets the row that took it away, a dot for the rest."""
    lines = ["", *(f"  {n}  {shown.words[p].in_(language)}" for n, p in enumerate(shown.purposes, 1)), ""]
    rows = [[word("item", language), "", *(str(n) for n, _ in enumerate(shown.purposes, 1))]]
    for name, item in shown.items.items():
        category = shown.own[name]
        cells = (
            category.allow.get(p) or (f"({category.denied[p]})" if p in category.denied else "·")
            for p in shown.purposes
        )
        rows.append([("  " if item.part_of else "") + item.words.in_(language), str(item.category), *cells])
    return lines + columns(rows)


def rows(shown: Policy, language: str) -> list[str]:
    """What the documents beside the policy say."""
    own = [id_ for id_ in shown.rules if id_ not in shown.clauses]
    return ["", word("rows", language) + ":"] + [f"  {id_}  {shown.words[id_].in_(language)}" for id_ in own]


def rules(shown: Policy, language: str) -> list[str]:
    """Every rule with its sentence."""
    return ["", word("rules", language) + ":"] + [
        f"  {id_:<6} §{rule.section:<6} {rule.words.in_(language)}" for id_, rule in shown.clauses.items()
    ]


def versions(shelf: Library, language: str) -> list[str]:
    """Everything that was ever published (rule L-04)."""
    return ["", word("versions", language) + ":"] + [
        f"  {each.version:<18} {each.kind:<10} {day(each.effective_ns)}  {each.hash.hex()[:16]}"
        for each in shelf.versions()
    ]


def as_data(shown: Policy, document: Document | None, shelf: Library, now_ns: int) -> dict[str, Any]:
    """The same for programs."""
    return {
        "version": shown.version,
        "sha256": shown.hash.hex(),
        "document": document_data(document) if document else None,
        "documents": [
            {"kind": each.kind, "version": each.version, "sha256": each.hash.hex()}
            for each in shown.documents
        ],
        "controller": vars(shown.controller),
        "data_manager": vars(shown.data_manager),
        "review_due": day(shown.review_due_ns),
        "review_overdue": now_ns >= shown.review_due_ns,
        "purposes": {name: vars(shown.words[name]) for name in shown.purposes},
        "module_purposes": {name: vars(shown.words[name]) for name in shown.module_purposes},
        "items": [_item(shown, name) for name in shown.items],
        "rules": [_clause(shown, id_) for id_ in shown.clauses],
        "rows": {id_: vars(shown.words[id_]) for id_ in shown.rules if id_ not in shown.clauses},
        "versions": [document_data(each) for each in shelf.versions()],
    }


def document_data(document: Document) -> dict[str, Any]:
    """One document: what it is, since when, and its hash."""
    return {
        "kind": document.kind,
        "version": document.version,
        "sha256": document.hash.hex(),
        "published": day(document.published_ns),
        "effective": day(document.effective_ns),
        **({"applies_to": list(document.applies_to)} if isinstance(document, Overlay) else {}),
    }


def diff_lines(found: Difference, a: str, b: str, counts: Mapping[Change, int], language: str) -> list[str]:
    """What changed, pair by pair, with what it means for consents."""
    lines = [f"{a} -> {b}"]
    if not found.changes:
        lines.append(word("nothing", language))
    for change in found.changes:
        rules = f"{change.rule_before or '-'} -> {change.rule_after or '-'}"
        lines.append(f"{word(change.effect, language)}: {change.item} / {change.purpose} ({rules})")
        lines.append(f"  {change.consequence(language)}")
        if change in counts:
            lines.append(f"  {counts[change]} {word('wearers', language)}")
    lines += [
        f"{each.what} {each.name}: {each.before or '-'} -> {each.after or '-'}" for each in found.details
    ]
    return lines


def diff_data(found: Difference, a: str, b: str, counts: Mapping[Change, int]) -> dict[str, Any]:
    """The same for programs."""
    return {
        "before": a,
        "after": b,
        "changes": [
            {
                **vars(change),
                "consequence": {"en": change.consequence("en"), "ja": change.consequence("ja")},
                **({"wearers": counts[change]} if change in counts else {}),
            }
            for change in found.changes
        ],
        "details": [vars(each) for each in found.details],
    }


def coverage_lines(found: Iterable[Coverage]) -> list[str]:
    """One line per rule: its score and the number of tests on each side."""
    lines = [["rule", "score", *SIDES]]
    for row in found:
        cells = [str(len(row.tests[side])) if row.tests[side] else "-" for side in SIDES]
        if row.no_allow and not row.tests["allow"]:
            cells[0] = "no allow exists"
        lines.append([row.rule, f"{row.score} of {len(SIDES)}", *cells])
    return columns(lines)


def record_lines(made: Mapping[str, Any]) -> list[str]:
    """The record of processing for people."""
    lines = [f"{made['controller']}; {made['data_manager']}; {made['contact']}"]
    for activity in made["activities"]:
        lines += ["", f"{activity['wording']} ({activity['purpose']}): {', '.join(activity['rules'])}"]
        for each in activity["categories"]:
            lines.append(f"  {each['category']}: {', '.join(each['items'])}; {each['retention_days']} days")
        lines += [f"  -> {each['name']} ({each['kind']}, {each['form']})" for each in activity["recipients"]]
    for each in made["processors"]:
        basis = f", {each['basis']}" if each["basis"] else ""
        lines.append(f"\n{each['name']}: {each['country']}{basis}; {each['security_terms']}")
    lines += [
        f"\n{each['name']}: {each['vendor']}, {each['country']}; {each['notice']}" for each in made["modules"]
    ]
    return lines


def provision_lines(made: Mapping[str, Any]) -> list[str]:
    """The provision records for people."""
    lines = [f"{made['basis']}: {len(made['records'])} records, kept {made['kept_days']} days"]
    return lines + [
        f"{each['first']} {each['recipient']} ({each['recipient_kind']}): {' '.join(each['items'])} "
        f"for {each['purpose']}, {each['blocks']} blocks, keep until {each['keep_until'][:10]}"
        for each in made["records"]
    ]


def columns(cells: Sequence[Sequence[str]]) -> list[str]:
    """Lines with aligned columns; Japanese letters are two cells wide."""
    widths = [max(cell_len(row[n]) for row in cells) for n in range(len(cells[0]))]
    return [
        "  ".join(
            cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in cells
    ]


def day(ns: int) -> str:
    """A moment, to the second, in UTC."""
    return datetime.fromtimestamp(ns // 1_000_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _item(shown: Policy, name: str) -> dict[str, Any]:
    item, category = shown.items[name], shown.own[name]
    pairs = {purpose: shown.pairs[name, purpose] for purpose in shown.purposes}
    return {
        "item": name,
        "category": item.category,
        "type": item.type,
        "unit": item.unit,
        "part_of": item.part_of,
        "sensitive": item.sensitive,
        **vars(item.words),
        "retention_days": category.retention_ns // _DAY_NS,
        "allow": dict(category.allow),
        "denied": dict(category.denied),
        "overrides": {
            purpose: [vars(answer) for answer in pair.answers]
            for purpose, pair in pairs.items()
            if pair.overrides
        },
        "consent_under": {p: sorted(pair.notices) for p, pair in pairs.items() if pair.winner.kind != BASE},
    }


def _clause(shown: Policy, id_: str) -> dict[str, Any]:
    rule = shown.clauses[id_]
    return {**vars(rule), "words": vars(rule.words)}
