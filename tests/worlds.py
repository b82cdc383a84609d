"""A small world for tests: a hub that signs epochs, a wearer, registers, vault, outbox and store.

Change one thing of it, then look at one consequence.
"""

from collections import Counter
from pathlib import Path

import numpy as np
from nacl.signing import SigningKey

from tasuki.block import Block
from tasuki.consent import files, library
from tasuki.consent.decision import Engine
from tasuki.consent.events import ConsentLog, Event
from tasuki.consent.registers import DEMO_GARMENT, Binding, Garment, Registers
from tasuki.pipeline.outbox import Outbox
from tasuki.pipeline.parcel import Acquired
from tasuki.pipeline.route import Router
from tasuki.pipeline.upload import Uploader
from tasuki.sinks.embedded import EmbeddedStore
from tasuki.vault.vault import Vault
from tasuki_wire import codec, epoch, layout

SECOND = 1_000_000_000
NOON = 1_795_000_000 * SECOND  # a moment in November 2026
FOR_YEARS = 10 * 365 * 86_400 * SECOND
ECG, RESPIRATION, TEMPERATURE, IMU, STATUS = (0, 1), (1, 2), (2, 3), (3, 4), (5, 7)  # (stream, kind)


class Hub:
    """Signs epochs like a hub does, from a fixed seed."""

    def __init__(self, seed: int = 1) -> None:
        self.key = SigningKey(bytes([seed]) * 32)
        self.public = bytes(self.key.verify_key)
        self.key_id = epoch.key_id(self.public)
        self.device = bytes([seed]) * 8
        self.seq: Counter[int] = Counter()

    def epoch(self, number: int, streams=(ECG, STATUS), frames: int = 4, session: int = 1) -> list[Block]:
        """The blocks of one signed epoch of 4 s; samples differ from frame to frame."""
        secret = bytes([number & 255]) * 16
        start_us = number * layout.DEFAULT_EPOCH_US
        entries, bodies = {}, {}
        for stream, kind in streams:
            rows, period = next(
                (row[4], row[3]) for row in layout.DEFAULT_PROFILE if row[:2] == (stream, kind)
            )
            first = self.seq[stream]
            self.seq[stream] += frames
            bodies[stream] = [
                self._body(kind, stream, first + i, start_us + i * rows * period, rows) for i in range(frames)
            ]
            key = epoch.slot_key(secret, stream)
            leaves = b"".join(epoch.frame_leaf(key, body) for body in bodies[stream])
            t1 = start_us + (frames * rows - 1) * period
            entries[stream] = epoch.pack_entry(
                stream,
                kind,
                first,
                frames,
                codec.time_words(start_us),
                codec.time_words(t1),
                epoch.root(leaves),
            )
        leaves = epoch.slot_leaves(secret, entries, epoch.pack_meta(0, 63, 0))
        body = epoch.record_body(
            self.device, self.key_id, session, number, bytes(32), bytes(16), epoch.root(leaves)
        )
        record = body + self.key.sign(epoch.signed("epoch", body)).signature
        return [
            Block(
                record,
                entries[stream],
                epoch.slot_key(secret, stream),
                epoch.slot_path(leaves, stream),
                np.arange(frames, dtype=np.uint16),
                np.array([len(body) for body in bodies[stream]], np.uint16),
                b"".join(bodies[stream]),
            )
            for stream, _ in streams
        ]

    def _body(self, kind: int, stream: int, seq: int, time_us: int, rows: int) -> bytes:
        size = codec.KINDS[kind].row_size
        payload = bytes((seq * 7 + i * 13 + stream) & 127 for i in range(rows * size))
        raw = codec.frame(kind, stream, 0, seq, *codec.time_words(time_us), payload)
        return raw[: -layout.CRC_SIZE]


class Clock:
    """A clock that the test turns."""

    def __init__(self, now_ns: int = NOON + 3600 * SECOND) -> None:
        self.now_ns = now_ns

    def __call__(self) -> int:
        return self.now_ns


class World:
    """The demo's wearer in the demo's garment, wearing one enrolled hub."""

    def __init__(self, folder: Path, consent: str = "", **limits: int) -> None:
        self.folder = folder
        self.policy = library.shipped().effective(NOON)
        wearer = files.parse(consent, self.policy) if consent else files.demo_wearer(self.policy)
        self.subject = wearer.subject
        self.consents = ConsentLog(wearer.events)
        self.registers = Registers()
        self.engine = Engine(self.policy, self.consents, self.registers)
        self.hub = Hub()
        self.registers.add_garment(Garment(self.hub.key_id, self.hub.device, DEMO_GARMENT))
        self.registers.bind(Binding(b"b" * 16, self.hub.device, self.subject, 0, NOON + FOR_YEARS))
        self.clock = Clock()
        self.vault = Vault(folder)
        self.vault.add_subject(self.subject)
        self.router = Router(self.engine)
        self.outbox = Outbox(folder / "outbox.db", self.vault, self.policy, clock_ns=self.clock, **limits)
        self.store = EmbeddedStore(folder / "store.db")
        self.uploader = self.uploader_to(self.store)

    def uploader_to(self, sink) -> Uploader:
        """An uploader that sends everything to one sink."""
        sinks = dict.fromkeys(self.registers.destinations, sink)
        return Uploader(self.outbox, self.engine, self.vault, sinks, clock_ns=self.clock)

    def acquired(
        self, number: int, streams=(ECG, STATUS), uncertainty_ns: int = 1_000_000, frames: int = 4
    ) -> list[Acquired]:
        """The blocks of one epoch with their wall times."""
        return [self.timed(block, uncertainty_ns) for block in self.hub.epoch(number, streams, frames)]

    def timed(self, block: Block, uncertainty_ns: int = 1_000_000) -> Acquired:
        """A block with its wall time: device time 0 is noon."""
        t0, t1 = NOON + block.t0_us * 1000, NOON + block.t1_us * 1000
        return Acquired(block, self.subject, t0, t1, uncertainty_ns)

    def put(self, number: int, streams=(ECG, STATUS)):
        """Route one epoch and store it."""
        return self.outbox.put(self.router.route(self.acquired(number, streams), self.clock()))

    def say(self, decision: str, purpose: str, items, at_ns: int | None = None) -> None:
        """Let the wearer speak, by default now."""
        at_ns = self.clock() if at_ns is None else at_ns
        event = Event(at_ns, at_ns, self.subject, decision, purpose, frozenset(items), self.policy.version)
        self.consents.append(event)
