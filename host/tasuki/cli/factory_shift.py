"""`tasuki factory operator` and `shift`: who works the line."""

from pathlib import Path
from typing import Any

import click

from tasuki.cli.factory_frame import PATH, asking, journal_of, secret_option, station_option
from tasuki.cli.frame import read_bytes
from tasuki.errors import Refused, UsageError
from tasuki.factory import checking, setup
from tasuki.factory import shift as shifts
from tasuki.fleet import selftest
from tasuki.fleet.ports import Port
from tasuki.pipeline.acquire import SerialLine
from tasuki.session import greet
from tasuki.session.connection import Connection


@click.group()
def operator() -> None:
    """Operators of a station.

    \b
    Example:
      tasuki factory operator add sato --station line1
    """


@operator.command()
@click.argument("name")
@station_option
@secret_option
def add(name: str, station: Path, secret_file: Path | None) -> None:
    """Enter the operator NAME with a PIN, which is asked for.

    \b
    Example:
      tasuki factory operator add sato --station line1
    """
    shifts.add_operator(station, name, asking(secret_file)(f"PIN of {name}"))
    click.echo(f"{name} may work at {station}")


@click.group()
def shift() -> None:
    """Begin and end a shift; a line runs only while one is on.

    \b
    Example:
      tasuki factory shift start --station line1 --operator sato --golden /dev/ttyACM0
    """


@shift.command()
@station_option
@click.option("--operator", "name", required=True, help="Who works the line.")
@click.option("--golden", metavar="PORT", help="Port of the golden unit.")
@click.option("--limits", type=PATH, help="Product file for the golden unit; the demo garment's by default.")
@secret_option
def start(
    station: Path, name: str, golden: str | None, limits: Path | None, secret_file: Path | None
) -> None:
    """Begin a shift: log in, and show that the station tests well by its golden unit.

    \b
    Example:
      tasuki factory shift start --station line1 --operator sato --golden /dev/ttyACM0
    """
    shifts.log_in(station, name, asking(secret_file)(f"PIN of {name}"))
    with journal_of(station) as journal:
        check = (lambda: _golden(golden, limits)) if golden else None
        shifts.start(journal, setup.read(station), name, check)
    click.echo(f"{name} began a shift")


def _golden(port: str, limits: Path | None) -> tuple[str, dict[str, Any]]:
    """Hub id of the golden unit and what was measured."""
    product = checking.limits(read_bytes(limits).decode("utf-8", "replace")) if limits else selftest.read()
    results = selftest.run(Port(port, port), product)
    if not selftest.passed(results):
        bad = ", ".join(each.item for each in results if each.outcome == "fail")
        raise Refused("self_test", bad or "nothing could be tested")
    connection = Connection(SerialLine(port))
    try:
        device = greet.meet(connection).device.hex()
    finally:
        connection.close()
    return device, {each.item: each.value for each in results if each.value is not None}


@shift.command()
@station_option
def end(station: Path) -> None:
    """End the shift that is on.

    \b
    Example:
      tasuki factory shift end --station line1
    """
    if not station.exists():
        raise UsageError(f"{station} is no station's folder", "Give the folder that `station init` made.")
    with journal_of(station) as journal:
        shifts.end(journal)
    click.echo("the shift has ended")
