"""One hub on one line: what it said, what it answered, and commands to it.

Reads are decoded as they come; frames and messages wait in `events`, in order,
until the session takes them, so that a question in the middle of a stream
loses nothing.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from tasuki.clock import ClockModel
from tasuki.errors import LinkLost, Refused
from tasuki.frames import Batch, Link
from tasuki.pipeline.decode import Decoder, Messages
from tasuki.session.dialogue import Dialogue, Fields
from tasuki_wire import codec, layout

_HELLO = codec.number("hello")
_TIME_ANSWER = codec.number("time_answer")
_ANSWER_S = 2.0
_TRIES = 3
_NO_ANSWER = "Check that the hub runs Tasuki and that nothing else has the port open."


class Line(Protocol):
    """What carries bytes both ways; pipeline.acquire.SerialLine is one."""

    def read(self, timeout_s: float) -> bytes:
        """What has arrived, or nothing after timeout_s; LinkLost when the other side is gone."""

    def write(self, data: bytes) -> None:
        """Send all of data; LinkLost when the other side is gone."""

    def close(self) -> None:
        """Give the line back."""


@dataclass(frozen=True)
class Reboot:
    """The hub said hello with another nonce: its session is over, nothing crosses this point."""

    nonce: bytes


Event = Batch | Link | Reboot


class Connection:
    """Decoder, dialogue and clock of one hub.

    Attributes:
        events: what came and was not taken yet, in order of arrival.
        nonce: boot nonce of the latest hello, empty before it.
        flags: bits of layout.HELLO_FLAGS.
        on_exchange: called with t1, rx, tx, t4 (microseconds) of every time sync.
    """

    def __init__(self, line: Line, clock: ClockModel | None = None) -> None:
        self.line = line
        self.clock = clock or ClockModel()
        self.decoder = Decoder()
        self.messages = Messages()
        self.events: deque[Event] = deque()
        self.nonce = b""
        self.flags = 0
        self.seeds: dict[int, int] = {}
        self._dialogue = Dialogue(line.write)
        self._syncs: dict[int, int] = {}
        self.on_exchange: Callable[[int, int, int, int], None] | None = None

    def pump(self, timeout_s: float) -> bool:
        """Read once and sort what came into `events`; False when nothing came."""
        data = self.line.read(timeout_s)
        if not data:
            return False
        arrived_us = time.monotonic_ns() // 1000
        batch = self.decoder.feed(data)
        if not len(batch):
            return True
        start = 0
        for link in self.messages.join(batch.links()):
            if link.kind == _HELLO:
                start = self._hello(link, batch, start)
            elif not self._dialogue.receive(link.kind, link.payload):
                self.events.append(link)
            elif link.kind == _TIME_ANSWER:
                self._sync_answer(link.payload, arrived_us)
        self.events.append(batch.part(start) if start else batch)
        return True

    def _hello(self, link: Link, batch: Batch, start: int) -> int:
        nonce, flags, seeds = codec.read_hello(link.payload)
        self.flags = flags
        if nonce == self.nonce:
            return start
        if self.nonce:
            self.events.append(batch.part(start, link.row))
            self.events.append(Reboot(nonce))
            self.messages.reset()
        self.nonce = nonce
        self.seeds = seeds
        self.decoder.announce(seeds)
        return link.row

    def take(self) -> Iterator[Event]:
        """All events that wait, oldest first."""
        while self.events:
            yield self.events.popleft()

    # -- questions ----------------------------------------------------------

    def tell(self, name: str, *values: Any) -> None:
        """Send a message that is not answered."""
        self._dialogue.tell(name, *values)

    def poke(self, name: str, *values: Any) -> None:
        """Send a command whose answer nobody waits for; what it brings comes as events."""
        self._dialogue.forget(self._dialogue.ask(name, *values))

    def post(self, name: str, *values: Any) -> int:
        """Send a command whose answer is looked for later with `answer`."""
        return self._dialogue.ask(name, *values)

    def answer(self, request: int) -> tuple[str, Fields] | None:
        """The answer to a posted command, once it is there."""
        return self._dialogue.take(request)

    def ask(self, name: str, *values: Any, timeout_s: float = _ANSWER_S, tries: int = _TRIES) -> Fields:
        """Send a command and wait for the fields of its answer.

        Raises LinkLost when the hub stays silent and Refused when it says no;
        `reason` is then one of layout.ANSWERS.
        """
        for _ in range(tries):
            request = self.post(name, *values)
            deadline = time.monotonic() + timeout_s
            while (left := deadline - time.monotonic()) > 0:
                self.pump(min(left, 0.05))
                if answer := self.answer(request):
                    return _checked(name, *answer)
            self._dialogue.forget(request)
        raise LinkLost(f"the hub does not answer {name}", _NO_ANSWER)

    def await_hello(self, timeout_s: float = 5.0) -> None:
        """Ask for a hello and wait for it; LinkLost when none comes."""
        deadline = time.monotonic() + timeout_s
        while not self.nonce:
            if time.monotonic() > deadline:
                if self.decoder.counts["version"]:
                    raise Refused(
                        "wire_version",
                        "the hub speaks another version of the wire",
                        "Install firmware and host of the same release.",
                    )
                raise LinkLost("no hub says hello on this port", _NO_ANSWER)
            self.poke("hello_request")
            self.pump(0.25)

    # -- time ---------------------------------------------------------------

    def sync(self) -> None:
        """Start one exchange of times; its answer updates the clock model when it comes."""
        t1 = time.monotonic_ns() // 1000
        request = self.post("time_request", *codec.time_words(t1))
        self._syncs[request] = t1

    def _sync_answer(self, payload: bytes, arrived_us: int) -> None:
        request, t1_hi, t1_lo, rx_hi, rx_lo, tx_hi, tx_lo = codec.unpack(_TIME_ANSWER, payload)
        self._dialogue.take(request)
        if self._syncs.pop(request, None) == codec.time_us(t1_hi, t1_lo):
            rx, tx = codec.time_us(rx_hi, rx_lo), codec.time_us(tx_hi, tx_lo)
            t1 = codec.time_us(t1_hi, t1_lo)
            self.clock.add(t1, rx, tx, arrived_us)
            if self.on_exchange:
                self.on_exchange(t1, rx, tx, arrived_us)
        if len(self._syncs) > 64:  # answers that never came
            self._syncs.clear()

    def await_sync(self, exchanges: int = 5, timeout_s: float = 5.0) -> None:
        """Exchange times until the model holds that many; LinkLost when the hub stays silent."""
        deadline = time.monotonic() + timeout_s
        for _ in range(exchanges):
            self.sync()
            while self._syncs:
                if time.monotonic() > deadline:
                    raise LinkLost("the hub does not answer time_request", _NO_ANSWER)
                self.pump(0.05)

    def close(self) -> None:
        """Give the line back."""
        self.line.close()


def _checked(name: str, answer: str, fields: Fields) -> Fields:
    status = {"answer": 1, "token_answer": 0}.get(answer)
    if status is None or fields[status] == 0:
        return fields
    code = fields[status]
    reason = layout.ANSWERS[code] if code < len(layout.ANSWERS) else f"answer_{code}"
    raise Refused(reason, f"the hub refuses {name}: {reason}")
