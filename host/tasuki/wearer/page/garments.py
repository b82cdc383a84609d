"""The wearer's hubs: handing one on, and reporting one lost."""

import secrets

from starlette.responses import Response

from tasuki.session.wipe_book import WIPE
from tasuki.wearer.page.public import missing
from tasuki.wearer.page.routing import WEARERS, Page
from tasuki.wearer.page.visit import Visit


def page(visit: Visit) -> Response:
    """What the wearer wears."""
    garments = visit.records.garments
    rows = [(binding, garments.garment(binding.device)) for binding in garments.worn(visit.subject)]
    return visit.page("garments.html", rows=rows)


def hand_on(visit: Visit) -> Response:
    """End the wearer's binding; the hub gets a new key, and so loses its store, at its next contact."""
    device = _worn(visit)
    if device is None:
        return missing(visit)
    visit.state.book.unbind(device, visit.now_ns)
    garment = visit.records.garments.garment(device)
    key_id = garment.key_id if garment else bytes(8)
    visit.state.wipes.ask(device, f"hand-on-{secrets.token_hex(8)}", WIPE, key_id)
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
