"""What goes into routing and what comes out of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tasuki.block import Block
from tasuki.consent.context import Interval
from tasuki.consent.decision import Decision


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


@dataclass(frozen=True)
class Refusal:
    """A block that a destination does not get; the decision names reason, rules and remedy."""

    subject: str
    item: str
    purpose: str
    destination: str
    decision: Decision


@dataclass
class Routed:
    """What came of a batch: parcels for the outbox, refusals, and every decision with its count."""

    parcels: list[Parcel] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    decided: dict[tuple[str, str, str, str, str, str], tuple[Decision, int]] = field(default_factory=dict)

    def count(self, subject: str, decision: Decision, n: int = 1) -> None:
        """Count a decision."""
        d = decision
        key = (subject, d.item, d.purpose, d.destination, d.outcome, d.reason)
        known = self.decided.get(key)
        self.decided[key] = (decision, n + (known[1] if known else 0))


def refusals_by_reason(refusals: Iterable[Refusal]) -> Mapping[str, int]:
    """Reason code to count."""
    counts: dict[str, int] = {}
    for refusal in refusals:
        counts[refusal.decision.reason] = counts.get(refusal.decision.reason, 0) + 1
    return counts
