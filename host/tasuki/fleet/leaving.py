"""Has a hub that runs our firmware leave its work for its prompt."""

import threading
import time
from contextlib import suppress

from tasuki.errors import LinkLost, Refused
from tasuki.fleet import looking
from tasuki.fleet.troubles import Trouble
from tasuki.pipeline.acquire import SerialLine
from tasuki.session import greet
from tasuki.session.connection import Connection

_STOP_TRIES = 20
_STOP_PAUSE_S = 0.25  # until a signature is made and the hub can leave


def leave_for_prompt(line: SerialLine, stop: threading.Event | None) -> None:
    """Ask a running hub for its prompt; what sends no frame is left to Ctrl-C."""
    if not looking.rouse(line):
        return
    connection = Connection(line)
    try:
        greet.meet(connection)
    except LinkLost:
        return
    except Refused as refused:
        if refused.reason not in ("schema_mismatch", "wire_version"):
            raise  # but another release is what flashing is to replace
    for _ in range(_STOP_TRIES):
        if stop is not None and stop.is_set():
            raise Trouble("interrupted", "stopped on request")
        try:
            connection.ask("maintenance", tries=1)
        except Refused as refused:
            if refused.reason != "busy":
                raise Trouble("locked", "this hub is locked") from None
            with suppress(Refused):
                connection.ask("stop", tries=1)
            time.sleep(_STOP_PAUSE_S)
        else:
            return
    raise Trouble("busy", "the hub does not leave its work")
