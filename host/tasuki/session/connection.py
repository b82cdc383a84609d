"""One hub on one line: what it said, what it answered, and commands to it.

Reads are decoded as they come; frames and messages wait in `events`, in order,
until the session takes them, so that a question in the middle of a stream
loses nothing.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from tasuki.clock import ClockModel
from tasuki.errors import LinkLost, Refused, Untrusted
from tasuki.frames import Batch, Link
from tasuki.pipeline.decode import Decoder, Messages
from tasuki.session.dialogue import Dialogue, Fields
from tasuki.session.refusals import way_out
from tasuki_wire import codec, layout
from tasuki_wire.errors import WireError

_HELLO = codec.number("hello")
_TIME_ANSWER = codec.number("time_answer")
_ANSWER_S = 2.0  # for the first try; each further one waits twice as long
_TRIES = 3
_PATIENCE_S = 45.0  # with a hub that is heard but does not answer
_HELLO_S = 10.0
_HELLO_AGAIN_S = 0.25
_SYNC_S = 15.0
_SYNC_AGAIN_S = 0.5
_MOST_SYNCS = 64
_NO_ANSWER = "Check that the hub runs Tasuki and that nothing else has the port open."
# what answers a command that is not answered by `answer`; a refusal may always be one
ANSWERS = {
    "identify": "identity",
    "describe": "streams",
    "time_request": "time_answer",
    "enroll": "enrolled",
    "token": "token_answer",
    "leaves_request": "leaf_hashes",
    "status_request": "status",
}
_STATUS = {"answer": 1, "token_answer": 0}  # place of the code among the fields
_ITSELF = ("blob_begin", "blob_data")  # answered by their own kind when they ask what the hub keeps


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


class HubRebooted(LinkLost):
    """The hub started anew while it was asked something, and knows nothing of the question."""


class Connection:
    """Decoder, dialogue and clock of one hub.

    Attributes:
        events: what came and was not taken yet, in order of arrival.
        nonce: boot nonce of the latest hello, empty before it.
        flags: bits of layout.HELLO_FLAGS.
        heard_s: time.monotonic() of the latest intact frame.
        on_exchange: called with t1, rx, tx, t4 (microseconds) of every time sync.
        on_batch: called with every batch as it came, good frames and bad; it is to look, not to keep.
    """

    def __init__(self, line: Line, clock: ClockModel | None = None) -> None:
        self.line = line
        self.clock = clock or ClockModel()
        self.decoder = Decoder()
        self.messages = Messages()
        self.events: deque[Event] = deque()
        self.nonce = b""
        self.flags = 0
        self.heard_s = time.monotonic()
        self.seeds: dict[int, int] = {}
        self._dialogue = Dialogue(line.write)
        self._syncs: dict[int, int] = {}
        self._lives = 0
        self.on_exchange: Callable[[int, int, int, int], None] | None = None
        self.on_batch: Callable[[Batch], None] | None = None

    def pump(self, timeout_s: float) -> bool:
        """Read once and sort what came into `events`; False when nothing came."""
        data = self.line.read(timeout_s)
        if not data:
            return False
        arrived_us = time.monotonic_ns() // 1000
        batch = self.decoder.feed(data)
        if not len(batch):
            return True
        if self.on_batch:
            self.on_batch(batch)
        links = batch.links()
        if links or batch.good().any():
            self.heard_s = time.monotonic()
        start = 0
        waiting: list[Event] = []  # messages, which go behind the frames that came with them
        for fragment in links:  # a hello ends only the assembly of what came before it
            link = self.messages.join(fragment)
            if link is None:
                continue
            if link.kind == _HELLO:
                if self._hello(link.payload):
                    if self._lives > 1:
                        self.events += [batch.part(start, link.row), *waiting, Reboot(self.nonce)]
                    waiting = []
                    start = link.row
            elif not self._dialogue.receive(link.kind, link.payload):
                waiting.append(link)
            elif link.kind == _TIME_ANSWER:
                self._sync_answer(link.payload, arrived_us)
        self.events += [batch.part(start) if start else batch, *waiting]
        return True

    def _hello(self, payload: bytes) -> bool:
        """True for the first hello of a life of the hub: nothing of the life before crosses it."""
        try:
            nonce, flags, seeds = codec.read_hello(payload)
        except WireError:
            self.messages.malformed += 1
            return False
        self.flags = flags
        if nonce == self.nonce:
            return False
        self.nonce = nonce
        self.seeds = seeds
        self.decoder.announce(seeds)
        self.messages.reset()
        self._dialogue.reset()
        self._syncs.clear()
        self._lives += 1
        return True

    def take(self) -> Iterator[Event]:
        """All events that wait, oldest first."""
        while self.events:
            yield self.events.popleft()

    def skip_lives(self) -> int:
        """Drop what waits of lives before the latest; how many reboots stood there."""
        reboots = [i for i, event in enumerate(self.events) if isinstance(event, Reboot)]
        for _ in range(reboots[-1] + 1 if reboots else 0):
            self.events.popleft()
        return len(reboots)

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

    def post_all(self, commands: Iterable[tuple[Any, ...]]) -> list[int]:
        """Post commands (name and values) back to back, with one write."""
        return self._dialogue.ask_all(commands)

    def answer(self, request: int) -> tuple[str, Fields] | None:
        """The answer to a posted command, once it is there."""
        return self._dialogue.take(request)

    def forget(self, request: int) -> None:
        """The answer to a posted command is not looked for any more."""
        self._dialogue.forget(request)

    def ask(self, name: str, *values: Any, timeout_s: float = _ANSWER_S, tries: int = _TRIES) -> Fields:
        """Send a command and wait for the fields of its answer.

        A command that is tried more than once must do no harm when it arrives
        twice; while such a hub is heard it is asked on, for a while: its machine
        may be busy. Raises LinkLost when the hub does not answer, HubRebooted when
        it started anew meanwhile and Refused when it says no; `reason` is then one
        of layout.ANSWERS.
        """
        began, tried = time.monotonic(), 0
        while True:
            heard = self.heard_s
            fields = self.await_answer(name, self.post(name, *values), timeout_s * 2**tried)
            tried += 1
            if fields is not None:
                return fields
            if tried >= tries and (
                tries == 1 or self.heard_s == heard or time.monotonic() - began > _PATIENCE_S
            ):
                raise LinkLost(f"the hub does not answer {name}", _NO_ANSWER)

    def await_answer(self, name: str, request: int, timeout_s: float) -> Fields | None:
        """The fields of the answer to a posted command; None, and it is forgotten, when none comes in time.

        Raises HubRebooted and Refused as `ask` does.
        """
        life, deadline = self._lives, time.monotonic() + timeout_s
        while not (answer := self.answer(request)):
            if self._lives != life:
                raise HubRebooted(f"the hub rebooted before it answered {name}")
            if (left := deadline - time.monotonic()) <= 0:
                self.forget(request)
                return None
            self.pump(left)  # any byte that comes ends it
        return checked(name, *answer)

    def await_hello(self) -> None:
        """Ask for a hello and wait for it; LinkLost when none comes."""
        deadline = time.monotonic() + _HELLO_S
        next_request = 0.0
        while not self.nonce:
            now = time.monotonic()
            if now > deadline:
                if self.decoder.counts["version"]:
                    raise Refused(
                        "wire_version",
                        "the hub speaks another version of the wire",
                        "Install firmware and host of the same release.",
                    )
                raise LinkLost("no hub says hello on this port", _NO_ANSWER)
            if now >= next_request:  # not for every piece of noise that comes
                next_request = now + _HELLO_AGAIN_S
                self.poke("hello_request")
            self.pump(_HELLO_AGAIN_S)

    # -- time ---------------------------------------------------------------

    def sync(self) -> None:
        """Start one exchange of times; its answer updates the clock model when it comes."""
        if len(self._syncs) >= _MOST_SYNCS:  # answers that never came
            self._forget_syncs()
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

    def _forget_syncs(self) -> None:
        for request in self._syncs:
            self._dialogue.forget(request)
        self._syncs.clear()

    def await_sync(self, exchanges: int = 5) -> None:
        """Exchange times so often; LinkLost when the hub answers too few. A lost answer is asked again."""
        deadline = time.monotonic() + _SYNC_S
        life, answered = self._lives, 0
        while answered < exchanges:
            self._forget_syncs()
            self.sync()
            again = time.monotonic() + _SYNC_AGAIN_S
            while self._syncs and (now := time.monotonic()) < again:
                if now > deadline:
                    raise LinkLost("the hub does not answer time_request", _NO_ANSWER)
                self.pump(0.05)
                if self._lives != life:
                    raise HubRebooted("the hub rebooted before it answered time_request")
            answered += not self._syncs

    def close(self) -> None:
        """Give the line back."""
        self.line.close()


def checked(name: str, answer: str, fields: Fields) -> Fields:
    """The fields of an answer to the command `name`.

    Refused when the hub says no, Untrusted("malformed") when this answers another command.
    """
    status = _STATUS.get(answer)
    wanted = ANSWERS.get(name, "answer")
    if answer == name and name in _ITSELF:
        return fields
    code = 0 if status is None else fields[status]
    mismatch = answer == "answer" and fields[0] != codec.number(name)
    if mismatch or answer not in (wanted, "answer") or (answer != wanted and not code):
        raise Untrusted("malformed", f"the hub answers {name} with what answers another command")
    if not code:
        return fields
    reason = layout.ANSWERS[code] if code < len(layout.ANSWERS) else f"answer_{code}"
    raise Refused(reason, f"the hub refuses {name}: {reason}", way_out(name, reason))
