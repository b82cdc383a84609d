"""Signed updates: a bundle is checked, put into the spare slot, and proves itself at the next start.

Whoever starts the hub says which slots there are: board.slots, see loader.py.
"""

from tasuki_hub.bundle import MAX_SIZE, Bundle
from tasuki_wire.constant import const

_PROVE_US = const(10_000_000)  # so long it must have run, and a host must have spoken to it
_LIMIT_US = const(300_000_000)  # by then, else the version before comes back


class Updates:
    """Takes the blob `bundle` on a board that a loader started, and watches a trial there."""

    max_size = MAX_SIZE

    def __init__(self, hub):
        self._board = hub.board
        self._slots = getattr(hub.board, "slots", None)
        if self._slots:
            hub.blobs["bundle"] = self

    def watch(self, hub, now_us):
        """Call at each turn."""
        if self._slots and self._board.trial:
            self._board.trial.watch(hub, now_us)

    def refuses(self, hub):
        """Not while sampling, nor before the version that runs has proved itself; else makes room."""
        if hub.sampling or self._board.trial:
            return "busy"
        self._slots.make_room()
        return None

    def accept(self, hub, path):
        """Cheap checks, then the signature, then every file; the name of the answer."""
        try:
            bundle = Bundle(path)
        except ValueError:
            return "malformed"
        if not bundle.fits(hub.board.name):
            return "wrong_device"
        if bundle.counter <= max(hub.keys.floor, self._board.counter):
            return "stale_sequence"
        if not (yield from bundle.signed_steps(hub.crypto)):
            return "bad_signature"
        if not (yield from bundle.whole_steps()):
            return "mismatch"
        if hub.sampling:
            return "busy"
        self._slots.install(path)
        return "ok"


class Trial:
    """Watches a version that has just been installed: it is confirmed or it goes."""

    def __init__(self, slots, counter, now_us):
        self._slots = slots
        self._counter = counter
        self._prove_us = _PROVE_US
        self._began_us = max(now_us, 1) - 1  # a host may speak within the first microsecond

    def watch(self, hub, now_us):
        """Call at each turn; ends with board.trial being None, or with a restart."""
        lived_us = now_us - self._began_us
        if lived_us >= self._prove_us and hub.heard_us > self._began_us:
            self._confirm(hub, lived_us)
        elif lived_us >= _LIMIT_US:
            self._slots.reject()
            hub.board.trial = None
            hub.reboot(now_us)

    def _confirm(self, hub, lived_us):
        # in this order: a floor above a slot that is not confirmed would leave no slot to start
        try:
            self._slots.confirm()
            hub.board.trial = None
            hub.keys.raise_floor(self._counter)  # else loader.py does it
        except OSError as e:
            self._prove_us = lived_us + _PROVE_US
            hub.complain("update", e)
