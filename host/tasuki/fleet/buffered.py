"""A line as mpremote's transport wants its serial port, but with every wait bounded and cancellable.

mpremote reads byte by byte and waits for ever where a hub may fall silent in
the middle of an answer. Here bytes come in as large pieces as have arrived.
"""

import threading
import time

from tasuki.fleet.troubles import Trouble
from tasuki.pipeline.acquire import SerialLine

_PIECE_S = 0.1  # how often a wait looks whether it is to end
_LONG_S = 60.0  # when nobody can end it
_FLOOD = 4 << 20  # bytes without an end in sight


class BufferedLine:
    """Reads and writes on an opened line; Trouble("interrupted") soon after `stop` is set.

    Attributes:
        timeout: seconds that a read waits for bytes, None for ever; mpremote may change it.
        stop: ends every wait; None once only cleaning up is left.
    """

    def __init__(
        self, line: SerialLine, stop: threading.Event | None = None, timeout_s: float = 10.0
    ) -> None:
        self.line = line
        self.stop = stop
        self.timeout: float | None = timeout_s
        self._held = bytearray()

    @property
    def fd(self) -> int:
        """Descriptor of the port."""
        return self.line.fileno()

    def inWaiting(self) -> int:  # noqa: N802 - the name that mpremote calls
        """Bytes that can be read at once."""
        self._fill(0)
        return len(self._held)

    def read(self, size: int = 1) -> bytes:
        """So many bytes, or fewer when the timeout passes first."""
        end = None if self.timeout is None else time.monotonic() + self.timeout
        while len(self._held) < size and self._wait(end):
            pass
        return self._take(size)

    def read_to(self, ending: bytes, timeout_s: float | None, most_s: float | None = None) -> bytes:
        """Bytes up to and including an ending.

        Without the ending: what came until nothing arrived for timeout_s, or until most_s had passed.
        """
        end = None if most_s is None else time.monotonic() + most_s
        looked = 0
        while (at := self._held.find(ending, looked)) < 0:
            looked = max(0, len(self._held) - len(ending) + 1)
            if len(self._held) > _FLOOD:
                raise Trouble("flooding", f"{len(self._held)} bytes came where an answer was due")
            late = end is not None and time.monotonic() > end
            if late or not self._wait(None if timeout_s is None else time.monotonic() + timeout_s):
                return self._take(len(self._held))
        return self._take(at + len(ending))

    def read_some(self, timeout_s: float | None) -> bytes:
        """What has arrived, at least a byte, or nothing after timeout_s."""
        if not self._held:
            self._wait(None if timeout_s is None else time.monotonic() + timeout_s)
        return self._take(len(self._held))

    def unread(self, data: bytes) -> None:
        """Put bytes back in front."""
        self._held[:0] = data

    def drain(self, quiet_s: float, most_s: float) -> int:
        """Drop bytes until none came for quiet_s; how many. Ends after most_s in any case."""
        end, dropped = time.monotonic() + most_s, 0
        while time.monotonic() < end:
            count = len(self.read_some(quiet_s))
            dropped += count
            if not count:
                break
        return dropped

    def write(self, data: bytes) -> int:
        """Send all of data."""
        self._check()
        self.line.write(bytes(data))
        return len(data)

    def close(self) -> None:
        """Give the port back."""
        self.line.close()

    def _wait(self, end: float | None) -> bool:
        """Wait for more bytes until a moment of time.monotonic(); False when none came."""
        while True:
            piece = _LONG_S if self.stop is None else _PIECE_S
            left = piece if end is None else min(end - time.monotonic(), piece)
            if self._fill(max(left, 0)):
                return True
            if left <= 0:
                return False

    def _fill(self, timeout_s: float) -> bool:
        self._check()
        data = self.line.read(timeout_s)
        self._held += data
        return bool(data)

    def _take(self, size: int) -> bytes:
        data = bytes(self._held[:size])
        del self._held[:size]
        return data

    def _check(self) -> None:
        if self.stop is not None and self.stop.is_set():
            raise Trouble("interrupted", "stopped on request")
