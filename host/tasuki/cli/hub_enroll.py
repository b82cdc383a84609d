"""`tasuki hub enroll`, `rotate` and `calibrate`: what makes a hub this host's, and this unit's."""

import contextlib
from pathlib import Path

import click

from tasuki.cli import hub_care
from tasuki.cli.frame import port_option, print_json, state_option
from tasuki.consent.registers import PRODUCTS
from tasuki.fleet import calibrating, calibration
from tasuki.pipeline.acquire import SerialLine
from tasuki.session import enrolment, rotating
from tasuki.session.connection import Connection
from tasuki.session.state import State


@click.command()
@port_option
@click.option("--product", type=click.Choice(list(PRODUCTS)), default="demo-garment", show_default=True)
@click.option("--repin", is_flag=True, help="Take a hub over from another host; destroys its key.")
@click.option("--key-file", type=click.Path(path_type=Path), help="Write the hub's public key here, as hex.")
@click.option("--json", "as_json", is_flag=True, help="Print the register's row as JSON.")
@state_option
def enroll(port: str, product: str, repin: bool, key_file: Path | None, as_json: bool, state: Path) -> None:
    """Have a hub make its key, prove it, and obey this host's consent authority.

    \b
    Example:
      tasuki hub enroll --port /dev/ttyACM0
    """
    with State(state) as opened:
        row = enrolment.enroll(port, opened, repin, PRODUCTS[product])
    if key_file:
        key_file.write_text(row.public + "\n")
    if as_json:
        print_json({"device": row.device, "public_key": row.public, "board": row.board})
    else:
        click.echo(f"hub {row.device} ({row.board}) is enrolled; its public key is {row.public}")


@click.command()
@port_option
@click.option("--json", "as_json", is_flag=True, help="Print the keys as JSON.")
@state_option
def rotate(port: str, as_json: bool, state: Path) -> None:
    """Have a hub make another key, certified by the one it has, and trust that from now on.

    Its consents, counters and lock go on; what the old key signed until now stays provable, and
    nothing that it signs later is taken. Give the command again when it was cut short: it goes on
    where it was. A key that was lost or stolen cannot do this: `tasuki factory rotate`.

    \b
    Example:
      tasuki hub rotate --port /dev/ttyACM0
    """
    with State(state) as opened, contextlib.closing(Connection(SerialLine(port))) as connection:
        row = rotating.rotate(connection, opened)
    last = row.before[-1]
    if as_json:
        old = {"public_key": last.public, "last_session": last.session}
        print_json({"device": row.device, "public_key": row.public, "before": old})
    else:
        click.echo(
            f"hub {row.device} has the key {row.public}; the one before, {last.public[:16]}...,"
            f" counts up to session {last.session}"
        )


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@port_option
@hub_care.order_key_option
@click.option("--json", "as_json", is_flag=True, help="Print what was given as JSON.")
def calibrate(file: Path, port: str, order_key: str, as_json: bool) -> None:
    """Sign the constants of one unit and give them to its hub, which corrects its values from then on.

    \b
    Example:
      tasuki hub calibrate unit-0042.toml --port /dev/ttyACM0 --order-key keys/order
    """
    constants = calibration.read(file)
    device = calibrating.calibrate(port, constants, hub_care.signer(order_key, "order"))
    if as_json:
        print_json({"device": device, "version": constants.version, "columns": len(constants.columns)})
    else:
        count = len(constants.columns)
        click.echo(f"hub {device} has version {constants.version}: {count} columns are corrected")
