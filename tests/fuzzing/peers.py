"""The hubs that are plagued: behind a terminal, or in this process."""

import os
import select
import tty
from pathlib import Path
from typing import Protocol

from fast_hub import STEP_US, FastLine
from fuzzing.judge import Fault
from tasuki.fleet.sim import SodiumCrypto
from tasuki.fleet.virtual import VirtualHub
from tasuki_hub.commands import MAINTENANCE
from tasuki_hub.hub import Hub

_CHUNK = 4096


class Peer(Protocol):
    """A hub and the line to it."""

    kind: str

    def write(self, data: bytes) -> None:
        """Send all of data."""

    def read(self, timeout_s: float) -> bytes:
        """What has arrived, or nothing after timeout_s."""

    def alive(self) -> bool:
        """False when the hub's process ended."""

    def power_cut(self) -> None:
        """Switch the hub off and on."""

    def leave_prompt(self) -> None:
        """Bring it back to the protocol from the prompt that `maintenance` left it at."""

    def close(self) -> None:
        """End the hub."""


class TerminalPeer:
    """A virtual hub of kind unix or qemu."""

    def __init__(self, kind: str, folder: Path, replay: Path, speed: float) -> None:
        self.kind = kind
        self._hub = VirtualHub(kind, folder, replay, speed)
        self._fd = os.open(self._hub.port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        tty.setraw(self._fd)
        self._held = bytearray()

    def write(self, data: bytes) -> None:
        """Send all; what comes meanwhile is kept, so that neither side waits for the other."""
        view = memoryview(data)
        while view:
            readable, writable, _ = select.select([self._fd], [self._fd], [], 120)
            if not readable and not writable:
                raise AssertionError("the hub takes no bytes")
            if readable:
                self._held += os.read(self._fd, _CHUNK)
            if writable:
                view = view[os.write(self._fd, view) :]

    def read(self, timeout_s: float) -> bytes:
        """What has arrived, or nothing after timeout_s."""
        if not self._held and select.select([self._fd], [], [], timeout_s)[0]:
            self._held += os.read(self._fd, 16 * _CHUNK)
        data = bytes(self._held)
        self._held.clear()
        return data

    def alive(self) -> bool:
        """False when the hub's process ended."""
        return self._hub.alive()

    def power_cut(self) -> None:
        """Kill it and start it anew."""
        self._hub.reset()

    def leave_prompt(self) -> None:
        """A soft reset starts the image's program again; the unix port ends with its prompt."""
        if self.kind == "qemu":
            self.write(b"\x04")
        else:
            self.power_cut()

    def close(self) -> None:
        """End the hub."""
        os.close(self._fd)
        self._hub.close()


class SimPeer(FastLine):
    """A hub in this process, whose clock runs with the reads. SIMULATED: CPython and libsodium."""

    kind = "sim"

    def __init__(self, folder: Path, replay: Path) -> None:
        super().__init__(folder, replay)
        self._prompt = False

    def read(self, timeout_s: float) -> bytes:
        """Let 10 ms of hub time pass; a hub that leaves starts anew, as tasuki_hub.app does."""
        if not self._prompt:
            self._step()
        self.board.clock += STEP_US // 5
        if self.hub.leaving and self.hub.link.idle() and not self._prompt:
            if self.hub.leaving == MAINTENANCE:
                self._prompt = True
                self.board.outbox += b">>> "
            else:
                self.power_cut()
        data = bytes(self.board.outbox)
        self.board.outbox.clear()
        return data

    def _step(self) -> None:
        try:
            self.hub.step()
        except Exception as e:
            raise Fault(f"the hub raised {e!r}") from e

    def alive(self) -> bool:
        """It has no process that could end."""
        return True

    def power_cut(self) -> None:
        """Another hub on the same flash."""
        self.close()
        self.hub = Hub(self.board, SodiumCrypto)
        self._prompt = False

    def leave_prompt(self) -> None:
        """Nothing but a new start brings it back."""
        self.power_cut()


def open_peer(kind: str, folder: Path, replay: Path, speed: float = 10) -> Peer:
    """A hub of one of fleet.virtual.KINDS in a folder of its own."""
    return SimPeer(folder, replay) if kind == "sim" else TerminalPeer(kind, folder, replay, speed)
