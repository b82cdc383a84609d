"""Enrolment of a development hub: it makes its key, we pin ours and remember its public half."""

from datetime import UTC, datetime

from tasuki.pipeline.acquire import SerialLine
from tasuki.register import Hub
from tasuki.session import greet
from tasuki.session.connection import Connection
from tasuki.session.state import State


def enroll(port: str, state: State, repin: bool = False) -> Hub:
    """Enrol the hub on a port and enter it into the register.

    Raises Refused("already_pinned") when it obeys another host; repin replaces
    that host and destroys the hub's key.
    """
    connection = Connection(SerialLine(port))
    try:
        greet.meet(connection)
        identity = greet.enroll(connection, state.vault.signer("authority"), repin)
    finally:
        connection.close()
    hub = Hub(
        identity.device.hex(),
        identity.public.hex(),
        datetime.now(UTC).isoformat(timespec="seconds"),
        identity.board,
    )
    state.register.add(hub)
    return hub
