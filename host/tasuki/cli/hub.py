"""`tasuki hub`: spawn virtual hubs, enrol hubs."""

import json
import tempfile
import threading
from contextlib import ExitStack, suppress
from pathlib import Path

import click

from tasuki import recordings
from tasuki.cli import hub_care, hub_flash, hub_image, hub_list, hub_monitor, hub_use
from tasuki.cli.frame import port_option, print_json, state_option
from tasuki.consent.registers import PRODUCTS
from tasuki.fleet import calibrating, calibration
from tasuki.fleet.announce import announced
from tasuki.fleet.virtual import KINDS, VirtualHub
from tasuki.session import enrolment
from tasuki.session.state import State

_WATCH_S = 0.1


@click.group()
def hub() -> None:
    """Hubs on the bench.

    \b
    Example:
      tasuki hub spawn --count 2
      tasuki hub enroll --port /dev/pts/5
    """


@hub.command()
@click.option(
    "--kind", type=click.Choice(KINDS), default="unix", show_default=True, help="Kind of virtual hub."
)
@click.option("--count", type=click.IntRange(1, 64), default=1, show_default=True, help="How many.")
@click.option(
    "--folder", type=click.Path(path_type=Path), help="Keep the hubs' flash here (they stay the same hubs)."
)
@click.option(
    "--recording", type=click.Path(path_type=Path), help="WFDB record to play instead of the bundled one."
)
@click.option(
    "--speed", type=click.FloatRange(0.1, 50), default=1.0, show_default=True, help="Of the hubs' clocks."
)
@click.option("--bare", is_flag=True, help="Boards without our files: MicroPython's prompt, to be flashed.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per hub and line.")
@state_option
def spawn(
    kind: str,
    count: int,
    folder: Path | None,
    recording: Path | None,
    speed: float,
    bare: bool,
    as_json: bool,
    state: Path,
) -> None:
    """Start virtual hubs, print their terminals, and keep them until Ctrl-C.

    \b
    Example:
      tasuki hub spawn --count 2 --folder bench
    """
    with ExitStack() as stack:
        base = folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tasuki-hubs-")))
        replay = recordings.prepare(recordings.load(recording), None, base / "replay", loop=True)
        hubs = [
            stack.enter_context(VirtualHub(kind, base / f"hub{n}", replay.path.parent, speed, bare=bare))
            for n in range(count)
        ]
        for one in hubs:
            row = one.row()
            stack.enter_context(announced(state, row))
            click.echo(json.dumps(row) if as_json else f"{one.port}  {kind}  {one.folder}")
        if not as_json:
            click.echo("Ctrl-C ends them.", err=True)
        with suppress(KeyboardInterrupt):
            _keep(hubs)


def _keep(hubs: list[VirtualHub]) -> None:
    """Until Ctrl-C, or until every hub has ended; one that was soft-reset starts again, as a board does."""
    never = threading.Event()
    while any(one.alive() or one.left() for one in hubs):
        for one in hubs:
            if one.left():
                one.reset()
        never.wait(_WATCH_S)


@hub.command()
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


@hub.command()
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


for _command in (
    hub_list.list_,
    hub_flash.flash,
    *hub_image.COMMANDS,
    *hub_use.COMMANDS,
    *hub_monitor.COMMANDS,
    *hub_care.COMMANDS,
):
    hub.add_command(_command)
