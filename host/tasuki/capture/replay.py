"""Plays a capture or a raw dump again: its bytes through decoder, verifier and filters."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tasuki.block import Block
from tasuki.capture import parts
from tasuki.capture.check import KeyOf
from tasuki.capture.line import time_of
from tasuki.capture.reading import Capture
from tasuki.capture.traces import Traces
from tasuki.errors import Untrusted
from tasuki.frames import Batch, Link, Samples, Stream
from tasuki.framing import closed
from tasuki.pipeline.decode import Decoder, Messages, read_streams
from tasuki.pipeline.filter import Deriver
from tasuki.pipeline.verify import Verifier
from tasuki.trust import proof
from tasuki.trust.chain import read_record
from tasuki.trust.ledger import ForgetfulLedger
from tasuki.trust.verdict import Gap, Omitted, Rejected, UnknownTail, Verdict, Verified
from tasuki_wire import codec, epoch, layout
from tasuki_wire.errors import WireError

_CHUNK = 2048
_STREAMS = codec.number("streams")
_USUAL = {row[0]: Stream(row[0], row[1], row[2], row[4], row[3]) for row in layout.FULL_PROFILE}

Chunks = Iterator[bytes]


class Player:
    """Takes the bytes of one hub and keeps what came of them.

    Args:
        streams: the hub's streams; a `streams` message in the bytes replaces them.
        verifier: proves the epochs in the bytes; None when they were proved before.
    """

    def __init__(self, streams: dict[int, Stream], verifier: Verifier | None, speed: float) -> None:
        self.speed = speed
        self.traces = Traces(streams)
        self.verified = 0
        self.rejected: Counter[str] = Counter()
        self.gaps = 0
        self.tail = 0
        self._decoder = Decoder()
        self._messages = Messages()
        self._deriver = Deriver(streams)
        self._verifier = verifier
        self._nonce = b""

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the line."""
        batch = self._decoder.feed(data)
        start = 0
        for link in batch.links():
            if link.kind == 0:
                self._samples(batch.part(start, link.row))
                start = link.row
                self._hello(link.payload)
            elif link.kind == _STREAMS:
                self._describe(link.payload)
            if self._verifier:
                self._verify(link)
        self._samples(batch.part(start))
        if self._verifier:
            self._settle(self._verifier.poll(self.traces.now_us / 1e6))

    def end(self) -> None:
        """No more bytes: decide what is open."""
        if self._verifier:
            self._settle(self._verifier.end())

    @property
    def provisional(self) -> bool:
        """True as long as nothing of what is shown was proved."""
        return self._verifier is not None and not self.verified

    def _samples(self, batch: Batch) -> None:
        if self._verifier:
            self._settle(self._verifier.frames(batch))
        found: list[Samples] = self._deriver.feed(batch, np.ones(len(batch), np.bool_))
        self.traces.add(found)

    def _verify(self, link: Link) -> None:
        message = self._messages.join(link)
        if message and self._verifier:
            self._settle(self._verifier.message(message.kind, message.payload))

    def _hello(self, payload: bytes) -> None:
        try:
            nonce, _, seeds = codec.read_hello(payload)
        except WireError:
            return
        if nonce != self._nonce:
            self._messages.reset()
            if self._verifier and self._nonce:
                self._settle(self._verifier.end())
        self._nonce = nonce
        self._decoder.announce(seeds)

    def _describe(self, message: bytes) -> None:
        streams = read_streams(message)
        if streams != self._deriver.streams:
            self._deriver = Deriver(streams)
            self.traces = Traces(streams)

    def _settle(self, verdicts: list[Verdict]) -> None:
        for verdict in verdicts:
            if isinstance(verdict, Verified):
                self.verified += 1
                self.gaps += len(verdict.gaps)
            elif isinstance(verdict, Rejected):
                self.rejected[verdict.reason] += 1
            elif isinstance(verdict, Gap | Omitted):
                self.gaps += 1
            elif isinstance(verdict, UnknownTail):
                self.tail += sum(verdict.frames.values())

    def summary(self) -> dict[str, Any]:
        """The figures so far; `epochs_*` of a capture come from its own verification."""
        counts, derived = self._decoder.counts, self._deriver.derived
        heart, breath = derived.heart, derived.respiration
        return {
            "seconds": round(self.traces.elapsed_s, 3),
            "speed": self.speed,
            "frames": counts["ok"],
            "frames_bad": self._decoder.bad,
            "frames_bad_by_fault": {name: n for name, n in counts.items() if n and name != "ok"},
            "epochs_verified": self.verified,
            "epochs_rejected": sum(self.rejected.values()),
            "rejected_by_reason": dict(self.rejected),
            "gaps": self.gaps,
            "unproved_tail": self.tail,
            "beats": derived.beats,
            "heart_rate_bpm": _known(heart.bpm if heart else None),
            "respiration_rate_bpm": _known(breath.rate_bpm if breath else None),
            "temperature_degc": _known(derived.celsius),
        }


def of_dump(path: Path, key_of: KeyOf, speed: float) -> tuple[Player, Chunks]:
    """Player and bytes of a raw dump. Raises Refused("unknown_hub") when its hub is not known."""
    device = _device(path)
    verifier = Verifier(key_of(device), device, ForgetfulLedger()) if device else None
    return Player(_USUAL, verifier, speed), _read(path)


def of_capture(capture: Capture, key_of: KeyOf, speed: float) -> tuple[Player, Chunks]:
    """Player and bytes of a capture or device-proved bundle; unproved blocks are left out."""
    rows = capture.header.streams if capture.header else ()
    return Player({row.stream: row for row in rows}, None, speed), wire_of(capture, key_of)


def wire_of(capture: Capture, key_of: KeyOf) -> Chunks:
    """The proved frames of a capture as they stood on the line, by epoch, in time's order."""
    bodies: list[bytes] = []
    for part in capture:
        if isinstance(part, parts.EpochPart):
            yield from _stuffed(bodies)
            bodies = []
        elif isinstance(part, parts.BlockPart) and _proved(part.block, key_of):
            bodies += part.block.bodies()
    yield from _stuffed(bodies)


def _proved(block: Block, key_of: KeyOf) -> bool:
    try:
        proof.check_by(block, key_of)
    except Untrusted:
        return False
    return True


def play(player: Player, chunks: Chunks, show: Callable[[Player], object], wait: bool = True) -> None:
    """Feed all chunks, each when its time has come at the player's speed; then decide what is open.

    show: gets the player after every chunk. wait: False plays without pauses.
    """
    began = time.monotonic()
    for data in chunks:
        player.feed(data)
        if wait:
            ahead = player.traces.elapsed_s / player.speed - (time.monotonic() - began)
            time.sleep(max(0.0, ahead))
        show(player)
    player.end()
    show(player)


def _read(path: Path) -> Chunks:
    with path.open("rb") as file:
        while data := file.read(_CHUNK):
            yield data


def _device(path: Path) -> bytes:
    """Device id of the first epoch record in a dump; nothing when it has none."""
    decoder = Decoder()
    for data in _read(path):
        for link in decoder.feed(data).links():
            if link.kind == epoch.RECORD:
                return read_record(link.payload).device
    return b""


def _stuffed(bodies: list[bytes]) -> Chunks:
    """Frames of one epoch, in chunks."""
    out = bytearray()
    for body in sorted(bodies, key=time_of):
        out += closed(body)
        if len(out) > _CHUNK:
            yield bytes(out)
            out.clear()
    if out:
        yield bytes(out)


def _known(value: float | None) -> float | None:
    return None if value is None or value != value else round(float(value), 2)
