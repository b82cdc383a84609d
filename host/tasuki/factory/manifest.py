"""Manifests: which hubs were built, for brokers, clouds and hosts, as JSON or CSV (docs/factory.md).

A manifest carries public keys and certificates and no secret. It proves nothing by itself: whoever reads it
verifies every chain up to a root that he has from elsewhere, as `import_` does.
"""

import base64
import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import Any

from cryptography import x509

from tasuki.consent.registers import PRODUCTS, Garment
from tasuki.errors import Refused, Untrusted
from tasuki.factory.journal import Journal
from tasuki.session.state import State
from tasuki.trust import certificates
from tasuki.trust.names import serial_text
from tasuki.trust.register import Hub
from tasuki_wire import epoch

FORMAT = "tasuki-manifest-1"


@dataclass(frozen=True)
class Row:
    """One hub. certificate is its DER in base64; key its public key, hex; garment as it was bound."""

    serial: str
    product: str
    hub: str
    key: str
    certificate: str
    garment: str = ""


@dataclass(frozen=True)
class Manifest:
    """Hubs with the certificates that issued them, the station's first, and the root."""

    issuers: Sequence[x509.Certificate]
    root: x509.Certificate
    rows: Sequence[Row]

    def json(self) -> str:
        """As JSON."""
        whole = {
            "format": FORMAT,
            "issuers": certificates.pem(self.issuers).decode(),
            "root": certificates.pem([self.root]).decode(),
            "hubs": [asdict(row) for row in self.rows],
        }
        return json.dumps(whole, ensure_ascii=False, indent=1) + "\n"

    def csv(self) -> str:
        """The hubs as CSV; the certificates above them go into the bundle of CAs."""
        out = io.StringIO()
        writer = csv.DictWriter(out, [each.name for each in fields(Row)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(row) for row in self.rows)
        return out.getvalue()

    def authorities(self) -> str:
        """The bundle of CAs, as brokers take it: root, factory, station."""
        return certificates.pem([self.root, *reversed(self.issuers)]).decode()


def of_journal(
    journal: Journal, chain: Sequence[x509.Certificate], root: x509.Certificate, work: str | None = None
) -> Manifest:
    """All hubs that are done, and not revoked, of a journal or one order of it."""
    garments: dict[str, str] = {}
    revoked: set[str] = set()
    for _, _, kind, device, text in journal.events():
        if kind == "bound":
            garments[device] = json.loads(text)["garment"]
        elif kind in ("revoked", "rotated"):
            (revoked.add if kind == "revoked" else revoked.discard)(device)
    product = certificates.quota_of(chain[0])[0].product
    rows = [
        Row(
            serial_text(unit.serial or 0),
            product,
            unit.device,
            unit.public or "",
            base64.b64encode(bytes.fromhex(unit.certificate or "")).decode(),
            garments.get(unit.device, ""),
        )
        for unit in journal.units(work)
        if unit.done and unit.device not in revoked
    ]
    return Manifest(list(chain), root, rows)


def read(text: str, authorities: str = "") -> Manifest:
    """A manifest from JSON, or from CSV with its bundle of CAs; Untrusted("malformed") for anything else."""
    try:
        if text.lstrip().startswith("{"):
            whole = json.loads(text)
            if whole["format"] != FORMAT:
                raise ValueError("format")
            issuers = certificates.load(whole["issuers"].encode())
            (root,) = certificates.load(whole["root"].encode())
            return Manifest(issuers, root, [Row(**row) for row in whole["hubs"]])
        root, *below = certificates.load(authorities.encode())
        return Manifest(below[::-1], root, [Row(**row) for row in csv.DictReader(io.StringIO(text))])
    except (ValueError, KeyError, TypeError) as e:
        raise Untrusted("malformed", "this is no manifest", "Export one with `tasuki factory export`.") from e


def import_(manifest: Manifest, state: State) -> Mapping[str, Any]:
    """Enter every hub of a manifest into a host's registers, when its chain holds up to a root trusted there.

    One that does not hold is left out, and why is told; the others are entered.
    """
    entered, refused = [], {}
    for row in manifest.rows:
        try:
            entered.append(_enter(row, manifest.issuers, state))
        except (Untrusted, Refused) as e:
            refused[row.serial] = f"{e.reason}: {e}"
    return {"entered": entered, "refused": refused}


def _enter(row: Row, issuers: Iterable[x509.Certificate], state: State) -> str:
    try:
        der = base64.b64decode(row.certificate, validate=True)
    except ValueError as e:
        raise Untrusted("malformed", "the certificate is not in base64") from e
    found = state.anchors.identify(der + certificates.packed(issuers))
    state.anchors.refuse_revoked(found.public)
    if (found.device.hex(), found.public.hex(), serial_text(found.serial)) != (row.hub, row.key, row.serial):
        raise Untrusted("wrong_certificate", "the row is not what its certificate says")
    product = PRODUCTS.get(found.product)
    if product is None:
        raise Refused("unknown_product", f"no manifest of product {found.product} is installed here")
    now = datetime.now(UTC).isoformat(timespec="seconds")
    state.register.add(
        Hub(
            row.hub,
            row.key,
            now,
            certificate=found.certificate.hex(),
            product=found.product,
            serial=found.serial,
            garment=row.garment,
        )
    )
    state.book.enrol(Garment(bytes(epoch.key_id(found.public)), found.device, product))
    return row.serial
