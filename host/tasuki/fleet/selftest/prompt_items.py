"""The items that are measured at the hub's prompt, by tasuki_hub/selftest.py, which comes by it."""

import math
import os
from collections.abc import Iterator, Sequence
from typing import Any

import nacl.bindings as sodium
from mpremote.transport import TransportExecError

from tasuki.fleet import literals
from tasuki.fleet.prompt import Prompt
from tasuki.fleet.selftest import hub_code
from tasuki.fleet.selftest.product import LIMITED, Product, SensorLimits
from tasuki.fleet.selftest.results import Result, failed, held, measured, not_here
from tasuki.fleet.selftest.virtual import Shown
from tasuki.fleet.troubles import Trouble, trouble_of
from tasuki_wire import layout

_LONG_S = 120.0  # without the C module a processor signs for seconds
_ECHO_BYTES = 4096
_ECHO_PIECE = 64  # under way at once: what any UART keeps
_ECHO_S = 1.0


class Bench:
    """The helpers on a hub at its prompt, until it restarts.

    Attributes:
        board: its name. rates: that its line has beside the usual one.
    """

    board: str
    rates: Sequence[int]

    def __init__(self, prompt: Prompt) -> None:
        self._prompt = prompt
        platform = prompt.eval("__import__('sys').platform", parse=False).decode("ascii", "replace")
        try:
            said = prompt.exec(hub_code.board(platform))
        except TransportExecError as error:
            if "ImportError" in error.error_output:
                raise Trouble("no_firmware", "the hub has no firmware of ours that could be tested") from None
            raise
        asked = _literal(said.decode(errors="replace").splitlines())
        rates = asked.get("rates")
        self.board, self.rates = str(asked.get("board")), rates if isinstance(rates, tuple | list) else ()
        prompt.exec(hub_code.helpers())

    def ask(self, call: str) -> list[str]:
        """Lines that a call prints; Trouble with what the hub says when it fails."""
        said, error = self._prompt.exec_raw(call, timeout=_LONG_S)
        if error:
            raise trouble_of(TransportExecError(error, error.decode(errors="replace")))
        return str(said.decode(errors="replace")).splitlines()

    def found(self, call: str) -> dict[str, Any]:
        """The one literal that a call prints."""
        return _literal(self.ask(call))

    def echoed(self, call: str, rate: int, data: bytes) -> bytes:
        """What comes back of data at another rate of the line, while a call echoes."""
        line = self._prompt.serial
        self._prompt.exec_raw_no_follow(f"{call}")
        before = line.line.set_rate(rate)
        back = b""
        try:
            for at in range(0, len(data), _ECHO_PIECE):
                piece = data[at : at + _ECHO_PIECE]
                line.write(piece)
                line.timeout = _ECHO_S
                got = line.read(len(piece))
                back += got.ljust(len(piece), b"\0") if len(got) < len(piece) else got
                if not got:
                    break
        finally:
            line.line.set_rate(before)
        self._prompt.follow(_LONG_S)
        return back


def _literal(lines: list[str]) -> dict[str, Any]:
    """The one in the last of these lines; Trouble when it is none."""
    try:
        value = literals.read(lines[-1])
    except (IndexError, ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise Trouble("failed", "the hub's self-test does not answer as it should")
    return value


def items(prompt: Prompt, product: Product) -> Iterator[Result]:
    """All that the prompt can show, one after the other; what fails does not end the rest.

    What was pasted stays on the heap: the caller restarts the hub.
    """
    bench = Bench(prompt)
    shown = Shown(bench.board)
    yield from _memory(bench, product, shown)
    yield from _flash(bench, product, shown)
    yield from _signature(bench, product, shown)
    yield from sensor_items(bench, product, shown)
    yield from _rates(bench, product, shown)


def _figure(item: str, value: float, product: Product, shown: Shown, reason: str = "") -> Result:
    """A figure beside its limit, or that it does not apply to such a hub."""
    unit = LIMITED[item]
    if why := shown.why_not(item):
        return not_here(item, why, None, unit)
    return measured(item, value, unit, product.limits[item], reason)


def _memory(bench: Bench, product: Product, shown: Shown) -> Iterator[Result]:
    try:
        found = bench.found(hub_code.MEMORY)
    except Trouble as trouble:
        yield failed("memory.free", str(trouble), "bytes", product.limits["memory.free"])
        return
    yield _figure("memory.free", found["free"], product, shown)
    yield _figure("memory.cells", found["bad"], product, shown, "" if found["tested"] else "none was free")


def _flash(bench: Bench, product: Product, shown: Shown) -> Iterator[Result]:
    try:
        found = bench.found(hub_code.FLASH)
    except Trouble as trouble:
        yield failed("flash.file", str(trouble), "wrong bytes", product.limits["flash.file"])
        return
    yield _figure("flash.free", found["free"], product, shown)
    yield _figure("flash.file", found["bad"], product, shown)


def _signature(bench: Bench, product: Product, shown: Shown) -> Iterator[Result]:
    item = "signature.vector"
    public, secret = sodium.crypto_sign_seed_keypair(hub_code.SEED)
    wanted = sodium.crypto_sign(hub_code.MESSAGE, secret)[: layout.SIGNATURE_SIZE]
    try:
        found = bench.found(hub_code.SIGNATURE)
    except Trouble as trouble:
        yield failed(item, str(trouble))
        return
    wrongs = {
        "another public key": found["public"] != public,
        "another signature": found["signature"] != wanted,
        "its own signature is refused": not found["right"],
        "an altered message is taken": found["wrong"],
    }
    told = ", ".join(name for name, wrong in wrongs.items() if wrong)
    yield held(item, not told, told or "as RFC 8032", "as RFC 8032", told)
    yield _figure("signature.time", found["us"] / 1000, product, shown)


def sensor_items(bench: Bench, product: Product, shown: Shown) -> Iterator[Result]:
    """What each part says it is, its noise, and what a record costs."""
    sampled = not shown.why_not("sensor.noise")
    try:
        lines = bench.ask(hub_code.sensors(product, sampled))
    except Trouble as trouble:
        yield failed("sensors", str(trouble))
        return
    found = {row["number"]: row for row in map(literals.read, lines)}
    for sensor in product.sensors:
        name = f"sensor.{sensor.number}"
        if sensor.number not in found:
            yield failed(f"{name}.identity", "the board has no such stream")
            continue
        yield from _sensor(name, sensor, found[sensor.number], shown)


def _sensor(name: str, sensor: SensorLimits, row: dict[str, Any], shown: Shown) -> Iterator[Result]:
    virtual = shown.why_not("sensor.identity")
    part = str(row["part"])
    if row["error"]:
        yield failed(f"{name}.identity", str(row["error"]))
    elif virtual:
        yield not_here(f"{name}.identity", virtual, part)
    else:
        yield held(f"{name}.identity", sensor.part in ("", part), part, sensor.part or part)
    fields = next(message[5] for message in layout.MESSAGES if message[1] == sensor.kind)
    unit = " and ".join(dict.fromkeys(field[3] for field in fields))
    if virtual:
        yield not_here(f"{name}.noise", virtual, None, unit)
        yield not_here(f"{name}.sample_time", virtual, None, "us")
        return
    scales = [field[4] for field in fields for _ in range(field[2])]
    few = "" if row["records"] >= sensor.records else f"{row['records']} records, not {sensor.records}"
    deviations = [math.sqrt(v) / scale for v, scale in zip(row["variances"], scales, strict=False)]
    yield measured(f"{name}.noise", max(deviations, default=math.nan), unit, sensor.noise, few)
    yield measured(f"{name}.sample_time", row["us"], "us", sensor.sample_us, few)


def _rates(bench: Bench, product: Product, shown: Shown) -> Iterator[Result]:
    """What an echo at each rate brings back wrong. An emulated line is tried as well, and proves nothing."""
    item, unit = "rate.errors", LIMITED["rate.errors"]
    why, limit = shown.why_not(item), product.limits[item]
    for rate in product.rates:
        name = f"rate.{rate}.errors"
        if not bench.rates:
            yield not_here(name, why or "the board cannot change the rate of its line", None, unit)
            continue
        if rate not in bench.rates:
            yield failed(name, "the board's line has no such rate", unit, limit)
            continue
        sent = os.urandom(_ECHO_BYTES)
        back = bench.echoed(f"echo(_board,{rate},{len(sent)})", rate, sent)
        wrong = 1000 * (len(sent) - sum(a == b for a, b in zip(sent, back, strict=False))) / len(sent)
        yield not_here(name, why, wrong, unit) if why else measured(name, wrong, unit, limit)
