"""Stored epochs as files: a bounded ring that does not wear its flash out.

One file an epoch, named by session and number, so that the oldest is the first by
name. It holds parts, each {size u16, sealed box}. It gets its name when it is
whole, so that a power cut leaves all of it or nothing.
"""

import os

from tasuki_wire.constant import const

BLOCK = 4096
_FRESH = const("new")  # the one that is being written
_MOST_FILES = const(1024)
_MOST_BYTES = const(4 << 20)
_CYCLES = const(100_000)  # erases that a block of serial NOR flash is good for
_YEARS = const(5)
_MARGIN = const(2)  # uneven wear, and what the filesystem writes for itself
_EIO = 5
_DAY_S = const(86_400)


def name_of(session, number):
    """Name of an epoch's file."""
    return "%08x%08x" % (session, number)


def epoch_of(name):
    """(session, epoch) of a file's name."""
    return int(name[:8], 16), int(name[8:], 16)


class Shelf:
    """The folder of stored epochs. OSError when the flash fails.

    total: bytes of the flash. At most half of it is used, and no more is written
    a day than lets every block live for five years; a boot begins with an hour's
    share and one full shelf.
    """

    def __init__(self, folder, total):
        self.folder = folder
        self.capacity = min(total // 2, _MOST_BYTES)
        self.per_day = total * _CYCLES // (_YEARS * 365 * _MARGIN)
        self.count = 0
        self.bytes = 0
        self.pushed_out = 0  # epochs that made room for newer ones
        self._left = self.per_day // 24 + self.capacity  # bytes that may be written now
        self._left_us = 0
        self._writing = 0  # bytes of the fresh file
        self._file = None
        try:
            os.mkdir(folder)
        except OSError:
            self._look()

    def _look(self):
        for name in self._names():
            if name != _FRESH:
                self.count += 1
                self.bytes += self._size(name)
        self._forget_fresh()

    def _path(self, name):
        return self.folder + "/" + name

    def _size(self, name):
        """Bytes of flash that a file takes, in whole blocks."""
        return -(-os.stat(self._path(name))[6] // BLOCK) * BLOCK

    def _names(self):
        """Names in no order, one at a time: a full shelf has too many for the heap."""
        if hasattr(os, "ilistdir"):
            for row in os.ilistdir(self.folder):
                yield row[0]
        else:
            for name in os.listdir(self.folder):
                yield name

    # -- writing ----------------------------------------------------------

    def begin(self, now_us):
        """Open a fresh file; False when so much was written that the flash has to rest."""
        elapsed_s = (now_us - self._left_us) // 1_000_000
        self._left = min(self._left + elapsed_s * (self.per_day // _DAY_S), self.per_day)
        self._left_us += elapsed_s * 1_000_000
        if self._left < 0:
            return False
        self._writing = 0
        self._file = open(self._path(_FRESH), "wb")
        return True

    def append(self, data):
        """Add to the fresh file; the oldest epochs make room where it is needed."""
        self._file.write(data)
        self._writing += len(data)
        while self.count and self.bytes + self._writing + BLOCK > self.capacity:
            self._make_room()

    def finish(self, session, number):
        """The fresh file is whole: it gets its name."""
        self._file.close()
        self._file = None
        while self.count >= _MOST_FILES:
            self._make_room()
        name = name_of(session, number)
        os.rename(self._path(_FRESH), self._path(name))
        self.count += 1
        size = self._size(name)
        self.bytes += size
        self._left -= size + BLOCK

    def cancel(self):
        """The fresh file is not wanted any more."""
        self._forget_fresh()
        self._left -= self._writing + BLOCK
        self._writing = 0

    def _forget_fresh(self):
        try:
            if self._file:
                self._file.close()
        except OSError:
            pass
        self._file = None
        try:
            os.remove(self._path(_FRESH))
        except OSError:
            pass

    # -- what is there ----------------------------------------------------

    def after(self, last):
        """Name of the oldest epoch behind `last`, or None."""
        found = None
        for name in self._names():
            if name != _FRESH and name > last and (found is None or name < found):
                found = name
        return found

    def open(self, name):
        """The file of an epoch, to read."""
        return open(self._path(name), "rb")

    def remove(self, name):
        """Delete an epoch; False when it is not there."""
        try:
            size = self._size(name)
            os.remove(self._path(name))
        except OSError:
            return False
        self.count -= 1
        self.bytes -= size
        return True

    def push_out(self):
        """Give the oldest up; False when it is there and cannot be deleted."""
        name = self.after("")
        if name is None:
            self.count = self.bytes = 0
        elif self.remove(name):
            self.pushed_out += 1
        else:
            return False
        return True

    def _make_room(self):
        if not self.push_out():
            raise OSError(_EIO)

    def wipe(self):
        """Delete everything; OSError when something stays, after all else is gone."""
        self._forget_fresh()
        stays = False
        name = self.after("")
        while name is not None:
            stays = not self.remove(name) or stays
            name = self.after(name)
        if stays:
            raise OSError(_EIO)
        self.count = self.bytes = 0
