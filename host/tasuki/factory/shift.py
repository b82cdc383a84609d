"""Operators and shifts: who works the line, since when, and whether the golden unit was good then."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nacl import pwhash
from nacl.exceptions import InvalidkeyError

from tasuki import durable
from tasuki.errors import Refused, UsageError
from tasuki.factory.journal import Journal
from tasuki.factory.setup import Setup

_FILE = "operators.json"
_LEAST_PIN = 4
_MS = 3_600_000


def _operators(folder: Path) -> dict[str, str]:
    path = folder / _FILE
    try:
        return dict(json.loads(path.read_text())) if path.exists() else {}
    except ValueError as e:
        raise UsageError(f"{path} is damaged", "Restore it, or enter the operators again.") from e


def add_operator(folder: Path, name: str, pin: str) -> None:
    """Enter an operator, or give one a new PIN; it is kept as an Argon2id hash."""
    if len(pin) < _LEAST_PIN or not name.isprintable() or not name:
        raise UsageError("this is no name and PIN", f"A PIN has {_LEAST_PIN} characters or more.")
    rows = {**_operators(folder), name: pwhash.argon2id.str(pin.encode()).decode()}
    durable.replace(folder / _FILE, json.dumps(rows, indent=1).encode(), 0o600)


def log_in(folder: Path, name: str, pin: str) -> None:
    """Refused("unknown_operator") for another name or PIN."""
    known = _operators(folder).get(name)
    try:
        if known is not None and pwhash.verify(known.encode(), pin.encode()):
            return
    except InvalidkeyError:
        pass
    raise Refused("unknown_operator", "name and PIN do not fit", "`tasuki factory operator add` enters one.")


@dataclass(frozen=True)
class Shift:
    """The shift that is on."""

    operator: str
    since_ms: int


def start(
    journal: Journal,
    setup: Setup,
    operator: str,
    golden: Callable[[], tuple[str, Mapping[str, Any]]] | None = None,
) -> None:
    """Begin a shift, with the golden unit where the station has one.

    golden: meets and tests it; its hub id and what was measured. Refused("golden") when it is another hub
    or not good: then the line is what is wrong, and nothing is built.
    """
    measured: Mapping[str, Any] = {}
    if setup.golden:
        if golden is None:
            raise Refused("golden", "this station begins with its golden unit", "Give its port: --golden.")
        try:
            device, measured = golden()
        except Refused as e:
            journal.note("golden_failed", {"operator": operator, "message": str(e)})
            raise Refused("golden", f"the golden unit is not good: {e}", "Repair the station first.") from e
        if device != setup.golden:
            raise Refused("golden", f"hub {device} is not the golden unit", f"It is {setup.golden}.")
    journal.note("shift_started", {"operator": operator, "golden": setup.golden, "measured": dict(measured)})


def end(journal: Journal) -> None:
    """End the shift that is on."""
    journal.note("shift_ended", {"operator": current(journal, 24 * 365).operator})


def current(journal: Journal, hours: float) -> Shift:
    """The shift that is on; Refused("no_shift") when none is, or it began too long ago."""
    started, ended = journal.last("shift_started"), journal.last("shift_ended")
    now = journal.now_s() * 1000
    on = started is not None and (ended is None or ended[0] < started[0])
    if started is None or not on or now - started[1] > hours * _MS:
        raise Refused("no_shift", "no shift is on", "Begin one: `tasuki factory shift start`.")
    return Shift(str(started[2]["operator"]), started[1])
