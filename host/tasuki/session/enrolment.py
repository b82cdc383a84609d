"""Enrolment of a development hub: it makes its key, we pin ours and remember its public half."""

from datetime import UTC, datetime

from tasuki.consent.registers import DEMO_GARMENT, Garment, Manifest
from tasuki.pipeline.acquire import SerialLine
from tasuki.session import greet, wiping
from tasuki.session.connection import Connection
from tasuki.session.state import State
from tasuki.trust.register import Hub


def enroll(port: str, state: State, repin: bool = False, product: Manifest = DEMO_GARMENT) -> Hub:
    """Enrol the hub on a port and enter it and its product's manifest (rule A-03) into the registers.

    Raises Refused("already_pinned") when it obeys another host; repin replaces
    that host and destroys the hub's key.
    """
    connection = Connection(SerialLine(port))
    try:
        identity = greet.enroll(connection, state.vault.signer("authority"), repin)
        wiping.at_contact(connection, state, identity)  # a new key is what an erasure may wait for
    finally:
        connection.close()
    hub = Hub(
        identity.device.hex(),
        identity.public.hex(),
        datetime.now(UTC).isoformat(timespec="seconds"),
        identity.board,
    )
    state.register.add(hub)
    state.book.enrol(Garment(identity.key_id, identity.device, product))
    return hub
