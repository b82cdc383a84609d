"""An epoch is stored and the power goes at any program or erase: older ones stay whole, and it goes on.

LittleFS on NOR flash in RAM; each operation is cut before, within and behind its bytes.
TASUKI_CUTS=all tries every byte count of a list, else one that changes with the operation.
"""

import gc
import io
import os

import vfs

from tasuki_hub.nor_flash import BLOCK, NorFlash
from tasuki_hub.shelf import Shelf

BLOCKS = 24
TORN = (0, 1, 300, BLOCK)
PIECE = 256
DAY_US = 86_400_000_000
TOTAL = BLOCKS * BLOCK  # a shelf of 12 blocks


class PowerCutError(Exception):
    """The power is gone."""


def content(number):
    """Bytes of an epoch: two full parts and a short one, all its own."""
    return b"".join([bytes(((number * 7 + i * 13) & 255,)) * PIECE for i in range(34)]) + bytes(100)


class Life:
    """A board from its mounting to a power cut, with a shelf on its flash."""

    def __init__(self, image, cut=None):
        self.file = io.BytesIO(image)
        self.nor = NorFlash(self.file, BLOCKS, cut, self._off)
        if not image:
            vfs.VfsLfs2.mkfs(self.nor)
        vfs.mount(vfs.VfsLfs2(self.nor, mtime=False), "/flash")
        self.shelf = None

    def _off(self):
        self.after = self.file.getvalue()  # what is written from here on reaches no flash
        raise PowerCutError

    def open(self):
        self.shelf = Shelf("/flash/store", TOTAL)
        return self.shelf

    def store(self, number):
        """Write an epoch as the hub does, a page at a time."""
        shelf = self.shelf or self.open()
        assert shelf.begin(number * DAY_US)
        data = content(number)
        for at in range(0, len(data), PIECE):
            shelf.append(data[at : at + PIECE])
        shelf.finish(1, number)

    def numbers(self):
        """Epochs on the shelf; each must be whole."""
        shelf = self.shelf or self.open()
        out = []
        name = shelf.after("")
        while name:
            number = int(name[8:], 16)
            with shelf.open(name) as f:
                assert f.read() == content(number), name
            out.append(number)
            name = shelf.after(name)
        assert len(out) == shelf.count
        return out

    def off(self):
        try:
            vfs.umount("/flash")
        except OSError:
            gc.collect()
        return self.file.getvalue()


def life(image, work, cut=None):
    """(flash afterwards, what work gave, None when the power was cut, and the number of operations)."""
    board = Life(image, cut)
    result = None
    try:
        board.open()
        result = work(board)
    except PowerCutError:
        if board.shelf:
            board.shelf.cancel()  # a file must not be closed by the collector
    operations = board.nor.operations
    after = board.off()
    return (board.after if result is None else after), result, operations


def storing(number):
    def work(board):
        board.store(number)
        return board.numbers()

    return work


# A shelf of 12 blocks holds three epochs of 9 kB; the fourth pushes the first out.
image = b""
for number in range(5):
    image, numbers, _ = life(image, storing(number))
    assert numbers == list(range(max(0, number - 2), number + 1)), numbers
assert life(image, Life.numbers)[1] == [2, 3, 4]

# The power goes at each operation of storing one more, and of the mounting before it.
count = life(image, storing(5))[2]
assert count > 30
every = os.getenv("TASUKI_CUTS") == "all"
lost = 0
for operation in range(count):
    for torn in TORN if every else (TORN[operation % len(TORN)],):
        after, result, _ = life(image, storing(5), (operation, torn))
        assert result is None, operation
        kept = life(after, Life.numbers)[1]
        assert kept in ([2, 3, 4], [3, 4], [3, 4, 5]), (operation, torn, kept)
        lost += 5 not in kept
        # and it goes on: nothing of the torn file takes room
        again = life(after, storing(6))[1]
        assert again is not None and again[-1] == 6 and set(kept[-2:]) <= set(again), (operation, torn, again)
assert 0 < lost < count * len(TORN)

# What an epoch costs: the wear that docs/store.md reckons with.
board = Life(image)
shelf = board.open()
began = board.nor.erases
for number in range(6, 206):
    board.store(number)
per_epoch = (board.nor.erases - began) / 200
board.off()
assert per_epoch < 3 + 2, per_epoch  # three blocks of its own, and less than two of the filesystem's
print("%.2f erases for an epoch of three blocks" % per_epoch)
