"""The hub's raw prompt: mpremote's transport on a line of ours, entered so that nothing stale is believed.

mpremote does raw paste with its flow control, results and file verbs; what is
replaced here waits without bound there, or reads a byte at a time.
"""

import secrets
import struct
from collections.abc import Callable
from typing import Any

from mpremote.transport import (
    TransportError,
    TransportExecError,
    _convert_filesystem_error,
    listdir_result,
)
from mpremote.transport_serial import SerialTransport

from tasuki.errors import TasukiError
from tasuki.fleet import literals
from tasuki.fleet.buffered import BufferedLine
from tasuki.fleet.troubles import Trouble

_RAW = b"raw REPL; CTRL-B to exit\r\n"
_TRIES = 4
_ENTER_S = 1.0
_FLOOD = 64 * 1024  # more than that in answer to Ctrl-C is no traceback
_ROOM = b"\x01"  # the hub's mark in a raw paste: it has room for one more window
_CTRL_A, _CTRL_B, _CTRL_C, _CTRL_D = b"\x01", b"\x02", b"\x03", b"\x04"


class Prompt(SerialTransport):  # type: ignore[misc] # mpremote has no types
    """mpremote's transport over an opened line."""

    def __init__(self, line: BufferedLine, name: str) -> None:  # not the base's, which opens a port
        self.serial = line
        self.device_name = name
        self.in_raw_repl = False
        self.use_raw_paste = True
        self.mounted = False
        self.is_pty = False

    def enter_raw_repl(self, soft_reset: bool = False, timeout_overall: float = _ENTER_S) -> None:
        """Come to the raw prompt, whatever the hub was doing; Trouble says what it does instead.

        The prompt is believed only when it repeats a word that was never said before:
        half a prompt, or one of long ago, does not count.
        """
        for _ in range(_TRIES):
            try:
                if self._try_to_enter(timeout_overall):
                    break
            except (TransportError, struct.error):
                continue
        else:
            self._give_up()
        if soft_reset:
            self.soft_reset()

    def _try_to_enter(self, timeout_s: float) -> bool:
        self.in_raw_repl = False
        # the first ends a raw paste that was left open, the second a program
        self.serial.write(b"\r" + _CTRL_C + _CTRL_C)
        self.serial.drain(0.02, timeout_s)
        self.serial.write(b"\r" + _CTRL_A)
        if not self.serial.read_to(_RAW, timeout_s, timeout_s).endswith(_RAW):
            return False
        word = secrets.token_hex(4)
        self.in_raw_repl = True
        said, errors = self.exec_raw(f"print('{word[:4]}'+'{word[4:]}')", timeout=timeout_s)
        return not errors and said.strip() == word.encode()

    def _give_up(self) -> None:
        self.in_raw_repl = False
        self.serial.write(_CTRL_B)
        count = self.serial.drain(0.2, _ENTER_S)
        if count > _FLOOD:
            raise Trouble("flooding", f"the hub printed {count} bytes in {_ENTER_S:g} s and no prompt")
        raise Trouble("stuck" if count else "silent", "the hub gives no prompt")

    def eval(self, expression: str, parse: bool = True) -> Any:
        """The value of an expression on the hub; parse: as a literal, else the bytes that it prints."""
        said = self.exec(f"print(repr({expression}))" if parse else f"print({expression})").strip()
        return literals.read(said) if parse else said

    def fs_listdir(self, src: str = "") -> list[Any]:
        """As mpremote's, which reads the literal by itself."""
        folder = repr(src) if src else ""
        try:
            said = self.exec(f"import os\nfor f in os.ilistdir({folder}):print(repr(f),end=',')")
        except TransportExecError as error:
            raise _convert_filesystem_error(error, src) from None
        return [listdir_result(*(*row, 0)[:4]) for row in literals.read(b"[" + said + b"]")]

    def read_until(
        self,
        min_num_bytes: int,
        ending: bytes,
        timeout: float | None = 10,
        data_consumer: Callable[[bytes], Any] | None = None,
        timeout_overall: float | None = None,
    ) -> bytes:
        """As mpremote's, in pieces as large as they come."""
        line: BufferedLine = self.serial
        if data_consumer is None:
            return line.read_to(ending, timeout, timeout_overall)
        while data := line.read_some(timeout):
            text, found, rest = data.partition(ending)
            if text:
                data_consumer(text)
            if found:
                line.unread(rest)
                data_consumer(ending)
                return ending
        return b""

    def exec_raw_no_follow(self, command: str | bytes) -> None:
        """Start code on the hub; an answer that is cut short is a TransportError as any other."""
        try:
            super().exec_raw_no_follow(command)
        except struct.error:
            raise TransportError("the hub fell silent at the start of raw paste") from None

    def raw_paste_write(self, command_bytes: bytes) -> None:
        """Send code as the hub makes room for it: as mpremote's, but whatever room there is at once."""
        line: BufferedLine = self.serial
        (window,) = struct.unpack("<H", line.read(2))
        room, sent = window, 0
        while sent < len(command_bytes):
            marks = line.read_some(line.timeout if not room else 0)
            if _CTRL_D in marks:  # the hub wants no more: its heap is full, or it was interrupted
                line.write(_CTRL_D)
                return
            if (not room and not marks) or marks.strip(_ROOM):
                raise TransportError(f"the hub says {marks[:20]!r} during raw paste")
            room += window * len(marks)
            piece = command_bytes[sent : sent + room]
            line.write(piece)
            room -= len(piece)
            sent += len(piece)
        line.write(_CTRL_D)
        if not line.read_to(_CTRL_D, line.timeout).endswith(_CTRL_D):
            raise TransportError("the hub did not end the raw paste")

    def soft_reset(self) -> None:
        """Restart MicroPython; the raw prompt comes back on a board, the unix port ends."""
        self.serial.write(_CTRL_D)
        self.serial.read_to(_RAW, 5.0)

    def leave(self, interrupt: bool = True) -> None:
        """Back to the friendly prompt, whatever happened before; never raises for a hub that is away.

        Without interrupt what was started on the hub goes on.
        """
        line: BufferedLine = self.serial
        line.stop = None
        line.timeout = 1.0
        try:
            line.write((_CTRL_C if interrupt else b"") + b"\r" + _CTRL_B)
            line.drain(0.02, 0.5)
        except (OSError, TasukiError):
            pass
        self.in_raw_repl = False
