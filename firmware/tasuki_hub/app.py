"""Puts the parts together; the only file that imports all."""

from tasuki_hub import signer
from tasuki_hub.hub import Hub

_BUSY_MS = 2
_IDLE_MS = 50


def run(board):
    """Be a hub until a maintenance command ends it."""
    hub = Hub(board, signer.engine())
    while not hub.leaving:
        hub.step()
        board.wait(_BUSY_MS if hub.sampling or not hub.jobs.idle() else _IDLE_MS)
    for _ in range(100):
        hub.link.pump(board.write, board.now_us(), 4096)
    return hub
