"""The wearer's hubs: handing one on, and reporting one lost."""

from starlette.responses import Response

from tasuki.wearer.page.public import missing
from tasuki.wearer.page.routing import WEARERS, Page
from tasuki.wearer.page.visit import Visit


def page(visit: Visit) -> Response:
    """What the wearer wears."""
    garments = visit.records.garments
    rows = [(binding, garments.garment(binding.device)) for binding in garments.worn(visit.subject)]
    return visit.page("garments.html", rows=rows)


def hand_on(visit: Visit) -> Response:
    """End the wearer's binding: what the hub measures from now on is nobody's, and it is erased."""
    device = _worn(visit)
    if device is None:
        return missing(visit)
    visit.state.book.unbind(device, visit.now_ns)
    visit.records.hubs.erase(device)
    return visit.go("/garments", "handed_on")


def lost(visit: Visit) -> Response:
    """Revoke a lost hub: nothing that it signs counts any longer."""
    device = _worn(visit)
    if device is None:
        return missing(visit)
    visit.state.book.unbind(device, visit.now_ns)
    visit.state.register.revoke(device)
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
