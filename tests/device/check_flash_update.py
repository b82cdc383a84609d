"""An update whose power goes at any program or erase: a complete signed version always starts, and lasts.

LittleFS on NOR flash in RAM; each operation is cut before, within and behind its bytes.
TASUKI_CUTS=all tries every byte count of a list, else one that changes with the operation.
"""

import gc
import io
import os
from hashlib import sha256

import vfs
from bundles import make

from tasuki_hub import ed25519
from tasuki_hub.blobs import Blobs
from tasuki_hub.keystore import KeyStore
from tasuki_hub.nor_flash import BLOCK, NorFlash
from tasuki_hub.slots import Slots
from tasuki_hub.update import Trial, Updates
from tasuki_wire import layout

BLOCKS = 24
TORN = (0, 1, 300, BLOCK)
BUNDLE = layout.BLOBS.index("bundle")
OLD = make({"tasuki_hub/a.py": b"# old\n" * 300}, 5)
NEW = make({"tasuki_hub/a.py": b"# new\n" * 300, "tasuki_hub/b.py": b"N = 1\n"}, 6)


class PowerCutError(Exception):
    """The power is gone."""


class Known:
    """Ed25519 whose verdicts were worked out once: the two bundles are verified very often here."""

    verdicts = {}  # noqa: RUF012 shared on purpose

    def verify_steps(self, public, message, signature):
        yield
        key = sha256(public + message + signature).digest()
        if key not in self.verdicts:
            self.verdicts[key] = ed25519.verify(public, message, signature)
        return self.verdicts[key]


class SmallHub:
    """What blobs and updates need of a hub."""

    sampling = False

    def __init__(self, board):
        self.board, self.crypto, self.jobs, self.commands = board, Known(), self, self
        self.keys = KeyStore(board.flash)
        self.blobs = {}
        self.heard_us = 0
        self.said = []
        self.rebooted = False

    def add(self, job):
        for _ in job:
            pass

    def answer(self, request, name, status, count=0):
        self.said.append(status)

    def reboot(self, now):
        self.rebooted = True


class Board:
    """A board in one life, from its mounting to a power cut."""

    name = "scripted"
    flash = "/flash"

    def __init__(self, image, cut=None):
        self.file = io.BytesIO(image)
        self.nor = NorFlash(self.file, BLOCKS, cut, self._off)
        vfs.mount(vfs.VfsLfs2(self.nor, mtime=False), self.flash)

    def _off(self):
        self.after = self.file.getvalue()  # what is written from here on reaches no flash
        raise PowerCutError

    def start(self, crashed=False):
        """What loader.py decides; (counter, on trial)."""
        self.slots = Slots(self.flash)
        self.keys = KeyStore(self.flash)
        bundle, trial = self.slots.choose(self.name, Known(), self.keys.floor, crashed)
        self.counter = bundle.counter if bundle else 0
        self.trial = Trial(self.slots, self.counter, 1) if trial else None
        if bundle and not trial:
            self.keys.raise_floor(self.counter)
        return self.counter, trial

    def off(self):
        """Unmount; the flash as it is."""
        try:
            vfs.umount(self.flash)
        except OSError:
            gc.collect()
        return self.file.getvalue()


def life(image, work, cut=None):
    """(flash afterwards, whether the power was cut, operations) of work(board)."""
    board = Board(image, cut)
    was_cut = False
    try:
        work(board)
    except PowerCutError:
        was_cut = True
    operations = board.nor.operations
    after = board.off()
    return (board.after if was_cut else after), was_cut, operations


def receive(data):
    """Work: the blob comes, in parts, and is answered."""

    def work(board):
        board.start()
        hub = SmallHub(board)
        hub.updates = Updates(hub)
        blobs = Blobs(hub)
        try:
            blobs.do_blob_begin(0, 1, BUNDLE, len(data), sha256(data).digest())
            for at in range(0, len(data), 200):
                blobs.do_blob_data(0, 1, at, data[at : at + 200])
            blobs.do_blob_end(0, 1)
            assert hub.said[-1] == "ok", hub.said
        finally:
            blobs.drop()

    return work


def live(board):
    """Work: a start; what is on trial proves itself."""
    board.start()
    hub = SmallHub(board)
    hub.heard_us = 2_000_000
    if board.trial:
        board.trial.watch(hub, 20_000_000)


def fail(board):
    """Work: a start, and the version on trial never confirms in its time."""
    board.start()
    hub = SmallHub(board)
    if board.trial:
        board.trial.watch(hub, 400_000_000)
        assert hub.rebooted


def crash(board):
    """Work: the start after a crash."""
    board.start(crashed=True)


def first():
    """Flash of a hub that has version 5 confirmed."""
    nor = NorFlash(io.BytesIO(b"\xff" * BLOCK * BLOCKS), BLOCKS)
    vfs.VfsLfs2.mkfs(nor)
    image = nor._file.getvalue()

    def enroll(board):
        KeyStore(board.flash).pin(bytes(32), bytes(range(32)))

    for work in (enroll, receive(OLD), live):
        image, was_cut, _ = life(image, work)
        assert not was_cut
    return image


def check(image, allowed):
    """Start after start comes to an allowed version, whole and signed, and stays there."""
    seen = []

    def look(board):
        counter, trial = board.start()
        floor = board.keys.floor
        assert counter in allowed and counter >= floor, (counter, floor)
        assert not board.keys.damaged
        seen.append((counter, trial))

    for _ in range(5):
        image, _, _ = life(image, look)
    assert not seen[-1][1], "a trial that nobody confirms does not last"
    return seen


def every_cut(image, work, allowed):
    """Cut each operation of work; how many were cut."""
    _, _, count = life(image, work)
    _, _, mounting = life(image, lambda board: None)
    cuts = 0
    for number in range(mounting, count):
        for torn in TORN if os.getenv("TASUKI_CUTS") == "all" else (TORN[number % len(TORN)],):
            after, was_cut, _ = life(image, work, (number, torn))
            assert was_cut, number
            check(after, allowed)
            cuts += 1
        gc.collect()
    return cuts


old = first()
assert check(old, (5,)) == [(5, False)] * 5
trial, _, _ = life(old, receive(NEW))
started, _, _ = life(trial, lambda board: board.start())
assert check(life(trial, live)[0], (6,)) == [(6, False)] * 5
assert check(life(trial, fail)[0], (5,)) == [(5, False)] * 5
assert check(life(started, crash)[0], (5,)) == [(5, False)] * 5

total = {}
total["receive"] = every_cut(old, receive(NEW), (5, 6))
total["confirm"] = every_cut(trial, live, (5, 6))
total["too late"] = every_cut(trial, fail, (5, 6))
total["crash"] = every_cut(started, crash, (5, 6))
assert total["receive"] >= 8 and min(total.values()) >= 2, total
if os.getenv("TASUKI_CUTS") == "all":
    print(total)
