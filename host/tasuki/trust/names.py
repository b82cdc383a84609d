"""What stands in the certificates of the chain, beside what RFC 5280 gives them (docs/factory.md).

The arc 2.25 takes random numbers and needs no registration (ITU-T X.667).

A hub's subject is O=maker, OU=product, OU=block of serials, serialNumber, CN=hub id, in this order; the
station's name constraint permits whole blocks of it, which any verifier of RFC 5280 holds. The exact
range stands in a private extension of the station, which ours holds, too.
"""

from dataclasses import dataclass

from cryptography import x509
from cryptography.x509.oid import NameOID

from tasuki.trust import der

_ARC = "2.25.282430935433721398540572809096763180876"
QUOTA = x509.ObjectIdentifier(_ARC + ".1")  # of a station: product and range of serials
ORDERS = x509.ObjectIdentifier(_ARC + ".2")  # extended key usage: signs orders and revocations
PRODUCTION = x509.ObjectIdentifier(_ARC + ".3")  # certificate policy of a hub: locked before it leaves
DEVELOPMENT = x509.ObjectIdentifier(_ARC + ".4")  # certificate policy of a hub: never for a wearer
HARDWARE_MODULE = x509.ObjectIdentifier("1.3.6.1.5.5.7.8.4")  # RFC 4108, as IEEE 802.1AR asks for
HARDWARE_TYPE = x509.ObjectIdentifier(_ARC + ".5")

SERIAL_DIGITS = 8
BLOCK = 1000
MOST_SERIAL = 10**SERIAL_DIGITS - 1


@dataclass(frozen=True)
class Quota:
    """What a station may certify: serials of one product, both ends included."""

    product: str
    first: int
    last: int

    def __contains__(self, serial: int) -> bool:
        return self.first <= serial <= self.last

    def __str__(self) -> str:
        return f"{self.product} {serial_text(self.first)} to {serial_text(self.last)}"


def serial_text(serial: int) -> str:
    """A serial as people and certificates have it."""
    return f"{serial:0{SERIAL_DIGITS}d}"


def block_text(serial: int) -> str:
    """The block that a serial is in."""
    return f"block {serial // BLOCK:0{SERIAL_DIGITS - 3}d}"


def name(*attributes: tuple[x509.ObjectIdentifier, str]) -> x509.Name:
    """A distinguished name, one attribute per step."""
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in attributes])


def authority_name(maker: str, role: str) -> x509.Name:
    """Subject of root, factory, station or order key."""
    return name((NameOID.ORGANIZATION_NAME, maker), (NameOID.COMMON_NAME, role))


def block_name(maker: str, product: str, serial: int) -> x509.Name:
    """The beginning of the subject of every hub of a block."""
    return name(
        (NameOID.ORGANIZATION_NAME, maker),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, product),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, block_text(serial)),
    )


def hub_name(maker: str, product: str, serial: int, device: bytes) -> x509.Name:
    """Subject of a hub."""
    return x509.Name(
        [
            *block_name(maker, product, serial),
            x509.NameAttribute(NameOID.SERIAL_NUMBER, serial_text(serial)),
            x509.NameAttribute(NameOID.COMMON_NAME, device.hex()),
        ]
    )


def quota_value(quota: Quota) -> bytes:
    """DER of the extension: SEQUENCE of UTF8String product, INTEGER first, INTEGER last."""
    return der.sequence(der.text(quota.product), der.integer(quota.first), der.integer(quota.last))


def read_quota(value: bytes) -> Quota:
    """The same back; ValueError for anything else."""
    product, first, last = der.split(der.body(value))
    quota = Quota(der.body(product).decode(), *(int.from_bytes(der.body(n), "big") for n in (first, last)))
    if quota_value(quota) != value:
        raise ValueError("no quota")
    return quota


def hardware_module(serial: int) -> x509.OtherName:
    """The subjectAltName of IEEE 802.1AR: hardwareModuleName (RFC 4108, section 5)."""
    kind = der.oid(HARDWARE_TYPE.dotted_string)
    return x509.OtherName(HARDWARE_MODULE, der.sequence(kind, der.octets(serial_text(serial).encode())))
