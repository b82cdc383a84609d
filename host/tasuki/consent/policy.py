"""The policy as the decision uses it: the closed category x purpose table under all documents in force."""

import hashlib
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property

from tasuki.consent.documents import INDIVIDUAL, Clause, Duty, Item, Words

FOREVER = 2**63 - 1  # Unix nanoseconds

TYPED_IN = "typed_in"
MEASURED = "measured"


@dataclass(frozen=True)
class Category:
    """One row of section 2, or what documents leave of it for one item.

    Attributes:
        number: 1, 2 or 3.
        items: names of its items, a closed list.
        contexts: where its items may be acquired (rules C1-02, C2-02, C3-02).
        allow: purpose to the rule that allows it.
        closed_rule: the rule that denies every other purpose.
        denied: purpose to the row of a document that took it away.
        retention_ns: how long its items are kept at most.
    """

    number: int
    name: str
    items: tuple[str, ...]
    contexts: frozenset[str]
    context_rule: str
    allow: Mapping[str, str]
    closed_rule: str
    denied: Mapping[str, str] = field(default_factory=dict)
    retention_ns: int = 0

    def rule(self, purpose: str) -> str:
        """The rule that allows or denies a purpose."""
        return self.allow.get(purpose) or self.denied.get(purpose, self.closed_rule)


@dataclass(frozen=True)
class Answer:
    """What one document says of one (item, purpose)."""

    kind: str
    document: str
    allow: bool
    rule: str


@dataclass(frozen=True)
class Pair:
    """One (item, purpose) under all documents: the first that has a word on it decides.

    Attributes:
        answers: law, internal rules, individual terms, policy; the policy's own is always the last.
        notices: versions under which a consent to this pair counts (rule L-03).
    """

    answers: tuple[Answer, ...]
    notices: frozenset[str] = frozenset()

    @property
    def winner(self) -> Answer:
        """The answer that counts."""
        return self.answers[0]

    @property
    def overrides(self) -> tuple[Answer, ...]:
        """The answers that said otherwise and lost (rule G-04)."""
        return tuple(answer for answer in self.answers[1:] if answer.allow != self.winner.allow)


@dataclass(frozen=True)
class Evaluated:
    """A document that was evaluated (rule G-03). `hash` is SHA-256, 32 bytes."""

    kind: str
    version: str
    hash: bytes


@dataclass(frozen=True)
class Classified:
    """Where something belongs. What the policy does not name is most sensitive and has no purpose (G-01)."""

    category: int
    sensitive: bool
    known: bool


@dataclass(frozen=True)
class Policy:
    """The policy in force at a moment, for no product or for one.

    Attributes:
        version: of the base policy; consents are bound to it (L-03).
        hash: SHA-256 of the base policy's canonical data, 32 bytes.
        purposes: purpose to its Japanese wording; the place in it is the purpose's bit.
        module_purposes: purposes of section 6, which no category has.
        categories: by number; `allow` has what its part that travels beside other blocks may serve.
        category_of: item to category number, parts included.
        rules: rule id to its Japanese sentence, rows of all documents included.
        hold_ns: how long a block may wait in `hold`, nanoseconds.
        items: the closed list of items.
        clauses: rule id to the rule of the base policy.
        pairs: (item, purpose) to what all documents say.
        documents: everything evaluated, in order of precedence.
        words: purpose, item and row of a document to its wording in both languages.
        products: product or service to the policy under its individual terms.
        since_ns, until_ns: while these documents, and the state of the review, are the same.
        duties: what the law demands beside the table, by id.
        controller, data_manager, contact: who answers for the data (rule R-01), and how to reach them.
        review_due_ns, review_overdue: when the next review is due; past that nothing is widened (L-02).
        own: item to what documents leave of its category's row; ask by `category`.
    """

    version: str
    hash: bytes
    purposes: Mapping[str, str]
    module_purposes: Mapping[str, str]
    categories: Mapping[int, Category]
    category_of: Mapping[str, int]
    rules: Mapping[str, str]
    hold_ns: int
    items: Mapping[str, Item]
    clauses: Mapping[str, Clause]
    pairs: Mapping[tuple[str, str], Pair]
    documents: tuple[Evaluated, ...]
    words: Mapping[str, Words]
    duties: Mapping[str, Duty]
    controller: Words
    data_manager: Words
    contact: Words
    since_ns: int
    until_ns: int
    review_due_ns: int
    review_overdue: bool
    own: Mapping[str, Category] = field(repr=False)
    products: Mapping[str, "Policy"] = field(default_factory=dict, repr=False, compare=False)

    def category(self, item: str) -> Category | None:
        """The item's row; None for an item that the policy does not name."""
        return self.own.get(item)

    def allows(self, item: str, purpose: str) -> bool:
        """True when the table has the purpose in the item's row."""
        category = self.category(item)
        return category is not None and purpose in category.allow

    @cached_property
    def evidence(self) -> bytes:
        """SHA-256 over kind, version and hash of all documents, in order of precedence (rule G-03)."""
        lines = (f"{each.kind} {each.version} {each.hash.hex()}\n" for each in self.documents)
        return hashlib.sha256("".join(lines).encode()).digest()

    def for_product(self, product: str) -> "Policy | None":
        """The policy under the individual terms of a product or service; None when it is not registered.

        Individual terms are always evaluated, and what has none is no product of ours (rule G-03).
        """
        return self.products.get(product)

    def under(self, notice: str) -> "Policy | None":
        """The policy that a wearer agrees to with this notice; None when it is not in force.

        That is this one for its own version, and a product's for the version of its individual terms.
        """
        if notice == self.version:
            return self
        terms = (each for each in self.products.values() if notice in each.terms)
        return next(terms, None)

    @property
    def terms(self) -> tuple[str, ...]:
        """Versions of the individual terms that were evaluated."""
        return tuple(each.version for each in self.documents if each.kind == INDIVIDUAL)

    def accepts(self, notice: str, item: str, purpose: str) -> bool:
        """True when a consent under this notice counts for the pair (rules L-03, G-04).

        That is a version in which the pair stood with the same words; what only individual terms
        allow needs a consent that cites those terms.
        """
        pair = self.pairs.get((item, purpose))
        return pair is not None and notice in pair.notices

    def consent_item(self, item: str) -> str:
        """The item that a wearer's consent names for this one: the group of a part, else itself."""
        known = self.items.get(item)
        return known.part_of or item if known else item

    def classify(self, item: str, source: str = TYPED_IN) -> Classified:
        """Category of an item or channel by where it came from (rules G-01, C1-01, C2-01, C3-01)."""
        known = self.items.get(self.governing(item, source))
        if known is None:
            return Classified(max(self.categories), True, False)
        return Classified(known.category, known.sensitive, True)

    def governing(self, item: str, source: str = TYPED_IN) -> str:
        """The item whose row counts: a measured pulse is no typed-in one, though it has the same name."""
        known = self.items.get(item)
        return known.measured_as if known and source == MEASURED and known.measured_as else item

    def shared(self, items: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """Purposes that all these items may serve, with their rules: for mixed or copied values (X-01)."""
        rows = [self.own[item].allow if item in self.own else {} for item in items]
        if not rows:
            return {}
        common = [purpose for purpose in self.purposes if all(purpose in row for row in rows)]
        return {purpose: tuple(dict.fromkeys(row[purpose] for row in rows)) for purpose in common}

    def items_for(self, purpose: str) -> tuple[str, ...]:
        """Every item that consent can name and whose row has the purpose, in the table's order."""
        return tuple(
            name for name, item in self.items.items() if not item.part_of and self.allows(name, purpose)
        )

    def degraded(self, refused: Iterable[str]) -> tuple[Words, ...]:
        """What stops working when these items are refused; everything else goes on (rule C2-04)."""
        items = (self.items[item] for item in refused if item in self.items)
        return tuple(item.degraded for item in items if item.degraded)

    def purpose_mask(self, purposes: frozenset[str]) -> int:
        """Bits of several purposes; unknown ones are left out."""
        return sum(1 << bit for bit, name in enumerate(self.purposes) if name in purposes)


@cache
def builtin() -> Policy:
    """The policy that ships with the package, as in force when it is first asked for."""
    from tasuki.consent import library

    return library.shipped().effective(time.time_ns())
