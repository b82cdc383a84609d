"""What goes into routing and what comes out of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from tasuki.block import Block
from tasuki.consent.context import Interval
from tasuki.consent.decision import Decision
from tasuki.self_report import SelfReport


@dataclass(frozen=True)
class Acquired:
    """A verified block with its wearer and the host's statement of when it was measured.

    t0_ns, t1_ns: wall time of the first and the last sample, Unix nanoseconds; uncertainty_ns of
    the clock model on both sides.
    """

    block: Block
    subject: str
    t0_ns: int
    t1_ns: int
    uncertainty_ns: int

    @property
    def interval(self) -> Interval:
        """When it was acquired."""
        return Interval(self.t0_ns, self.t1_ns, self.uncertainty_ns)


@dataclass(frozen=True)
class Reported:
    """What a wearer typed in, and when by the host's own clock (Unix nanoseconds)."""

    block: SelfReport
    subject: str
    at_ns: int

    @property
    def interval(self) -> Interval:
        """A moment, which the host itself saw."""
        return Interval(self.at_ns, self.at_ns, 0)


class Place(NamedTuple):
    """Which block: unique for ever."""

    key_id: bytes
    session: int
    epoch: int
    stream: int

    @property
    def in_epoch(self) -> tuple[bytes, int, int]:
        """The epoch that it is part of."""
        return self[:3]


class Judged(NamedTuple):
    """A block with its wearer and what was decided for every destination."""

    place: Place
    subject: str
    decisions: tuple[Decision, ...]


@dataclass(frozen=True)
class Parcel:
    """A block that at least one destination may get, now (allow) or perhaps later (hold).

    Attributes:
        key_id, session, epoch, stream: what makes it unique for ever.
        decisions: the allow and hold decisions, one per destination.
        content: the block's bytes, not encrypted yet.
    """

    key_id: bytes
    session: int
    epoch: int
    stream: int
    kind: int
    subject: str
    item: str
    acquired: Interval
    decisions: tuple[Decision, ...]
    content: bytes = field(repr=False)


class Refusal(NamedTuple):
    """A block that a destination does not get; the decision names reason, rules and remedy."""

    place: Place
    subject: str
    item: str
    purpose: str
    destination: str
    decision: Decision


@dataclass
class Routed:
    """What came of a batch.

    Attributes:
        parcels: for the outbox.
        judged: every block, in the order in which they came.
        decided: every decision with its count.
        dropped: (reason code, item) to frames that were refused on the way, before they were a block.
    """

    parcels: list[Parcel] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    judged: list[Judged] = field(default_factory=list)
    decided: dict[tuple[str | bytes, ...], tuple[Decision, int]] = field(default_factory=dict)
    dropped: Mapping[tuple[str, str], int] = field(default_factory=dict)

    def count(self, subject: str, decision: Decision, n: int = 1) -> None:
        """Count a decision."""
        d = decision
        key = (subject, d.item, d.purpose, d.destination, d.outcome, d.reason, d.evidence)
        known = self.decided.get(key)
        self.decided[key] = (decision, n + (known[1] if known else 0))


class Examples:
    """The first few block ids for each reason, so that somebody can ask about them.

    Attributes:
        by_reason: reason code to ids.
    """

    def __init__(self, most: int = 3) -> None:
        self.by_reason: dict[str, list[str]] = {}
        self._most = most

    def add(self, reason: str, name: Callable[[], str]) -> None:
        """Keep one more where there is room; `name` makes its id."""
        kept = self.by_reason.setdefault(reason, [])
        if len(kept) < self._most and (one := name()) not in kept:
            kept.append(one)
