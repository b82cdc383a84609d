"""The battery of a hub that has nothing else to say: asked under a wearer's consent, for nothing but it.

Its voltage is in device_status, an item of category 2. Without a live token a
hub does not measure it, and its hello names nobody; so an idle hub is given a
token for that item alone, tells its state at once, and is stopped again.
"""

import time
from dataclasses import replace

from tasuki.errors import LinkLost, Refused, TasukiError
from tasuki.fleet.looking import Seen
from tasuki.fleet.troubles import trouble_of
from tasuki.frames import Samples
from tasuki.pipeline.acquire import SerialLine
from tasuki.session.health import Health
from tasuki.session.hub_session import Session
from tasuki.session.listener import Listener
from tasuki.session.state import State
from tasuki_wire import items

_ITEM = "device_status"
_OTHERS = [name for name in items.NAMES if name != _ITEM]
_REPORT_S = 10.0  # it comes with the start; an emulator may get no processor for seconds


class _Reports(Listener):
    """Keeps what the hub says of itself."""

    def __init__(self) -> None:
        self.health = Health()

    def on_samples(self, samples: list[Samples]) -> None:
        self.health.take(samples)


def asked(seen: Seen, state: State, subject: str) -> Seen:
    """What was found at a port, with the battery; or with the trouble that kept it from being told.

    A hub that has told it, has no key yet or is no hub is not asked. The session is one
    like any other: counted by the hub, decided and kept by this host.
    """
    if seen.battery_mv or seen.identity is None or not seen.identity.enrolled:
        return seen
    try:
        return replace(seen, battery_mv=_battery_mv(seen, state, subject))
    except TasukiError as error:
        return replace(seen, trouble=trouble_of(error))


def _battery_mv(seen: Seen, state: State, subject: str) -> int | None:
    """Cell voltage, None where the board measures none."""
    reports = _Reports()
    line = SerialLine(seen.port.path)
    with Session(line, state, subject, withhold=_OTHERS, listeners=[reports]) as session:
        if not session.permission.items & items.bit(_ITEM):
            raise Refused(
                "not_consented",
                f"{subject} does not consent to the state of the device",
                "Give a file whose consent has device_status.",
            )
        end = time.monotonic() + _REPORT_S
        while not reports.health.power and time.monotonic() < end:
            session.step()
        session.stop()
    if not reports.health.power:
        raise LinkLost("the hub does not tell its state", "Ask again.")
    return reports.health.battery_mv
