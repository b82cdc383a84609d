"""How the turns of many hubs are told: a live line each, plain lines or NDJSON, and a log each."""

import json
import re
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, TextIO

import click

from tasuki.fleet.crew import Event, Turn
from tasuki.fleet.ports import Port

_DETAIL = frozenset({"file", "item"})  # events that are too many for plain lines
_LONG = frozenset({"results"})  # values that were told before, one by one
_FAILED, RESUMABLE = 1, 3


class Teller(Protocol):
    """Tells events to a person or a program."""

    def tell(self, event: Event) -> None:
        """One event; called by one thread at a time."""

    def close(self) -> None:
        """No more comes."""


class Lines:
    """A line per step and hub."""

    def tell(self, event: Event) -> None:
        """Print what is not detail."""
        if event.name not in _DETAIL:
            click.echo(f"{event.port.path}  {sentence(event)}")

    def close(self) -> None:
        """Nothing is open."""


class Ndjson:
    """One JSON object per event and line."""

    def tell(self, event: Event) -> None:
        """Print it."""
        click.echo(json.dumps(as_row(event), ensure_ascii=False))

    def close(self) -> None:
        """Nothing is open."""


class Logs:
    """A log file per hub in a folder, each begun anew, named by the hub's location."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._files: dict[str, TextIO] = {}

    def path(self, port: Port) -> Path:
        """The log of a hub."""
        return self.folder / (re.sub(r"[^A-Za-z0-9.-]+", "_", port.location).strip("_") + ".log")

    def tell(self, event: Event) -> None:
        """Write it down."""
        path = str(self.path(event.port))
        file = self._files.get(path)
        if file is None:
            file = self._files[path] = Path(path).open("w", encoding="utf-8")  # noqa: SIM115 - until close()
        stamp = datetime.fromtimestamp(event.at_s, UTC).isoformat(timespec="milliseconds")
        shown = {key: value for key, value in event.values.items() if key not in _LONG}
        values = " ".join(f"{key}={value}" for key, value in shown.items() if value not in ("", None))
        print(stamp, event.port.path, event.name, values, file=file, flush=True)

    def close(self) -> None:
        """Close the files."""
        for file in self._files.values():
            file.close()


def teller(as_json: bool, chosen: list[Port]) -> Teller:
    """What suits whoever reads standard output."""
    if as_json:
        return Ndjson()
    if not sys.stdout.isatty():
        return Lines()
    from tasuki.cli.live_lines import LiveLines  # nobody else needs to wait for what draws them

    return LiveLines(chosen)


def exit_code(turns: Sequence[Turn]) -> int:
    """0 when all hubs did well, 3 when one was interrupted, else 1."""
    if any(turn.state == "interrupted" for turn in turns):
        return RESUMABLE
    return _FAILED if any(turn.failed for turn in turns) else 0


def as_row(event: Event) -> dict[str, Any]:
    """Plain values of an event."""
    row = {"time": round(event.at_s, 3), "port": event.port.path, "location": event.port.location}
    return {**row, "event": event.name, **event.values}


def sentence(event: Event) -> str:
    """An event in words."""
    return _WORDS.get(event.name, "{event}").format_map({"event": event.name, **_worded(event)})


_WORDS = {
    "prompt": "is at its prompt",
    "compare": "compares {files} files, {bytes} bytes",
    "copy": "gets {files} files, {bytes} bytes",
    "file": "{done} of {total} bytes, {file}",
    "gone": "went away, is waited for",
    "reset": "is reset",
    "test": "tests itself",
    "item": "{item}: {outcome}",
    "percent": "{percent} %",
    "line": "{text}",
    "end": "{words}",
}


def _worded(event: Event) -> dict[str, Any]:
    values = dict(event.values)
    if event.name == "end":
        if values.get("reason"):
            values["words"] = f"{values['state']}: {values['reason']}. {values['way_out']}"
        elif values.get("bytes"):
            values["words"] = "{state}: {files} files, {bytes} bytes in {seconds:.1f} s".format(**values)
        else:
            values["words"] = values["state"]
    return values


class Telling:
    """Tells each event to all; a context that closes them."""

    def __init__(self, *tellers: Teller) -> None:
        self._tellers = tellers

    def __call__(self, event: Event) -> None:
        for one in self._tellers:
            one.tell(event)

    def __enter__(self) -> "Telling":
        return self

    def __exit__(self, *exc: object) -> None:
        for one in self._tellers:
            one.close()
