"""`tasuki fuzz`: commands without end, honest and broken, and a reproducer of what they break."""

import secrets
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import click
from click.core import ParameterSource
from rich import progress
from rich.console import Console

from tasuki.cli.frame import print_json, state_option
from tasuki.cli.hub_ports import select_one
from tasuki.cli.progress import RESUMABLE
from tasuki.errors import TasukiError, UsageError
from tasuki.fleet import virtual
from tasuki.fleet.fuzzing import replay as runs_on_file
from tasuki.fleet.fuzzing.peers import PortPeer
from tasuki.fleet.fuzzing.replay import Run
from tasuki.fleet.fuzzing.runs import ENOUGH, Outcome, Place, attempt

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.option("-p", "--port", envvar="TASUKI_PORT", help="Serial port of the hub (also TASUKI_PORT).")
@click.option("--hub", "kind", type=click.Choice(virtual.KINDS), help="A virtual hub of this kind instead.")
@click.option("--seed", type=click.IntRange(0), help="Repeats a run; random by default.")
@click.option("--count", type=click.IntRange(1), default=ENOUGH, show_default=True, help="Commands to send.")
@click.option("--replay", type=_FILE, help="Repeat the run of this file.")
@click.option("--repin", is_flag=True, help="The hub at the port may lose its key.")
@click.option("--shrink/--no-shrink", default=True, help="Look for the few commands that are needed.")
@click.option("-o", "--output", type=_FILE, help="Reproducer; fuzzing-KIND-SEED.json by default.")
@click.option("--patience", type=click.FloatRange(0.1), help="Seconds that the hub may be silent.")
@click.option("--speed", type=click.FloatRange(0.1, 50), default=10.0, help="Of a virtual hub's clock.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
@state_option
def fuzz(
    port: str | None,
    kind: str | None,
    seed: int | None,
    count: int,
    replay: Path | None,
    repin: bool,
    shrink: bool,
    output: Path | None,
    patience: float | None,
    speed: float,
    as_json: bool,
    state: Path,
) -> int:
    """Send a hub commands of every kind, honest, cut, altered, late, twice, and judge every byte it answers.

    The first promise that it breaks ends the run: exit code 1, and a file with the
    few commands that are needed to see it again, for --replay. A hub at a port is
    not locked by it, but is nobody's afterwards: enrol it anew. Ctrl-C ends with exit
    code 3, and a file with what was not sent yet, for --replay to go on.

    \b
    Example:
      tasuki fuzz --port /dev/ttyACM0 --seed 7 --count 10000
      tasuki fuzz --hub unix --replay fuzzing-unix-7.json
    """
    if kind and _typed("port"):
        raise UsageError("both --port and --hub were given", "Give one of them.")
    run = _run(replay, kind, seed, count)
    at = "" if run.kind != PortPeer.kind else select_one(state, (port,) if port else (), ()).path
    with tempfile.TemporaryDirectory(prefix="tasuki-fuzz-") as name:
        place = Place(Path(name), speed, at, repin, patience)
        began = time.monotonic()
        outcome = attempt(run, place, _watched)
        if not as_json:
            _tell(run, outcome, time.monotonic() - began)
        failing = Run(run.kind, run.seed, run.numbers, outcome.fault) if outcome.fault else None
        if failing and shrink:
            failing = _smaller(failing, outcome, place)
    path = output or Path(f"fuzzing-{run.kind}-{run.seed}.json")
    # of the last command the answer may not have been judged yet
    rest = run.commands()[max(0, outcome.sent - 1) :] if outcome.stopped else []
    if failing:
        failing.save(path)
    elif rest:
        Run(run.kind, run.seed, runs_on_file.ranges(rest)).save(path)
    if as_json:
        needed = len(failing.commands()) if failing else None
        row = {"reproducer": str(path) if failing else None, "needed": needed}
        print_json(_row(run, outcome) | row | {"rest": str(path) if rest else None})
    elif failing:
        click.echo(f"FAILED: {outcome.fault}")
        click.echo(f"{len(failing.commands())} commands show it, in {path}: repeat it with --replay {path}")
    if rest:
        leave = " --repin" if run.kind == PortPeer.kind else ""
        click.echo(f"tasuki: stopped. Go on with --replay {path}{leave}.", err=True)
        return RESUMABLE
    return 1 if failing else 0


def _typed(option: str) -> bool:
    """True when an option was given on the command line, not by the environment."""
    return click.get_current_context().get_parameter_source(option) is ParameterSource.COMMANDLINE


def _run(replay: Path | None, kind: str | None, seed: int | None, count: int) -> Run:
    if replay is None:
        number = secrets.randbits(32) if seed is None else seed
        return Run(kind or PortPeer.kind, number, [[0, count]])
    try:
        run = runs_on_file.load(replay)
    except (OSError, ValueError, TypeError) as error:
        raise UsageError(f"{replay} is no run: {error}", "Give a file that `tasuki fuzz` wrote.") from None
    return Run(kind or run.kind, run.seed, run.numbers)


def _watched(numbers: Sequence[int]) -> Iterable[int]:
    return progress.track(numbers, "sending", console=Console(stderr=True))


def _row(run: Run, outcome: Outcome) -> dict[str, object]:
    return {
        "hub": run.kind,
        "seed": run.seed,
        "sent": outcome.sent,
        "lives": outcome.lives,
        "damaged": outcome.damaged,
        "reached": dict(sorted(outcome.reached.items())),
        "answers": sorted({status for _, status in outcome.answers}),
        "heap": outcome.heap,
        "fault": outcome.fault or None,
    }


def _tell(run: Run, outcome: Outcome, seconds: float) -> None:
    click.echo(f"hub {run.kind}, seed {run.seed}: {outcome.sent} commands, {outcome.lives} lives,"
               f" {outcome.damaged} pieces damaged, {seconds:.0f} s")  # fmt: skip
    for name, number in sorted(outcome.reached.items()):
        answers = Counter({status: n for (command, status), n in outcome.answers.items() if command == name})
        row = ", ".join(f"{status} {n}" for status, n in answers.most_common())
        click.echo(f"  {name:16} {number:8}  {row}")
    click.echo(f"answers: {', '.join(sorted({status for _, status in outcome.answers}))}")
    click.echo(f"heap free after a collection: {outcome.heap}")


def _smaller(run: Run, outcome: Outcome, place: Place) -> Run:
    """The run with as few commands as are needed; as it is when the hub cannot be tried again."""

    def fails(numbers: list[int]) -> bool:
        part = Run(run.kind, run.seed, runs_on_file.ranges(numbers))
        fresh = Path(tempfile.mkdtemp(dir=place.folder))
        outcome = attempt(part, Place(**{**vars(place), "folder": fresh, "repin": True}))
        if outcome.stopped:  # no sign that the hub kept its promises
            raise KeyboardInterrupt
        return bool(outcome.fault)

    sent = run.commands()[: outcome.sent + 1]
    try:
        left = runs_on_file.shrink(sent, fails)
    except TasukiError as error:
        click.echo(f"the hub cannot be tried again: {error}. Start it anew, then use --replay.", err=True)
        left = sent
    except KeyboardInterrupt:
        click.echo("stopped: the run is kept as long as it is.", err=True)
        left = sent
    return Run(run.kind, run.seed, runs_on_file.ranges(left), run.fault)
