"""The policy as data: items, categories and the closed category x purpose table of section 2."""

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from tasuki_wire import items as wire_items

FORMAT = 1


@dataclass(frozen=True)
class Category:
    """One row of section 2.

    Attributes:
        number: 1, 2 or 3.
        items: names of its items, a closed list.
        contexts: where its items may be acquired (rules C1-02, C2-02, C3-02).
        allow: purpose to the rule that allows it.
        closed_rule: the rule that denies every other purpose.
    """

    number: int
    name: str
    items: tuple[str, ...]
    contexts: frozenset[str]
    context_rule: str
    allow: Mapping[str, str]
    closed_rule: str


@dataclass(frozen=True)
class Policy:
    """One version of the policy.

    Attributes:
        version: name of the version; a consent is bound to the version it was given under (L-03).
        hash: SHA-256 of the canonical data, 32 bytes.
        purposes: purpose to its Japanese wording; the place in it is the purpose's bit.
        module_purposes: purposes of section 6, which no category has.
        categories: by number.
        rules: rule id to its Japanese sentence.
        hold_ns: how long a block may wait in `hold`, nanoseconds.
    """

    version: str
    hash: bytes
    purposes: Mapping[str, str]
    module_purposes: Mapping[str, str]
    categories: Mapping[int, Category]
    category_of: Mapping[str, int]
    rules: Mapping[str, str]
    hold_ns: int

    def category(self, item: str) -> Category | None:
        """The category of an item; None for an item that the policy does not name."""
        number = self.category_of.get(item)
        return None if number is None else self.categories[number]

    def allows(self, item: str, purpose: str) -> bool:
        """True when the table has the purpose in the item's row."""
        category = self.category(item)
        return category is not None and purpose in category.allow

    def items_for(self, purpose: str) -> tuple[str, ...]:
        """Every item whose row has the purpose, in the table's order."""
        return tuple(item for item in self.category_of if self.allows(item, purpose))

    def purpose_mask(self, purposes: frozenset[str]) -> int:
        """Bits of several purposes; unknown ones are left out."""
        return sum(1 << bit for bit, name in enumerate(self.purposes) if name in purposes)


def canonical(data: Mapping[str, Any]) -> bytes:
    """The bytes that are hashed: JSON, sorted keys, no spaces, UTF-8."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def parse(text: str) -> Policy:
    """A policy from its TOML text.

    Raises ValueError when it contradicts itself or the wire's items: a policy that is not
    understood in full is not used at all.
    """
    data = tomllib.loads(text)
    if data.get("format") != FORMAT:
        raise ValueError(f"policy format {data.get('format')!r}, expected {FORMAT}")
    categories = {int(number): _category(int(number), row) for number, row in data["category"].items()}
    policy = Policy(
        version=data["version"],
        hash=hashlib.sha256(canonical(data)).digest(),
        purposes=data["purposes"],
        module_purposes=data["module_purposes"],
        categories=categories,
        category_of=_category_of(categories),
        rules=data["rules"],
        hold_ns=int(data["hold_seconds"]) * 1_000_000_000,
    )
    _check(policy)
    return policy


@cache
def builtin() -> Policy:
    """The policy that ships with the package."""
    return parse(resources.files("tasuki.consent").joinpath("policy.toml").read_text("utf-8"))


def _category(number: int, row: Mapping[str, Any]) -> Category:
    return Category(
        number=number,
        name=row["name"],
        items=tuple(row["items"]),
        contexts=frozenset(row["contexts"]),
        context_rule=row["context_rule"],
        allow=row["allow"],
        closed_rule=row["closed_rule"],
    )


def _category_of(categories: Mapping[int, Category]) -> dict[str, int]:
    table: dict[str, int] = {}
    for category in categories.values():
        for item in category.items:
            if item in table:
                raise ValueError(f"item {item} is in two categories")
            table[item] = category.number
    return table


def _check(policy: Policy) -> None:
    for name, number in wire_items.ITEMS:
        if policy.category_of.get(name) != number:
            raise ValueError(f"item {name}: category {policy.category_of.get(name)}, the wire says {number}")
    for category in policy.categories.values():
        cited = {category.context_rule, category.closed_rule, *category.allow.values()}
        if unknown := sorted(cited - policy.rules.keys()):
            raise ValueError(f"category {category.number} cites unknown rules {unknown}")
        if unknown := sorted(category.allow.keys() - policy.purposes.keys()):
            raise ValueError(f"category {category.number} allows unknown purposes {unknown}")
