"""A leak: whom it has to be reported to, and by when (rule S-06; APPI article 26, its Rules 7 and 8).

What is encrypted to the state of the art, with keys that did not leak, need not be reported; so the
question behind all others is which keys were exposed. The product says what it can know: whose data, which
items, encrypted or not. The officer says what happened.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from tasuki.consent.policy import Policy

_DAY_NS = 86_400 * 10**9
QUICK_DAYS = 5  # "promptly", which the commission's guideline puts at three to five days
FULL_DAYS, FULL_DAYS_IMPROPER = 30, 60
MANY = 1000

# Where something can leak, and which key opens it; None for what lies open there.
PLACES = {
    "store.db": "vault",
    "outbox.db": "vault",
    "wearer.db": "vault",
    "captures": "vault",
    "research": "destination",
    "downloads": None,
    "screen": None,
}


@dataclass(frozen=True)
class Incident:
    """What happened, as the officer found.

    Attributes:
        place: one of PLACES.
        known_ns: when we learned of it, Unix nanoseconds.
        items: what leaked.
        subjects: how many people.
        keys: True when the key that opens the place may have leaked with it.
        improper: somebody meant harm; damage: people may lose property.
    """

    place: str
    known_ns: int
    items: frozenset[str]
    subjects: int
    keys: bool
    improper: bool = False
    damage: bool = False


@dataclass(frozen=True)
class Assessment:
    """What follows.

    Attributes:
        encrypted: True when nobody can read what leaked.
        grounds: why it has to be reported: `sensitive`, `damage`, `improper`, `many`; none: it has not.
        quick_ns, full_ns: deadlines of the two reports, 0 where there is none; Unix nanoseconds.
        tell_subjects: True when the people have to be told, too.
    """

    encrypted: bool
    grounds: tuple[str, ...]
    quick_ns: int
    full_ns: int
    tell_subjects: bool

    @property
    def reported(self) -> bool:
        """True when it has to be reported."""
        return bool(self.grounds)


def assess(policy: Policy, incident: Incident) -> Assessment:
    """What the law asks for after an incident. ValueError for a place that there is not."""
    if incident.place not in PLACES:
        raise ValueError(incident.place)
    safe = PLACES[incident.place] is not None and not incident.keys
    grounds = () if safe else tuple(_grounds(policy, incident))
    days = FULL_DAYS_IMPROPER if incident.improper else FULL_DAYS
    quick = incident.known_ns + QUICK_DAYS * _DAY_NS if grounds else 0
    full = incident.known_ns + days * _DAY_NS if grounds else 0
    return Assessment(safe, grounds, quick, full, bool(grounds))


def _grounds(policy: Policy, incident: Incident) -> Iterable[str]:
    if incident.subjects and any(policy.classify(item).sensitive for item in incident.items):
        yield "sensitive"
    if incident.subjects and incident.damage:
        yield "damage"
    if incident.subjects and incident.improper:
        yield "improper"
    if incident.subjects > MANY:
        yield "many"
