"""Which key is trusted for the hub at the other end: the register's, or what certificates and keys prove."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tasuki.consent.registers import PRODUCTS, Garment
from tasuki.errors import Refused, Untrusted
from tasuki.session import care
from tasuki.session.connection import Connection
from tasuki.session.greet import Identity
from tasuki.session.state import State
from tasuki.trust import succession
from tasuki.trust.register import Hub, Predecessor
from tasuki.trust.succession import Succession

if TYPE_CHECKING:
    from tasuki.trust.certificates import HubIdentity


def trusted_key(connection: Connection, identity: Identity, state: State) -> bytes:
    """Public key of this hub, which nobody revoked.

    A hub that the register does not know, or knows with another key, is asked for its certificates
    where a root is trusted; when they hold it is entered, with its product's manifest (rule A-03). A hub
    that nobody knows yet may show the key that its certified one certified. One that was entered by
    certificates shows them again each time: its station may have been revoked since, or its root.
    Raises Refused("unknown_hub", "revoked", "development_hub", "unknown_product", "no_certificate"), and
    Untrusted for certificates that do not hold or are another hub's.
    """
    earlier = [old for old, _ in state.register.before(identity.device)]
    state.anchors.refuse_revoked(identity.public, earlier)
    known = state.register.find(identity.device)
    if known is None or known.public != identity.public.hex():
        _adopt(connection, identity, state, known)
    elif known.certificate:
        _check_again(connection, identity, state, [identity.public, *earlier])
    return state.register.public_key(identity.device)


def proved(connection: Connection, identity: Identity, old: bytes) -> Succession:
    """How `old` certified the key that the hub shows; Untrusted("wrong_key") when it did not."""
    statement = care.read_succession(connection)
    if not statement:
        raise Untrusted(
            "wrong_key",
            "the hub shows another key than the one that is trusted for it, and no proof of it",
            "If you know why its key was replaced, run `tasuki hub enroll --port PORT`.",
        )
    found = succession.read(statement)
    if (found.device, found.old, found.public) != (identity.device, old, identity.public):
        raise Untrusted(
            "wrong_key",
            "the hub's proof is of another hub, or of other keys than those that are trusted and shown",
            "Order another key for it (docs/factory.md), or enrol it anew.",
        )
    return found


def _identified(connection: Connection, state: State) -> "HubIdentity | None":
    """Who the certificates that the hub shows are about; None when it shows none."""
    chain = care.read_certificate(connection)
    return state.anchors.identify(chain) if chain else None


def _check_again(connection: Connection, identity: Identity, state: State, keys: list[bytes]) -> None:
    """The certificates still hold, and are about this hub and one of its keys, now or before."""
    found = _identified(connection, state)
    if found is None:
        raise Refused(
            "no_certificate",
            "the hub does not show the certificates by which it is known here",
            "Bring it to its line again: docs/factory.md.",
        )
    if found.device != identity.device or found.public not in keys:
        raise _foreign()


def _foreign() -> Untrusted:
    return Untrusted("wrong_certificate", "the hub shows certificates of another hub or key")


def _adopt(connection: Connection, identity: Identity, state: State, known: Hub | None) -> None:
    if not state.anchors.roots():
        return
    found = _identified(connection, state)
    if found is None:
        return
    before: tuple[Predecessor, ...] = ()
    now = datetime.now(UTC).isoformat(timespec="seconds")
    if known is None and found.device == identity.device and found.public != identity.public:
        # a host that knows the hub by its old key takes another one only when somebody asks it to
        last = proved(connection, identity, found.public)
        before = (Predecessor(last.old.hex(), last.session, now),)
    elif (found.device, found.public) != (identity.device, identity.public):
        raise _foreign()
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
            identity.public.hex(),
            now,
            identity.board,
            certificate=found.certificate.hex(),
            product=found.product,
            serial=found.serial,
            before=before,
        )
    )
    state.book.enrol(Garment(identity.key_id, identity.device, product))
