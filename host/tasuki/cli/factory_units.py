"""`tasuki factory units|retest|label`: single hubs of a station's journal."""

from pathlib import Path
from typing import Any

import click

from tasuki.cli.factory_frame import PATH, journal_of, json_option, station_option
from tasuki.cli.frame import print_json
from tasuki.errors import UsageError
from tasuki.factory import folder, labels
from tasuki.factory.journal import Journal, Unit
from tasuki.factory.making_steps import label_of
from tasuki.trust.certificates import quota_of
from tasuki.trust.names import serial_text

unit_argument = click.argument("name", metavar="SERIAL|HUB")


def meant(journal: Journal, name: str) -> Unit:
    """The unit of a serial or hub id; UsageError when there is none."""
    unit = journal.unit(name.lower())
    if unit is None and name.isdigit():
        unit = journal.by_serial(int(name))
    if unit is None:
        raise UsageError(f"no unit {name} is in the journal", "`tasuki factory units` lists them.")
    return unit


def row_of(unit: Unit) -> dict[str, Any]:
    """Plain values of a unit."""
    return {
        "serial": unit.serial,
        "hub": unit.device,
        "order": unit.work,
        "state": unit.state,
        "cause": unit.cause or None,
        "public_key": unit.public,
    }


@click.command()
@station_option
@click.option("--order", "work", help="Only those of this order.")
@json_option
def units(station: Path, work: str | None, as_json: bool) -> None:
    """List the hubs that a station has seen, and how far each is.

    \b
    Example:
      tasuki factory units --station line1 --order A-17
    """
    with journal_of(station) as journal:
        rows = [row_of(unit) for unit in journal.units(work)]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        serial = serial_text(row["serial"]) if row["serial"] else "-" * 8
        click.echo(f"{serial}  {row['hub']}  {row['order']}  {row['cause'] or row['state']}")


@click.command()
@unit_argument
@station_option
@click.option("--why", default="rework", show_default=True, help="What was done to it.")
def retest(name: str, station: Path, why: str) -> None:
    """Let the failed hub SERIAL, or the one with this hub id, try again.

    It keeps its serial. Without a key it is flashed and tested again; with one it
    goes on where it failed, because one hub has one key.

    \b
    Example:
      tasuki factory retest 1003 --station line1 --why "new cable"
    """
    with journal_of(station) as journal:
        unit = meant(journal, name)
        if not unit.cause:
            raise UsageError(f"hub {unit.device} has not failed", "Plug it in: it goes on by itself.")
        unit = journal.retest(unit.device, why, "identified")
    click.echo(f"hub {unit.device} may try again; it is {unit.state}")


@click.command()
@unit_argument
@station_option
@click.option("-o", "--output", type=PATH, help="Folder; the station's labels by default.")
def label(name: str, station: Path, output: Path | None) -> None:
    """Write the label of the hub SERIAL again: SVG, PNG and ZPL.

    \b
    Example:
      tasuki factory label 1003 --station line1 -o again
    """
    quota, _ = quota_of(folder.read_chain(station)[0][0])
    with journal_of(station) as journal:
        own = label_of(meant(journal, name), quota.product)
    target = output or station / "labels"
    labels.write(own, target)
    click.echo(f"{target / serial_text(own.serial)}.svg holds {own.text}")
