"""A state folder with two wearers, their hubs, blocks that wait and blocks that are stored, and captures."""

import time
from pathlib import Path

from nacl.signing import SigningKey

from tasuki.capture.writer import CaptureWriter
from tasuki.consent.events import GRANTED, Event
from tasuki.consent.registers import DEMO_GARMENT, DESTINATIONS, Garment
from tasuki.pipeline.parcel import Acquired
from tasuki.pipeline.route import Router
from tasuki.pipeline.upload import Uploader
from tasuki.session.file_register import CAPTURE
from tasuki.session.state import State
from tasuki_wire import epoch, layout
from worlds import ECG, RESPIRATION, STATUS, Hub

HOUR_NS = 3600 * 10**9
GONE, STAYS = "hanako-suzuki", "taro-yamada"
ITEMS = ("ecg", "respiration", "body_temperature", "device_status")
STREAMS = tuple((s, k, site, n, period) for s, k, site, period, n in layout.DEFAULT_PROFILE)


class ErasingWorld:
    """Everything that an erasure reaches on one host.

    Attributes:
        state: open; reopened by `reopen`.
        hubs: of each wearer. captures: files that were recorded, by wearer.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = self._open()
        self.hubs = {GONE: Hub(1), STAYS: Hub(2)}
        self.captures: dict[str, Path] = {}
        self.now_ns = time.time_ns()
        for subject, hub in self.hubs.items():
            self.grant(subject)
            self.state.vault.add_subject(subject)
            self.state.book.enrol(Garment(hub.key_id, hub.device, DEMO_GARMENT))
            self.state.book.bind(hub.device, subject, self.now_ns - HOUR_NS)
            self.state.tokens.reserve(hub.device, 5)
        self.state.collector.collect()

    def _open(self) -> State:
        return State(self.folder / "state", clock_ns=lambda: time.time_ns() - HOUR_NS)

    def reopen(self) -> None:
        """Close everything and open it again, as another run would."""
        self.state.close()
        self.state = self._open()

    def grant(self, subject: str) -> None:
        """Let a wearer agree to everything that the demo's items may serve."""
        book, policy = self.state.book, self.state.policy
        for purpose in ("service_information", "service_improvement"):
            items = frozenset(i for i in ITEMS if purpose in policy.category(i).allow)
            at_ns = book.now_ns(subject)
            book.say(Event(at_ns, at_ns, subject, GRANTED, purpose, items, policy.version))

    def acquired(self, subject: str, number: int) -> list[Acquired]:
        """The blocks of an epoch, measured some minutes ago."""
        out = []
        for block in self.hubs[subject].epoch(number, (ECG, RESPIRATION, STATUS)):
            t0 = self.now_ns - HOUR_NS // 2 + block.t0_us * 1000
            out.append(Acquired(block, subject, t0, t0 + (block.t1_us - block.t0_us) * 1000, 1_000_000))
        return out

    def put(self, subject: str, number: int) -> None:
        """Route an epoch into the outbox."""
        self.state.outbox.put(Router(self.state.engine).route(self.acquired(subject, number), time.time_ns()))

    def upload(self, sinks=None) -> None:
        """Send all that can go."""
        sinks = {**dict.fromkeys(DESTINATIONS, self.state.store), **(sinks or {})}
        Uploader(self.state.outbox, self.state.engine, self.state.vault, sinks).drain()
        self.state.collector.collect()

    def fill(self) -> None:
        """Stored and waiting blocks and a capture of both wearers."""
        for subject in self.hubs:
            self.put(subject, 0)
            self.put(subject, 1)
        self.upload()
        for subject in self.hubs:
            self.put(subject, 2)
            self.capture(subject)

    def capture(self, subject: str, plaintext: bool = False, folder: Path | None = None) -> Path:
        """Record a capture as `tasuki record` does, and note it."""
        path = (folder or self.folder / "out") / f"{subject}{'-plain' * plaintext}.tsk"
        path.parent.mkdir(exist_ok=True)
        keys = {} if plaintext else {"keys": self.state.vault, "subject": subject}
        writer = CaptureWriter(path, STREAMS, plaintext=plaintext, **keys)
        blocks = self.hubs[subject].epoch(3, (ECG, RESPIRATION, STATUS))
        writer.add_epoch(blocks[0].record, bytes(layout.SLOTS * layout.NODE_SIZE), blocks)
        writer.close({})
        self.state.files.note(path, CAPTURE, subject, writer.id)
        self.captures[subject] = path
        return path

    def meet(self, subject: str) -> None:
        """State that the wearer's hub was met and has nothing stored."""
        self.state.wipes.done(self.hubs[subject].device, "seen in a test")


def other_key(seed: int) -> bytes:
    """The key id of another hub's key."""
    return epoch.key_id(bytes(SigningKey(bytes([seed]) * 32).verify_key))


def states(progress):
    """Name of each store to its state."""
    return {row.name: row.state for row in progress.stores}


def finished(world, erasures, case, subject=GONE):
    """How far a case is after the wearer's hub was met."""
    erasures.advance(case)
    world.meet(subject)
    return erasures.advance(case)
