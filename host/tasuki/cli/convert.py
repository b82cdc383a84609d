"""`tasuki convert`: a capture as other tools read it."""

import contextlib
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from tasuki.capture import release, trust
from tasuki.capture.reading import Capture
from tasuki.cli.captures import require_consents, require_file, tell_refusals
from tasuki.cli.frame import print_json, state_option
from tasuki.consent.policy import builtin
from tasuki.consent.registers import INTERNAL, SUBJECT
from tasuki.convert import converting
from tasuki.convert.source import Choice, Choose
from tasuki.errors import UsageError
from tasuki.session.file_register import DOWNLOAD, FileRegister
from tasuki.session.state import State
from tasuki_wire import items, layout

_FILE = click.Path(path_type=Path)


@click.command()
@click.argument("file", type=_FILE)
@click.argument("out", type=_FILE)
@click.option(
    "--to", "kind", type=click.Choice(list(converting.FORMATS)), help="Format, where OUT's ending is another."
)
@click.option(
    "--stream",
    "streams",
    multiple=True,
    type=click.IntRange(0, layout.STREAMS - 1),
    help="Only these streams.",
)
@click.option("--since", help="Only from this time on: 2026-11-29T10:00:00, UTC unless it says otherwise.")
@click.option("--until", help="Only up to this time.")
@click.option("--beats", is_flag=True, help="Find the beats of an ECG and add them.")
@click.option("--without", multiple=True, type=click.Choice(items.NAMES), help="Withhold an item.")
@click.option("--purpose", help="Only what the wearer granted for this purpose.")
@click.option("--destination", help="Registered destination, with --purpose.")
@click.option("--key", help="Public key: hex, or a file that holds it. Default: what STATE trusts.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@state_option
def convert(
    file: Path,
    out: Path,
    kind: str | None,
    streams: tuple[int, ...],
    since: str | None,
    until: str | None,
    beats: bool,
    without: tuple[str, ...],
    purpose: str | None,
    destination: str | None,
    key: str | None,
    as_json: bool,
    state: Path,
) -> int:
    """Write a capture or device-proved bundle as WFDB, EDF+, CSV, Parquet or NumPy.

    The ending of OUT tells the format. Where it holds one signal, files are named OUT_SIGNAL.
    Only blocks that the hub's key proves are converted; gaps stay gaps. Without --purpose it is
    the wearer's own copy; with it, consent decides block by block. Exit code 1 when something
    was damaged or not proved.

    \b
    Examples:
      tasuki convert walk.tsk walk.edf --beats
      tasuki convert walk.tsk walk.csv --without ecg
    """
    require_file(file)
    if (purpose is None) != (destination is None):
        raise UsageError("--purpose and --destination belong together", "Give both, or none.")
    chosen = converting.format_of(out, kind)
    choice = Choice(frozenset(streams) or None, _time(since), _time(until))
    given = trust.parse_key(key, file) if key else None
    began = time.monotonic()
    with contextlib.ExitStack() as stack:
        capture = stack.enter_context(trust.opened(file, state))
        withheld = frozenset(without)
        choose = converting.own(withheld)
        if purpose and destination:
            choose = stack.enter_context(_released(capture, purpose, destination, withheld, state))
        bar = stack.enter_context(_bar(as_json))
        key_of = trust.key_of(capture.header, given, state)
        done = converting.convert(capture, out, chosen, key_of, choose, choice, beats, bar)
        _note(done.files, capture.subject, state)
    seconds = time.monotonic() - began
    if as_json:
        print_json(_row(done, chosen, seconds))
    else:
        _tell(done)
    return 1 if done.damage or done.taken.unproved else 0


@contextlib.contextmanager
def _released(
    capture: Capture, purpose: str, destination: str, without: frozenset[str], state: Path
) -> Iterator[Choose]:
    """What consent lets go for a purpose, block by block; every answer is logged, refusals are told."""
    require_consents(state)
    with State(state) as opened:
        place = opened.book.registers.destinations.get(destination)
        if place and place.kind not in (INTERNAL, SUBJECT):
            raise UsageError(
                f"{destination} is outside of the service, and a converted file is not encrypted to it",
                "`tasuki export` makes a bundle that is.",
            )
        made = release.Release(builtin(), opened.book.log, opened.book.registers, purpose, destination)
        try:
            yield converting.released(made, capture.subject, without)
        finally:
            opened.outbox.note(made.decided)
            tell_refusals(made)


def _note(files: Iterable[Path], subject: str, state: Path) -> None:
    """Enter the files of a known wearer, so that an erasure finds them."""
    if subject:
        with contextlib.closing(FileRegister(state / "files.db")) as register:
            for path in files:
                register.note(path, DOWNLOAD, subject)


@contextlib.contextmanager
def _bar(quiet: bool) -> Iterator[converting.Progress]:
    """A line that moves, on a terminal; nothing elsewhere."""
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield lambda done, total: None
        return
    columns = TextColumn("converting"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True) as shown:
        task = shown.add_task("")
        yield lambda done, total: shown.update(task, completed=done, total=total)


def _time(text: str | None) -> int | None:
    """Nanoseconds since 1970 of an ISO time; UsageError when it is none."""
    if text is None:
        return None
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"{text!r} is no time", "Write it like 2026-11-29T10:00:00 or with +09:00."
        ) from None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return round((when - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1e6) * 1000


def _row(done: converting.Converted, kind: str, seconds: float) -> dict[str, object]:
    taken = done.taken
    return {
        "format": kind,
        "files": [str(path) for path in done.files],
        "signals": {
            name: {"samples": n, "gaps": taken.gaps[name], "missing": taken.missing[name]}
            for name, n in taken.samples.items()
        },
        "blocks": taken.blocks,
        "beats": done.beats,
        "clock": done.statement,
        "uncertainty_ms": round(taken.uncertainty_ns / 1e6, 3),
        "left_out": dict(taken.left_out),
        "not_sampled": list(done.not_sampled),
        "unproved": dict(taken.unproved),
        "damage": done.damage,
        "seconds": round(seconds, 3),
    }


def _tell(done: converting.Converted) -> None:
    taken = done.taken
    for name, samples in taken.samples.items():
        gaps = f", {taken.gaps[name]} gaps" if taken.gaps[name] else ""
        click.echo(f"{name:<20} {samples} samples{gaps}")
    if done.beats:
        click.echo(f"{'beats':<20} {done.beats}")
    for path in done.files:
        click.echo(str(path))
    click.echo(f"{done.statement}.")
    for cause, blocks in taken.left_out.items():
        click.echo(f"{blocks} blocks left out: {cause}", err=True)
    if done.not_sampled:
        click.echo(f"no steady rate, so not in this format: {', '.join(done.not_sampled)}", err=True)
    for reason, blocks in taken.unproved.items():
        click.echo(f"{blocks} blocks are not proved and were left out: {reason}", err=True)
    if done.damage:
        click.echo("the capture is damaged or cut; the files have what could be read", err=True)
