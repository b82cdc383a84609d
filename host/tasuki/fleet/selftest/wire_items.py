"""The items that the wire shows, of a hub that runs: locked ones have these alone."""

import os
import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from tasuki.errors import LinkLost, TasukiError
from tasuki.fleet.selftest.product import LIMITED, Limit, Product
from tasuki.fleet.selftest.results import Result, failed, held, measured, not_here
from tasuki.fleet.selftest.virtual import Shown
from tasuki.session import greet
from tasuki.session.connection import Connection
from tasuki.session.dialogue import Fields
from tasuki.session.greet import Identity
from tasuki_wire import codec, layout

_ANSWER_S = 5.0  # late is not lost: the round trip has a limit of its own
_MOST_LOST = 4
_ALONE = 10  # questions that are timed
_TOGETHER = 6  # every other is short: fewer bytes than four parts of a blob, which a line takes
_PAUSE_S = 0.1
_SYNC_S = 1.0
_SIDES = 5  # exchanges at each end of the watch over the clock; the quickest counts
_PART = 200  # bytes of a long question
_MISMATCH = codec.number("blob_data"), layout.ANSWERS.index("mismatch")
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
    """Questions: an answer that differs, does not come, or came damaged is an error.

    Long ones there (a part of no blob, which is `mismatch`) and long ones back, in turn; the first ones
    alone, which times them, and the others so many at a time as a hub's line takes.
    """
    before = _damage(connection)
    who = connection.ask("identify")
    wrong, lost, took = 0, 0, [0.0]
    for numbers in _turns(product.questions):
        began = time.monotonic()
        # of several, all answers come while this sleeps, and wake it once
        answers = _answers(connection, numbers, who, len(numbers) > 1 and statistics.median(took))
        if len(numbers) == 1 and answers[0] is not None:
            took.append(time.monotonic() - began)
        wrong += answers.count(False)
        lost += answers.count(None)
        connection.events.clear()
        if lost >= _MOST_LOST:
            break
    errors = wrong + lost + _damage(connection) - before
    item, limit = "link.errors", product.limits["link.errors"]
    yield measured(item, 1000 * errors / product.questions, LIMITED[item], limit)
    yield _round_trip([1000 * each for each in took[1:]], product.limits["link.round_trip"], shown)


def _turns(questions: int) -> Iterator[range]:
    """Numbers of the questions that are asked at once."""
    alone = min(_ALONE, questions)
    yield from (range(n, n + 1) for n in range(alone))
    yield from (range(n, min(n + _TOGETHER, questions)) for n in range(alone, questions, _TOGETHER))


def _answers(
    connection: Connection, numbers: Iterable[int], who: Fields, pause_s: float
) -> list[bool | None]:
    """Ask these questions at once: whether each answer is the right one, None for one that does not come."""
    questions = [_question(n) for n in numbers]
    requests = connection.post_all(questions)
    time.sleep(min(pause_s * len(requests), _PAUSE_S))
    boot = connection.nonce
    right: list[bool | None] = []
    for question, request in zip(questions, requests, strict=True):
        end = time.monotonic() + _ANSWER_S
        while not (answer := connection.answer(request)) and connection.nonce == boot:
            if (left := end - time.monotonic()) <= 0:
                break
            connection.pump(left)
        connection.forget(request)
        right.append(_right(question[0], answer, who) if answer else None)
    return right


def _question(n: int) -> tuple[Any, ...]:
    return ("identify",) if n % 2 else ("blob_data", n, _FILLS[n // 2 % len(_FILLS)] or os.urandom(_PART))


def _right(name: str, answer: tuple[str, Fields], who: Fields) -> bool:
    kind, fields = answer
    return answer == ("identity", who) if name == "identify" else kind == "answer" and fields[:2] == _MISMATCH


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
