"""One hub in one slot, from when it is met until it goes."""

import time
from collections.abc import Callable
from typing import Any

from tasuki.errors import Refused
from tasuki.factory.journal import Unit
from tasuki.factory.line import Line, Say
from tasuki.session import greet
from tasuki.session.connection import Connection, HubRebooted
from tasuki.session.greet import Identity


class Visit:
    """What the steps work on.

    Attributes:
        unit: as the journal has it. identity: as the hub said last.
    """

    def __init__(
        self, connection: Connection, slot: str, line: Line, unit: Unit, identity: Identity, say: Say
    ) -> None:
        self.connection, self.slot, self.line, self.say = connection, slot, line, say
        self.unit, self.identity = unit, identity
        self._nonce = connection.nonce
        self._began = time.monotonic()

    @property
    def device(self) -> str:
        """The hub that the journal's unit is, hex."""
        return self.unit.device

    def step(self, step: Callable[["Visit"], Unit], tries: int) -> None:
        """Do a step, again when the hub reboots in it; it must be the same hub then."""
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

    def detail(self, **values: Any) -> dict[str, Any]:
        """What the journal keeps of a step, with the time it took."""
        return {"slot": self.slot, "took_ms": round((time.monotonic() - self._began) * 1000), **values}

    def facts(self) -> dict[str, Any]:
        """What is told of the unit."""
        return {"device": self.device, "serial": self.unit.serial}
