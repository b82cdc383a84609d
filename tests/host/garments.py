"""A garment for the tests of conversion and replay: real rates, signed epochs, known values."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from host import capture_examples as example
from tasuki.block import Block
from tasuki.capture.writer import CaptureWriter
from tasuki.frames import record_dtype
from tasuki.native import epoch as native
from tasuki_wire import codec, epoch, layout

EPOCH_US = 4_000_000
WALL_US = 1_790_000_000_123_456  # of device time 0
LOG = codec.number("log")


@dataclass
class Garment:
    """Measures what it is told to, or noise.

    profile: rows (stream, kind, site, period_us, per_frame). values: stream to all its raw records.
    Attributes: measured: stream to [(device_us, raw records of an epoch)].
    """

    profile: tuple = layout.DEFAULT_PROFILE
    seed: int = 1
    session: int = 7
    values: dict = field(default_factory=dict)

    def __post_init__(self):
        self.rng = np.random.default_rng(self.seed)
        self.number = 0
        self.prev = epoch.NO_PREV
        self.seqs = dict.fromkeys(range(layout.STREAMS), 0)
        self.measured = {row[0]: [] for row in self.profile}
        self.taken = dict.fromkeys(self.measured, 0)

    def skip(self, epochs):
        """Time passes without an epoch: the link is down, and nothing is stored."""
        for row in self.profile:
            self.taken[row[0]] = -(-(self.number + epochs) * EPOCH_US // row[3])
        self.number += epochs
        self.prev = bytes(32)

    def epoch(self, lost=None):
        """(record, leaves, blocks); lost: stream to places of frames that never came."""
        secret = hashlib.sha256(b"%d %d %d" % (self.seed, self.session, self.number)).digest()[:16]
        made = {row[0]: self._frames(row) for row in self.profile}
        tops, parts = b"", {}
        for slot in range(15):
            key = epoch.slot_key(secret, slot)
            entry = b""
            if slot in made:
                kind, first, t0, t1, bodies = made[slot]
                lengths = np.array([len(body) for body in bodies], np.uint16)
                leaves = native.leaves(key, b"".join(bodies), lengths)
                times = codec.time_words(t0), codec.time_words(t1)
                entry = epoch.pack_entry(slot, kind, first, len(bodies), *times, native.root(leaves))
                parts[slot] = entry, key, bodies, leaves
            tops += epoch.slot_leaf(key, entry)
        tops += epoch.slot_leaf(epoch.slot_key(secret, 15), epoch.pack_meta(0, 63, 0))
        key_id = epoch.key_id(example.PUBLIC)
        body = epoch.record_body(
            example.DEVICE, key_id, self.session, self.number, self.prev, bytes(16), epoch.root(tops)
        )
        record = body + example.KEY.sign(epoch.signed("epoch", body)).signature
        self.prev = epoch.sha256(record)
        self.number += 1
        gone = lost or {}
        blocks = [self._block(record, tops, slot, *parts[slot], gone.get(slot, ())) for slot in parts]
        return record, tops, blocks

    def _frames(self, row):
        stream, kind, _, period, per_frame = row
        start, end = self.number * EPOCH_US, (self.number + 1) * EPOCH_US
        first = self.taken[stream]
        count = -(-end // period) - first
        assert first * period >= start
        dtype = record_dtype(kind)
        if stream in self.values:
            raw = self.values[stream][first : first + count]
        else:
            raw = np.frombuffer(self.rng.bytes(count * dtype.itemsize), dtype)
        self.taken[stream] += count
        self.measured[stream].append((np.arange(first, first + count) * period, raw))
        bodies = []
        for at in range(0, count, per_frame):
            words = codec.time_words((first + at) * period)
            rows = raw[at : at + per_frame].tobytes()
            bodies.append(codec.frame(kind, stream, 0, self.seqs[stream], *words, rows)[: -layout.CRC_SIZE])
            self.seqs[stream] += 1
        return kind, self.seqs[stream] - len(bodies), first * period, (first + count - 1) * period, bodies

    def _block(self, record, tops, slot, entry, key, bodies, leaves, lost):
        places = [i for i in range(len(bodies)) if i not in lost]
        size = layout.NODE_SIZE
        return Block(
            record,
            entry,
            key,
            epoch.slot_path(tops, slot),
            np.array(places, np.uint16),
            np.array([len(bodies[i]) for i in places], np.uint16),
            b"".join(bodies[i] for i in places),
            b"".join(leaves[size * i : size * (i + 1)] for i in lost),
        )


def sync(out, device_us, wall_us=None, speed=1.0):
    """A time sync of 2 ms round trip that puts device time 0 at WALL_US."""
    wall_us = WALL_US + round(device_us / speed) if wall_us is None else wall_us
    host_us = wall_us - 10**15
    out.add_clock(host_us - 1000, device_us, device_us, host_us + 1000, 10**15)


def begin(path: Path, garment, **how):
    """The writer of a capture of this garment; plaintext unless keys are given."""
    rows = [(stream, kind, site, n, period) for stream, kind, site, period, n in garment.profile]
    return CaptureWriter(path, rows, **({} if "keys" in how else {"plaintext": True}), **how)


def record(path: Path, epochs=3, garment=None, lost=None, speed=1.0, **how):
    """A capture of some epochs; lost: epoch to stream to places of frames. Gives the garment."""
    garment = garment or Garment()
    out = begin(path, garment, speed=speed, **how)
    for n in range(epochs):
        sync(out, n * EPOCH_US, speed=speed)
        out.add_epoch(*garment.epoch((lost or {}).get(n)))
    out.close({})
    return garment
