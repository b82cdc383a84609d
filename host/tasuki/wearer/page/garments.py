"""The wearer's hubs: handing one on, and reporting one lost."""

from starlette.responses import Response

from tasuki.trust.register import HANDED_ON, LOST
from tasuki.wearer.page.public import missing
from tasuki.wearer.page.routing import WEARERS, Page
from tasuki.wearer.page.visit import Visit


def page(visit: Visit) -> Response:
    """What the wearer wears."""
    garments = visit.records.garments
    rows = [(binding, garments.garment(binding.device)) for binding in garments.worn(visit.subject)]
    return visit.page("garments.html", rows=rows)


def hand_on(visit: Visit) -> Response:
    """End the wearer's binding; the hub runs nowhere here until enrolling it anew has erased it."""
    device = _worn(visit)
    if device is None:
        return missing(visit)
    visit.state.book.unbind(device, visit.now_ns)
    visit.state.register.end(device, HANDED_ON)
    return visit.go("/garments", "handed_on")


def lost(visit: Visit) -> Response:
    """Revoke a lost hub: nothing that it signs counts any longer."""
    device = _worn(visit)
    if device is None:
        return missing(visit)
    visit.state.book.unbind(device, visit.now_ns)
    visit.state.register.end(device, LOST)
    return visit.go("/garments", "revoked")


def _worn(visit: Visit) -> bytes | None:
    """The device of the form, when the wearer wears it."""
    asked = visit.form["device"]
    worn = visit.records.garments.worn(visit.subject)
    return next((binding.device for binding in worn if binding.device.hex() == asked), None)


PAGES = (
    Page("GET", "/garments", page, WEARERS),
    Page("POST", "/garments/hand-on", hand_on, WEARERS),
    Page("POST", "/garments/lost", lost, WEARERS),
)
