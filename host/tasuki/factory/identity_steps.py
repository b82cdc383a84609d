"""The steps that give a hub its identity: serial, key, proof, certificate."""

from dataclasses import replace

import nacl.bindings as sodium
from cryptography import x509

from tasuki.errors import Refused, Untrusted
from tasuki.factory import issuing
from tasuki.factory.journal import Unit
from tasuki.factory.visit import Visit
from tasuki.fleet import bundle, devkeys
from tasuki.session import care, greet
from tasuki.trust import certificates
from tasuki_wire import epoch, layout

_DEV_IMAGE = " dev"  # what tasuki_hub.anchors.FIRMWARE ends with
_BLANK = "blank"
_LOCKED = "locked"


def identify(visit: Visit) -> Unit:
    """Take the hub for this order, and a serial for it."""
    order = visit.line.order
    if order.production and _is_development(visit):
        raise Refused(
            "development_hub",
            f"hub {visit.device} obeys the published development keys",
            "Install the product's image, or build it under a development order.",
        )
    _take_blank(visit)
    return visit.line.journal.reserve(visit.device, range(order.first, order.last + 1), order.quantity)


def _is_development(visit: Visit) -> bool:
    """Whether the hub obeys the published keys: by its own words, and by what it takes.

    An update that everybody can sign may have given it another name. So it is shown a bundle that the
    published key signed and that holds another file than it says: a hub that finds this out held the
    signature to be good. Nothing of it is kept.
    """
    hub = visit.identity
    if hub.firmware.endswith(_DEV_IMAGE):
        return True
    wanted = bundle.read(visit.line.bundle).release
    release = replace(wanted, board=hub.board, counter=layout.MAX_SEQ)
    probe = bundle.sign(bundle.build(release, {"tasuki_hub/link.py": b"1"}), devkeys.signer("release"))
    try:
        care.send_blob(visit.connection, "bundle", probe[:-1] + b"2")
    except Refused as e:
        if e.reason == "busy":  # on trial
            raise
        return e.reason == "mismatch"
    return True


def _take_blank(visit: Visit) -> None:
    """Refuse a hub with a key that no step of ours made."""
    hub = visit.identity
    if hub.life == _LOCKED:
        raise Refused("locked_already", "this hub is locked", "`tasuki hub unlock` destroys its key.")
    if hub.life == _BLANK or visit.shows_retired:
        return
    if not visit.line.journal.knows_key(hub.public.hex(), visit.device):
        raise Refused(
            "not_blank", "this hub has a key that this line did not make", "Erase it, then plug it in again."
        )


def announce_key(visit: Visit) -> Unit:
    """From here on a key that is found on the hub is the one that we asked for."""
    _take_blank(visit)
    return visit.line.journal.advance(visit.device, "keying", visit.detail())


def make_key(visit: Visit) -> Unit:
    """Have the hub make its key, unless it did before the line was cut, and prove it."""
    public = _possession(visit, visit.shows_retired)
    return visit.line.journal.see_key(visit.device, public.hex())


def prove(visit: Visit) -> Unit:
    """The key that the journal has is the hub's: a new challenge, a new answer."""
    public = _possession(visit)
    if public.hex() != visit.unit.public:
        raise Refused("key_changed", "the hub proved another key than it showed", "Hold it back.")
    return visit.line.journal.advance(visit.device, "proved", visit.detail())


def _possession(visit: Visit, repin: bool = False) -> bytes:
    try:
        device, public = greet.possession(visit.connection, visit.authority, repin)
    except Refused as e:
        if e.reason == "already_pinned":
            raise Refused("wrong_authority", "this hub obeys another consent authority", e.hint) from e
        raise
    if device.hex() != visit.device:
        visit.line.journal.stray(device.hex(), public.hex())
        raise Refused("swapped", f"hub {device.hex()} answered for {visit.device}", "Plug the first one in.")
    weak = (devkeys.signer("order").public, devkeys.signer("release").public)
    if public in weak or not sodium.crypto_core_ed25519_is_valid_point(public):
        raise Refused("weak_key", "the hub made a key that is no secret", "Its source of randomness fails.")
    return public


def plan(visit: Visit) -> Unit:
    """Fix what the certificate will say."""
    journal = visit.line.journal
    return journal.plan(visit.device, visit.detail(), journal.now_s())


def issue(visit: Visit) -> Unit:
    """Sign it; again signs the same bytes to the same certificate."""
    certificate = issuing.hub(visit.line.chain[0], visit.line.key, plan_of(visit))
    der = certificates.packed([certificate])
    digest = certificates.digest(certificate).hex()
    return visit.line.journal.issue(visit.device, der, digest)


def plan_of(visit: Visit) -> issuing.Plan:
    """What the journal has fixed for this unit."""
    unit, order = visit.unit, visit.line.order
    if unit.serial is None or unit.public is None or unit.issued_s is None:
        raise Refused("out_of_order", f"hub {unit.device} has no serial or key yet")
    return issuing.Plan(
        order.product,
        unit.serial,
        bytes.fromhex(unit.device),
        bytes.fromhex(unit.public),
        order.production,
        unit.issued_s,
    )


def chain_of(visit: Visit) -> bytes:
    """Certificates of this unit, as its hub keeps them."""
    if visit.unit.certificate is None:
        raise Refused("out_of_order", f"hub {visit.device} has no certificate yet")
    own = x509.load_der_x509_certificate(bytes.fromhex(visit.unit.certificate))
    return certificates.packed([own, *visit.line.chain])


def install(visit: Visit) -> Unit:
    """Bring the chain to the hub and read it back, unless it has it."""
    chain = chain_of(visit)
    if care.read_certificate(visit.connection) != chain:
        try:
            care.send_blob(visit.connection, "certificate", chain)
        except Refused as e:
            if e.reason != "mismatch":
                raise
            _send_again(visit, chain)  # perhaps it rebooted between two parts
        if care.read_certificate(visit.connection) != chain:
            raise Untrusted("wrong_certificate", "the hub shows another certificate than it was given")
    return visit.line.journal.advance(visit.device, "installed", visit.detail())


def _send_again(visit: Visit, chain: bytes) -> None:
    visit.meet()
    try:
        care.send_blob(visit.connection, "certificate", chain)
    except Refused as e:
        if e.reason != "mismatch":
            raise
        raise Refused("wrong_certificate", "the hub does not take its certificate", e.hint) from e


def check_pin(visit: Visit) -> Unit:
    """The hub says that it obeys our consent authority and has the certified key."""
    identity = visit.meet()
    visit.check_key()
    if identity.authority != epoch.key_id(visit.authority):
        raise Refused("wrong_authority", "the hub obeys another consent authority", "Hold it back.")
    return visit.line.journal.advance(
        visit.device, "pinned", visit.detail(authority=identity.authority.hex())
    )
