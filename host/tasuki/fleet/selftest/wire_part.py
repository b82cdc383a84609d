"""The second half of a self-test: the hub has started anew, and is measured over the wire."""

import threading
import time
from collections.abc import Callable, Iterator

from tasuki.errors import LinkLost
from tasuki.fleet.selftest import wire_items
from tasuki.fleet.selftest.product import LIMITED, Product
from tasuki.fleet.selftest.results import Result, measured, not_here
from tasuki.fleet.selftest.virtual import Shown
from tasuki.fleet.troubles import Trouble
from tasuki.pipeline.acquire import SerialLine
from tasuki.session import greet
from tasuki.session.connection import Connection
from tasuki.session.greet import Identity

_MOST_START_S = 60.0  # of a hub on a machine that is busy elsewhere


def results(
    line: SerialLine, product: Product, stop: threading.Event | None, restarted: bool
) -> Iterator[Result]:
    """Meet the hub on a line and measure it, then close the line; restarted: its start is timed as well.

    Raises Trouble("silent") when it does not come back, Trouble("interrupted") soon after `stop` is set.
    """
    connection = Connection(line)
    try:
        identity, took_s = _meet(connection, stop)
        if restarted:
            yield _start(took_s, product, Shown(identity.board))
        yield from wire_items.items(connection, identity, product, _waiter(connection, stop))
    finally:
        connection.close()


def _meet(connection: Connection, stop: threading.Event | None) -> tuple[Identity, float]:
    """Who the hub says it is after its start, and how long that took in seconds."""
    began = time.monotonic()
    while True:
        try:
            return greet.meet(connection), time.monotonic() - began
        except LinkLost as lost:
            if time.monotonic() - began > _MOST_START_S or "says hello" not in str(lost):
                raise Trouble("silent", "the hub does not come back after its restart") from None
        if stop is not None and stop.is_set():
            raise Trouble("interrupted", "stopped on request")


def _start(took_s: float, product: Product, shown: Shown) -> Result:
    item = "start.time"
    if why := shown.why_not(item):
        return not_here(item, why, None, LIMITED[item])
    return measured(item, took_s, LIMITED[item], product.limits[item])


def _waiter(connection: Connection, stop: threading.Event | None) -> Callable[[float], None]:
    """Waits, and reads meanwhile what the hub says."""

    def wait(seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if stop is not None and stop.is_set():
                raise Trouble("interrupted", "stopped on request")
            connection.pump(min(left, 0.1))
            connection.events.clear()

    return wait
