"""Two slots for firmware bundles, and which of them runs.

One small file says so, replaced by rename: the slot that was confirmed, the
slot on trial, and how often the trial was started. A bundle counts once it
is in a slot whole; before, it is only a file that nobody starts.
"""

import os

from tasuki_hub.blobs import remove
from tasuki_hub.bundle import Bundle
from tasuki_hub.steps import run
from tasuki_wire import epoch
from tasuki_wire.constant import const

_NAMES = const(("/slot.a", "/slot.b"))
_STATE = const("/slots")
_NONE = const(2)  # no slot: the image's own files
_STARTS = const(3)  # of a trial whose power went; a crash ends it at once


class Slots:
    """The slots in a folder of the flash.

    active, trial: 0, 1 or 2 for none. starts: of the trial so far.
    """

    def __init__(self, flash):
        self._flash = flash
        self.active, self.trial, self.starts = self._load()

    def path(self, slot):
        """The file of a slot."""
        return self._flash + _NAMES[slot]

    def _load(self):
        try:
            with open(self._flash + _STATE, "rb") as f:
                data = f.read()
        except OSError:
            data = b""
        state = data[:3]
        if len(data) != 7 or epoch.sha256(state)[:4] != data[3:] or state[0] > _NONE or state[1] > _NONE:
            return _NONE, _NONE, 0
        return state[0], state[1], state[2]

    def _keep(self, active, trial, starts):
        state = bytes((active, trial, starts))
        path = self._flash + _STATE
        with open(path + ".new", "wb") as f:
            f.write(state + epoch.sha256(state)[:4])
        os.rename(path + ".new", path)
        self.active, self.trial, self.starts = active, trial, starts

    def make_room(self):
        """Delete the bundle that does not run, for a new one to come."""
        remove(self.path(self._spare()))

    def _spare(self):
        return 1 if self.active == 0 else 0

    def install(self, path):
        """Take a checked bundle into the spare slot; the next start tries it."""
        spare = self._spare()
        os.rename(path, self.path(spare))
        self._keep(self.active, spare, 0)

    def confirm(self):
        """The trial runs well: it stays."""
        self._keep(self.trial, _NONE, 0)

    def reject(self):
        """The trial does not run, or what was confirmed can no more: never start it again."""
        if self.trial != _NONE:
            self._keep(self.active, _NONE, 0)
        else:
            self._keep(_NONE, _NONE, 0)

    def choose(self, board, crypto, floor, crashed):
        """(bundle to start, whether on trial); (None, False) for the image's own files.

        A trial is counted before it starts. It is over when it crashed, or was
        cut off too often. Below the floor nothing starts, however well signed.
        """
        if self.trial != _NONE:
            over = self.starts >= _STARTS or (crashed and self.starts)
            bundle = None if over else self._look(self.trial, board, crypto, floor + 1)
            if bundle:
                self._keep(self.active, self.trial, self.starts + 1)
                return bundle, True
            self.reject()
        if self.active != _NONE:
            return self._look(self.active, board, crypto, floor), False
        return None, False

    def _look(self, slot, board, crypto, least):
        """The bundle of a slot when it is whole, signed, for this hub and not too old; else None."""
        try:
            bundle = Bundle(self.path(slot))
            if (
                bundle.counter >= least
                and bundle.fits(board)
                and run(bundle.signed_steps(crypto))
                and run(bundle.whole_steps())
            ):
                return bundle
        except (OSError, ValueError):
            pass
        return None
