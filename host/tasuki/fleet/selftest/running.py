"""One hub's self-test from its first item to its last; afterwards the hub runs."""

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from tasuki.errors import TasukiError
from tasuki.fleet import literals
from tasuki.fleet.opening import open_prompt
from tasuki.fleet.ports import Port
from tasuki.fleet.prompt import Prompt
from tasuki.fleet.selftest import prompt_items
from tasuki.fleet.selftest.product import Product, read
from tasuki.fleet.selftest.results import Result, not_here
from tasuki.fleet.troubles import Trouble, as_trouble
from tasuki.pipeline.acquire import SerialLine

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

    with as_trouble():
        line = _prompt_part(port, product, keep, stop)
        with literals.ALONE:  # what decodes frames is loaded while the hubs start
            from tasuki.fleet.selftest import wire_part

        for result in wire_part.results(line, product, stop, restarted=results[0].reason != _LOCKED):
            keep(result)
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
