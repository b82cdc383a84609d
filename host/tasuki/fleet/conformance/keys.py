"""Clauses on another key for the hub, by the consent key that was made for the run."""

from hashlib import sha256
from typing import Any

from tasuki.errors import Untrusted
from tasuki.fleet.conformance.clauses import Breach, checks, require
from tasuki.fleet.conformance.consent import Authority
from tasuki.fleet.conformance.probe import Probe
from tasuki.trust import succession
from tasuki.trust.succession import Succession
from tasuki_wire import codec, epoch, layout
from tasuki_wire import succession as table

CHECKS, clause = checks()
_BLOB = layout.BLOBS.index("succession")


@clause("8.3", "an order for another key that its authority did not sign is bad_signature, and brings none")
def _unsigned(probe: Probe) -> None:
    found = _order(probe, Authority())
    require(found == "bad_signature", f"an order by another authority is answered {found}")
    now = probe.ask("identify")[1][2]
    require(now == probe.notes["enrolled"]["public"], "identify names another key")


@clause("8.3", "a hub is brought no statement, and one with its first key has none to show")
def _brought(probe: Probe) -> None:
    found = probe.status("blob_begin", _BLOB, 1, sha256(b"x").digest())
    require(found == "not_allowed", f"one of a byte is answered {found}")
    found = probe.status("blob_begin", _BLOB, 0, bytes(32))
    require(found == "not_found", f"asked for the statement of its first key it answers {found}")


@clause("8.3", "its authority's order brings another key, certified by the one before, and no other change")
def _changed(probe: Probe) -> None:
    before = probe.ask("identify")[1]
    boot, first = probe.boot, len(probe.frames)
    found = _order(probe, probe.notes["authority"])
    require(found == "ok", f"the order is answered {found}")
    born = probe.until(lambda: [f for f in probe.of("hello", first) if f.payload[:16] != boot], probe.slow_s)
    require(born, "no hello with another nonce came")
    after = probe.ask("identify")[1]
    require(after[1] == epoch.key_id(after[2]) != before[1], "its key or key id is that of before")
    require(after[0] == before[0], "it has another device id")
    require(after[3:] == before[3:], "authority, life cycle, counter or sequence are others than before")
    statement = _statement(probe)
    told = (statement.device, statement.authority, statement.old, statement.public)
    require(told == (after[0], after[3], before[2], after[2]), "its statement is about another hub or key")
    signed = max(frame.fields[3] for frame in probe.of("epoch_record"))
    require(statement.session >= signed, f"it denies the old key's session {signed}")


def _order(probe: Probe, authority: Authority) -> str:
    """Order another key, signed by this authority; the name of the answer."""
    device = probe.notes["enrolled"]["device"]
    fields = (layout.ORDER_FORMAT, layout.ORDERS.index("rotate"), device, probe.boot)
    body = codec.pack(codec.number("order"), 0, *fields, bytes(layout.SIGNATURE_SIZE))
    signature = authority.sign("order", body[2 : -layout.SIGNATURE_SIZE])
    with probe.patient():
        return probe.status("order", *fields, signature)


def _statement(probe: Probe) -> Succession:
    """What the hub shows of its change of key, once both signatures in it were found right."""
    _, size, digest = _own(probe, "blob_begin", _BLOB, 0, bytes(32))
    require(size == table.SIZE, f"its statement has {size} bytes")
    shown = b""
    while len(shown) < size:
        offset, part = _own(probe, "blob_data", len(shown), b"")
        fits = offset == len(shown) and part
        require(fits, f"a part of {len(part)} bytes at {offset} comes behind {len(shown)}")
        shown += part
    require(sha256(shown).digest() == digest, "the statement is not the one that it announced")
    try:
        return succession.read(shown)
    except Untrusted as error:
        raise Breach(f"its statement does not hold: {error}") from None


def _own(probe: Probe, name: str, *values: Any) -> tuple[Any, ...]:
    """Fields of an answer of the command's own kind."""
    kind, fields = probe.ask(name, *values)
    require(kind == name, f"{name} is answered by {kind} {fields}")
    return fields
