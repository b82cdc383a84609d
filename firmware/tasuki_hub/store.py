"""Epochs that no host acknowledged: sealed to the host's storage key and kept in flash.

An epoch is written once its signature is there and the host has had its time to
acknowledge it. While nobody is heard nothing that was sampled goes on the line, so
that a host that comes back gets the open epoch whole. What is in flash only the
host can read. Only hubs whose crypto makes sealed boxes do this (the C module).
"""

import os
import struct

from tasuki_hub.fast import wipe
from tasuki_hub.forward import Forwarder
from tasuki_hub.rows import Entries, put_row, tail_rows
from tasuki_hub.shelf import Shelf
from tasuki_wire.constant import const

_PATIENCE_US = const(2_500_000)  # from the signature on; an ack takes a tenth of a second
_SILENT_US = const(6_000_000)  # a host that is there says something every few seconds
_NEAR = const(32)  # frames of the default profile in a second: so near an epoch is to leaving the ring
_LOOK_US = const(500_000)
_EXTRA = const(48)  # a box is longer than what it holds
_BOX = const(2048)  # of layout.MAX_MESSAGE at most; each costs two multiplications on Curve25519
_PIECE = const(256)  # a page of flash


class Store:
    """Which epochs are kept, and the work of keeping them; `forwarder` sends them."""

    def __init__(self, hub):
        self._hub = hub
        self._seal = getattr(hub.crypto, "sealed_box_into", None)
        self.shelf = None
        self._given_up = 0
        self._waiting = {}  # number: (when it is due, device time; how many frames were packed before it)
        self._busy = False
        self._recalled = False  # the epoch that is being written lost frames to a narrowing
        self._look_us = 0
        if self._seal:
            self._open(hub.board)

    def _open(self, board):
        try:
            info = os.statvfs(board.flash)
            total = getattr(board, "flash_bytes", info[1] * info[2])
            self.shelf = Shelf(board.flash + "/store", total)
        except OSError as e:
            self._hub.complain("store", e)
            return
        self._buf = bytearray(_BOX)
        self._view = memoryview(self._buf)
        self.forwarder = Forwarder(self._hub, self.shelf)

    @property
    def able(self):
        """True when this hub can store epochs for a host that gives it a key."""
        return self.shelf is not None

    @property
    def active(self):
        """True when it does so under the token in force."""
        return any(self.key())

    def key(self):
        """The storage key of the token in force, zeros for none or when nothing is stored."""
        return self._hub.consent.storage if self.able else bytes(32)

    @property
    def settled(self):
        """True when no signed epoch waits to be acknowledged or written."""
        return not self._waiting

    @property
    def count(self):
        """Epochs that are kept."""
        return self.shelf.count if self.able else 0

    @property
    def lost(self):
        """Epochs given up since boot: pushed out, or never written."""
        pushed_out = self.shelf.pushed_out + self.forwarder.damaged if self.able else 0
        return self._given_up + pushed_out

    # -- what happens to epochs -------------------------------------------

    def signed(self, closed, now):
        """An epoch has its signature: from now on it is acknowledged, written, or counted as lost."""
        if self.able and any(closed.storage):
            first = self._hub.ring.packed - Entries(closed.opening).wanted
            self._waiting[closed.number] = (now + _PATIENCE_US, first)

    def step(self, now):
        """Once each turn: begin with what is due, send what waits. Two looks a second are enough for that."""
        if now < self._look_us or not self.able:
            return
        silent = now - self._hub.heard_us > _SILENT_US
        self._hub.link.hold = silent and self.active
        if self._waiting and not self._busy:
            self._look(now, silent)
        self.forwarder.step(now)
        self._look_us = now if self.forwarder.sending else now + _LOOK_US

    def _look(self, now, silent):
        hub = self._hub
        number = min(self._waiting)
        closed = hub.epochs.find(number)
        if closed is None:
            self._give_up(number)
            return
        due_us, first = self._waiting[number]
        gone = hub.ring.gone
        pressed = gone and first - gone < _NEAR
        hurry = closed is not hub.epochs.closed[-1] or hub.consent.ending(now)
        if hurry or silent or pressed or now >= due_us:
            self._busy = True
            hub.jobs.add(self._keep(closed, now))

    def acknowledged(self, session, number):
        """The host has this epoch durably, whichever way it came."""
        if session == self._hub.session:
            self._waiting.pop(number, None)
        if self.count:
            self.forwarder.acknowledged(session, number)

    def forget(self):
        """The token is over and the RAM is wiped; what is in flash stays."""
        self._given_up += len(self._waiting)
        self._waiting = {}
        if self.able:
            self.forwarder.rewind()
            wipe(self._buf)

    def recall(self):
        """Frames were taken back: what is being written is written anew, without them."""
        self._recalled = True

    def wipe(self):
        """Destroy what is stored, as with the key that signed it."""
        self._waiting = {}
        if self.able:
            self.forwarder.rewind()
            self.shelf.wipe()

    def rewind(self):
        """A host said hello: what was not acknowledged is sent again."""
        if self.able:
            self.forwarder.rewind()

    def _give_up(self, number):
        if self._waiting.pop(number, None) is not None:
            self._given_up += 1

    # -- the work, in slices ----------------------------------------------

    def _keep(self, closed, now):
        number = closed.number
        again = True
        try:
            while again:
                self._recalled = again = False
                if not self.shelf.begin(now):
                    self._give_up(number)
                elif (yield from self._write(closed, number)):
                    self._kept(closed)
                else:
                    self.shelf.cancel()
                    wipe(self._buf)
                    again = self._recalled and number in self._waiting
                    if not again:
                        self._give_up(number)
        except (OSError, ValueError) as e:  # ValueError: a storage key that is none
            self._give_up(number)
            self.shelf.cancel()
            wipe(self._buf)
            self._hub.complain("store", e)
            try:
                self.shelf.push_out()  # a full flash has room again
            except OSError:  # one that fails has not
                pass
        self._busy = False

    def _write(self, closed, number):
        """Write the parts; False when it was acknowledged or recalled meanwhile, or nothing is left of it."""
        hub = self._hub
        entries = Entries(closed.opening)
        tail = None  # rows behind the frames
        while tail is None or tail:
            at = _EXTRA
            if tail is None:
                at, whole = entries.fill(hub.ring, self._buf, at)
                if closed.number != number:  # its buffers serve another epoch already
                    return False
                if whole:
                    tail = tail_rows(hub.nonce, closed, entries.missing())
                    if entries.found == 0 and entries.wanted:
                        return False
            while tail and at + 2 + len(tail[0]) <= _BOX:
                at = put_row(self._buf, at, tail.pop(0))
            yield
            if self._halted(number):
                return False
            size = self._seal(self._buf, at - _EXTRA, closed.storage, hub.board.entropy(32))
            yield
            if self._halted(number):
                return False
            self.shelf.append(struct.pack("<H", size))
            for start in range(0, size, _PIECE):
                self.shelf.append(self._view[start : min(start + _PIECE, size)])
                yield
                if self._halted(number):
                    return False
        self.shelf.finish(hub.session, number)
        return True

    def _halted(self, number):
        return self._recalled or number not in self._waiting

    def _kept(self, closed):
        """It is in flash: its frames need not be sent any more, nor its record by itself."""
        hub = self._hub
        self._waiting.pop(closed.number, None)
        entries = Entries(closed.opening)
        body = hub.ring.next()
        while body is not None and entries.covers(body):
            hub.ring.mark_sent()
            body = hub.ring.next()
        hub.link.withdraw(closed.record)
        self.forwarder.more()
