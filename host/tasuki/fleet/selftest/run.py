"""One hub's self-test from its first item to its last; afterwards the hub runs."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from tasuki.errors import LinkLost, TasukiError
from tasuki.fleet.flashing import open_prompt
from tasuki.fleet.ports import Port
from tasuki.fleet.prompt import Prompt
from tasuki.fleet.selftest import prompt_items, wire_items
from tasuki.fleet.selftest.product import LIMITED, Product, read
from tasuki.fleet.selftest.results import Result, measured, not_here
from tasuki.fleet.selftest.virtual import Shown
from tasuki.fleet.troubles import Trouble
from tasuki.pipeline.acquire import SerialLine
from tasuki.session import greet
from tasuki.session.connection import Connection
from tasuki.session.greet import Identity

# what a locked hub cannot show, because it has no prompt
_AT_PROMPT = (
    "memory.free",
    "memory.cells",
    "flash.free",
    "flash.file",
    "signature.vector",
    "signature.time",
    "sensors",
)
_SOFT = b"\r\x02\x04"
_MOST_START_S = 60.0  # of a hub on a machine that is busy elsewhere

Say = Callable[..., None]


def _nobody(event: str, **values: Any) -> None:
    """Nobody wants to know."""


def run(
    port: Port, product: Product | None = None, say: Say = _nobody, stop: threading.Event | None = None
) -> list[Result]:
    """Test the hub on a port against a product, the demo garment when none is given.

    The hub leaves its work for its prompt, which ends its sampling, is measured there,
    restarts, and is measured over the wire; then it runs. A locked hub has no prompt
    and shows only what the wire does. say("item", **row) is told each result.
    Raises Trouble when the hub cannot be tested at all, soon after `stop` is set
    as well; no value that was sampled leaves the hub.
    """
    product = product or read()
    results: list[Result] = []

    def keep(result: Result) -> None:
        results.append(result)
        say("item", **result.row())

    line = _prompt_part(port, product, keep, stop)
    connection = Connection(line)
    try:
        identity, took_s = _meet(connection, stop)
        if results[0].reason != _LOCKED:
            keep(_start(took_s, product, Shown(identity.board)))
        for result in wire_items.items(connection, identity, product, _waiter(connection, stop)):
            keep(result)
    finally:
        connection.close()
    return results


_LOCKED = "a locked hub has no prompt"


def _prompt_part(
    port: Port, product: Product, keep: Callable[[Result], None], stop: threading.Event | None
) -> SerialLine:
    """Measure at the prompt and restart the hub; its line, which stays open."""
    try:
        prompt = open_prompt(port, stop)
    except Trouble as trouble:
        if trouble.state != "locked":
            raise
        for item in _AT_PROMPT:
            keep(not_here(item, _LOCKED))
        return SerialLine(port.path)
    line: SerialLine = prompt.serial.line
    try:
        for result in prompt_items.items(prompt, product):
            keep(result)
    except BaseException:
        _leave(prompt)
        raise
    prompt.leave()
    line.write(_SOFT)
    return line


def _leave(prompt: Prompt) -> None:
    """Let the hub run again, whatever ended the test."""
    prompt.leave()
    with suppress(OSError, TasukiError):
        prompt.serial.line.write(_SOFT)
        prompt.serial.close()


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
