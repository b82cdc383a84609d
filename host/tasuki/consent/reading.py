"""Documents of a policy from their TOML text.

A document that is not understood in full is not used at all: UsageError says where and why.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

from tasuki.consent import reasons
from tasuki.consent.documents import (
    BASE,
    CATEGORIES,
    FORMAT,
    INDIVIDUAL,
    KINDS,
    LAW,
    TYPES,
    Base,
    CategoryRow,
    Clause,
    Document,
    Duty,
    Item,
    Overlay,
    Review,
    Row,
    Words,
    canonical,
)
from tasuki.consent.strict import Table, read
from tasuki_wire import items as wire_items

_NAME = r"[a-z][a-z0-9_]{0,39}"
_VERSION = r"[a-z0-9][a-z0-9.-]{0,63}"
_RULE = r"[A-Z][A-Z0-9]{0,3}-\d\d"
_DAY_NS = 86_400 * 1_000_000_000


def parse(text: str, name: str, base: Base | None = None) -> Document:
    """A document from its TOML text; an overlay is read against the base that it names."""
    top = read(text, name)
    if top.integer("format", 0, 2**31) != FORMAT:
        top.fail("format", f"{top.data['format']}, expected {FORMAT}")
    kind = top.one_of("kind", KINDS)
    common: dict[str, Any] = {
        "kind": kind,
        "version": top.text("version", pattern=_VERSION),
        "published_ns": top.when("published"),
        "effective_ns": top.when("effective"),
        "text": text,
    }
    if common["effective_ns"] < common["published_ns"]:
        top.fail("effective", "is before it was published", "A version has no effect on the past (L-03).")
    if kind != BASE and base is None:
        top.fail("base", "there is no policy that this can be read against")
    rest = _base(top) if kind == BASE else _overlay(top, kind, base)  # type: ignore[arg-type]
    top.done()
    digest = hashlib.sha256(canonical(top.data)).digest()
    made = Base if kind == BASE else Overlay
    return made(hash=digest, **common, **rest)


def base_of(text: str, name: str) -> str:
    """The version of the policy that an overlay names; empty for a policy itself."""
    top = read(text, name)
    return "" if top.one_of("kind", KINDS) == BASE else top.text("base", pattern=_VERSION)


def _base(top: Table) -> dict[str, Any]:
    purposes, module_purposes = _purposes(top, "purposes"), _purposes(top, "module_purposes")
    both = {**purposes, **module_purposes}
    if len(both) < len(purposes) + len(module_purposes):
        top.fail("module_purposes", "a purpose stands in both lists")
    rules = {id_: _clause(id_, row, both) for id_, row in top.table("rule").children(_RULE)}
    cited = {rule for reason in reasons.REASONS.values() for rule in reason.rules}
    if missing := sorted(cited - rules.keys()):
        top.fail("rule", f"the rule {missing[0]} is missing, which decisions cite")
    items = _items(top)
    categories = {n: _category(n, top, purposes, rules) for n in CATEGORIES}
    for row in categories.values():
        if row.carried and (row.carried not in items or items[row.carried].category != row.number):
            top.fail("category", f"category {row.number} does not have the item {row.carried!r}")
    reviews = tuple(_review(row) for row in top.tables("review"))
    if not reviews:
        top.fail("review", "is missing", "The first review is the publication.")
    return {
        "controller": _only_words(top.table("controller")),
        "data_manager": _only_words(top.table("data_manager")),
        "contact": _only_words(top.table("contact")),
        "hold_ns": top.integer("hold_seconds", 0, 366 * 86_400) * 1_000_000_000,
        "review_ns": top.integer("review_days", 1, 3660) * _DAY_NS,
        "reviews": reviews,
        "purposes": purposes,
        "module_purposes": module_purposes,
        "categories": categories,
        "items": items,
        "rules": rules,
    }


def _overlay(top: Table, kind: str, base: Base) -> dict[str, Any]:
    if top.text("base", pattern=_VERSION) != base.version:
        top.fail("base", f"{top.data['base']!r} is not {base.version!r}")
    rows = [_row(each, False, base) for each in top.tables("deny")]
    if kind != INDIVIDUAL and top.has("allow"):
        rule = "G-02" if kind == LAW else "L-01"
        top.fail(
            "allow", f"a document of kind {kind} may only narrow ({rule})", "Only individual terms may widen."
        )
    rows += [_row(each, True, base) for each in top.tables("allow")]
    if len({row.id for row in rows} | base.rules.keys()) < len(rows) + len(base.rules):
        top.fail("deny", "a row has the id of another row or rule")
    for item, purpose in ((item, purpose) for item in base.items.values() for purpose in base.purposes):
        said = [row for row in rows if row.covers(item, purpose)]
        if len({row.allow for row in said}) > 1:
            top.fail("allow", f"{said[-1].id} allows {item.name} for {purpose}, {said[0].id} denies it")
    retention = top.table("retention_days", optional=True)
    limits = {int(n): retention.integer(n, 1, 36_600) * _DAY_NS for n in _numbers(retention)}
    if longer := [n for n, limit in limits.items() if limit > base.categories[n].retention_ns]:
        retention.fail(str(longer[0]), "is longer than the policy's limit")
    return {
        "id": top.text("id", pattern=_VERSION),
        "supersedes": top.text("supersedes", "", _VERSION),
        "title": _only_words(top.table("title")),
        "base": base.version,
        "jurisdiction": top.text("jurisdiction", pattern="[A-Z]{2}") if kind == LAW else "",
        "applies_to": top.names("applies_to", _VERSION) if kind == INDIVIDUAL else (),
        "rows": tuple(rows),
        "retention_ns": limits,
        "duties": tuple(_duty(each) for each in top.tables("duty")) if kind == LAW else (),
    }


def _row(row: Table, allow: bool, base: Base) -> Row:
    numbers = row.integers("categories", CATEGORIES)
    named = row.some_of("items", base.items)
    if bool(numbers) == bool(named):
        row.fail("items", "name either `items` or `categories`")
    purposes = row.some_of("purposes", base.purposes)
    if not purposes:
        row.fail("purposes", "is missing")
    made = Row(
        row.text("id", pattern=_RULE),
        allow,
        frozenset(named),
        frozenset(numbers),
        frozenset(purposes),
        _words(row),
        row.text("source"),
    )
    row.done()
    return made


def _numbers(table: Table) -> list[str]:
    if unknown := [key for key in table.data if key not in map(str, CATEGORIES)]:
        table.fail(unknown[0], "is no category")
    return list(table.data)


def _purposes(top: Table, key: str) -> dict[str, Words]:
    return {name: _only_words(row) for name, row in top.table(key).children(_NAME)}


def _items(top: Table) -> dict[str, Item]:
    table = top.table("item")
    items = {name: _item(name, row) for name, row in table.children(_NAME)}
    for item in items.values():
        group = items.get(item.part_of)
        if item.part_of and (group is None or group.type != "group" or group.part_of):
            table.fail(item.name, f"is part of {item.part_of!r}, which is no group")
        if group and group.category != item.category:
            table.fail(item.name, f"is in another category than {item.part_of!r}")
        if item.measured_as and (item.measured_as not in items or items[item.measured_as].type != "stream"):
            table.fail(item.name, f"is measured as {item.measured_as!r}, which is no stream")
    for name, number in wire_items.ITEMS:
        if name not in items or items[name].category != number:
            table.fail(name, f"the wire has this item in category {number}")
    return items


def _item(name: str, row: Table) -> Item:
    item = Item(
        name,
        row.integer("category", 1, 3),
        row.one_of("type", TYPES),
        _words(row),
        row.text("part_of", "", _NAME),
        row.text("unit", ""),
        row.flag("sensitive"),
        row.text("measured_as", "", _NAME),
        _only_words(row.table("degraded")) if row.has("degraded") else None,
    )
    row.done()
    return item


def _clause(id_: str, row: Table, purposes: Mapping[str, Words]) -> Clause:
    clause = Clause(
        id_,
        row.text("section"),
        _words(row),
        row.integers("categories", CATEGORIES),
        row.some_of("purposes", purposes),
        row.text("condition"),
        row.text("do"),
        row.text("refuse"),
        row.text("evidence"),
        row.text("no_allow", ""),
    )
    row.done()
    return clause


def _category(
    number: int, top: Table, purposes: Mapping[str, Words], rules: Mapping[str, Clause]
) -> CategoryRow:
    table = top.table("category")
    row = table.table(str(number))
    _numbers(table)
    allow = row.table("allow")
    made = CategoryRow(
        number,
        row.text("name", pattern=_NAME),
        _words(row),
        row.names("contexts", _NAME),
        row.one_of("context_rule", rules),
        row.one_of("closed_rule", rules),
        row.integer("retention_days", 1, 36_600) * _DAY_NS,
        {purpose: allow.one_of(purpose, rules) for purpose in purposes if allow.has(purpose)},
        row.text("carried", "", _NAME),
    )
    allow.done()
    row.done()
    return made


def _review(row: Table) -> Review:
    made = Review(row.when("at"), row.text("by"), row.text("result"))
    row.done()
    return made


def _duty(row: Table) -> Duty:
    made = Duty(
        row.text("id", pattern=_NAME),
        row.text("article"),
        _words(row),
        row.integer("days", 0, 36_600, default=0),
    )
    row.done()
    return made


def _words(row: Table) -> Words:
    return Words(row.text("ja"), row.text("en"))


def _only_words(row: Table) -> Words:
    words = _words(row)
    row.done()
    return words
