"""A host that forgives nothing: it keeps every piece that a hub sends, by the plain codec.

The session's own host asks again, joins and drops where the wire allows it;
here whatever came is looked at.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tasuki.fleet.conformance.clauses import Breach, Unseen
from tasuki.framing import stuffed
from tasuki.session.connection import ANSWERS, Line
from tasuki_wire import cobs, codec, layout
from tasuki_wire.errors import WireError

_MOST = layout.MAX_FRAME + 1
_WITH_ID = frozenset({*ANSWERS.values(), "answer", "blob_begin", "blob_data"})
_SLOW = 10


@dataclass(frozen=True)
class Frame:
    """One intact frame, and when it came (time.monotonic)."""

    name: str
    stream: int
    flags: int
    seq: int
    us: int
    payload: bytes
    body: bytes
    at_s: float

    @property
    def fields(self) -> tuple[Any, ...]:
        """Values of a message that is not in fragments."""
        return codec.unpack(codec.number(self.name), self.payload)


class Notes(dict[str, Any]):
    """What checks found out; what none did is Unseen."""

    def __missing__(self, name: str) -> Any:
        raise Unseen(f"no check before found out: {name}")


@dataclass
class Probe:
    """One hub under test.

    Attributes:
        line: where it is.
        patience_s: how long an answer may take.
        frames: all intact frames, oldest first.
        damaged: pieces that were none: (name of the fault, bytes).
        notes: what checks leave for those behind them.
    """

    line: Line
    patience_s: float = 3.0
    frames: list[Frame] = field(default_factory=list)
    damaged: list[tuple[str, bytes]] = field(default_factory=list)
    notes: Notes = field(default_factory=Notes)
    _tail: bytes = b""
    _in_step: bool = False
    _id: int = 0
    _seq: int = 0

    @property
    def slow_s(self) -> float:
        """For what takes a hub without the C module seconds: a key, a signature, an epoch and its proof."""
        return _SLOW * self.patience_s

    @contextmanager
    def patient(self) -> Iterator[None]:
        """An answer may take slow_s."""
        before, self.patience_s = self.patience_s, self.slow_s
        try:
            yield
        finally:
            self.patience_s = before

    @property
    def boot(self) -> bytes:
        """Nonce of the latest hello."""
        hellos = self.of("hello")
        if not hellos:
            raise Breach("no hello came")
        return hellos[-1].payload[:16]

    # -- from the hub -------------------------------------------------------

    def pump(self, timeout_s: float) -> None:
        """Read once."""
        data = self.line.read(timeout_s)
        *pieces, self._tail = (self._tail + data).split(b"\0")
        for piece in pieces:
            if piece and self._in_step:
                self._take(piece)
            self._in_step = True  # what was under way when the line was opened counts for nothing

    def _take(self, piece: bytes) -> None:
        try:
            if len(piece) > _MOST:
                raise WireError("long")
            out = bytearray(len(piece))
            raw = bytes(out[: cobs.decode_into(out, piece, len(piece))])
            kind, stream, flags, seq, hi, lo, payload = codec.split(raw)
        except WireError as error:
            self.damaged.append((error.fault, piece))
            return
        name, us = codec.KINDS[kind].name, codec.time_us(hi, lo)
        body = raw[: -layout.CRC_SIZE]
        self.frames.append(Frame(name, stream, flags, seq, us, bytes(payload), body, time.monotonic()))

    def until(self, found: Callable[[], Any], patience_s: float = 0) -> Any:
        """Read until found() is true; its value, or the last false one when that takes too long."""
        end = time.monotonic() + (patience_s or self.patience_s)
        while not (value := found()) and (left := end - time.monotonic()) > 0:
            self.pump(min(left, 0.05))
        return value

    def listen(self, seconds: float) -> list[Frame]:
        """The frames of the next seconds."""
        first, end = len(self.frames), time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.pump(min(left, 0.05))
        return self.frames[first:]

    def of(self, name: str, first: int = 0) -> list[Frame]:
        """Frames of a kind, from a place in `frames` on."""
        return [frame for frame in self.frames[first:] if frame.name == name]

    # -- to the hub ---------------------------------------------------------

    def wire(self, name: str, payload: bytes) -> bytes:
        """A command as it goes over the line."""
        self._seq += 1
        return stuffed(codec.frame(codec.number(name), layout.LINK_STREAM, 0, self._seq, 0, 0, payload))

    def new_id(self) -> int:
        """An id that was not used yet, high byte first, so that both bytes change."""
        self._id += 1
        return (self._id * 0x0101 + 0x1234) & 0xFFFF

    def ask(self, name: str, *values: Any, request: int | None = None) -> tuple[str, tuple[Any, ...]]:
        """Send a command; kind and fields, without the id, of what answers it. Breach when nothing does."""
        request = self.new_id() if request is None else request
        first = len(self.frames)
        self.line.write(self.wire(name, codec.pack(codec.number(name), request, *values)))
        answer = self.until(lambda: self.answer_to(request, first))
        if not answer:
            raise Breach(f"{name} is not answered under its id")
        return answer.name, answer.fields[1:]

    def answer_to(self, request: int, first: int) -> Frame | None:
        """The answer to an id among the frames from a place on."""
        for frame in self.frames[first:]:
            if frame.name in _WITH_ID and frame.name != "leaf_hashes" and frame.fields[0] == request:
                return frame
        return None

    def status(self, name: str, *values: Any) -> str:
        """Send a command; the name of its status, `ok` for an answer of its own kind."""
        kind, fields = self.ask(name, *values)
        if kind == ANSWERS.get(name, "answer") and kind not in ("answer", "token_answer"):
            return "ok"
        if kind == "answer" and fields[0] != codec.number(name):
            raise Breach(f"{name} is answered as kind {fields[0]}")
        if kind not in ("answer", "token_answer"):
            raise Breach(f"{name} is answered by {kind}")
        code = fields[0] if kind == "token_answer" else fields[1]
        return layout.ANSWERS[code] if code < len(layout.ANSWERS) else f"answer {code}"

    def quiet(self, sent: bytes) -> list[Frame]:
        """Send bytes and a question behind them; the answers that came before its own."""
        first = len(self.frames)
        request = self.new_id()
        self.line.write(sent + self.wire("identify", request.to_bytes(2, "little")))
        answer = self.until(lambda: self.answer_to(request, first))
        if not answer:
            raise Breach("the hub does not answer the frame behind it")
        return [frame for frame in self.frames[first:] if frame.name in _WITH_ID and frame is not answer]

    def answers(self) -> bool:
        """Whether the hub still answers at all."""
        first, request = len(self.frames), self.new_id()
        self.line.write(b"\0" + self.wire("identify", request.to_bytes(2, "little")))
        return bool(self.until(lambda: self.answer_to(request, first)))
