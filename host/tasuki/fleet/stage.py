"""Plays a recorded line into a pseudo-terminal or a serial port, for any program that reads serial ports."""

import contextlib
import fcntl
import os
import pty
import select
import struct
import termios
import time
import tty
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tasuki.capture.line import Piece
from tasuki.capture.stand_in import StandIn
from tasuki.errors import LinkLost, UsageError
from tasuki.pipeline.acquire import SerialLine

_CHUNK = 4096
_TURN_S = 0.05
_HANDED_ON_S = 2.0
_SETTLE_S = 0.3  # a program that opens a port empties it, some twice

Serve = Callable[[bytes], bytes]
"""Answers to what the other side sent."""


class Line(Protocol):
    """The end of a line that a recording is played from."""

    def write(self, data: bytes, serve: Serve) -> None:
        """Send all of data, however long the other side takes; answer what comes meanwhile."""

    def serve(self, serve: Serve, seconds: float) -> bool:
        """Answer what comes, for at most so long; True when something came."""


class Terminal:
    """A pseudo-terminal; the program under test opens `path`, or the link to it.

    Raises UsageError when the link's place is taken.
    """

    def __init__(self, link: Path | None = None) -> None:
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.path = os.ttyname(self._slave)
        self._link = link
        try:
            self._bait()
            self._make_link()
        except BaseException:
            self._close()
            raise

    def _bait(self) -> None:
        """Have one byte wait at the other end: once it is gone, somebody is there."""
        os.write(self._master, b"\0")
        until = time.monotonic() + _HANDED_ON_S
        while not self._unread() and time.monotonic() < until:  # the kernel hands it on when it likes
            time.sleep(_TURN_S / 10)

    def _make_link(self) -> None:
        link = self._link
        if link is None:
            return
        try:
            if link.is_symlink() and not link.exists():
                link.unlink()  # of a replay that was killed
            link.symlink_to(self.path)
        except FileExistsError:
            self._link = None
            raise UsageError(f"{link} exists", "Give another name, or remove it.") from None
        except OSError as error:
            self._link = None
            raise UsageError(f"{link}: {error.strerror}", "Give a folder that you may write to.") from None

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *exc: object) -> None:
        if self._link:
            self._link.unlink(missing_ok=True)
        self._close()

    def _close(self) -> None:
        for end in (self._master, self._slave):
            with contextlib.suppress(OSError):
                os.close(end)

    def await_reader(self, serve: Serve) -> None:
        """Until a program has opened the terminal: it then empties it, reads, or sends something.

        What is read or thrown away first is an empty run of the wire, which means nothing.
        """
        while self._unread() and not self.serve(serve, _TURN_S):
            pass
        until = time.monotonic() + _SETTLE_S
        while (left := until - time.monotonic()) > 0:
            self.serve(serve, left)

    def drain(self, serve: Serve) -> None:
        """Until everything was read: for a while nothing waits, since the kernel hands it on in portions."""
        quiet_since = time.monotonic()
        while time.monotonic() - quiet_since < _SETTLE_S:
            self.serve(serve, _TURN_S)
            if self._unread():
                quiet_since = time.monotonic()

    def _unread(self) -> int:
        """Bytes that wait to be read at the other end."""
        (count,) = struct.unpack("i", fcntl.ioctl(self._slave, termios.FIONREAD, bytes(4)))
        return int(count)

    def write(self, data: bytes, serve: Serve) -> None:
        """Send all of data; the terminal holds some kilobytes, then the reader sets the pace."""
        view = memoryview(data)
        while view:
            readable, writable, _ = select.select([self._master], [self._master], [])
            if readable:
                self.serve(serve, 0)
            if writable:
                with contextlib.suppress(BlockingIOError):
                    view = view[os.write(self._master, view) :]

    def serve(self, serve: Serve, seconds: float) -> bool:
        """Answer what comes."""
        if not select.select([self._master], [], [], seconds)[0]:
            return False
        if answer := serve(os.read(self._master, _CHUNK)):
            self.write(answer, lambda data: b"")
        return True


class Wire:
    """A serial port, such as one end of a cable to the machine under test."""

    def __init__(self, port: str) -> None:
        self._line = SerialLine(port)
        self.path = port

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *exc: object) -> None:
        self._line.close()

    def await_reader(self, serve: Serve) -> None:
        """Nobody can tell whether a program listens at the other end of a cable."""

    def drain(self, serve: Serve) -> None:
        """Until everything is on the cable."""
        try:
            termios.tcdrain(self._line.fileno())
        except (OSError, termios.error) as error:
            raise LinkLost(f"{self.path} went away: {error}", "Plug the cable in again.") from None

    def write(self, data: bytes, serve: Serve) -> None:
        """Send all of data."""
        for at in range(0, len(data), _CHUNK):
            self._line.write(data[at : at + _CHUNK])
            self.serve(serve, 0)

    def serve(self, serve: Serve, seconds: float) -> bool:
        """Answer what comes."""
        data = self._line.read(seconds)
        if data and (answer := serve(data)):
            self._line.write(answer)
        return bool(data)


@dataclass
class Position:
    """Where a replay stands.

    Attributes:
        speed: times real time; None: as fast as it is read.
        sent, pieces: bytes and pieces so far.
        at_us, at_s: device time of the latest piece, and when by our clock it was due.
    """

    speed: float | None
    sent: int = 0
    pieces: int = 0
    at_us: int = 0
    at_s: float = 0.0

    def now_us(self) -> int:
        """The recorded hub's device time, as if it were there."""
        gone_s = time.monotonic() - self.at_s if self.speed and self.pieces else 0.0
        return self.at_us + round(gone_s * 1e6 * (self.speed or 0.0))


def play(
    line: Line,
    pieces: Iterable[Piece],
    stand_in: StandIn | None,
    position: Position,
    now_s: Callable[[], float] = time.monotonic,
) -> None:
    """Send all pieces, each when its time has come; a new session of the hub begins with its hello.

    stand_in: answers questions; None for a raw dump, which has its own answers in it.
    """
    serve: Serve = stand_in.take if stand_in else lambda data: b""
    session: int | None = None
    origin_s, origin_us = now_s(), 0
    held = bytearray()
    for piece in pieces:
        if piece.session != session and stand_in:
            held += stand_in.hello(anew=session is not None)
        if piece.session != session or origin_us < 0 or piece.time_us < position.at_us:
            session, origin_s, origin_us = piece.session, now_s(), piece.time_us
        if position.speed:
            due_s = origin_s + (piece.time_us - origin_us) / 1e6 / position.speed
            position.at_s = due_s
            if held and due_s > now_s():
                line.write(bytes(held), serve)
                held.clear()
            while (left := due_s - now_s()) > 0:
                line.serve(serve, min(left, _TURN_S))
        data = stand_in.record(piece.record) if stand_in and piece.record else piece.data
        position.at_us = piece.time_us
        position.sent += len(data)
        position.pieces += 1
        held += data
        if len(held) >= _CHUNK:
            line.write(bytes(held), serve)
            held.clear()
    line.write(bytes(held), serve)
