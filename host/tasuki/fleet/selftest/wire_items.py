"""The items that the wire shows, of a hub that runs: locked ones have these alone."""

import os
import statistics
import time
from collections.abc import Callable, Iterator

from tasuki.errors import LinkLost, Refused, TasukiError
from tasuki.fleet.selftest.product import LIMITED, Limit, Product
from tasuki.fleet.selftest.results import Result, failed, held, measured, not_here
from tasuki.fleet.selftest.virtual import Shown
from tasuki.session import greet
from tasuki.session.connection import Connection
from tasuki.session.dialogue import Fields
from tasuki.session.greet import Identity
from tasuki_wire import codec, layout

_ANSWER_S = 1.0
_SYNC_S = 1.0
_SIDES = 5  # exchanges at each end of the watch over the clock; the quickest counts
_PART = 200  # bytes of a long question
_FILLS = (b"\0" * _PART, b"\xff" * _PART, b"\x55" * _PART, b"")  # bits alike, in turn, and random

Wait = Callable[[float], None]


def items(connection: Connection, identity: Identity, product: Product, wait: Wait) -> Iterator[Result]:
    """All that the wire can show; wait(seconds) ends early, with Trouble, when the test is to end."""
    shown = Shown(identity.board)
    yield held(
        "identity.board", identity.board in product.boards, identity.board, " or ".join(product.boards)
    )
    yield Result("identity.firmware", "pass", identity.firmware)  # it said hello with our schemas
    yield from _streams(connection, product)
    yield from _clock(connection, product, shown, wait)
    yield from _link(connection, product, shown)


def _streams(connection: Connection, product: Product) -> Iterator[Result]:
    wanted = {s.number: (s.kind, s.site, s.period_us) for s in product.sensors}
    try:
        described = greet.describe(connection)
    except TasukiError as error:
        yield failed("streams", str(error))
        return
    body = {
        row.stream: (codec.KINDS[row.kind].name, _site(row.site), row.period_us)
        for row in described.values()
        if codec.KINDS[row.kind].item != "device_status"
    }
    differing = [n for n in sorted(wanted.keys() | body.keys()) if wanted.get(n) != body.get(n)]
    told = "; ".join(f"stream {n} is {_shown(body.get(n))}, not {_shown(wanted.get(n))}" for n in differing)
    yield held("streams", not differing, f"{len(body)} streams", f"{len(wanted)} streams", told)


def _site(number: int) -> str:
    return layout.SITES[number] if number < len(layout.SITES) else f"site_{number}"


def _shown(row: tuple[str, str, int] | None) -> str:
    return f"{row[0]} at {row[1]} each {row[2]} us" if row else "not there"


def _clock(connection: Connection, product: Product, shown: Shown, wait: Wait) -> Iterator[Result]:
    """Device time against ours, by the quickest of some exchanges at both ends."""
    item = "clock.drift"
    if why := shown.why_not(item):
        yield not_here(item, why, None, LIMITED[item])
        return
    try:
        first = _best_exchange(connection)
        wait(product.drift_s)
        last = _best_exchange(connection)
    except LinkLost as error:
        yield failed(item, str(error), LIMITED[item], product.limits[item])
        return
    ours = last[0] - first[0]
    yield measured(item, ((last[1] - first[1]) / ours - 1) * 1e6, LIMITED[item], product.limits[item])


def _best_exchange(connection: Connection) -> tuple[float, float]:
    """(our microseconds, the hub's) of one moment."""
    found: list[tuple[float, float, float]] = []

    def seen(t1: int, rx: int, tx: int, t4: int) -> None:
        found.append((t4 - t1 - (tx - rx), (t1 + t4) / 2, (rx + tx) / 2))

    connection.on_exchange = seen
    try:
        connection.await_sync(_SIDES)
    finally:
        connection.on_exchange = None
    _, ours, theirs = min(found)
    return ours, theirs


def _link(connection: Connection, product: Product, shown: Shown) -> Iterator[Result]:
    """Questions one after the other: an answer that differs, does not come, or came damaged is an error.

    Long ones there (a part of no blob, which is `mismatch`) and long ones back, in turn.
    """
    before = _damage(connection)
    who = connection.ask("identify")
    lost, took = 0, []
    for n in range(product.questions):
        began = time.monotonic()
        try:
            lost += _differs(connection, n, who)
        except LinkLost:
            lost += 1
            if lost > product.questions // 4:
                break
            continue
        took.append((time.monotonic() - began) * 1000)
    errors = lost + _damage(connection) - before
    item, limit = "link.errors", product.limits["link.errors"]
    yield measured(item, 1000 * errors / product.questions, LIMITED[item], limit)
    yield _round_trip(took, product.limits["link.round_trip"], shown)


def _differs(connection: Connection, n: int, who: Fields) -> bool:
    """Ask once; True when the answer is not the right one."""
    if n % 2:
        return connection.ask("identify", timeout_s=_ANSWER_S, tries=1) != who
    data = _FILLS[n // 2 % len(_FILLS)] or os.urandom(_PART)
    try:
        connection.ask("blob_data", n, data, timeout_s=_ANSWER_S, tries=1)
    except Refused as refused:
        return refused.reason != "mismatch"
    return True


def _round_trip(took: list[float], limit: Limit, shown: Shown) -> Result:
    item = "link.round_trip"
    if why := shown.why_not(item):
        return not_here(item, why, None, LIMITED[item])
    if not took:
        return failed(item, "no question was answered", LIMITED[item], limit)
    return measured(item, statistics.median(took), LIMITED[item], limit)


def _damage(connection: Connection) -> int:
    """Pieces that were no frame, so far."""
    counts = connection.decoder.counts
    return sum(n for name, n in counts.items() if name != "ok")
