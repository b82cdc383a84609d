"""After the line: revocation, another key under the same serial, another owner, the garment of a hub."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.x509.oid import NameOID

from tasuki import durable
from tasuki.errors import Refused
from tasuki.factory.folder import Authority
from tasuki.factory.journal import Journal, Unit
from tasuki.factory.keys import KeySigner
from tasuki.trust import certificates, revocations, signed
from tasuki.trust.names import serial_text
from tasuki.trust.revocations import Revocations, Revoked

ROTATION = "tasuki-rotation-1"


def read_list(path: Path, root: x509.Certificate) -> Revocations:
    """The list in a file, verified; an empty one when there is no file."""
    if not path.exists():
        return Revocations()
    return revocations.of_body(signed.read("revocation", path.read_text(encoding="utf-8"), [root]).body)


def _write(found: Revocations, orders: Authority, path: Path) -> None:
    text = signed.sign("revocation", found.body(), KeySigner(orders.key), orders.chain)
    durable.replace(path, text.encode())


def revoke(journal: Journal, unit: Unit, reason: str, orders: Authority, path: Path) -> Revocations:
    """Put a unit's certificate on the list in this file, signed anew; again changes nothing.

    Refused("not_issued") for a unit without a certificate. What the hub signed before stays provable.
    """
    if unit.certificate is None:
        raise Refused("not_issued", f"hub {unit.device} has no certificate", "There is nothing to revoke.")
    digest = sha256(bytes.fromhex(unit.certificate)).hexdigest()
    row = Revoked(digest, unit.public or "", reason, journal.now_s(), f"unit {serial_text(unit.serial or 0)}")
    before = read_list(path, orders.root)
    after = before.adding(row)
    if after is not before:
        journal.revoke(unit.device, {"reason": reason, "digest": digest, "number": after.number})
        _write(after, orders, path)
    return after


def revoke_issuer(
    chain: Sequence[x509.Certificate], reason: str, orders: Authority, path: Path, at_s: int
) -> Revocations:
    """Put a station or factory on the list in this file, signed anew, and so all that it certified.

    chain: its certificate, then those above it. Refused("not_an_issuer", "is_root"), and Untrusted when it
    does not lead to the root of the order key.
    """
    if not chain or not certificates.is_issuer(chain[0]):
        raise Refused(
            "not_an_issuer",
            "this is no certificate of a station or factory",
            "Give its certificate.pem; a hub is revoked by its serial, with `tasuki factory revoke`.",
        )
    if certificates.is_root(chain[0]):
        raise Refused(
            "is_root",
            "no list can revoke a root, whose thief would sign lists as well",
            "Have every host take it out of trust: `tasuki factory distrust`.",
        )
    certificates.issuers(chain, [orders.root])
    name = certificates.one_name(chain[0], NameOID.COMMON_NAME)
    row = Revoked(certificates.digest(chain[0]).hex(), "", reason, at_s, name)
    before = read_list(path, orders.root)
    after = before.adding(row)
    if after is not before:
        _write(after, orders, path)
    return after


def rotate(
    journal: Journal, unit: Unit, reason: str, orders: Authority, path: Path, authority: str = ""
) -> Mapping[str, Any]:
    """Order another key for a unit: the old certificate is revoked, the serial stays.

    The hub must be blank when it comes back to the line: a locked one is unlocked by its own order first,
    which destroys the old key. authority: public key (hex) of the next owner's consent authority, when it
    has another. Returns what was signed.
    """
    old = unit.public
    revoke(journal, unit, reason, orders, path)
    body = {
        "format": ROTATION,
        "serial": unit.serial,
        "device": unit.device,
        "old": old,
        "reason": reason,
        "authority": authority,
        "at": journal.now_s(),
    }
    text = signed.sign("rotation", body, KeySigner(orders.key), orders.chain)
    journal.rotate(unit.device, {"reason": reason, "authority": authority, "order": json.loads(text)["body"]})
    return body


def bind(journal: Journal, unit: Unit, garment: str) -> None:
    """Note the product number of the garment that a hub was built into (category 2 of the policy)."""
    if not 0 < len(garment) <= 64 or not garment.isprintable():
        raise Refused("malformed", f"{garment!r} is no product number", "Scan the garment's label.")
    journal.note("bound", {"garment": garment}, unit.device)


def rows(found: Revocations) -> list[dict[str, Any]]:
    """Plain values of a list."""
    return [asdict(row) for row in found.rows]
