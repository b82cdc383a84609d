"""Puts the parts together; the only file that imports all."""

import gc

from tasuki_hub import signer
from tasuki_hub.commands import REBOOT
from tasuki_hub.hub import Hub
from tasuki_wire import layout

_BUSY_MS = 2
_IDLE_MS = 50


def run(board):
    """Be a hub until a maintenance command ends it."""
    while _boot(board) == REBOOT:
        if hasattr(board, "reset"):
            board.reset(layout.RESET_CAUSES.index("reset"))
        gc.collect()


def _boot(board):
    """One boot of the hub; why it ended."""
    hub = Hub(board, signer.engine())
    while not hub.leaving:
        hub.step()
        board.wait(_BUSY_MS if hub.sampling or not hub.jobs.idle() else _IDLE_MS)
    for _ in range(100):
        if hub.link.idle():
            break
        hub.link.pump(board.write, board.now_us(), 4096)
        board.wait(_BUSY_MS)
    return hub.leaving
