"""Who may speak for whom: children and others under guardianship.

While a guardianship lasts only the guardian can say yes; no can be said by both. When it ends, what
the guardian granted stays until the wearer confirms or withdraws it (EDPB Guidelines 05/2020,
section 7.1.4).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from tasuki.consent.events import GRANTED, RELATIONS, Event
from tasuki.errors import Refused


@dataclass(frozen=True)
class Guardianship:
    """One person speaks for another, from `since_ns` up to before `until_ns` (Unix nanoseconds)."""

    subject: str
    guardian: str
    relation: str
    since_ns: int
    until_ns: int

    def __post_init__(self) -> None:
        if self.relation not in RELATIONS:
            raise ValueError(f"relation {self.relation!r}")

    def covers(self, at_ns: int) -> bool:
        """True while it lasts."""
        return self.since_ns <= at_ns < self.until_ns


def check(event: Event, guardianships: Iterable[Guardianship], now_ns: int) -> None:
    """Refused unless this person may say this for this wearer now."""
    lasting = [one for one in guardianships if one.covers(now_ns)]
    if event.by:
        if not any((one.guardian, one.relation) == (event.by, event.relation) for one in lasting):
            raise Refused(
                "not_a_guardian",
                "the person who speaks for the wearer is not registered for that",
                "Register a guardian with `tasuki consent guardian`, or let the wearer speak.",
            )
    elif event.decision == GRANTED and lasting:
        raise Refused(
            "guardian_required",
            "this wearer is under guardianship: only the guardian can say yes",
            "Give the guardian with --by.",
        )
