"""`tasuki hub monitor` and `tasuki hub log`: a hub as it runs."""

import contextlib
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from rich import box
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from tasuki.cli.hub_ports import port_options, select_one
from tasuki.fleet import monitoring

_EACH_S = 1.0
_LEVELS = ((40, "error"), (30, "warning"), (20, "info"))
_FILE = click.Path(path_type=Path)
_COLUMNS = ("stream", "kind", "frames", "frames_s", "bytes_s", "missing", "repeated", "hub_s", "value")


def _options(told: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """What both commands take; told: what --json prints."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(
            [
                port_options,
                click.option("--consent", type=_FILE, help="Sample under this consent file."),
                click.option("--seconds", type=click.FloatRange(min=0.1), help="Stop after so long."),
                click.option(
                    "--speed", type=click.FloatRange(0.1, 50), default=1.0, help="Of a virtual hub's clock."
                ),
                click.option("--json", "as_json", is_flag=True, help=told),
            ]
        ):
            command = option(command)
        return command

    return decorate


@click.command()
@_options("One JSON object each second.")
def monitor(
    patterns: tuple[str, ...],
    filters: tuple[str, ...],
    state: Path,
    consent: Path | None,
    seconds: float | None,
    speed: float,
    as_json: bool,
) -> None:
    """Show a hub's frames as they come: rates, gaps, drops, and how its clock drifts.

    Without --consent the hub is only watched: nothing is started there, and
    signals of a wearer are counted, not shown. `tasuki record` keeps a capture.

    \b
    Example:
      tasuki hub monitor --port /dev/ttyACM0 --consent wearer.toml
    """
    port = select_one(state, patterns, filters)
    console = Console(highlight=False)
    live = Live(console=console, auto_refresh=False) if console.is_terminal and not as_json else None

    def show(row: dict[str, Any]) -> None:
        if as_json:
            click.echo(json.dumps(row, ensure_ascii=False))
        elif live:
            live.update(_picture(row), refresh=True)
        else:
            click.echo(_line(row))

    with (
        monitoring.watching(port, consent, state, speed) as (meter, connection, turn),
        live or contextlib.nullcontext(),
    ):

        def show_now() -> None:
            show(_row(port.path, meter.snapshot(time.monotonic()), connection))

        _each_second(turn, seconds, show_now)


@click.command()
@_options("One JSON object per line of the log.")
def log(
    patterns: tuple[str, ...],
    filters: tuple[str, ...],
    state: Path,
    consent: Path | None,
    seconds: float | None,
    speed: float,
    as_json: bool,
) -> None:
    """Follow a hub's log: what it says of itself while it samples, its last crash first.

    \b
    Example:
      tasuki hub log --port /dev/ttyACM0 --consent wearer.toml
    """
    port = select_one(state, patterns, filters)

    def show() -> None:
        while meter.lines:
            level, text = meter.lines.popleft()
            name = next((name for least, name in _LEVELS if level >= least), "debug")
            click.echo(json.dumps({"level": name, "text": text}) if as_json else f"{name:8}{text}")

    with monitoring.watching(port, consent, state, speed) as (meter, _, turn):
        _each_second(turn, seconds, show)


def _each_second(turn: Callable[[], object], seconds: float | None, show: Callable[[], None]) -> None:
    """Turns until the time is over or Ctrl-C; what there is is shown each second and at any end."""
    began = shown = time.monotonic()
    try:
        with contextlib.suppress(KeyboardInterrupt):
            while seconds is None or time.monotonic() - began < seconds:
                turn()
                if time.monotonic() - shown >= _EACH_S:
                    shown = time.monotonic()
                    show()
    finally:
        show()


def _row(port: str, snapshot: dict[str, Any], connection: Any) -> dict[str, Any]:
    return {"time": round(time.time(), 3), "port": port, **snapshot, **monitoring.clock_row(connection)}


def _line(row: dict[str, Any]) -> str:
    parts = [
        f"{s['kind']} {s['frames_s']:g}/s" + (f" missing {s['missing']}" if s["missing"] else "")
        for s in row["streams"].values()
    ]
    return "  ".join([*parts, _footer(row)])


def _footer(row: dict[str, Any]) -> str:
    drift = f"{row['drift_ppm']:+g} ppm" if row["drift_ppm"] is not None else "not known yet"
    losses = {**row["faults"], **{name: n for name, n in row["drops"].items() if n}}
    told = ", ".join(f"{name} {n}" for name, n in losses.items()) or "none"
    return f"drift {drift}; drops and faults: {told}; reboots {row['reboots']}"


def _picture(row: dict[str, Any]) -> Group:
    table = Table(*_COLUMNS, box=box.SIMPLE_HEAD, pad_edge=False)
    for number, stream in row["streams"].items():
        table.add_row(number, *[Text(str(stream[name])) for name in _COLUMNS[1:]])
    return Group(table, Text(f"{row['port']}  {_footer(row)}"))
