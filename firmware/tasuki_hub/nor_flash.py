"""A NOR flash in a file, behind MicroPython's block device protocol.

It behaves as the part does: erasing a block sets every bit, programming only
clears bits, and a power cut may come within either. The qemu hub keeps its
filesystem on it. `file` is open for reading and writing, without a buffer.
"""

from tasuki_wire.constant import const

BLOCK = 4096  # bytes, the sector of common serial flash
_PIECE = const(256)  # bytes moved at once

_COUNT = const(4)
_SIZE = const(5)
_ERASE = const(6)


class NorFlash:
    """Block device of `blocks` erase blocks; extends the file with erased ones.

    cut is (number, bytes): the program or erase operation of that number,
    counted from 0, does only so many bytes and then calls power_off().
    """

    def __init__(self, file, blocks, cut=None, power_off=None):
        self._file = file
        self._blocks = blocks
        self._cut = cut
        self._power_off = power_off
        self.operations = 0  # programs and erases since the start
        self.erases = 0
        size = file.seek(0, 2)
        while size < blocks * BLOCK:
            size += file.write(b"\xff" * _PIECE)

    def blank(self):
        """True when nothing was ever written: the first two blocks are erased."""
        self._file.seek(0)
        return all(self._file.read(_PIECE) == b"\xff" * _PIECE for _ in range(2 * BLOCK // _PIECE))

    def readblocks(self, block, buf, offset=0):
        """Fill buf from a place."""
        self._file.seek(block * BLOCK + offset)
        self._file.readinto(buf)

    def writeblocks(self, block, buf, offset=0):
        """Program: bits become 0, none becomes 1."""
        length = self._begin(len(buf))
        data = memoryview(buf)
        old = memoryview(bytearray(_PIECE))  # not kept: a real part needs none of the hub's RAM
        at = 0
        while at < length:
            n = min(_PIECE, length - at)
            self._program(block * BLOCK + offset + at, data[at : at + n], old[:n])
            at += n
        self._end()

    def _program(self, place, data, old):
        self._file.seek(place)
        self._file.readinto(old)
        for i in range(len(data)):
            old[i] &= data[i]
        self._file.seek(place)
        self._file.write(old)

    def ioctl(self, request, block):
        """Geometry and erase, as MicroPython's vfs asks for them."""
        if request == _COUNT:
            return self._blocks
        if request == _SIZE:
            return BLOCK
        if request == _ERASE:
            self._erase(block)
        return 0

    def _erase(self, block):
        length = self._begin(BLOCK)
        self.erases += 1
        self._file.seek(block * BLOCK)
        while length > 0:
            n = min(_PIECE, length)
            self._file.write(b"\xff" * n)
            length -= n
        self._end()

    def _begin(self, length):
        """How much of the next operation is done before the power goes."""
        self.operations += 1
        if self._cut and self.operations - 1 == self._cut[0]:
            return min(length, self._cut[1])
        return length

    def _end(self):
        if self._cut and self.operations - 1 == self._cut[0]:
            self._power_off()
