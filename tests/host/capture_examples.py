"""A hub's session for the tests of captures: epochs with every item, chained and signed."""

import hashlib
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from nacl.signing import SigningKey

from tasuki.block import Block
from tasuki.capture.writer import CaptureWriter
from tasuki.consent.events import FOREVER
from tasuki.consent.registers import DEMO_GARMENT, Binding, Garment, Registers
from tasuki_wire import codec, epoch, layout

KEY = SigningKey(bytes([1]) * 32)
PUBLIC = bytes(KEY.verify_key)
OTHER = bytes(SigningKey(bytes([3]) * 32).verify_key)
DEVICE = b"hub-0001"
STREAMS = tuple((s, k, site, n, period) for s, k, site, period, n in layout.DEFAULT_PROFILE)
LOG_STREAM = 14
EPOCH_US = 4_000_000
SUBJECT = "wearer"

Salter = type(epoch.slot_key)


def salted(secret: bytes, slot: int) -> bytes:
    """The hub's slot keys."""
    return epoch.slot_key(secret, slot)


def unsalted(secret: bytes, slot: int) -> bytes:
    """What a hub without salts would use: the same for everyone."""
    return bytes(layout.KEY_SIZE)


@dataclass
class Epoch:
    """One signed epoch: its record, the 16 slot leaves and a block per stream."""

    record: bytes
    leaves: bytes
    blocks: list[Block]


@dataclass
class Hub:
    """Makes epochs one after the other.

    streams: stream to kind. frames: of each stream in an epoch. salter: makes slot keys.
    """

    streams: dict[int, int] = field(default_factory=lambda: {s: k for s, k, *_ in layout.DEFAULT_PROFILE})
    frames: int = 2
    session: int = 7
    seed: int = 1
    salter: object = salted
    key: SigningKey = KEY

    def __post_init__(self) -> None:
        self.number = 0
        self.prev = epoch.NO_PREV
        self.seqs = dict.fromkeys(range(layout.STREAMS), 0)

    def epoch(self, payload: bytes | None = None, lost: dict[int, tuple[int, ...]] | None = None) -> Epoch:
        """The next epoch; payload replaces that of every frame, lost names frames held as leaves only."""
        secret = hashlib.sha256(b"%d %d" % (self.seed, self.number)).digest()[: layout.SECRET_SIZE]
        start = self.number * EPOCH_US
        entries, held, keys = {}, {}, {}
        for stream, kind in self.streams.items():
            bodies = [self._body(kind, stream, start, i, payload) for i in range(self.frames)]
            keys[stream] = self.salter(secret, stream)
            leaves = [epoch.frame_leaf(keys[stream], body) for body in bodies]
            t1 = start + (self.frames - 1) * 1_000_000
            first = self.seqs[stream]
            times = codec.time_words(start), codec.time_words(t1)
            root = epoch.root(b"".join(leaves))
            entries[stream] = epoch.pack_entry(stream, kind, first, self.frames, *times, root)
            held[stream] = bodies, leaves
            self.seqs[stream] += self.frames
        tops = b"".join(
            epoch.slot_leaf(self.salter(secret, slot), entries.get(slot, b"")) for slot in range(15)
        ) + epoch.slot_leaf(self.salter(secret, 15), epoch.pack_meta(0, 63, 0))
        record = self._record(epoch.root(tops))
        out = [
            self._block(record, tops, s, entries[s], keys[s], *held[s], (lost or {}).get(s, ()))
            for s in entries
        ]
        self.number += 1
        self.prev = epoch.sha256(record)
        return Epoch(record, tops, out)

    def _record(self, root: bytes) -> bytes:
        key_id = epoch.key_id(bytes(self.key.verify_key))
        token = epoch.token_id(b"token %d" % self.seed)
        body = epoch.record_body(DEVICE, key_id, self.session, self.number, self.prev, token, root)
        return body + self.key.sign(epoch.signed("epoch", body)).signature

    def _body(self, kind: int, stream: int, start: int, i: int, payload: bytes | None) -> bytes:
        size = codec.KINDS[kind].row_size
        rows = bytes((7 * i + 3 * stream + n) & 127 for n in range(2 * size))
        text = b"\x14ecg electrode off" if kind == codec.number("log") else rows
        time = codec.time_words(start + i * 1_000_000)
        raw = codec.frame(kind, stream, 0, self.seqs[stream] + i, *time, payload or text)
        return raw[: -layout.CRC_SIZE]

    def _block(self, record, tops, stream, entry, key, bodies, leaves, lost) -> Block:
        places = [i for i in range(len(bodies)) if i not in lost]
        return Block(
            record,
            entry,
            key,
            epoch.slot_path(tops, stream),
            np.array(places, np.uint16),
            np.array([len(bodies[i]) for i in places], np.uint16),
            b"".join(bodies[i] for i in places),
            b"".join(leaves[i] for i in lost),
        )


def clock(writer: CaptureWriter, device_us: int = 100_000_000) -> None:
    """A time sync that puts a device time at now; the session began 100 seconds ago."""
    now = time.monotonic_ns() // 1000
    writer.add_clock(now, device_us, device_us, now)


def write(path: Path, epochs: int = 3, hub: Hub | None = None, **how) -> Hub:
    """A capture of some epochs; plaintext unless keys are given."""
    hub = hub or Hub()
    rows = [row for row in STREAMS if row[0] in hub.streams]
    writer = CaptureWriter(path, rows, **(how or {"plaintext": True}))
    clock(writer)
    for _ in range(epochs):
        made = hub.epoch()
        writer.add_epoch(made.record, made.leaves, made.blocks)
    writer.close({"frames": epochs * hub.frames * len(hub.streams), "frames_bad": {}, "gaps": 0})
    return hub


def registers(subject: str) -> Registers:
    """The example hub, worn by a subject from the beginning."""
    known = Registers()
    device, key_id = DEVICE, epoch.key_id(PUBLIC)
    known.add_garment(Garment(key_id, device, DEMO_GARMENT))
    known.bind(Binding(bytes(16), device, subject, 0, FOREVER))
    return known
