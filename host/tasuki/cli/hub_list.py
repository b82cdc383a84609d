"""`tasuki hub list`: what is at the ports."""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click
from rich import box
from rich.console import Console
from rich.table import Table

from tasuki.cli.hub_ports import ports_options, select
from tasuki.fleet import battery, ports
from tasuki.fleet.looking import Seen, look
from tasuki.session.state import State, adopt

_MOST_AT_ONCE = 32
_COLUMNS = ("port", "location", "serial", "state", "hub", "firmware", "wire", "key", "battery")


@click.command("list")
@ports_options
@click.option(
    "--consent",
    type=click.Path(path_type=Path),
    help="Ask idle hubs for their battery, under this consent file.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON: one object per port.")
def list_(
    patterns: tuple[str, ...],
    filters: tuple[str, ...],
    every: bool,
    state: Path,
    consent: Path | None,
    as_json: bool,
) -> None:
    """Show the hubs: where they are plugged in, who they are, what they run.

    All are listed unless some are named. No program that runs on a hub is
    interrupted, and nothing there changes: a hub tells its battery while it samples
    under a consent to the state of the device. With --consent an idle hub is given
    one for just that, tells it, and is stopped again.

    \b
    Example:
      tasuki hub list
      tasuki hub list --consent wearer.toml
      tasuki hub list --port '/dev/ttyACM*' --json
    """
    if patterns or filters or ports.found(state):
        chosen = select(state, patterns, filters, every or not patterns)
        with ThreadPoolExecutor(_MOST_AT_ONCE) as pool:
            seen = list(pool.map(look, chosen))
    else:
        seen = []
    if consent:
        with State(state) as opened:
            subject = adopt(opened, consent)
            seen = [battery.asked(one, opened, subject) for one in seen]
    if as_json:
        click.echo(json.dumps([one.row() for one in seen], ensure_ascii=False, indent=2))
    elif seen:
        _print(seen)
    else:
        click.echo("no hub is there; `tasuki hub spawn` starts a virtual one")


def _print(seen: Sequence[Seen]) -> None:
    table = Table(*_COLUMNS, box=box.SIMPLE_HEAD, pad_edge=False)
    for one in seen:
        row = one.row()
        battery = f"{one.battery_mv / 1000:.2f} V" if one.battery_mv else None
        row["firmware"] = one.firmware.partition(" on ")[0]  # MicroPython adds its date and its processor
        shown = [row.get(name) for name in _COLUMNS[:-1]] + [battery]
        table.add_row(*["-" if value in (None, "") else str(value) for value in shown])
    console = Console(highlight=False, markup=False, emoji=False)
    console.width = max(console.width, 240)  # a name that is cut short is of no use: rather let it wrap
    console.print(table)
    for one in seen:
        if one.trouble:
            click.echo(f"{one.port.path}: {one.trouble}. {one.trouble.hint}")
