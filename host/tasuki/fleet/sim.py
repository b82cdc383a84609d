"""A simulated hub: the hub's own files run by CPython in a thread of this process.

For faults and for scale. Its logic is the real one, its interpreter, clock and
signer (PyNaCl) are not; the `unix` hub has the real interpreter.
"""

import contextlib
import hashlib
import os
import select
import threading
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import nacl.bindings as sodium
from nacl.exceptions import BadSignatureError

from tasuki_hub import status
from tasuki_hub.commands import MAINTENANCE, REBOOT
from tasuki_hub.hub import Hub
from tasuki_hub.replay import Replay

_BOX_EXTRA = sodium.crypto_box_SEALBYTES


class SodiumCrypto:
    """Ed25519 by libsodium behind the interface of tasuki_hub.ed25519."""

    @staticmethod
    def public_key(seed: bytes) -> bytes:
        """Public key of a 32-byte seed."""
        return sodium.crypto_sign_seed_keypair(seed)[0]

    @staticmethod
    def public_key_steps(seed: bytes) -> Generator[None, None, bytes]:
        """The same as the value of a generator."""
        yield
        return SodiumCrypto.public_key(seed)

    @staticmethod
    def sign_steps(seed: bytes, public: bytes, message: bytes) -> Generator[None, None, bytes]:
        """Signature, 64 bytes, as the value of a generator."""
        yield
        return sodium.crypto_sign(message, seed + public)[:64]

    @staticmethod
    def verify_steps(public: bytes, message: bytes, signature: bytes) -> Generator[None, None, bool]:
        """Whether a signature holds, as the value of a generator."""
        yield
        try:
            sodium.crypto_sign_open(signature + message, public)
        except (BadSignatureError, ValueError, TypeError):
            return False
        return True

    @staticmethod
    def sealed_box_into(buf: bytearray, n: int, public: bytes, secret: bytes) -> int:
        """Seal buf[48 : 48 + n] in place, as the hub's C module does (firmware/cmodule/README.md)."""
        ephemeral = sodium.crypto_scalarmult_base(secret)
        nonce = hashlib.blake2b(ephemeral + public, digest_size=sodium.crypto_box_NONCEBYTES).digest()
        box = ephemeral + sodium.crypto_box(bytes(buf[_BOX_EXTRA : _BOX_EXTRA + n]), nonce, public, secret)
        buf[: len(box)] = box
        return len(box)


class SimBoard:
    """The board interface of tasuki_hub over a file descriptor."""

    name = "sim"
    packed = True

    def __init__(self, fd: int, flash: Path, unique_id: bytes, speed: float, replay: Path) -> None:
        self.flash = str(flash)
        self._fd = fd
        self._unique_id = unique_id
        self._speed = speed
        self._replay = replay
        self._start = time.monotonic()

    def unique_id(self) -> bytes:
        """Stands for the MCU's serial number."""
        return self._unique_id

    def entropy(self, n: int) -> bytes:
        """n bytes from the operating system."""
        return os.urandom(n)

    def ticks_us(self) -> int:
        """Real microseconds."""
        return time.monotonic_ns() // 1000

    def now_us(self) -> int:
        """Device time, microseconds since start."""
        return int((time.monotonic() - self._start) * 1e6 * self._speed)

    def drivers(self, hub: Hub) -> list[tuple[int, Any]]:
        """The recording's channels and the status stream."""
        streams: list[tuple[int, Any]] = Replay(str(self._replay)).channels
        return [*streams, *status.drivers(hub)]

    def read_into(self, buf: bytearray) -> int:
        """Bytes that have arrived, without waiting."""
        try:
            data = os.read(self._fd, len(buf))
        except (BlockingIOError, OSError):
            return 0
        buf[: len(data)] = data
        return len(data)

    def write(self, data: memoryview) -> int:
        """Write what the line takes now."""
        try:
            return os.write(self._fd, data)
        except (BlockingIOError, OSError):
            return 0

    def wait(self, ms: int) -> None:
        """Sleep until something arrives, at most ms."""
        with contextlib.suppress(OSError, ValueError):
            select.select([self._fd], [], [], ms / 1000)

    def battery_mv(self) -> int:
        """No battery."""
        return 0

    def reset_cause(self) -> int:
        """Always power_on."""
        return 1

    def heap_free(self) -> int:
        """CPython's heap has no limit to report."""
        return 0


class SimHub(threading.Thread):
    """A simulated hub on a file descriptor, running until close()."""

    def __init__(self, board: SimBoard) -> None:
        super().__init__(name="sim-hub", daemon=True)
        self.hub = Hub(board, SodiumCrypto)
        self._board = board
        self._ended = threading.Event()

    def run(self) -> None:
        """Step the hub, and a new one after a reboot, as tasuki_hub.app does."""
        while not self._ended.is_set() and self.hub.leaving != MAINTENANCE:
            self.hub.step()
            self._board.wait(2)
            if self.hub.leaving == REBOOT and self.hub.link.idle():
                self.hub.close()
                self.hub = Hub(self._board, SodiumCrypto)

    def close(self) -> None:
        """End the thread."""
        self._ended.set()
        self.join(timeout=5)
        self.hub.close()
