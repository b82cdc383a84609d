"""What goes where: what was decided about a wearer's data, and what would be decided now."""

from collections.abc import Iterable
from dataclasses import dataclass

from tasuki.consent import reasons
from tasuki.consent.context import Context, Interval
from tasuki.consent.decision import Decision
from tasuki.consent.registers import TYPED_IN
from tasuki.session.state import State
from tasuki.wearer.garments import Garments


@dataclass(frozen=True)
class Flow:
    """One way of an item, and what became of it there.

    Attributes:
        blocks: how many were decided so; 0 for what would be decided now.
        first_ns, last_ns: when, Unix nanoseconds.
    """

    item: str
    purpose: str
    destination: str
    outcome: str
    reason: str
    rules: tuple[str, ...]
    blocks: int
    first_ns: int
    last_ns: int

    def remedy(self, language: str) -> str:
        """What would change it."""
        code = self.reason if self.reason in reasons.REASONS else "unknown_item"
        made = Decision(self.outcome, code, self.rules, self.item, self.purpose, self.destination)
        return made.remedy(language)


def past(state: State, subject: str) -> list[Flow]:
    """Every decision about a wearer's blocks, the newest first."""
    return [Flow(*row[:5], tuple(row[5].split()), *row[6:]) for row in state.outbox.decided_about(subject)]


def now(state: State, garments: Garments, subject: str, items: Iterable[str]) -> list[Flow]:
    """What every destination could have of these items, measured at this moment."""
    at = state.book.now_ns(subject)
    sources = garments.sources(subject)
    out = []
    for item in items:
        source = sources.get(item, TYPED_IN)
        for place in state.book.registers.destinations.values():
            context = Context(Interval(at, at, 0), source)
            one = state.engine.decide(subject, item, place.purpose, place.name, at, context)
            out.append(
                Flow(item, place.purpose, place.name, one.outcome, one.reason, tuple(one.rules), 0, at, at)
            )
    return out
