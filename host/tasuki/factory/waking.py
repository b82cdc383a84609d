"""A board that says nothing of ours: at MicroPython's prompt it gets the order's files and is started."""

import threading
from typing import Any

from tasuki.factory.line import Line
from tasuki.fleet import bundle, flashing, looking, resetting
from tasuki.fleet.payload import Sources
from tasuki.fleet.ports import Port


def wake(port: Port, line: Line) -> bool:
    """True when a board was at its prompt and runs our files now.

    Only what differs is sent: a hub that fell to its prompt, by a Ctrl-C among the bytes of a cut line, is
    just started again. A locked hub has no prompt.
    """
    if looking.look(port).state != looking.REPL:
        return False
    given = bundle.read(line.bundle) if line.bundle else None
    flashing.flash(port, Sources(given), None, _nobody, threading.Event())
    resetting.reset(port)
    return True


def _nobody(event: str, **values: Any) -> None:
    """Nobody wants to know."""
