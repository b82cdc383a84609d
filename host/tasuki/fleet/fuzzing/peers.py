"""The hubs that are plagued: behind a terminal, or in this process."""

import os
import select
import time
import tty
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from tasuki.errors import LinkLost, Refused, TasukiError
from tasuki.fleet.fast_sim import STEP_US, FastLine
from tasuki.fleet.fuzzing.judge import Fault
from tasuki.fleet.fuzzing.world import AUTHORITY
from tasuki.fleet.sim import SodiumCrypto
from tasuki.fleet.virtual import VirtualHub
from tasuki.pipeline.acquire import SerialLine
from tasuki.session import greet
from tasuki.session.connection import Connection, HubRebooted
from tasuki_hub.commands import MAINTENANCE
from tasuki_hub.hub import Hub

_CHUNK = 4096
_KEYGEN_S = 60.0
_STOPS, _STOP_PAUSE_S = 40, 0.1


class Peer(Protocol):
    """A hub and the line to it."""

    kind: str
    gentle: bool  # somebody's hub: it is not locked, and nobody can cut its power

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

    gentle = False

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


class PortPeer:
    """A hub at a port: on the bench, or somebody else's."""

    kind = "port"
    gentle = True

    def __init__(self, port: str, repin: bool) -> None:
        """Have the hub obey the fuzzer and start anew; Refused when it has a key and repin is not set."""
        self._line = SerialLine(port)
        self._ended = False
        try:
            self._take_over(repin)
        except BaseException:
            self._line.close()
            raise

    def _take_over(self, repin: bool) -> None:
        connection = Connection(self._line)
        life = greet.meet(connection).life
        if life != "blank" and not repin:
            raise Refused("keyed", f"this hub is {life}: fuzzing destroys its key", "Say so with --repin.")
        _pin(connection, AUTHORITY.public)

    def write(self, data: bytes) -> None:
        """Send all."""
        self._line.write(data)

    def read(self, timeout_s: float) -> bytes:
        """What has arrived, or nothing after timeout_s."""
        try:
            return self._line.read(timeout_s)
        except LinkLost:
            self._ended = True
            return b""

    def alive(self) -> bool:
        """False when the port went away."""
        return not self._ended

    def power_cut(self) -> None:
        """Nobody can: no scene of a gentle peer asks for it."""
        raise Fault("the hub at a port has to be started anew by hand")

    def leave_prompt(self) -> None:
        """A soft reset starts the hub's program again."""
        self.write(b"\x04")

    def close(self) -> None:
        """Leave the hub to nobody: its key belongs to a fuzzer whose secret everybody knows."""
        with suppress(TasukiError, AssertionError):
            connection = Connection(self._line)
            greet.meet(connection)
            _pin(connection, os.urandom(32))
        self._line.close()


def _pin(connection: Connection, authority: bytes) -> None:
    """Have the hub obey an authority, with a new key; it starts anew. Refused when it stays at work."""
    for left in reversed(range(_STOPS)):
        try:
            connection.ask("enroll", authority, bytes(32), 1, timeout_s=_KEYGEN_S, tries=1)
        except HubRebooted:  # its next life overtook the answer
            return
        except Refused as refused:
            if refused.reason != "busy" or not left:
                raise
            with suppress(Refused):
                connection.ask("stop", tries=1)
            time.sleep(_STOP_PAUSE_S)
        else:
            return


class SimPeer(FastLine):
    """A hub in this process, whose clock runs with the reads. SIMULATED: CPython and libsodium."""

    kind = "sim"
    gentle = False

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


def open_peer(
    kind: str, folder: Path, replay: Path, speed: float = 10, port: str = "", repin: bool = False
) -> Peer:
    """A hub of one of fleet.virtual.KINDS in a folder of its own, or of kind `port` at a port."""
    if kind == PortPeer.kind:
        return PortPeer(port, repin)
    return SimPeer(folder, replay) if kind == "sim" else TerminalPeer(kind, folder, replay, speed)
