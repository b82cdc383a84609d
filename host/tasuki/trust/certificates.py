"""Chains of certificates, from a root that this host trusts down to a hub: what makes one hold.

The four levels are root, factory, station and hub (docs/factory.md). Beside RFC 5280's path validation,
of which `cryptography` checks each signature and name, a chain holds only when the station's quota has
the hub's serial and product, and when the station was still allowed to sign on the day that it did.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from itertools import pairwise

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from tasuki.errors import Untrusted
from tasuki.trust import der, names

_UNDERSTOOD = {
    x509.oid.ExtensionOID.BASIC_CONSTRAINTS,
    x509.oid.ExtensionOID.KEY_USAGE,
    x509.oid.ExtensionOID.EXTENDED_KEY_USAGE,
    x509.oid.ExtensionOID.NAME_CONSTRAINTS,
}
# what `cryptography` raises for bytes that are no certificate of RFC 5280
_MALFORMED = (
    ValueError,
    TypeError,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
_ED25519 = der.sequence(der.oid("1.3.101.112"))  # RFC 8410
_LENGTH = 3  # certificates below the root


@dataclass(frozen=True)
class HubIdentity:
    """What a chain says of a hub, once it holds.

    Attributes:
        life: `production` or `development`.
        certificate: SHA-256 of the hub's certificate, by which a revocation names it.
        station: common name of the one that issued it.
        issued_at: when the station says that it did.
    """

    maker: str
    product: str
    serial: int
    device: bytes
    public: bytes
    life: str
    certificate: bytes
    station: str
    issued_at: datetime


def load(data: bytes) -> list[x509.Certificate]:
    """Certificates of a file or of a hub: PEM, or DER one after another; Untrusted when it is neither."""
    try:
        if b"-----BEGIN" in data:
            return x509.load_pem_x509_certificates(data)
        return [x509.load_der_x509_certificate(one) for one in der.split(data)]
    except _MALFORMED as e:
        raise Untrusted("malformed", "this is no certificate") from e


def pem(chain: Iterable[x509.Certificate]) -> bytes:
    """Certificates as a file has them."""
    return b"".join(one.public_bytes(Encoding.PEM) for one in chain)


def packed(chain: Iterable[x509.Certificate]) -> bytes:
    """Certificates as a hub keeps them."""
    return b"".join(one.public_bytes(Encoding.DER) for one in chain)


def digest(certificate: x509.Certificate) -> bytes:
    """SHA-256 of a certificate."""
    return sha256(certificate.public_bytes(Encoding.DER)).digest()


def public_key(certificate: x509.Certificate) -> bytes:
    """Its Ed25519 key, 32 bytes; Untrusted for any other kind."""
    key = certificate.public_key()
    if not isinstance(key, Ed25519PublicKey):
        raise Untrusted("bad_chain", "a certificate of the chain is not of an Ed25519 key")
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def one_name(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> str:
    """The only value of an attribute in the subject; Untrusted when there is another number of them."""
    found = certificate.subject.get_attributes_for_oid(oid)
    if len(found) != 1:
        raise Untrusted("bad_chain", "a certificate of the chain has not the names of its level")
    return str(found[0].value)


def issuers(chain: Sequence[x509.Certificate], roots: Iterable[x509.Certificate]) -> list[x509.Certificate]:
    """The same chain with its root behind it, when every certificate is signed by the next.

    Each but the first must be an authority that may have so many below it. Untrusted("untrusted_root")
    when no root of ours issued the last, Untrusted("bad_chain") for anything else.
    """
    roots = list(roots)
    last = chain[-1] if chain else None
    known = {digest(root) for root in roots}
    chain = [one for one in chain if digest(one) not in known]
    root = next((root for root in roots if last is not None and _signed_by(chain[-1:], root)), None)
    if root is None:
        raise Untrusted(
            "untrusted_root",
            "the chain does not end at a root that is trusted here",
            "If you know this maker, trust its root: `tasuki factory trust ROOT.pem`.",
        )
    whole = [*chain, root]
    for depth, (one, issuer) in enumerate(pairwise(whole)):
        if not _signed_by([one], issuer) or not _may_issue(issuer, depth):
            raise Untrusted("bad_chain", "a certificate of the chain was not issued by the next one")
    for one in whole:
        _refuse_unusual(one)
    return whole


def issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """True when this issuer signed it."""
    return _signed_by([certificate], issuer)


def is_root(certificate: x509.Certificate) -> bool:
    """True when it is an authority that signed itself and may have the levels of our chain below it."""
    return _signed_by([certificate], certificate) and _may_issue(certificate, _LENGTH - 1)


def is_issuer(certificate: x509.Certificate) -> bool:
    """True when it is an authority that may certify others."""
    return _may_issue(certificate, 0)


def _signed_by(chain: Sequence[x509.Certificate], issuer: x509.Certificate) -> bool:
    try:
        for one in chain:
            one.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return bool(chain)


def _may_issue(issuer: x509.Certificate, below: int) -> bool:
    """below: authorities between it and the end of the chain."""
    try:
        constraints = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value
        usage = issuer.extensions.get_extension_for_class(x509.KeyUsage).value
    except (x509.ExtensionNotFound, ValueError):
        return False
    fits = constraints.path_length is None or constraints.path_length >= below
    return constraints.ca and fits and usage.key_cert_sign


def _refuse_unusual(certificate: x509.Certificate) -> None:
    """What is around the signed part has one form only: else one certificate would have two digests."""
    parts = certificate.tbs_certificate_bytes, _ED25519, der.bits(certificate.signature)
    if certificate.public_bytes(Encoding.DER) != der.sequence(*parts):
        raise Untrusted("malformed", "a certificate of the chain is not in DER")
    try:
        unknown = [e for e in certificate.extensions if e.critical and e.oid not in _UNDERSTOOD]
    except _MALFORMED as e:
        raise Untrusted("malformed", "a certificate of the chain is malformed") from e
    if unknown:
        raise Untrusted("bad_chain", "a certificate of the chain has a critical extension of another maker")


def verify_hub(data: bytes, roots: Iterable[x509.Certificate], now: datetime | None = None) -> HubIdentity:
    """Who the chain says that a hub is; Untrusted says why it does not hold.

    Args:
        data: the hub's certificate, its station's and the factory's, as `load` takes them.
        now: of what "not yet" and "no more" speak.
    Reasons: `malformed`, `untrusted_root`, `bad_chain`, `serial_out_of_range`, `issued_late`,
    `not_yet_valid`.
    """
    try:
        return _verify_hub(data, roots, now or datetime.now(UTC))
    except _MALFORMED as e:
        raise Untrusted("malformed", "a certificate of the chain is malformed") from e


def _verify_hub(data: bytes, roots: Iterable[x509.Certificate], now: datetime) -> HubIdentity:
    chain = issuers(load(data), roots)
    if len(chain) != _LENGTH + 1:
        raise Untrusted("bad_chain", f"the chain has {len(chain)} certificates, not {_LENGTH + 1}")
    hub, station, *_ = chain
    for one in chain:
        if not one.not_valid_before_utc <= now <= one.not_valid_after_utc:
            raise Untrusted(
                "not_yet_valid",
                "a certificate of the chain is not valid today",
                "Set this machine's clock; hubs' certificates do not end.",
            )
    identity = _identity(hub, station)
    _hold_quota(hub, station, identity)
    return identity


def _identity(hub: x509.Certificate, station: x509.Certificate) -> HubIdentity:
    try:
        serial = int(one_name(hub, NameOID.SERIAL_NUMBER))
        device = bytes.fromhex(one_name(hub, NameOID.COMMON_NAME))
        policies = hub.extensions.get_extension_for_class(x509.CertificatePolicies).value
    except (ValueError, x509.ExtensionNotFound) as e:
        raise Untrusted("bad_chain", "the hub's certificate has not the names of a hub") from e
    found = {policy.policy_identifier for policy in policies}
    if found not in ({names.PRODUCTION}, {names.DEVELOPMENT}):
        raise Untrusted("bad_chain", "the hub's certificate does not say what the hub is for")
    units = hub.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)
    identity = HubIdentity(
        maker=one_name(hub, NameOID.ORGANIZATION_NAME),
        product=str(units[0].value) if units else "",
        serial=serial,
        device=device,
        public=public_key(hub),
        life="production" if names.PRODUCTION in found else "development",
        certificate=digest(hub),
        station=one_name(station, NameOID.COMMON_NAME),
        issued_at=hub.not_valid_before_utc,
    )
    if hub.subject != names.hub_name(identity.maker, identity.product, serial, device):
        raise Untrusted("bad_chain", "the names in the hub's certificate do not fit each other")
    return identity


def quota_of(station: x509.Certificate) -> tuple[names.Quota, datetime]:
    """What a station may issue and until when; Untrusted when its certificate does not say."""
    try:
        extension = station.extensions.get_extension_for_oid(names.QUOTA).value
        period = station.extensions.get_extension_for_class(x509.PrivateKeyUsagePeriod).value
        if not isinstance(extension, x509.UnrecognizedExtension) or period.not_after is None:
            raise ValueError("no quota")
        return names.read_quota(extension.value), period.not_after.replace(tzinfo=UTC)
    except (x509.ExtensionNotFound, ValueError) as e:
        raise Untrusted("bad_chain", "the station's certificate has no quota of serials") from e


def _hold_quota(hub: x509.Certificate, station: x509.Certificate, identity: HubIdentity) -> None:
    quota, until = quota_of(station)
    try:
        constraints = station.extensions.get_extension_for_class(x509.NameConstraints).value
    except x509.ExtensionNotFound as e:
        raise Untrusted("bad_chain", "the station's certificate does not limit names") from e
    blocks = constraints.permitted_subtrees or []
    permitted = {subtree.value for subtree in blocks if isinstance(subtree, x509.DirectoryName)}
    inside = names.block_name(identity.maker, identity.product, identity.serial) in permitted
    if identity.product != quota.product or identity.serial not in quota or not inside:
        raise Untrusted(
            "serial_out_of_range",
            f"station {identity.station} may issue {quota}, not "
            f"{identity.product} {names.serial_text(identity.serial)}",
        )
    if hub.not_valid_before_utc > until:
        raise Untrusted(
            "issued_late", f"station {identity.station} was allowed to issue until {until.date()}"
        )
