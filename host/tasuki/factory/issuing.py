"""Makes the certificates of the chain: root, factory, orders, station, hub.

Ed25519 signs the same bytes to the same signature, and nothing here is random but the numbers of the
authorities' own certificates: so a hub's certificate that was reserved in the journal can be made again
after a crash, and is the same certificate, byte for byte.
"""

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.x509.oid import NameOID

from tasuki.errors import UsageError
from tasuki.factory.keys import ForX509, Key
from tasuki.trust import names
from tasuki.trust.certificates import one_name

NO_END = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)  # IEEE 802.1AR, 8.8: GeneralizedTime for never
_MOST_BLOCKS = 200


@dataclass(frozen=True)
class Plan:
    """What a hub's certificate says: all of it, so that it can be made again."""

    product: str
    serial: int
    device: bytes
    public: bytes
    production: bool
    issued_s: int


def root(key: Key, maker: str, now: datetime) -> x509.Certificate:
    """Signs itself."""
    subject = names.authority_name(maker, f"{maker} root")
    return _authority(key.public, subject, now, 2).issuer_name(subject).sign(ForX509(key), None)


def factory(issuer: x509.Certificate, key: Key, public: bytes, name: str, now: datetime) -> x509.Certificate:
    """A factory of this maker; certifies stations and order keys."""
    subject = names.authority_name(_maker(issuer), name)
    return _signed(_authority(public, subject, now, 1), issuer, key)


def orders(issuer: x509.Certificate, key: Key, public: bytes, name: str, now: datetime) -> x509.Certificate:
    """A key that signs work orders and revocations, and certifies nothing."""
    subject = names.authority_name(_maker(issuer), name)
    builder = _builder(public, subject, os.urandom(16), now)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_usage(certifies=False), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([names.ORDERS]), critical=True)
    return _signed(builder, issuer, key)


def station(
    issuer: x509.Certificate,
    key: Key,
    public: bytes,
    name: str,
    quota: names.Quota,
    now: datetime,
    until: datetime,
) -> x509.Certificate:
    """A station that may issue hubs of this quota until then.

    UsageError for a range that no station can have.
    """
    blocks = range(quota.first // names.BLOCK, quota.last // names.BLOCK + 1)
    if not 0 < quota.first <= quota.last <= names.MOST_SERIAL or len(blocks) > _MOST_BLOCKS:
        raise UsageError(
            f"{quota.first} to {quota.last} is no range of serials for a station",
            f"Give 1 to {names.MOST_SERIAL}, at most {_MOST_BLOCKS * names.BLOCK} at once.",
        )
    if until <= now:
        raise UsageError(f"{until.date()} is over", "Give the last day on which it may issue.")
    if not 0 < len(quota.product) <= 32 or not quota.product.isascii():
        raise UsageError(f"{quota.product!r} is no product number", "Give 1 to 32 ASCII characters.")
    maker = _maker(issuer)
    permitted = [
        x509.DirectoryName(names.block_name(maker, quota.product, block * names.BLOCK)) for block in blocks
    ]
    builder = _authority(public, names.authority_name(maker, name), now, 0)
    builder = builder.add_extension(x509.NameConstraints(permitted, None), critical=True)
    builder = builder.add_extension(
        x509.PrivateKeyUsagePeriod(not_before=_naive(now), not_after=_naive(until)), critical=False
    )
    builder = builder.add_extension(
        x509.UnrecognizedExtension(names.QUOTA, names.quota_value(quota)), critical=False
    )
    return _signed(builder, issuer, key)


def hub(issuer: x509.Certificate, key: Key, plan: Plan) -> x509.Certificate:
    """A hub's certificate (IEEE 802.1AR, an initial device identifier), the same for the same plan."""
    subject = names.hub_name(_maker(issuer), plan.product, plan.serial, plan.device)
    number = sha256(
        b"tasuki/certificate" + key.public + plan.public + names.serial_text(plan.serial).encode()
    )
    builder = _builder(plan.public, subject, number.digest()[:16], datetime.fromtimestamp(plan.issued_s, UTC))
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_usage(certifies=False), critical=True)
    policy = names.PRODUCTION if plan.production else names.DEVELOPMENT
    builder = builder.add_extension(
        x509.CertificatePolicies([x509.PolicyInformation(policy, None)]), critical=False
    )
    builder = builder.add_extension(
        x509.SubjectAlternativeName([names.hardware_module(plan.serial)]), critical=False
    )
    return _signed(builder, issuer, key)


def _maker(issuer: x509.Certificate) -> str:
    return one_name(issuer, NameOID.ORGANIZATION_NAME)


def _naive(when: datetime) -> datetime:
    return when.astimezone(UTC).replace(tzinfo=None, microsecond=0)


def _builder(public: bytes, subject: x509.Name, number: bytes, since: datetime) -> x509.CertificateBuilder:
    key = Ed25519PublicKey.from_public_bytes(public)
    positive = int.from_bytes(number, "big") & (1 << 127) - 1 | 1 << 120  # at most 20 bytes, never 0
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(key)
        .serial_number(positive)
        .not_valid_before(since.replace(microsecond=0))
        .not_valid_after(NO_END)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _authority(public: bytes, subject: x509.Name, since: datetime, below: int) -> x509.CertificateBuilder:
    builder = _builder(public, subject, os.urandom(16), since)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=below), critical=True)
    return builder.add_extension(_usage(certifies=True), critical=True)


def _usage(certifies: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not certifies,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certifies,
        crl_sign=certifies,
        encipher_only=False,
        decipher_only=False,
    )


def _signed(builder: x509.CertificateBuilder, issuer: x509.Certificate, key: Key) -> x509.Certificate:
    identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    builder = builder.issuer_name(issuer.subject).add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False
    )
    return builder.sign(ForX509(key), None)
