"""Keeps virtual hubs running as boards do: one that was soft-reset starts again."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tasuki.fleet.virtual import VirtualHub

_LOOK_S = 0.05


@contextmanager
def kept(hubs: Sequence[VirtualHub]) -> Iterator[None]:
    """While this lasts, each of the hubs that leaves its prompt starts again; the list may grow."""
    end = threading.Event()

    def keep() -> None:
        while not end.wait(_LOOK_S):
            for hub in list(hubs):
                if hub.left():
                    hub.reset()

    keeper = threading.Thread(target=keep, name="hub-keeper")
    keeper.start()
    try:
        yield
    finally:
        end.set()
        keeper.join()
