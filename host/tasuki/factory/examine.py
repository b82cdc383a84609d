"""The examination: journal and audit log say the same; units built = certificates issued = labels printed."""

import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any

from cryptography import x509

from tasuki.audit import check
from tasuki.audit.log import AuditLog
from tasuki.errors import Untrusted
from tasuki.factory import record, states
from tasuki.factory.journal import Journal, Unit
from tasuki.factory.labels import Label
from tasuki.trust import certificates
from tasuki.trust.names import serial_text
from tasuki_wire import epoch


@dataclass
class Account:
    """What was found.

    Attributes:
        built, issued, labelled: hubs that are done, live certificates, labels of hubs that have one.
        held: units that have a certificate and failed after it, by serial and cause: they are in rework.
        failed: cause to units.
        entries, signed: of the audit log, and how many of them a checkpoint covers.
        faults: a sentence for each thing that does not hold, with the unit's serial or hub id.
    """

    built: int = 0
    issued: int = 0
    labelled: int = 0
    revoked: int = 0
    held: dict[str, str] = field(default_factory=dict)
    failed: dict[str, int] = field(default_factory=dict)
    entries: int = 0
    signed: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """True when nothing speaks against the line."""
        return not self.faults

    def row(self) -> dict[str, Any]:
        """Plain values."""
        return {**asdict(self), "sound": self.sound}


@dataclass
class _Replayed:
    """What the events make of a unit."""

    work: str
    state: str = "detected"
    cause: str = ""
    serial: int | None = None
    public: str | None = None
    issued_s: int | None = None
    certificate: str | None = None
    label: str = ""
    revoked: bool = False


def examine(
    journal: Journal,
    log: AuditLog,
    chain: Sequence[x509.Certificate],
    roots: Iterable[x509.Certificate],
    since: Iterable[str] = (),
    found: Iterable[bytes] = (),
) -> Account:
    """Hold everything against everything.

    Args:
        chain: the station's certificate and its issuers'.
        since: checkpoints that were kept elsewhere.
        found: certificates (DER or PEM) that turned up in the field: each must be in the journal.
    """
    account = Account()
    public = certificates.public_key(chain[0])
    seen = check.examine(log, public, {record.SOURCE: journal.size}, since)
    account.entries, account.signed = seen.entries, seen.signed
    account.faults += seen.faults
    _compare_events(journal, log, account)
    units = _replay(journal, account)
    _compare_units(journal, units, account)
    _compare_keys(journal, account)
    for device, unit in units.items():
        _hold(device, unit, chain, roots, account)
    _count(units, account)
    _compare_found(units, found, account)
    return account


def _compare_events(journal: Journal, log: AuditLog, account: Account) -> None:
    """Event by event; the log has them in the journal's order."""
    if log.size > journal.size:
        account.faults.append(
            f"the journal was cut: the audit log goes on from event {journal.size + 1} to {log.size}"
        )
    for expected, (n, at_ms, kind, device, detail) in enumerate(journal.events(), 1):
        name = f"event {expected} (hub {device or 'none'}, {kind})"
        if n != expected:
            account.faults.append(f"the journal lacks event {expected}: the next is {n}")
            return
        try:
            own = record.entry(n, at_ms, kind, device, detail)
        except ValueError:
            account.faults.append(f"{name} of the journal is malformed")
            own = b""
        kept = log.entry(expected - 1)
        if kept is None:
            account.faults.append(f"{name} is not in the audit log: collect it with `tasuki factory run`")
            return
        if own != kept:
            account.faults.append(f"{name} of the journal is not what the audit log has")


def _replay(journal: Journal, account: Account) -> dict[str, _Replayed]:
    units: dict[str, _Replayed] = {}
    for n, _, kind, device, text in journal.events():
        try:
            _apply(units, kind, device, json.loads(text))
        except (ValueError, KeyError, TypeError) as e:
            account.faults.append(f"event {n} (hub {device}, {kind}) cannot be: {e}")
    return units


def _apply(units: dict[str, _Replayed], kind: str, device: str, detail: dict[str, Any]) -> None:
    """One event; ValueError when it may not follow what was before."""
    if kind == "detected":
        units.setdefault(device, _Replayed(detail["work"]))
        return
    if kind not in states.PLACE and kind not in (states.FAILED, "retest", "revoked", "rotated"):
        return
    unit = units[device]
    if kind == states.FAILED:
        unit.cause = detail["cause"]
    elif kind == "retest":
        unit.cause, unit.state = "", detail["state"]
    elif kind == "revoked":
        unit.revoked = True
    elif kind == "rotated":
        unit.state, unit.cause = detail["state"], ""
        unit.public = unit.certificate = unit.issued_s = None
        unit.label, unit.revoked = "", False
    else:
        if unit.cause or states.after(unit.state) != kind:
            raise ValueError(f"it was {unit.cause or unit.state} before")
        unit.state = kind
        unit.serial = detail.get("serial", unit.serial)
        unit.public = detail.get("public", unit.public)
        unit.issued_s = detail.get("issued_s", unit.issued_s)
        unit.certificate = detail.get("der", unit.certificate)
        unit.label = detail.get("label", unit.label)


def _compare_units(journal: Journal, units: dict[str, _Replayed], account: Account) -> None:
    """The newest of each unit is what its events make of it."""
    rows = {unit.device: unit for unit in journal.units()}
    for device in sorted(set(rows) | set(units)):
        made, row = units.get(device), rows.get(device)
        if made is None or row is None or _row(device, made) != row:
            account.faults.append(f"hub {device}: the journal's unit is not what its events make of it")


def _compare_keys(journal: Journal, account: Account) -> None:
    """Every key that a hub showed stands there once, under its hub, and no other does."""
    made: dict[str, tuple[str, int]] = {}
    for _, _, kind, device, text in journal.events():
        with suppress(ValueError, KeyError):  # a malformed event has been named
            if kind in ("keyed", "stray_key"):
                made.setdefault(json.loads(text)["public"], (device, 0))
            elif kind == "rotated":
                made[json.loads(text)["old"]] = (device, 1)
    kept = {public: (device, retired) for public, device, retired in journal.keys_seen()}
    for public in sorted(set(made) | set(kept)):
        if made.get(public) != kept.get(public):
            device = (made.get(public) or kept[public])[0]
            account.faults.append(f"hub {device}: the keys that were seen are not those of its events")


def _row(device: str, made: _Replayed) -> Unit:
    return Unit(
        device, made.work, made.state, made.cause, made.serial, made.public, made.issued_s, made.certificate
    )


def _hold(
    device: str,
    unit: _Replayed,
    chain: Sequence[x509.Certificate],
    roots: Iterable[x509.Certificate],
    account: Account,
) -> None:
    """The certificate says what the journal says, and the label, too."""
    name = f"unit {serial_text(unit.serial)}" if unit.serial is not None else f"hub {device}"
    if unit.certificate is not None:
        try:
            own = x509.load_der_x509_certificate(bytes.fromhex(unit.certificate))
            says = certificates.verify_hub(certificates.packed([own, *chain]), roots)
        except (Untrusted, ValueError) as e:
            account.faults.append(f"{name}: its certificate does not hold: {e}")
            return
        if (says.serial, says.device.hex(), says.public.hex()) != (unit.serial, device, unit.public):
            account.faults.append(f"{name}: its certificate is of another hub, key or serial")
        if not (unit.revoked or unit.cause or unit.state == "done"):
            account.faults.append(f"{name} has a certificate and is not done: finish it, or revoke it")
    if unit.label and unit.serial is not None and unit.public is not None:
        key = epoch.key_id(bytes.fromhex(unit.public)).hex()
        product = unit.label.split("/")[1] if unit.label.count("/") == 4 else ""
        if unit.label != Label(product, unit.serial, device, key).text:
            account.faults.append(f"{name}: its label is of another hub, key or serial")
    if unit.state == "done" and not (unit.certificate and unit.label):
        account.faults.append(f"{name} is done without certificate or label")


def _count(units: dict[str, _Replayed], account: Account) -> None:
    live = {device: unit for device, unit in units.items() if not unit.revoked}
    account.revoked = len(units) - len(live)
    account.built = sum(unit.state == "done" and not unit.cause for unit in live.values())
    account.issued = sum(unit.certificate is not None for unit in live.values())
    account.labelled = sum(bool(unit.label) for unit in live.values())
    for unit in live.values():
        if unit.cause:
            account.failed[unit.cause] = account.failed.get(unit.cause, 0) + 1
            if unit.certificate:
                account.held[serial_text(unit.serial or 0)] = unit.cause
    for what in ("serial", "public", "certificate"):
        values = [value for unit in units.values() if (value := getattr(unit, what)) is not None]
        for value in sorted({value for value in values if values.count(value) > 1}, key=str):
            twice = ", ".join(d for d, unit in units.items() if getattr(unit, what) == value)
            account.faults.append(f"hubs {twice} have the same {what}")


def _compare_found(units: dict[str, _Replayed], found: Iterable[bytes], account: Account) -> None:
    """A certificate that no event issued was made behind the journal's back."""
    known = {unit.certificate for unit in units.values() if unit.certificate}
    for data in found:
        hub = certificates.load(data)[0]
        if certificates.packed([hub]).hex() not in known:
            names = hub.subject.rfc4514_string()
            account.faults.append(f"a certificate was issued that is not in the journal: {names}")
