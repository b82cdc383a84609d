"""Which key is trusted for the hub at the other end: the register's, or what its certificates prove."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tasuki.consent.registers import PRODUCTS, Garment
from tasuki.errors import Refused, Untrusted
from tasuki.session import care
from tasuki.session.connection import Connection
from tasuki.session.greet import Identity
from tasuki.session.state import State
from tasuki.trust.register import Hub

if TYPE_CHECKING:
    from tasuki.trust.certificates import HubIdentity


def trusted_key(connection: Connection, identity: Identity, state: State) -> bytes:
    """Public key of this hub, which nobody revoked.

    A hub that the register does not know, or knows with another key, is asked for its certificates
    where a root is trusted; when they hold it is entered, with its product's manifest (rule A-03). One that
    was entered so shows them again each time: its station may have been revoked since, or its root.
    Raises Refused("unknown_hub", "revoked", "development_hub", "unknown_product", "no_certificate"), and
    Untrusted for certificates that do not hold or are another hub's.
    """
    state.anchors.refuse_revoked(identity.public)
    known = state.register.find(identity.device)
    if known is None or known.public != identity.public.hex():
        _adopt(connection, identity, state)
    elif known.certificate and _identified(connection, identity, state) is None:
        raise Refused(
            "no_certificate",
            "the hub does not show the certificates by which it is known here",
            "Bring it to its line again: docs/factory.md.",
        )
    return state.register.public_key(identity.device)


def _identified(connection: Connection, identity: Identity, state: State) -> "HubIdentity | None":
    """Who its certificates say that the hub is; None when it shows none."""
    chain = care.read_certificate(connection)
    if not chain:
        return None
    found = state.anchors.identify(chain)
    if (found.device, found.public) != (identity.device, identity.public):
        raise Untrusted("wrong_certificate", "the hub shows certificates of another hub or key")
    return found


def _adopt(connection: Connection, identity: Identity, state: State) -> None:
    if not state.anchors.roots():
        return
    found = _identified(connection, identity, state)
    if found is None:
        return
    product = PRODUCTS.get(found.product)
    if product is None:
        raise Refused(
            "unknown_product",
            f"no manifest of product {found.product} is installed here",
            "Update Tasuki, or check the hub's label.",
        )
    state.register.add(
        Hub(
            found.device.hex(),
            found.public.hex(),
            datetime.now(UTC).isoformat(timespec="seconds"),
            identity.board,
            certificate=found.certificate.hex(),
            product=found.product,
            serial=found.serial,
        )
    )
    state.book.enrol(Garment(identity.key_id, identity.device, product))
