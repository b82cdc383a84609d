"""Commands to a hub and its answers, matched by their ids. No waiting, no I/O of its own."""

from collections.abc import Callable, Iterable
from typing import Any

from tasuki.framing import link_frame
from tasuki_wire import codec, layout

_FIRST_ANSWERED = codec.number("hello_request")  # from here on every kind starts with an id but `ack`

Fields = tuple[Any, ...]


class Dialogue:
    """Builds commands and keeps the answers that came, by request id.

    Args:
        write: takes the bytes to send.
    """

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self._write = write
        self._seq = 0
        self._id = 0
        self._answers: dict[int, tuple[str, Fields]] = {}
        self._wanted: set[int] = set()

    def tell(self, name: str, *values: Any, rows: bytes = b"") -> None:
        """Send a message that is not answered."""
        self._write(self._framed(name, *values, rows=rows))

    def ask(self, name: str, *values: Any) -> int:
        """Send a command and return the id under which its answer will stand."""
        (request,) = self.ask_all([(name, *values)])
        return request

    def ask_all(self, commands: Iterable[tuple[Any, ...]]) -> list[int]:
        """Send commands (name and values) with one write; the ids of their answers."""
        requests, frames = [], []
        for name, *values in commands:
            self._id = self._id % 0xFFFF + 1
            self._answers.pop(self._id, None)  # of one that was never taken, 65535 questions ago
            self._wanted.add(self._id)
            requests.append(self._id)
            frames.append(self._framed(name, self._id, *values))
        self._write(b"".join(frames))
        return requests

    def _framed(self, name: str, *values: Any, rows: bytes = b"") -> bytes:
        kind = codec.BY_NAME[name].number
        frame = link_frame(kind, codec.pack(kind, *values, rows=rows), self._seq)
        self._seq = (self._seq + 1) % layout.WORD
        return frame

    def take(self, request: int) -> tuple[str, Fields] | None:
        """Name and fields (without the id) of an answer, once it is there."""
        answer = self._answers.pop(request, None)
        if answer:
            self._wanted.discard(request)
        return answer

    def forget(self, request: int) -> None:
        """The answer is not waited for any more."""
        self._wanted.discard(request)
        self._answers.pop(request, None)

    def reset(self) -> None:
        """Forget all questions: the hub that was asked rebooted."""
        self._wanted.clear()
        self._answers.clear()

    def receive(self, kind: int, payload: bytes) -> bool:
        """Keep a message that answers one of ours; False for any other."""
        if kind < _FIRST_ANSWERED:
            return False
        fields = codec.unpack(kind, payload)
        if fields[0] not in self._wanted:
            return False
        self._answers[fields[0]] = (codec.KINDS[kind].name, fields[1:])
        return True
