"""The documents that a policy is made of.

| kind | what it may do | rows |
| --- | --- | --- |
| base | the closed table of purposes, the items, every rule | the table |
| law | only narrow (G-02) | `[[deny]]` |
| internal | only narrow (L-01) | `[[deny]]` |
| individual | narrow; widen with a consent that cites its version (G-04) | `[[deny]]`, `[[allow]]` |

`reading.py` reads them from TOML. The hash is over the canonical form, so that comments and layout do
not count.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

FORMAT = 2
BASE, LAW, INTERNAL, INDIVIDUAL = KINDS = ("base", "law", "internal", "individual")
CATEGORIES = (1, 2, 3)
# Of items; a group has parts, a stream comes from the garment.
_PLAIN = ("text", "date", "code", "integer", "number", "time", "position", "identifier")
TYPES = (*_PLAIN, "group", "stream", "report")


@dataclass(frozen=True)
class Words:
    """One text in both languages."""

    ja: str
    en: str

    def in_(self, language: str) -> str:
        """The text in `ja` or `en`."""
        return self.ja if language == "ja" else self.en


@dataclass(frozen=True)
class Item:
    """One item of section 2.

    Attributes:
        category: 1, 2 or 3.
        type: one of TYPES; unit: of its values, empty for none.
        part_of: the item that it is a part of and whose consent covers it; empty for none.
        sensitive: may be special-care-required information (APPI 2(3)).
        measured_as: the item that the same quantity is when the garment measured it; empty for none.
        degraded: what stops working when the user refuses it (rule C2-04); None where nothing does.
    """

    name: str
    category: int
    type: str
    words: Words
    part_of: str = ""
    unit: str = ""
    sensitive: bool = False
    measured_as: str = ""
    degraded: Words | None = None


@dataclass(frozen=True)
class Clause:
    """One rule: a sentence of the policy that a machine can enforce.

    Attributes:
        section: of the policy's text.
        words: its Japanese sentence and an English gist.
        categories, purposes: what it is about; no purposes stand for any.
        condition, do, refuse, evidence: when it acts, what it demands, what it refuses, what is left behind.
        no_allow: why it has nothing to allow; empty when it has.
    """

    id: str
    section: str
    words: Words
    categories: tuple[int, ...]
    purposes: tuple[str, ...]
    condition: str
    do: str
    refuse: str
    evidence: str
    no_allow: str = ""


@dataclass(frozen=True)
class Row:
    """One row of an overlay: what it says of some items, or of whole categories, and purposes.

    `source` is the article or clause that it comes from.
    """

    id: str
    allow: bool
    items: frozenset[str]
    categories: frozenset[int]
    purposes: frozenset[str]
    words: Words
    source: str

    def covers(self, item: Item, purpose: str) -> bool:
        """True when it has a word on this pair; a group's row covers its parts."""
        named = item.category in self.categories or item.name in self.items or item.part_of in self.items
        return named and purpose in self.purposes


@dataclass(frozen=True)
class Duty:
    """What the law demands beside the table, with its limit in days (0 for none)."""

    id: str
    article: str
    words: Words
    days: int


@dataclass(frozen=True)
class Review:
    """One review of the policy (rule L-02)."""

    at_ns: int
    by: str
    result: str


@dataclass(frozen=True)
class CategoryRow:
    """One row of the closed table.

    Attributes:
        allow: purpose to rule id.
        carried: the item that travels along with blocks of other categories; empty for none.
    """

    number: int
    name: str
    words: Words
    contexts: tuple[str, ...]
    context_rule: str
    closed_rule: str
    retention_ns: int
    allow: Mapping[str, str]
    carried: str


@dataclass(frozen=True, kw_only=True)
class Document:
    """What all documents have.

    Attributes:
        kind: one of KINDS.
        version: its name, unique among all documents.
        hash: SHA-256 of the canonical form, 32 bytes.
        published_ns, effective_ns: Unix nanoseconds.
    """

    kind: str
    version: str
    hash: bytes
    published_ns: int
    effective_ns: int
    text: str = field(repr=False, compare=False)


@dataclass(frozen=True, kw_only=True)
class Base(Document):
    """The policy itself."""

    controller: Words
    data_manager: Words
    contact: Words
    hold_ns: int
    review_ns: int
    reviews: tuple[Review, ...]
    purposes: Mapping[str, Words]
    module_purposes: Mapping[str, Words]
    categories: Mapping[int, CategoryRow]
    items: Mapping[str, Item]
    rules: Mapping[str, Clause]

    @property
    def review_due_ns(self) -> int:
        """When the next review is due (rule L-02)."""
        return max(review.at_ns for review in self.reviews) + self.review_ns


@dataclass(frozen=True, kw_only=True)
class Overlay(Document):
    """A law overlay, internal rules, or individual terms.

    Attributes:
        id: of all its versions.
        supersedes: the version that it takes the place of; empty for the first.
        title: what people call it.
        base: the version of the policy that it was written for.
        jurisdiction: of a law overlay.
        applies_to: products and services of individual terms.
        retention_ns: category to a shorter limit.
    """

    id: str
    supersedes: str
    title: Words
    base: str
    jurisdiction: str
    applies_to: tuple[str, ...]
    rows: tuple[Row, ...]
    retention_ns: Mapping[int, int]
    duties: tuple[Duty, ...]


def canonical(data: Mapping[str, Any]) -> bytes:
    """The bytes that are hashed: JSON, sorted keys, no spaces, times in UTC, UTF-8."""
    return json.dumps(
        data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_utc, allow_nan=False
    ).encode()


def _utc(value: Any) -> str:
    if isinstance(value, datetime) and value.tzinfo:
        return value.astimezone(UTC).isoformat()
    raise ValueError(f"{value!r} is no text, number or time with an offset")
