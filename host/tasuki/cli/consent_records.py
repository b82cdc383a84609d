"""`tasuki consent receipt`, `export` and `import`: records that leave the host or come to it."""

import os
from pathlib import Path
from typing import Any

import click
from nacl.signing import SigningKey

from tasuki.capture.trust import parse_key
from tasuki.cli import consent_answer as answer
from tasuki.cli.consent_options import json_option, lang_option, open_book, tell
from tasuki.cli.frame import print_json, state_option
from tasuki.consent import json_text, receipts, record_reading, records, times
from tasuki.consent.policy import builtin
from tasuki.errors import UsageError
from tasuki.session.state import known_subject
from tasuki.vault import keyfiles
from tasuki.vault.secret import Signer

_FILE = click.Path(path_type=Path)


@click.command()
@click.argument("subject", required=False)
@click.option("-o", "--output", type=_FILE, help="A new file instead of the screen.")
@click.option("--key-file", type=_FILE, help="Write the authority's public key here, as hex.")
@click.option("--verify", "receipt_file", type=_FILE, help="Verify this receipt instead of issuing one.")
@click.option("--key", help="The authority's public key, hex or a file, instead of this host's.")
@lang_option
@json_option
@state_option
def receipt(
    subject: str | None, output: Path | None, key_file: Path | None, receipt_file: Path | None,
    key: str | None, lang: str, as_json: bool, state: Path,
) -> None:  # fmt: skip
    """Issue a signed receipt of all that a wearer said, or verify one.

    \b
    Example:
      tasuki consent receipt hanako -o receipt.jsonld --key-file authority.pub
      tasuki consent receipt --verify receipt.jsonld --key authority.pub
    """
    if receipt_file:
        if subject or output or key_file:
            raise UsageError("--verify goes with --key only", "Leave the rest out.")
        _verify(receipt_file, key, lang, as_json, state)
        return
    with open_book(state) as book:
        name = known_subject(book, subject)
        authority = Signer(keyfiles.read_or_create(keyfiles.folder(state / "keys") / "authority.key"))
        issued_ns = book.now_ns(name)
        made = receipts.issue(
            builtin(), name, book.record_id(name), book.log.events(name), issued_ns, authority
        )
        count = len(book.log.events(name))
    if key_file:
        key_file.write_text(authority.public.hex() + "\n")
    _write(made, output, count, lang, as_json)


def _verify(file: Path, key: str | None, lang: str, as_json: bool, state: Path) -> None:
    own = state / "keys" / "authority.key"
    if key:
        public = parse_key(key, file)
    elif keyfiles.exists(own):
        public = bytes(SigningKey(keyfiles.read(own).reveal()).verify_key)
    else:
        raise UsageError("verifying needs the authority's public key", "Give it with --key.")
    found = receipts.verify(_read(file), public, builtin())
    held = found.state()
    if as_json:
        rows = answer.rows(held)
        print_json({"genuine": True, "identifier": found.identifier, "subject": found.subject, "state": rows})
        return
    at = times.for_person(found.issued_ns)
    click.echo(answer.text("genuine", lang, identifier=found.identifier, at=at))
    click.echo("\n".join(answer.lines(held, lang)))


@click.command("export")
@click.argument("subject", required=False)
@click.option("-o", "--output", type=_FILE, help="A new file instead of the screen.")
@lang_option
@json_option
@state_option
def export_(subject: str | None, output: Path | None, lang: str, as_json: bool, state: Path) -> None:
    """Write a wearer's consent record as JSON-LD (ISO/IEC TS 27560 in W3C DPV terms).

    \b
    Example:
      tasuki consent export hanako -o consent.jsonld
    """
    with open_book(state) as book:
        name = known_subject(book, subject)
        events = book.log.events(name)
        made = records.document(builtin(), name, book.record_id(name), events, book.now_ns(name))
    _write(made, output, len(events), lang, as_json)


@click.command("import")
@click.argument("file", type=_FILE)
@click.option("--subject", required=True, help="Whose record it must be.")
@lang_option
@json_option
@state_option
def import_(file: Path, subject: str, lang: str, as_json: bool, state: Path) -> None:
    """Take over a consent record that `export` wrote, as of now: all of it or nothing.

    It never counts for what was measured before, nor over what was withdrawn since.

    \b
    Example:
      tasuki consent import consent.jsonld --subject hanako
    """
    told = record_reading.read(_read(file), builtin(), subject)
    with open_book(state, create=True) as book:
        events = book.take(subject, told.events)
    tell(events, lang, as_json)
    if not events and not as_json:
        click.echo(answer.text("nothing_new", lang))


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(json_text.MOST_BYTES + 1)
    except OSError as e:
        raise UsageError(f"{file}: {e.strerror}", "Give the path of a JSON-LD file.") from e


def _write(made: dict[str, Any], output: Path | None, count: int, lang: str, as_json: bool) -> None:
    if output is None:
        print_json(made)
        return
    try:
        handle = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise UsageError(f"{output} exists", "Give another name, or move it away.") from None
    with os.fdopen(handle, "wb") as file:
        file.write(json_text.canonical(made) + b"\n")
    if as_json:
        print_json({"output": str(output), "statements": count})
    else:
        click.echo(answer.text("written", lang, file=output, count=count))


COMMANDS = (receipt, export_, import_)
