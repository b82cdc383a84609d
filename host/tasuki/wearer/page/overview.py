"""What is held of the wearer, where it comes from and where it goes (rule D-01)."""

from starlette.responses import Response

from tasuki.consent.events import GRANTED
from tasuki.wearer.holdings import flows, signals
from tasuki.wearer.page.routing import WEARERS, Page
from tasuki.wearer.page.visit import Visit
from tasuki_wire import items as wire_items

MEASURED = tuple(wire_items.NAMES)


def overview(visit: Visit) -> Response:
    """Everything at a glance."""
    state, subject = visit.state, visit.subject
    held = signals.held(state, subject)
    now = visit.now_ns
    granted = [
        (item, purpose)
        for (item, purpose), span in sorted(state.book.log.state(subject, now).items())
        if span.state == GRANTED
    ]
    values = visit.records.profiles.values(visit.policy, subject)
    return visit.page(
        "overview.html",
        held=held,
        granted=granted,
        measured=sorted({item for item, _ in granted if item in MEASURED}, key=MEASURED.index),
        profile=sorted(values),
        ratings=len(visit.records.ratings.of(subject)),
        worn=visit.records.garments.worn(subject),
        destinations=list(state.book.registers.destinations.values()),
        processors=list(state.book.registers.processors.values()),
        wards=_wards(visit),
    )


def recipients(visit: Visit) -> Response:
    """What went where, what was refused, and what would happen now, in plain words."""
    state, subject = visit.state, visit.subject
    worn = visit.records.garments.sources(subject)
    items = [name for name in MEASURED if name in worn or name == "subjective"]
    return visit.page(
        "flows.html",
        past=flows.past(state, subject),
        now=flows.now(state, visit.records.garments, subject, items),
    )


def act_for(visit: Visit) -> Response:
    """A guardian goes over to a ward's data, or back to the own."""
    ward = visit.form["ward"]
    if ward and visit.guardianship(ward) is None:
        return visit.go("/overview")
    visit.records.sessions.act_for(visit.token, ward)
    return visit.go("/overview")


def _wards(visit: Visit) -> list[str]:
    book = visit.state.book
    return [ward for ward in list(book.guardianships) if visit.guardianship(ward)]


PAGES = (
    Page("GET", "/overview", overview, WEARERS),
    Page("GET", "/recipients", recipients, WEARERS),
    Page("POST", "/act-for", act_for, WEARERS),
)
