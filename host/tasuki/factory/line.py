"""What all slots of a station share while it works on an order."""

import queue
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography import x509

from tasuki.errors import LinkLost, Refused
from tasuki.factory import checking
from tasuki.factory.journal import Journal
from tasuki.factory.keys import Key
from tasuki.factory.labels import Label
from tasuki.factory.order import Order
from tasuki.fleet.calibration import Constants
from tasuki.fleet.ports import Port
from tasuki.pipeline.acquire import SerialLine
from tasuki.session.connection import Line as ByteLine
from tasuki.vault.secret import Signer

_MOVED_S = 3.0  # until the slot that a hub was moved from has noticed

Answer = queue.SimpleQueue[bytes | BaseException]
Say = Callable[..., None]
Stop = threading.Event


def stopped() -> LinkLost:
    """What a slot ends with when the line is to stop."""
    return LinkLost("the line was stopped", "Start it again: every hub goes on where it was.")


def no_constants(device: str) -> Constants | None:
    """No hub has constants."""
    return None


@dataclass
class Line:
    """One order at one station.

    Attributes:
        key: the station's, behind a queue. chain: station's certificate, then the factory's.
        authority: public key of the consent authority that hubs are to obey.
        bundle: the firmware bundle of the order.
        labels: folder; printer: device file that takes ZPL.
        test: the self-test; what it measured, or Refused("self_test").
        connect: opens a port's line.
        scan: takes the label, what tells the operator, and `stop`; waits for a scanner's line. None when the
            order asks for none.
        constants: of a unit, by hub id. calibration: the key that signs them.
        stop: set, it ends every slot at its next step.
    """

    order: Order
    journal: Journal
    key: Key
    chain: Sequence[x509.Certificate]
    authority: bytes
    labels: Path
    test: Callable[[Port, Order], Mapping[str, Any]] = checking.test
    connect: Callable[[str], ByteLine] = SerialLine
    bundle: bytes = b""
    printer: Path | None = None
    scan: Callable[[Label, Callable[[], None], Stop], str] | None = None
    constants: Callable[[str], Constants | None] = no_constants
    calibration: Signer | None = None
    stop: Stop = field(default_factory=Stop)
    active: "Active" = field(default_factory=lambda: Active())


class Active:
    """Which hub is worked on in which slot: a hub id is in one at a time."""

    def __init__(self) -> None:
        self._slots: dict[str, str] = {}
        self._changed = threading.Condition()

    @contextmanager
    def holding(self, device: str, slot: str) -> Iterator[None]:
        """Refused("duplicate_hub") when another slot has this id and does not give it up."""
        with self._changed:
            if not self._changed.wait_for(lambda: device not in self._slots, _MOVED_S):
                raise Refused(
                    "duplicate_hub",
                    f"hub {device} is in slot {self._slots[device]}, too",
                    "One of the two is a copy. Hold both back.",
                )
            self._slots[device] = slot
        try:
            yield
        finally:
            with self._changed:
                del self._slots[device]
                self._changed.notify_all()


class KeyQueue:
    """A key that signs for many slots, one after the other, in a thread of its own."""

    def __init__(self, key: Key, patience_s: float = 30.0) -> None:
        self._key = key
        self._patience_s = patience_s
        self._jobs: queue.SimpleQueue[tuple[bytes, Answer] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="key", daemon=True)
        self._thread.start()

    @property
    def public(self) -> bytes:
        """Its public half."""
        return self._key.public

    def sign(self, data: bytes) -> bytes:
        """Signature, when it is this one's turn; LinkLost when where the key lies is away."""
        answer: Answer = queue.SimpleQueue()
        self._jobs.put((data, answer))
        try:
            signature = answer.get(timeout=self._patience_s)
        except queue.Empty:
            raise LinkLost("the HSM does not sign", "Connect it; then start again.") from None
        if isinstance(signature, BaseException):
            raise signature
        return signature

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            data, answer = job
            try:
                answer.put(self._key.sign(data))
            except Exception as e:  # it is for the slot that asked; the queue goes on
                answer.put(e)

    def close(self) -> None:
        """End the thread, then the key."""
        self._jobs.put(None)
        self._thread.join(timeout=5)
        self._key.close()
