"""The commands that read captures and bundles: verify, decode, export."""

import contextlib
import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import click

from tasuki.capture import container, frames, release, trust
from tasuki.capture import export as exporting
from tasuki.capture.check import verify as check
from tasuki.capture.header import ATTESTED, DEVICE_PROVED
from tasuki.cli.frame import print_json, state_option
from tasuki.consent.book import ConsentBook
from tasuki.consent.policy import builtin
from tasuki.errors import UsageError
from tasuki_wire import codec, items

_FILE = click.Path(path_type=Path)
_KEY = click.option("--key", help="Public key: hex, or a file that holds it. Default: what STATE trusts.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.command()
@click.argument("file", type=_FILE)
@_KEY
@_JSON
@state_option
def verify(file: Path, key: str | None, as_json: bool, state: Path) -> int:
    """Check that every frame of a capture or bundle is what the hub signed.

    Needs the hub's public key, or the service's attestation key for a gateway-attested bundle.
    The key never comes from FILE. Exit code 0 only when everything holds.

    \b
    Example:
      tasuki verify session.tsk --key 8a88e3dd...5f5c
    """
    require_file(file)
    given = trust.parse_key(key, file) if key else None
    with trust.opened(file, state) as capture:
        report = check(capture, trust.key_of(capture.header, given, state))
    if as_json:
        print_json(report.to_json())
    else:
        click.echo("\n".join(report.lines()))
    return 0 if report.holds else 1


@click.command()
@click.argument("file", type=_FILE)
@click.option("--stream", type=click.IntRange(0, 255), help="Only this stream (255: link messages).")
@click.option("--kind", type=click.Choice(sorted(codec.BY_NAME)), help="Only this kind.", metavar="KIND")
@click.option("--limit", type=click.IntRange(1), help="Stop after so many frames.")
@_JSON
@state_option
def decode(
    file: Path, stream: int | None, kind: str | None, limit: int | None, as_json: bool, state: Path
) -> int:
    """Print every frame of a capture, a bundle or a raw dump of the wire.

    Times are device time. Nothing is verified; that is what `tasuki verify` does. With --json,
    one object a line. Exit code 1 when something was damaged.

    \b
    Example:
      tasuki decode session.tsk --kind ecg --limit 10
    """
    require_file(file)
    good = True
    shown = (frame for frame in _frames(file, state) if frame.matches(kind, stream))
    for frame in islice(shown, limit):
        good = good and frame.fault == "ok"
        click.echo(json.dumps(frame.to_json(), ensure_ascii=False) if as_json else frame.line())
    return 0 if good else 1


@click.command()
@click.argument("file", type=_FILE)
@click.option("-o", "--output", type=_FILE, required=True, help="The bundle to write; it must not exist.")
@click.option("--without", multiple=True, type=click.Choice(items.NAMES), help="Withhold an item.")
@click.option("--purpose", help="Only what the wearer granted for this purpose.")
@click.option("--to", "destination", help="Registered destination, with --purpose.")
@_KEY
@_JSON
@state_option
def export(
    file: Path,
    output: Path,
    without: tuple[str, ...],
    purpose: str | None,
    destination: str | None,
    key: str | None,
    as_json: bool,
    state: Path,
) -> int:
    """Write a bundle of a capture that others can verify.

    Without --purpose it is the wearer's own: all blocks but the withheld items, proved by the hub;
    nothing in it tells that there is more. With --purpose, consent decides block by block, and
    any purpose but service_information gets a form without the hub's identity.

    \b
    Examples:
      tasuki export session.tsk --without ecg -o mine.tsk
      tasuki export session.tsk --purpose service_improvement --to improvement -o theirs.tsk
    """
    require_file(file)
    if (purpose is None) != (destination is None):
        raise UsageError(
            "--purpose and --to belong together", "Give both, or none for the wearer's own export."
        )
    given = trust.parse_key(key, file) if key else None
    summary = exporting.Summary(DEVICE_PROVED)
    choose = exporting.withholding(frozenset(without), summary)
    if purpose is None or destination is None:
        exporting.device_proved(lambda: trust.opened(file, state), output, choose, summary)
        return _report(summary, None, output, as_json)
    with contextlib.closing(open_book(state)) as book:
        made = release.Release(builtin(), book.log, book.registers, purpose, destination)
    try:
        if made.device_proved:
            both = exporting.both(choose, made)
            exporting.device_proved(lambda: trust.opened(file, state), output, both, summary, trim=True)
        else:
            summary.kind = ATTESTED
            with trust.opened(file, state) as capture:
                attest = exporting.AttestedExport(trust.vault(state), made, trust.key_of(None, given, state))
                attest.write(capture, output, choose, summary)
    finally:
        tell_refusals(made)
    return _report(summary, made, output, as_json)


def open_book(state: Path) -> ConsentBook:
    """What wearers said; UsageError when this host never heard of any, instead of a new book."""
    path = state / "consent.db"
    if not path.exists():
        raise UsageError(f"{state} has no consents", "Give the state folder of the run that recorded FILE.")
    return ConsentBook(path)


def tell_refusals(made: release.Release) -> None:
    """Say on stderr what consent refused, and why."""
    for row, blocks in made.refusals.items():
        rules = " ".join(row.rules)
        click.echo(f"{blocks} {row.item} blocks refused: {row.reason} ({rules}). {row.remedy}", err=True)


def _report(summary: exporting.Summary, made: release.Release | None, output: Path, as_json: bool) -> int:
    if as_json:
        refused = made.refusals if made else {}
        rows = [{**row._asdict(), "blocks": blocks} for row, blocks in refused.items()]
        print_json({**vars(summary), "output": str(output), "refused": rows})
        return 1 if summary.damage else 0
    for cause, blocks in summary.left_out.items():
        click.echo(f"{blocks} blocks left out: {cause}", err=True)
    if summary.damage:
        click.echo("the capture is damaged or cut; the bundle has what could be read", err=True)
    click.echo(f"{output}: {summary.blocks} blocks, {summary.kind}.")
    return 1 if summary.damage else 0


def _frames(file: Path, state: Path) -> Iterator[frames.Shown]:
    if container.content_of(file) is not None:
        with trust.opened(file, state) as capture:
            yield from frames.from_capture(capture)
    else:
        with file.open("rb") as raw:
            yield from frames.from_dump(raw)


def require_file(file: Path) -> None:
    """UsageError when there is no such file."""
    if file.is_dir():
        raise UsageError(f"{file} is a folder", "Name a file.")
    if not file.exists():
        raise UsageError(f"there is no file {file}", "Check the path.")
