"""The commands that read captures and bundles: verify, decode, export, replay."""

import json
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path

import click
from nacl.public import PrivateKey

from tasuki.capture import container, encrypted, frames, parts, reading, release, trust
from tasuki.capture import export as exporting
from tasuki.capture.check import verify as check
from tasuki.capture.header import ATTESTED, DEVICE_PROVED
from tasuki.cli.frame import print_json, state_option
from tasuki.consent.policy import builtin
from tasuki.errors import UsageError
from tasuki.session.file_register import BUNDLE, FileRegister
from tasuki.session.state import State
from tasuki.trust import proof
from tasuki.vault import keyfiles
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
@click.option("--operator", default="", help="Who hands it out, when that is outside of the service.")
@click.option("--key-file", type=_FILE, help="Write the public key that the bundle is verified with here.")
@_KEY
@_JSON
@state_option
def export(
    file: Path,
    output: Path,
    without: tuple[str, ...],
    purpose: str | None,
    destination: str | None,
    operator: str,
    key_file: Path | None,
    key: str | None,
    as_json: bool,
    state: Path,
) -> int:
    """Write a bundle of a capture that others can verify.

    Without --purpose it is the wearer's own: all blocks but the withheld items, proved by the hub;
    nothing in it tells that there is more. With --purpose, consent decides block by block, and
    any purpose but service_information gets a form without the hub's identity. A processor gets
    only the fields that the register lists, encrypted to its key (`tasuki decrypt`), and from an
    operator who is trained.

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
        _note(file, output, state)
        return _report(summary, None, output, as_json)
    require_consents(state)
    with State(state) as opened:
        registers = opened.book.registers
        made = release.Release(builtin(), opened.book.log, registers, purpose, destination, operator)
        try:
            _release(made, file, output, choose, summary, given, opened)
        finally:
            opened.outbox.note(made.decided)
            tell_refusals(made)
        if key_file:
            _write_key(key_file, made, file, opened, given)
    _note(file, output, state)
    return _report(summary, made, output, as_json)


@click.command()
@click.argument("file", type=_FILE)
@click.option("--key", "key_file", type=_FILE, required=True, help="Your private key, that of the register.")
@click.option("-o", "--output", type=_FILE, required=True, help="The plain bundle, a new file.")
def decrypt(file: Path, key_file: Path, output: Path) -> None:
    """Open a bundle that was encrypted to you; afterwards verify it.

    \b
    Examples:
      tasuki decrypt theirs.tsk --key kanto.key -o plain.tsk
      tasuki verify plain.tsk --key attestation.pub
    """
    if not file.is_file():
        raise UsageError(f"there is no file {file}", "Check the path.")
    private = PrivateKey(keyfiles.read(key_file).reveal())
    encrypted.decrypt(file, private, output)
    click.echo(f"{output}: decrypted; `tasuki verify` says what it proves.")


def _note(file: Path, output: Path, state: Path) -> None:
    """Enter a bundle that was made of a known wearer's capture, so that an erasure finds it."""
    made_id = b""
    if container.content_of(output) is not None:  # an encrypted one tells nothing of itself
        with reading.read(output) as made:
            made_id = made.header.id if made.header else b""
    with trust.opened(file, state) as source:
        if source.subject:
            register = FileRegister(state / "files.db")
            register.note(output, BUNDLE, source.subject, made_id)
            register.close()


def require_consents(state: Path) -> None:
    """UsageError when this host never heard of any wearer, instead of a new book."""
    if not (state / "consent.db").exists():
        raise UsageError(f"{state} has no consents", "Give the state folder of the run that recorded FILE.")


def _release(
    made: release.Release,
    file: Path,
    output: Path,
    choose: exporting.Chooser,
    summary: exporting.Summary,
    given: bytes | None,
    opened: State,
) -> None:
    """Write the bundle in the form that the destination gets."""
    if made.device_proved:
        both = exporting.both(choose, made)
        source = partial(trust.opened, file, opened.folder)
        exporting.device_proved(source, output, both, summary, trim=True, recipient=made.recipient)
        return
    summary.kind = ATTESTED
    public = trust.key_of(None, given, opened.folder)
    with trust.opened(file, opened.folder) as capture:
        attest = exporting.AttestedExport(opened.vault, made, public, made.recipient)
        attest.write(capture, output, choose, summary)


def _write_key(path: Path, made: release.Release, file: Path, opened: State, given: bytes | None) -> None:
    """The public key that a recipient verifies the bundle with."""
    if not made.device_proved:
        public = opened.vault.signer("attestation").public
    else:
        with trust.opened(file, opened.folder) as capture:
            block = next(part.block for part in capture if isinstance(part, parts.BlockPart))
        key_of = trust.key_of(None, given, opened.folder)
        public = proof.signing_key(key_of, block.device, block.key_id, block.session)
    path.write_text(public.hex() + "\n", "ascii")


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
    if encrypted.is_encrypted(file):
        raise UsageError(f"{file} is encrypted to its recipient", "`tasuki decrypt` opens it with that key.")
