"""The work order: what is to be built, signed by the order key; a station builds nothing without one."""

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields

from cryptography import x509

from tasuki.errors import Untrusted, UsageError
from tasuki.factory.keys import Key, KeySigner
from tasuki.fleet import devkeys
from tasuki.trust import signed
from tasuki.trust.names import MOST_SERIAL

FORMAT = "tasuki-order-1"
KINDS = ("production", "development")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")

_TYPES = {
    **dict.fromkeys(("id", "kind", "product", "bundle", "firmware", "limits"), str),
    **dict.fromkeys(("quantity", "first", "last"), int),
    **dict.fromkeys(("lock", "calibrated", "scan"), bool),
}


@dataclass(frozen=True)
class Order:
    """One work order.

    Attributes:
        id: name of the order, printed on reports.
        kind: `production` locks every hub and takes no development hub; `development` is for the bench.
        product: product number, as the station's quota has it.
        quantity: hubs to build. first, last: serials to take them from.
        bundle: SHA-256 of the firmware bundle, hex; empty for hubs that come with their firmware, which
            only a development order allows. firmware: what such hubs call it, a prefix; empty for any.
        lock: lock hubs that can be locked; always so in production.
        calibrated: every hub needs constants of its own.
        scan: every label is read back before the hub is done.
        limits: of the self-test, the product file as text (docs/selftest.md); empty for no self-test.
    """

    id: str
    kind: str
    product: str
    quantity: int
    first: int
    last: int
    bundle: str = ""
    firmware: str = ""
    lock: bool = False
    calibrated: bool = False
    scan: bool = True
    limits: str = ""

    def __post_init__(self) -> None:
        if problem := self._problem():
            raise UsageError(f"this is no work order: {problem}", "docs/factory.md has an example.")

    def _problem(self) -> str:
        if not _NAME.fullmatch(self.id) or not _NAME.fullmatch(self.product):
            return "order and product have names of 1 to 32 letters, digits, dots and dashes"
        if self.kind not in KINDS:
            return f"kind is one of {', '.join(KINDS)}"
        if not 0 < self.first <= self.last <= MOST_SERIAL:
            return f"serials go from 1 to {MOST_SERIAL}"
        if not 0 < self.quantity <= self.last - self.first + 1:
            return f"{self.quantity} hubs need as many serials"
        if self.bundle and not re.fullmatch(r"[0-9a-f]{64}", self.bundle):
            return "bundle is a SHA-256 of 64 hexadecimal digits"
        if self.production and not (self.bundle and self.lock and self.limits):
            return "production needs a bundle and limits, and locks"
        return ""

    @property
    def production(self) -> bool:
        """True when what is built may be worn."""
        return self.kind == "production"


def sign(order: Order, key: Key, chain: Iterable[x509.Certificate]) -> str:
    """The signed order as text. UsageError: a production order by the published development key."""
    if order.production and key.public == devkeys.signer("order").public:
        raise UsageError(
            "the development order key signs no production order", "Use the product's order key."
        )
    return signed.sign("order", {"format": FORMAT, **asdict(order)}, KeySigner(key), chain)


def read(text: str, roots: Iterable[x509.Certificate]) -> tuple[Order, bytes]:
    """Order and its digest; Untrusted when it is not as an order key of a trusted root signed it."""
    document = signed.read("order", text, roots)
    body = dict(document.body)
    if body.pop("format", None) != FORMAT or set(body) != {each.name for each in fields(Order)}:
        raise Untrusted("malformed", "this is no work order of this version")
    for name, value in body.items():
        if type(value) is not _TYPES[name]:
            raise Untrusted("malformed", f"{name} of the order is {json.dumps(value)[:40]}")
    order = Order(**body)
    if order.production and document.signer == devkeys.signer("order").public:
        raise Untrusted("demo_key", "a production order is signed by the published development key")
    return order, document.digest
