"""What the hub must make of the bytes that it was sent: told from them alone, by the wire's tables."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from tasuki_wire import cobs, codec, layout
from tasuki_wire.errors import WireError

NEVER_ANSWERED = ("ack", "stored_ack")
_SILENT = ("hello_request", *NEVER_ANSWERED)  # a hello names no request
LEAVING = ("reboot", "maintenance", "lock", "order")


@dataclass(frozen=True)
class Command:
    """One intact command."""

    name: str
    fields: tuple[Any, ...]

    @property
    def may_end_the_life(self) -> bool:
        """True when the hub may start anew because of it."""
        return self.name in LEAVING or (self.name == "enroll" and self.fields[-1] != 0)


class Asked:
    """Follows the byte stream to the hub.

    Attributes:
        damaged: pieces that no hub takes for a command, in this life; `damaged_in_all` in all lives.
        waiting: (name, id) of commands that must still be answered, with their number.
        reached: how many intact commands of each name were sent.
    """

    def __init__(self, commands: frozenset[int]) -> None:
        self._commands = commands
        self._tail = b""
        self.damaged = self.damaged_in_all = 0
        self.waiting: Counter[tuple[str, int]] = Counter()
        self._excused: Counter[tuple[str, int]] = Counter()
        self.reached: Counter[str] = Counter()
        self.enrolments: list[tuple[Any, ...]] = []  # fields of every `enroll`
        self.locked: set[bytes] = set()  # devices that a `lock` named

    def feed(self, data: bytes) -> list[Command]:
        """Take what is sent; the commands that it completes."""
        *pieces, self._tail = (self._tail + data).split(b"\0")
        found = [command for command in map(self._read, filter(None, pieces)) if command]
        for command in found:
            self.reached[command.name] += 1
            if command.name == "enroll":
                self.enrolments.append(command.fields)
            if command.name == "lock":
                self.locked.add(command.fields[1])
            if command.name not in _SILENT:
                self.waiting[command.name, command.fields[0]] += 1
        return found

    def _read(self, piece: bytes) -> Command | None:
        try:
            if len(piece) > layout.MAX_FRAME + 1:
                raise WireError("long")
            out = bytearray(len(piece))
            kind, _, _, _, _, _, payload = codec.split(bytes(out[: cobs.decode_into(out, piece, len(piece))]))
            if kind not in self._commands:
                raise WireError("content")
            return Command(codec.KINDS[kind].name, codec.unpack(kind, payload))
        except WireError:
            self.damaged += 1
            self.damaged_in_all += 1
            return None

    def excuse(self, name: str) -> None:
        """What was asked so far by this command may stay without an answer."""
        for key in [key for key in self.waiting if key[0] == name]:
            self._excused[key] += self.waiting.pop(key)

    @property
    def open(self) -> bool:
        """True when a piece has begun that no delimiter ended yet."""
        return bool(self._tail)

    def answered(self, name: str, request: int) -> bool:
        """Note an answer; False when nobody asked."""
        key = (name, request)
        asked = self.waiting if self.waiting[key] else self._excused
        asked[key] -= 1
        known = asked[key] >= 0
        if asked[key] <= 0:
            del asked[key]
        if not self.waiting[key]:
            del self.waiting[key]
        return known

    def new_life(self) -> None:
        """What waits on the line from the life before is answered by this one, or by none."""
        self.damaged = 0
        self._excused = Counter(self.waiting)
        self.waiting.clear()
        self.enrolments.clear()
        self.locked.clear()
