"""Wipes or drains a hub that an erasure waits for, as soon as it is met."""

import time
from datetime import UTC, datetime

from tasuki.consent.registers import DEMO_GARMENT, Garment
from tasuki.errors import LinkLost, Refused
from tasuki.session import care, greet
from tasuki.session.connection import Connection
from tasuki.session.state import State
from tasuki.session.wipe_book import WIPE
from tasuki.trust.register import Hub

_BUSY_S = 15.0  # it still signs what was open


def at_contact(connection: Connection, state: State, identity: greet.Identity) -> bool:
    """Do what is due with the hub that was just met; True when it has another key and starts anew.

    A locked hub makes no new key without a signed order, so it is drained, like one that is worn.
    """
    due = state.wipes.due(identity.device)
    if not due:
        return False
    # a key that another one certified came without the old one's store being wiped
    if all(one.renewed(identity.key_id) for one in due) and not care.read_succession(connection):
        state.wipes.done(identity.device, "its key is another one: the old one and the store went with it")
        return False
    wipe = any(one.mode == WIPE for one in due) and not _worn(state, identity.device)
    if wipe and identity.life != "locked":
        _renew(connection, state, identity)
        return True
    if not stored(connection):
        state.wipes.done(identity.device, "it said that it stores nothing (status: 0 epochs)")
    return False


def stored(connection: Connection) -> int:
    """How many epochs the hub says it keeps."""
    fields = connection.ask("status_request")
    return int(fields[-1])


def _worn(state: State, device: bytes) -> bool:
    """True when somebody wears the hub now whose epochs it may have."""
    now = time.time_ns()
    return state.book.registers.binding(device, now, now) is not None


def _renew(connection: Connection, state: State, identity: greet.Identity) -> None:
    """Have the hub make a new key, which destroys the old one and its store; register it."""
    life = connection.nonce
    connection.ask("narrow", 0)
    connection.ask("stop")
    deadline = time.monotonic() + _BUSY_S
    while True:
        try:
            renewed = greet.enroll(connection, state.vault.signer("authority"), repin=True)
            break
        except Refused as e:
            if e.reason != "busy" or time.monotonic() > deadline:
                raise
            connection.pump(0.2)
    care.await_restart(connection, life)  # it starts anew by itself, and knows no token of before
    if renewed.public == identity.public:
        raise LinkLost("the hub still has its key", "It is tried again at its next contact.")
    made = datetime.now(UTC).isoformat(timespec="seconds")
    state.register.add(Hub(renewed.device.hex(), renewed.public.hex(), made, renewed.board))
    known = state.book.registers.garments.get(identity.key_id)
    manifest = known.manifest if known else DEMO_GARMENT
    state.book.enrol(Garment(renewed.key_id, renewed.device, manifest))
    state.wipes.done(
        renewed.device, "it proved a new key; making it destroyed the old one and wiped the store"
    )
