"""Plagues one hub with numbered commands, and stops at the first promise that it breaks.

Command number i follows from the seed, i and what the hub has told so far, so
a run can be repeated with any part of its numbers left out (replay.py).
"""

import time
from collections import deque
from collections.abc import Callable, Iterable
from random import Random

from tasuki.fleet.fuzzing import damage, recipes
from tasuki.fleet.fuzzing.asked import Asked, Command
from tasuki.fleet.fuzzing.damage import Frame
from tasuki.fleet.fuzzing.judge import Fault, Judge, require
from tasuki.fleet.fuzzing.peers import Peer
from tasuki.fleet.fuzzing.scenes import Scenes
from tasuki.fleet.fuzzing.world import World
from tasuki_wire import codec

_WINDOW = 24  # commands before the hub must say that it is well
_SCENE = 240  # commands in one state of the hub
_EXACT = 3  # behind each so many scenes damage is counted
_PATIENCE_S = 180.0  # of a hub on a machine that is busy elsewhere
_DOUBT_S = 5.0
_RECENT = 64


class Campaign:
    """One run against one hub."""

    def __init__(
        self, peer: Peer, seed: int, commands: frozenset[int] = recipes.KINDS, patience_s: float | None = None
    ) -> None:
        self.peer = peer
        self._patience_s = patience_s or _PATIENCE_S
        self.seed = seed
        self.world = World()
        self.asked = Asked(commands)
        self.judge = Judge(self.world, self.asked)
        self.sent = 0
        self._scenes = Scenes(self)
        self._scene = -1
        self._in_window = 0
        self._buffer = bytearray()
        self._recent: deque[bytes] = deque(maxlen=_RECENT)
        self._request = 0

    def run(self, numbers: Iterable[int]) -> None:
        """Send the commands of these numbers; Fault when the hub breaks a promise."""
        self._first_hello()
        for number in numbers:
            if number // _SCENE != self._scene:
                self._change_scene(number // _SCENE)
            self._add(self._unit(number))
            self.sent += 1
        self._end_scene()

    def _first_hello(self) -> None:
        self.judge.may_end = True
        self._until(lambda: self.judge.lives, "no hello")
        self.well()

    # -- one command ----------------------------------------------------------

    def _unit(self, number: int) -> bytes:
        """The bytes of command `number`."""
        rng = Random(f"{self.seed}/{number}")
        fate = rng.random()
        if fate < 0.07 and self._recent:
            return rng.choice(self._recent)  # again, late: out of its order
        if fate < 0.08:
            parts = recipes.transfer(self.world, rng, number & 0xFFFF)
            return b"".join(Frame(codec.number(name), payload).wire() for name, payload in parts)
        name, payload = recipes.command(self.world, rng, number & 0xFFFF, self.peer.gentle)
        frame = Frame(codec.number(name), payload, seq=number & 0xFFFF)
        if fate < 0.18:
            return damage.after_crc(frame.wire(), rng)
        wire = (frame if fate < 0.4 else damage.before_crc(frame, rng)).wire()
        self._recent.append(wire)
        return wire

    def _add(self, unit: bytes) -> None:
        commands = self.asked.feed(unit)
        self._buffer += unit
        self._in_window += 1
        last = next((c for c in commands if c.may_end_the_life), None)
        if last:
            self._send_last(last)
        if last or self._in_window == _WINDOW:
            self.well()

    def _flush(self) -> None:
        ended: list[Command] = []
        if self.asked.open:
            ended = self.asked.feed(b"\0")  # a piece that had lost its delimiter may be whole now
            self._buffer += b"\0"
        lives = self.judge.lives
        data, self._buffer = bytes(self._buffer), bytearray()
        self._in_window = 0
        self.peer.write(data)
        if last := next((command for command in ended if command.may_end_the_life), None):
            self._outlive(last, lives)

    # -- what the hub must do ---------------------------------------------------

    def pump(self, timeout_s: float = 0.05) -> None:
        """Read once and judge it."""
        data = self.peer.read(timeout_s)
        if data:
            self.judge.feed(data)

    def _until(self, holds: Callable[[], object], what: str) -> None:
        """Read until holds(); Fault when it takes too long."""
        deadline = time.monotonic() + self._patience_s
        while not holds():
            self.pump()
            require(self.peer.alive(), "the hub's process ended;", what)
            require(time.monotonic() < deadline, what, dict(self.asked.waiting))

    def ask(self, name: str, *values: object) -> str:
        """Send a command in earnest; the name of its answer."""
        return self.post(name, recipes.packed(name, self.new_request(), *values))

    def new_request(self) -> int:
        """An id from above those of the first numbers."""
        self._request = (self._request - 1) & 0xFFFF
        return self._request

    def post(self, name: str, payload: bytes) -> str:
        """Send a payload in earnest; the name of its answer."""
        request = int.from_bytes(payload[:2], "little")
        self.judge.replies.pop((name, request), None)
        wire = Frame(codec.number(name), payload).wire()
        self._buffer += wire
        for command in self.asked.feed(wire):
            if command.may_end_the_life:
                self._send_last(command)
                return self.judge.replies[name, request]
        self._flush()
        self._until(lambda: (name, request) in self.judge.replies, f"no answer to {name}")
        return self.judge.replies[name, request]

    def _send_last(self, command: Command) -> None:
        """Send what is held, up to a command that may end the hub's life, and wait for what becomes of it."""
        lives = self.judge.lives
        self.judge.replies.pop((command.name, command.fields[0]), None)
        self._flush()
        self._outlive(command, lives)

    def _outlive(self, command: Command, lives: int) -> None:
        key = (command.name, command.fields[0])
        self._until(lambda: key not in self.asked.waiting, f"no answer to {command.name}")
        if self.judge.prompt is not None:
            self._until(lambda: b">>> " in (self.judge.prompt or b""), "no prompt")
            self.judge.resume()
            self.peer.leave_prompt()
        if self.judge.replies.get(key, "ok") == "ok":
            self._await_life(lives, command)
        self.judge.may_end = False

    def _await_life(self, lives: int, command: Command) -> None:
        """The hub starts anew; of two enrolments with one id nobody knows which was answered."""
        same = [row for row in self.asked.enrolments if row[0] == command.fields[0]]
        if command.name == "enroll" and len(same) > 1:
            deadline = time.monotonic() + _DOUBT_S
            while self.judge.lives == lives and time.monotonic() < deadline:
                self.pump()
            return
        self._until(lambda: self.judge.lives > lives, f"no new life after {command.name}")

    def well(self) -> None:
        """The hub answers, and what it tells of itself is lawful; else Fault."""
        self._flush()
        require(self.ask("identify") == "ok", "identify")
        require(self.ask("status_request") == "ok", "status")

    def power_cut(self) -> None:
        """The hub must be the same afterwards."""
        lives = self.judge.lives
        self.judge.resume()
        self.asked.new_life()
        self.peer.power_cut()
        self._until(lambda: self.judge.lives > lives, "no hello after a power cut")
        self.well()

    # -- scenes ---------------------------------------------------------------

    def _change_scene(self, number: int) -> None:
        if self._scene >= 0:
            self._end_scene()
        self._scene = number
        self._scenes.set(Random(f"{self.seed}/scene/{number}"))

    def _end_scene(self) -> None:
        """Everything that was asked has been answered."""
        self._flush()
        self._until(lambda: not self.asked.waiting, "not answered:")
        self.well()
        if self._scene % _EXACT == 0 and self.world.state == "sampling" and self.judge.reporting:
            self._count_damage()

    def _count_damage(self) -> None:
        """The hub's count of damaged frames is the number of those that were, unless its token ends now."""
        judge = self.judge
        enough = judge.device_statuses + 2
        self._until(lambda: judge.device_statuses >= enough or not judge.reporting, "no device_status")
        if not judge.reporting:
            return
        told, sent = self.judge.damaged, self.asked.damaged
        require(told == sent, "the hub counts", told, "damaged frames of", sent)


__all__ = ["Campaign", "Fault"]
