"""Forwarding: what was stored goes to the host when it is back, oldest first, behind live frames."""

import struct

from tasuki_hub.shelf import epoch_of, name_of
from tasuki_wire import codec, layout
from tasuki_wire.constant import const

_KIND = codec.number("stored_epoch")
_THERE_US = const(10_000_000)  # a host that said nothing for so long is not there
_IN_FLIGHT = const(2)  # epochs sent and not acknowledged
_WAIT_US = const(10_000_000)  # then the next one is sent all the same; a host may be unable to open one
_AT_ONCE = const(4)  # fragments queued in one turn


class Forwarder:
    """Sends the shelf's epochs, a few fragments a turn."""

    def __init__(self, hub, shelf):
        self._hub = hub
        self._shelf = shelf
        self.damaged = 0  # files that were no stored epoch
        self._message = 0
        self.rewind()

    def rewind(self):
        """Begin with the oldest again."""
        self._last = ""  # name of the latest epoch sent
        self._flight = {}  # name: when it was sent
        self._name = None  # being sent
        self._nothing = False  # behind `_last`

    @property
    def sending(self):
        """True while an epoch is under way."""
        return self._name is not None

    def more(self):
        """An epoch was added."""
        self._nothing = False

    def acknowledged(self, session, number):
        """The host has it: it is deleted."""
        name = name_of(session, number)
        self._flight.pop(name, None)
        if name == self._name:
            self._name = None
        self._shelf.remove(name)

    def step(self, now):
        """Queue the next fragments where the host listens and nothing live waits."""
        hub = self._hub
        if not hub.consent.live(now):
            if self._last or self._name:
                self.rewind()
            return
        if self._nothing or not self._shelf.count or now - hub.heard_us > _THERE_US:
            return
        if hub.link.hold or not hub.link.idle():
            return
        try:
            if self._name or self._next(now):
                self._feed(now)
        except OSError:  # pushed out meanwhile, or the flash fails
            self._name = None

    def _next(self, now):
        for name in list(self._flight):
            if now - self._flight[name] > _WAIT_US:
                del self._flight[name]
        if len(self._flight) >= _IN_FLIGHT:
            return False
        name = self._shelf.after(self._last)
        if name is None:
            self._nothing = True
            return False
        self._last = name
        try:
            parts = self._parts(name)
        except OSError:  # it cannot be read
            parts = 0
        if not parts:
            self._shelf.remove(name)
            self.damaged += 1
            return False
        self._name = name
        self._count = parts
        self._part = 0
        self._at = 0  # where the part stands in the file
        self._begin_part()
        return True

    def _parts(self, name):
        """How many parts a file has; 0 when it is damaged."""
        count = 0
        with self._shelf.open(name) as f:
            end = f.seek(0, 2)
            at = 0
            while at < end:
                f.seek(at)
                size = f.read(2)
                at += 2 + (size[0] | size[1] << 8 if len(size) == 2 else end)
                count += 1
        return count if at == end and count <= 255 else 0

    def _begin_part(self):
        self._index = 0
        self._message = (self._message + 1) & 0xFFFF

    def _feed(self, now):
        session, number = epoch_of(self._name)
        head = struct.pack("<IIBB", session, number, self._part, self._count)
        with self._shelf.open(self._name) as f:
            f.seek(self._at)
            size = f.read(2)
            size = size[0] | size[1] << 8
            total = (len(head) + size + layout.MAX_FRAGMENT - 1) // layout.MAX_FRAGMENT
            for _ in range(min(_AT_ONCE, total - self._index)):
                start = self._index * layout.MAX_FRAGMENT - len(head)
                f.seek(self._at + 2 + max(start, 0))
                part = head if start < 0 else b""
                part += f.read(min(layout.MAX_FRAGMENT - len(part), size - max(start, 0)))
                fragment = struct.pack("<HBB", self._message, self._index, total) + part
                self._hub.link.bulk_frame(_KIND, fragment)
                self._index += 1
        if self._index == total:
            self._at += 2 + size
            self._part += 1
            if self._part < self._count:
                self._begin_part()
            else:
                self._flight[self._name] = now
                self._name = None
