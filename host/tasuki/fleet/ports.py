"""Ports that may have a hub: what is plugged in, what is spawned, and which of them a person means."""

import fnmatch
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from serial.tools import list_ports

from tasuki.errors import UsageError
from tasuki.fleet import announce
from tasuki.folders import default_state

_KEYS = ("vid", "pid", "serial", "name")
_NUMBERS = re.compile("([0-9]+)")
_WILD = frozenset("*?[")


@dataclass(frozen=True)
class Port:
    """One port.

    Attributes:
        path: what is opened; may change when the hub is plugged in again.
        location: where it is plugged in, such as 1-1.4; stays the same then.
        name: product of a USB device, kind of a virtual hub.
        vid, pid: of USB; None where there is no such thing.
    """

    path: str
    location: str
    serial: str = ""
    name: str = ""
    vid: int | None = None
    pid: int | None = None


def found(state: Path | None = None) -> list[Port]:
    """USB serial ports and spawned hubs; state is the folder where spawned ones are announced."""
    usb = [
        Port(p.device, p.location or p.device, p.serial_number or "", p.product or "", p.vid, p.pid)
        for p in list_ports.comports()
        if p.vid is not None
    ]
    virtual = [
        Port(str(row["port"]), str(row.get("location", "")), str(row.get("serial", "")), str(row["kind"]))
        for row in announce.present(state or default_state())
    ]
    return sorted(usb, key=_place) + sorted(virtual, key=_place)


def _place(port: Port) -> list[tuple[int, str]]:
    """For an order in which ttyACM2 stands before ttyACM10."""
    return [(int(part), "") if n % 2 else (0, part) for n, part in enumerate(_NUMBERS.split(port.path))]


def chosen(
    ports: Sequence[Port], patterns: Iterable[str] = (), filters: Iterable[str] = (), every: bool = False
) -> list[Port]:
    """The ports that are meant: by path or glob, narrowed by filters; or all; or the only one.

    A path without wildcards may be one that nobody found, such as the terminal of
    an emulator. Raises UsageError when nothing is meant, or more than one without saying so.
    """
    patterns, wanted = list(patterns), [_filter(text) for text in filters]
    if patterns and every:
        raise UsageError("both --all and --port were given", "Give one of them.")
    some = _matching(ports, patterns) if patterns else list(ports)
    for keys in wanted:
        some = [port for port in some if _fits(port, keys)]
    if not some:
        raise UsageError(
            "no hub is there" if not ports and not patterns else "no port matches",
            "`tasuki hub list` shows the ports; `tasuki hub spawn` starts a virtual hub.",
        )
    if len(some) > 1 and not (patterns or wanted or every):
        names = ", ".join(port.path for port in some)
        raise UsageError(
            f"{len(some)} hubs are there: {names}", "Choose with --port, or take all with --all."
        )
    return some


def one(ports: Sequence[Port]) -> Port:
    """The only one of the chosen ports; UsageError when there are more."""
    if len(ports) > 1:
        raise UsageError(f"this works on one hub, not on {len(ports)}", "Name one port with --port.")
    return ports[0]


def again(port: Port, state: Path | None = None) -> Port | None:
    """The port at the same place as it is now, None while nothing is there."""
    for other in found(state):
        if other.location == port.location:
            return other
    known = port.location != port.path
    return None if known or not Path(port.path).exists() else port


def _matching(ports: Sequence[Port], patterns: Iterable[str]) -> list[Port]:
    some: dict[str, Port] = {}
    for pattern in patterns:
        if _WILD.isdisjoint(pattern):
            path = str(Path(pattern).resolve()) if Path(pattern).is_symlink() else pattern
            here = [port for port in ports if port.path in (pattern, path)] or [Port(pattern, pattern)]
        else:
            here = [port for port in ports if fnmatch.fnmatchcase(port.path, pattern)]
        some.update((port.path, port) for port in here)
    return list(some.values())


def _filter(text: str) -> dict[str, str]:
    """vid=0x303a,name=Tasuki as a dict."""
    keys = {}
    for part in text.split(","):
        key, _, value = part.partition("=")
        if key not in _KEYS or not value:
            raise UsageError(f"{part!r} is no filter", "Filters are vid=, pid=, serial=, name=, with commas.")
        if key in ("vid", "pid"):
            _number(value)
        keys[key] = value
    return keys


def _number(text: str) -> int:
    try:
        return int(text, 16 if not text.lower().startswith("0x") else 0)
    except ValueError:
        raise UsageError(f"{text!r} is no hexadecimal number", "Write vid=303a or vid=0x303a.") from None


def _fits(port: Port, keys: dict[str, str]) -> bool:
    for key, value in keys.items():
        have = getattr(port, key)
        if key in ("vid", "pid"):
            if have != _number(value):
                return False
        elif value.lower() not in have.lower():
            return False
    return True
