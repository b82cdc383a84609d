"""One hub in one slot, from when it is met until it goes."""

import time
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, TypeVar

from tasuki.errors import LinkLost, Refused
from tasuki.factory import waking
from tasuki.factory.journal import Unit
from tasuki.factory.line import Line, Say
from tasuki.fleet import bundle
from tasuki.fleet.ports import Port
from tasuki.fleet.troubles import as_trouble
from tasuki.session import greet
from tasuki.session.connection import Connection, HubRebooted
from tasuki.session.greet import Identity

T = TypeVar("T")
_BUSY_S = 15.0  # longer than a signature without C
_PAUSE_S = 0.2


class Visit:
    """What the steps work on.

    Attributes:
        unit: as the journal has it. identity: as the hub said last.
    """

    unit: Unit
    identity: Identity
    connection: Connection

    def __init__(self, port: Port, line: Line, say: Say) -> None:
        self.port, self.slot, self.line, self.say = port, port.location, line, say
        self._nonce = b""
        self._open = False
        self._began = time.monotonic()

    def open(self) -> Identity:
        """Open the port and meet the hub; a board at its prompt is started. LinkLost when nothing answers."""
        try:
            return self._meet_new()
        except LinkLost:
            self.close()
            with as_trouble():
                woken = waking.wake(self.port, self.line)
            if not woken:
                raise
        return self._meet_new()

    def _meet_new(self) -> Identity:
        with as_trouble():
            self.connection = Connection(self.line.connect(self.port.path))
        self._open = True
        self._nonce = b""
        self.identity = greet.meet(self.connection)
        self._nonce = self.connection.nonce
        return self.identity

    def close(self) -> None:
        """Give the port back."""
        if self._open:
            self._open = False
            self.connection.close()

    def apart(self, work: Callable[[Port], T]) -> T:
        """Do something that opens the port itself, and meet the same hub again afterwards."""
        self.close()
        done = work(self.port)
        self.took(self.open())
        return done

    @property
    def device(self) -> str:
        """The hub that the journal's unit is, hex."""
        return self.unit.device

    def step(self, step: Callable[["Visit"], Unit], tries: int) -> None:
        """Do a step, again when the hub reboots in it or is busy; it must be the same hub then."""
        patient_until = time.monotonic() + _BUSY_S
        while True:
            self._began = time.monotonic()
            try:
                self._same_hub()
                self.unit = step(self)
                return
            except HubRebooted:
                tries -= 1
                if not tries:
                    raise
            except Refused as e:
                if e.reason != "busy" or time.monotonic() > patient_until:
                    raise
                self.connection.pump(_PAUSE_S)

    def _same_hub(self) -> None:
        if self.connection.nonce != self._nonce:
            self.meet()

    def meet(self) -> Identity:
        """Ask the hub who it is now; Refused("swapped") when it is another one."""
        self.connection.skip_lives()
        identity = greet.meet(self.connection)
        self.took(identity)
        return identity

    def took(self, identity: Identity) -> None:
        """The hub said who it is."""
        self._nonce = self.connection.nonce
        if identity.device.hex() != self.device:
            raise Refused(
                "swapped",
                f"hub {identity.device.hex()} is in the place of {self.device}",
                "Plug the first one in again.",
            )
        self.identity = identity

    def check_order(self) -> None:
        """Refused("other_order") for a hub that another order began."""
        if self.unit.work != self.line.order.id and not self.unit.done:
            raise Refused(
                "other_order",
                f"hub {self.device} belongs to order {self.unit.work}",
                f"Finish it with the order {self.unit.work}.",
            )

    def check_key(self) -> None:
        """Refused("key_changed") when the hub has not the key that the journal knows."""
        if self.unit.public is not None and self.identity.public.hex() != self.unit.public:
            raise Refused(
                "key_changed",
                f"hub {self.device} does not have the key that was certified for it",
                "Hold it back. `tasuki factory rotate` certifies a new key.",
            )

    def check_firmware(self) -> None:
        """Refused("wrong_firmware") when the hub does not run the order's bundle, where it has one."""
        if self.line.order.bundle:
            wanted = bundle.read(self.line.bundle).release.counter
            if self.identity.counter != wanted:
                raise Refused("wrong_firmware", f"the hub did not start version {wanted}", "Try again.")

    @cached_property
    def _rotation(self) -> Mapping[str, Any]:
        """The order for another key, where there was one."""
        rotated = self.line.journal.last("rotated", self.device)
        return rotated[2] if rotated else {}

    @property
    def authority(self) -> bytes:
        """The consent authority of this hub: its owner's, else the station's."""
        return bytes.fromhex(self._rotation.get("authority", "")) or self.line.authority

    @property
    def shows_retired(self) -> bool:
        """True when the hub still has the key that is to be replaced."""
        return self.identity.public.hex() == self._rotation.get("old")

    def detail(self, **values: Any) -> dict[str, Any]:
        """What the journal keeps of a step, with the time it took."""
        return {"slot": self.slot, "took_ms": round((time.monotonic() - self._began) * 1000), **values}

    def facts(self) -> dict[str, Any]:
        """What is told of the unit."""
        return {"device": self.device, "serial": self.unit.serial}
