"""`tasuki wearer`: erase what is held of somebody, see how far erasures are, purge what is too old."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import click

from tasuki.cli import wearer_answer as answer
from tasuki.cli.consent_options import json_option, lang_option
from tasuki.cli.frame import print_json, state_option
from tasuki.errors import UsageError
from tasuki.session.state import State
from tasuki.wearer import retention
from tasuki.wearer.erasure import Erasures, Progress, receipts

_PENDING = 3
_FILE = click.Path(path_type=Path, dir_okay=False)


@click.group()
def wearer() -> None:
    """What a wearer may ask for: erasure, and that nothing is kept longer than it may be.

    \b
    Example:
      tasuki wearer erase hanako
      tasuki wearer erasures
      tasuki wearer purge
    """


@wearer.command()
@click.argument("subject")
@click.option("--item", "items", multiple=True, help="Only this item; may be given several times.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@lang_option
@json_option
@state_option
def erase(subject: str, items: tuple[str, ...], yes: bool, lang: str, as_json: bool, state: Path) -> int:
    """Erase what is held of SUBJECT, everywhere: at once what is here, the rest as it confirms.

    First consent is withdrawn and the keys are destroyed: from then on nothing that was encrypted can be
    read, by anybody. Exit code 3 while a store has not confirmed: the same command goes on.

    \b
    Example:
      tasuki wearer erase hanako
      tasuki wearer erase hanako --item ecg --yes
    """
    only = frozenset(items) or None
    if not yes:
        click.confirm(answer.question(subject, only, lang), abort=True, err=True)
    with _opened(state) as erasures:
        case = erasures.begin(subject, only)
        if not as_json:
            click.echo(answer.text("effective", lang, case=case))
        return _tell(erasures, erasures.advance(case), lang, as_json)


@wearer.command()
@click.argument("case", required=False)
@click.option("--acknowledge", metavar="STORE", help="This processor or sink has confirmed the deletion.")
@click.option("--lost", metavar="HUB", help="This hub (its id) is lost and will not be met again.")
@click.option("--by", default="", help="Who says so, with --acknowledge or --lost.")
@click.option("-o", "--output", type=_FILE, help="Write the signed receipt of an ended case here.")
@lang_option
@json_option
@state_option
def erasures(
    case: str | None, acknowledge: str | None, lost: str | None, by: str, output: Path | None, lang: str,
    as_json: bool, state: Path,
) -> int:  # fmt: skip
    """List erasures and carry on those that wait; with CASE, only that one.

    Exit code 3 while one is pending.

    \b
    Example:
      tasuki wearer erasures
      tasuki wearer erasures er-1f2e3d4c --acknowledge "processor analysis" --by "Analysis Ltd, A. Sato"
      tasuki wearer erasures er-1f2e3d4c --lost 0102030405060708 --by "privacy officer"
      tasuki wearer erasures er-1f2e3d4c -o receipt.json
    """
    if case is None and (acknowledge or lost or output):
        raise UsageError("it is not said which erasure is meant", "Name its CASE; `tasuki wearer erasures`.")
    with _opened(state) as found:
        if case is None:
            told = [found.advance(one.case) for one in found.cases()]
            if as_json:
                print_json({"erasures": [answer.row(one) for one in told]})
            else:
                click.echo(
                    "\n".join(line for one in told for line in answer.lines(one, lang))
                    or answer.text("none", lang)
                )
            return _PENDING if any(not one.complete for one in told) else 0
        if acknowledge:
            found.acknowledge(case, acknowledge, by)
        if lost:
            found.give_up(case, f"hub {lost}", by)
        progress = found.advance(case)
        if output:
            _write_receipt(found, progress, output)
        return _tell(found, progress, lang, as_json)


@wearer.command()
@click.argument("file", type=_FILE)
@click.option(
    "--key", required=True, help="The consent authority's public key: hex, or a file that holds it."
)
@lang_option
@json_option
def receipt(file: Path, key: str, lang: str, as_json: bool) -> None:
    """Check the receipt of an erasure and print what it says.

    \b
    Example:
      tasuki wearer receipt receipt.json --key authority.pub
    """
    from tasuki.capture.trust import parse_key

    if not file.exists():
        raise UsageError(f"there is no file {file}", "Check the path.")
    said = receipts.verify(file.read_bytes(), parse_key(key, file))
    if as_json:
        print_json(said)
    else:
        click.echo("\n".join(answer.receipt_lines(said, lang)))


@wearer.command()
@lang_option
@json_option
@state_option
def purge(lang: str, as_json: bool, state: Path) -> int:
    """Delete what is older than its category may be kept; `tasuki run` does it every hour.

    The limits are the policy's: `tasuki policy show`. Exit code 3 when something could not go now.

    \b
    Example:
      tasuki wearer purge
    """
    if not (state / "vault.db").exists():
        raise UsageError(f"{state} holds nobody's data", "Give the right folder with --state.")
    with State(state) as opened:
        rows = retention.purge(opened)
    if as_json:
        print_json({"purged": [vars(row) for row in rows]})
    else:
        click.echo("\n".join(answer.purge_lines(rows, lang)))
    return _PENDING if any(row.waits for row in rows) else 0


@contextlib.contextmanager
def _opened(state: Path) -> Iterator[Erasures]:
    """The erasures of a folder; UsageError when it holds nobody's data, instead of a new one."""
    if not (state / "vault.db").exists():
        raise UsageError(f"{state} holds nobody's data", "Give the right folder with --state.")
    with State(state) as opened, contextlib.closing(Erasures(opened)) as found:
        yield found


def _tell(erasures: Erasures, progress: Progress, lang: str, as_json: bool) -> int:
    if as_json:
        print_json(answer.row(progress))
    else:
        click.echo("\n".join(answer.lines(progress, lang)))
    return 0 if progress.complete else _PENDING


def _write_receipt(erasures: Erasures, progress: Progress, output: Path) -> None:
    data = erasures.receipt(progress.case)
    if data is None:
        waits = ", ".join(row.name for row in progress.pending)
        raise UsageError(f"there is no receipt yet: {waits}", "It is written when nothing is pending.")
    if output.exists():
        raise UsageError(f"{output} exists", "Give another name, or move it away.")
    output.write_bytes(data)
