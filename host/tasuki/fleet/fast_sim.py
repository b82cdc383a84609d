"""A SIMULATED hub without a wall clock: each read lets its time pass and returns what it sent."""

from pathlib import Path

from tasuki.fleet.sim import SimBoard, SodiumCrypto
from tasuki_hub.hub import Hub

STEP_US = 50_000


class _Board(SimBoard):
    """A line in memory, and a clock that whoever reads winds on."""

    name = "fast-sim"

    def __init__(self, flash: Path, replay: Path, packed: bool) -> None:
        super().__init__(-1, flash, b"fast", 1.0, replay)
        self.packed = packed
        self.clock = 0
        self.inbox = b""
        self.outbox = bytearray()

    def ticks_us(self) -> int:
        return self.clock

    def now_us(self) -> int:
        return self.clock

    def read_into(self, buf: bytearray) -> int:
        n = min(len(buf), len(self.inbox))
        buf[:n] = self.inbox[:n]
        self.inbox = self.inbox[n:]
        return n

    def write(self, data: bytes | memoryview) -> int:
        self.outbox += data
        return len(data)


class FastLine:
    """A line (tasuki.session.connection.Line) with the hub at its other end, as fast as it runs."""

    def __init__(self, folder: Path, replay: Path, packed: bool = True) -> None:
        (folder / "flash").mkdir(parents=True, exist_ok=True)
        self.board = _Board(folder / "flash", replay, packed)
        self.hub = Hub(self.board, SodiumCrypto)

    def read(self, timeout_s: float) -> bytes:
        """Let 50 ms of hub time pass."""
        for _ in range(2):
            self.hub.step()
            self.board.clock += STEP_US // 2
        data = bytes(self.board.outbox)
        self.board.outbox.clear()
        return data

    def write(self, data: bytes) -> None:
        """Bytes for the hub."""
        self.board.inbox += data

    def close(self) -> None:
        """Power the sensors down, which closes the recording's files."""
        self.hub.sampler.apply(0, self.board.clock)
        self.hub.close()
