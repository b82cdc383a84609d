"""Watches one hub: whatever it sends anyway, or a session under a wearer's consent."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tasuki.errors import LinkLost, UsageError
from tasuki.fleet.meter import Meter
from tasuki.fleet.ports import Port
from tasuki.frames import Samples
from tasuki.pipeline.acquire import SerialLine
from tasuki.session import greet, running
from tasuki.session.connection import Connection, Reboot
from tasuki.session.hub_session import Session
from tasuki.session.listener import Listener
from tasuki.session.state import State, adopt

_SYNC_S = 1.0
_TURN_S = 0.05

Watched = tuple[Meter, Connection, Callable[[], object]]


@contextmanager
def watching(port: Port, consent: Path | None, state: Path, speed: float = 1.0) -> Iterator[Watched]:
    """A meter, the connection, and what takes one turn (about 50 ms); LinkLost when the hub goes.

    With a consent file the hub gets a token and samples, as in `tasuki run`, and what
    consent lets be seen has its values. Without one nothing is started or changed:
    a hub that no token allows anything says hello, and one that samples is counted.
    """
    watch = _session if consent else _passive
    with watch(port, consent, state, speed) as watched:
        yield watched


@contextmanager
def _passive(port: Port, consent: Path | None, state: Path, speed: float) -> Iterator[Watched]:
    connection = Connection(SerialLine(port.path))
    meter = Meter()
    next_sync = 0.0

    def turn() -> None:
        nonlocal next_sync
        now = time.monotonic()
        if now >= next_sync:
            next_sync = now + _SYNC_S
            connection.sync()
        connection.pump(_TURN_S)
        for event in connection.take():
            if isinstance(event, Reboot):
                meter.begin_life()

    try:
        connection.on_batch = lambda batch: meter.take(batch, time.monotonic())
        try:
            greet.meet(connection)
        except LinkLost as error:
            raise UsageError(str(error), "A hub at its prompt sends no frames: `tasuki hub reset`.") from None
        connection.clock.speed = speed
        yield meter, connection, turn
    finally:
        connection.close()


class _Values(Listener):
    """Gives the meter the values that consent lets be seen."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter

    def on_samples(self, samples: list[Samples]) -> None:
        self._meter.values(samples)

    def on_reboot(self) -> None:
        self._meter.begin_life()


@contextmanager
def _session(port: Port, consent: Path | None, state: Path, speed: float) -> Iterator[Watched]:
    meter = Meter()
    assert consent is not None
    with State(state) as opened:
        subject = adopt(opened, consent)
        session = Session(SerialLine(port.path), opened, subject, speed=speed, listeners=[_Values(meter)])
        with session, running.uploading(session):
            session.connection.on_batch = lambda batch: meter.take(batch, time.monotonic())
            try:
                yield meter, session.connection, session.step
            finally:
                if not session.decided:
                    session.stop()


def clock_row(connection: Connection) -> dict[str, Any]:
    """How the hub's clock goes against ours; drift is None until ten seconds were seen."""
    clock = connection.clock
    if not clock.ready:
        return {"drift_ppm": None, "uncertainty_us": None}
    fit = clock.fit()
    return {
        "drift_ppm": round(clock.drift * 1e6, 1) if clock.drift else None,
        "uncertainty_us": round(fit.uncertainty_us(fit.device_us)),
    }
