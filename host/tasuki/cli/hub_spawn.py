"""`tasuki hub spawn`: virtual hubs, on terminals that any serial tool can open."""

import json
import tempfile
import threading
from contextlib import ExitStack, suppress
from pathlib import Path

import click

from tasuki import recordings
from tasuki.cli.frame import state_option
from tasuki.errors import LinkLost
from tasuki.fleet.announce import announced
from tasuki.fleet.virtual import KINDS, VirtualHub

_WATCH_S = 0.1


@click.command()
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
        with suppress(KeyboardInterrupt):  # from the first line on: who reads it may end us at once
            for one in hubs:
                row = one.row()
                stack.enter_context(announced(state, row))
                click.echo(json.dumps(row) if as_json else f"{one.port}  {kind}  {one.folder}")
            if not as_json:
                click.echo("Ctrl-C ends them.", err=True)
                if speed != 1:
                    click.echo(
                        f"Their clocks run at {speed:g}: give `run` and `record` --speed {speed:g}, too.",
                        err=True,
                    )
            _keep(hubs)


def _keep(hubs: list[VirtualHub]) -> None:
    """Until Ctrl-C, or until every hub has ended by itself, which each says; LinkLost then.

    One that was soft-reset starts again, as a board does.
    """
    never = threading.Event()
    there = list(hubs)
    while there:
        never.wait(_WATCH_S)
        for one in [each for each in there if not each.alive()]:
            if one.left():
                one.reset()
            else:
                there.remove(one)
                click.echo(
                    f"{one.port} has ended; its last words are in {one.folder / 'stderr.log'}", err=True
                )
    raise LinkLost("no hub is left", "A hub whose battery is empty ends too; look into its stderr.log.")
