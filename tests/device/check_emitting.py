"""The way of a frame: C module and viper make of rings, slots and leaves what plain Python makes."""

import random
from array import array

from tasuki_hub import _portable_emitting, _portable_rings, emitting, trees
from tasuki_hub.emitting import SLOT_KEY, SLOT_SIZE
from tasuki_hub.ring import FrameRing, SampleRing
from tasuki_wire import codec, epoch, layout

random.seed(11)
NODE = layout.NODE_SIZE
PLAIN = (
    _portable_rings.took,
    _portable_rings.push,
    _portable_emitting.emit,
    trees._close_slot,
    _portable_emitting.take_into,
)
FAST = (emitting.took, emitting.push, emitting.emit, trees.close_slot, emitting.take_into)
SEEDS = array("I", [codec.KINDS[k].seed if k in codec.KINDS else 0 for k in range(32)])
START = layout.WORD - 5_000_000  # the time's low word wraps on the way


class Side:
    """One stream's buffers, worked on by one form of the functions."""

    def __init__(self, forms, kind, per_frame, period, frames, ring_size):
        self.took, self.push, self.emit, self.close_slot, self.take_into = forms
        self.samples = SampleRing(codec.KINDS[kind].row_size or 40, 3 * per_frame + 1, period)
        self.samples.bind(kind, 5, per_frame)
        self.samples.restart(START)
        self.ring = FrameRing(ring_size)
        self.ring.pack(layout.PACKED_KINDS)
        self.slot = bytearray(SLOT_SIZE + 12 * NODE)
        self.slot[SLOT_KEY:SLOT_SIZE] = bytes(range(100, 116))
        self.leaves = bytearray(frames * NODE)
        self.sent = bytearray(layout.MAX_FRAME + 2)
        self.counts = array("I", [0, 0, 0, 2 * period])

    def step(self, what, records, n, until_us, flush):
        """One thing that a hub does; its result."""
        s = self.samples
        if what == "push":
            return self.push(s.state, s.buf, records, n)
        if what == "gap":
            return s.restart(until_us + n)
        if what == "take":
            n = self.take_into(self.sent, self.ring.state, self.ring.buf, SEEDS)
            return bytes(self.sent[:n])
        if what == "wait":
            self.took(s.state, self.counts, n, until_us)
            return list(self.counts)
        hi, lo = codec.time_words(until_us)
        r = self.ring
        row = (s.state, s.buf, self.slot, self.leaves)
        return self.emit(r.state, r.buf, (row,), 1 + n % 3, hi, lo, flush)

    def close(self):
        """The entry, the epoch's slot closed and empty again."""
        count = self.slot[6] | self.slot[7] << 8
        if count:
            self.close_slot(self.slot, self.leaves)
            first = self.samples.seq - count  # the leaf of frame n is at place n modulo the places
            at = [n % (len(self.leaves) // NODE) * NODE for n in range(first, first + count)]
            assert bytes(self.slot[24:48]) == epoch.root(b"".join([self.leaves[i : i + NODE] for i in at]))
        entry = bytes(self.slot[:SLOT_KEY])
        self.slot[6] = self.slot[7] = 0
        return entry if count else b""

    def seen(self):
        """All that the two must agree on."""
        return (
            list(self.samples.state),
            self.samples.buf,
            list(self.ring.state),
            self.ring.buf,
            self.leaves,
            self.slot[:24] if self.slot[6] | self.slot[7] else b"",
        )


made = 0
for kind, period in ((1, 4_000), (4, 10_000), (5, 16_667), (3, 1_000_000), (7, 4_000_000)):
    size = codec.KINDS[kind].row_size
    per_frame = min(25, layout.MAX_PAYLOAD // size)
    shape = (kind, per_frame, period, 9, 600)
    sides = [Side(forms, *shape) for forms in (PLAIN, FAST)]
    now = START
    for turn in range(1200):
        what = random.choice(
            ("push", "push", "emit", "emit", "wait", "take", "gap" if not turn % 7 else "emit")
        )
        n = random.randrange(2 * per_frame)
        small = random.randrange(2)
        records = bytes([random.getrandbits(8) >> 5 * (small or i & 1) for i in range(n * size)])
        until = now - random.randrange(3 * period)
        flush = not random.randrange(5)
        results = [side.step(what, records, n, until, flush) for side in sides]
        assert results[0] == results[1], (kind, turn, what, results)
        if what == "emit" and results[0] > 0:
            made += results[0]
        if (what == "emit" and results[0] < 0) or not random.randrange(60):
            assert sides[0].close() == sides[1].close()
        assert sides[0].seen() == sides[1].seen(), (kind, turn, what)
        if what == "push":
            now += n * period
        if what == "gap":
            now = until + n
    assert sides[0].ring.dropped and sides[0].samples.state[3] > START >> 30
assert made > 500, made
