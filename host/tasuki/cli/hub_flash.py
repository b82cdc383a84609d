"""`tasuki hub flash`: the hub's files on development hubs, all at once."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from tasuki.cli.frame import read_bytes
from tasuki.cli.hub_ports import ports_options, select
from tasuki.cli.hub_test import tell, test_options, tested
from tasuki.cli.progress import Logs, Telling, exit_code, teller
from tasuki.errors import UsageError
from tasuki.fleet import bundle, crew, flashing, selftest
from tasuki.fleet.payload import Sources
from tasuki.fleet.ports import Port


@click.command()
@click.argument("bundle_file", metavar="[BUNDLE]", required=False, type=click.Path(path_type=Path))
@ports_options
@click.option("-j", "--jobs", type=click.IntRange(1, 64), help="Hubs at once; all, up to 32, by default.")
@click.option("--target", help="Folder on the hub; the library folder by default.")
@click.option("--only", multiple=True, metavar="GLOB", help="Only these files, such as tasuki_hub/link.py.")
@click.option("--reset", is_flag=True, help="Then restart the hub, so that it runs what came.")
@click.option("--test", is_flag=True, help="Then restart the hub and have it test itself, as `hub test`.")
@test_options
@click.option(
    "--wait",
    "wait_s",
    type=float,
    default=5.0,
    show_default=True,
    help="Seconds for a lost port to come back.",
)
@click.option(
    "--log-folder", type=click.Path(path_type=Path), help="Of a log per hub; STATE/logs by default."
)
@click.option("--json", "as_json", is_flag=True, help="Events as NDJSON.")
def flash(
    bundle_file: Path | None,
    patterns: tuple[str, ...],
    filters: tuple[str, ...],
    every: bool,
    state: Path,
    jobs: int | None,
    target: str | None,
    only: tuple[str, ...],
    reset: bool,
    test: bool,
    product: Path | None,
    junit: Path | None,
    wait_s: float,
    log_folder: Path | None,
    as_json: bool,
) -> int:
    """Put the hub's files, compiled for its processor, on development hubs with MicroPython.

    Only what differs is sent, and each file takes its place after the hub has
    checked its hash. BUNDLE takes the files from a bundle instead of this release.
    Ctrl-C at any moment is safe: run it again and it goes on. Exit code 1 when a hub
    failed, 3 when it was interrupted.

    \b
    Example:
      tasuki hub flash --all
      tasuki hub flash --port '/dev/ttyACM*' --only 'tasuki_hub/link.*' --reset
      tasuki hub flash --all --test --junit results.xml
    """
    if (product or junit) and not test:
        raise UsageError("--product and --junit are for --test", "Add --test.")
    limits = selftest.read(product) if test else None
    chosen = select(state, patterns, filters, every)
    given = bundle.read(read_bytes(bundle_file)) if bundle_file else None
    sources = Sources(given, only)

    def job(port: Port, say: crew.Say, stop: Any) -> dict[str, Any]:
        flashed = asdict(flashing.flash(port, sources, target, say, stop))
        if limits:
            say("test")
            return {**flashed, **tested(port, limits, say, stop)}
        if reset:
            say("reset")
            from tasuki.fleet import resetting  # it speaks with hubs that run: others do not wait for it

            resetting.reset(port)
        return flashed

    logs = Logs(log_folder or state / "logs")
    with Telling(teller(as_json, chosen), logs) as telling:
        turns = crew.work(chosen, job, telling, jobs, wait_s, state)
    if test:
        tell(turns, junit, as_json)
    if not as_json:
        _sum_up(turns, logs, reset or test)
    return exit_code(turns)


def _sum_up(turns: Sequence[crew.Turn], logs: Logs, reset: bool) -> None:
    counts = Counter(turn.state for turn in turns)
    click.echo(", ".join(f"{count} {state}" for state, count in sorted(counts.items())))
    aside = sorted({str(turn.values["target"]) for turn in turns if not turn.values.get("imported", True)})
    if aside:
        click.echo(f"not on the hub's sys.path: {', '.join(aside)}", err=True)
    if counts["flashed"] and not reset:
        click.echo("`tasuki hub reset` runs what came.", err=True)
    if any(turn.failed for turn in turns):
        click.echo(f"Logs are in {logs.folder}.", err=True)
