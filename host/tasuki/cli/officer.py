"""`tasuki officer`: the privacy office's accounts and its queue, at the command line."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tasuki.cli.frame import print_json, state_option
from tasuki.consent import times
from tasuki.errors import UsageError
from tasuki.session.state import State, known_subject
from tasuki.view.words import language_of

if TYPE_CHECKING:
    from tasuki.wearer.records import Records

_QUEUE = {
    "none": ("no case is open", "対応中の案件はありません"),
    "late": ("LATE", "期限超過"),
    "due": ("due", "期限"),
    "verified": ("verified", "確認済"),
    "unknown": ("not verified", "未確認"),
}


@click.group()
def officer() -> None:
    """The privacy office: who works there, and what waits for it.

    \b
    Example:
      tasuki officer add tanaka --trained-until 2027-04-01T00:00:00+09:00
      tasuki officer queue
    """


@officer.command()
@click.argument("name")
@click.option("--trained-until", required=True, help="Until when the training is current.")
@click.password_option(
    "--password",
    envvar="TASUKI_PASSWORD",
    help="12 to 128 characters; asked for unless given.",
)
@state_option
def add(name: str, trained_until: str, password: str, state: Path) -> None:
    """Make an officer's account, or give it a new password and training.

    \b
    Example:
      tasuki officer add tanaka --trained-until 2027-04-01T00:00:00+09:00
    """
    until_ns = times.of_person(trained_until)
    with _records(state, create=True) as records:
        from tasuki.wearer.accounts import passwords

        if fault := passwords.fault(password, name):
            from tasuki.wearer.page.words import text

            raise UsageError(text(fault, "en").rstrip("."), "Choose another password.")
        records.accounts.add_officer(name, password, until_ns)
    click.echo(f"{name}: trained until {times.for_person(until_ns)}")


@officer.command()
@click.option("--subject", help="Whose; needed when several wearers are recorded.")
@state_option
def invite(subject: str | None, state: Path) -> None:
    """Print a code with which a wearer who is recorded already makes an account; once, for two weeks.

    \b
    Example:
      tasuki officer invite --subject hanako
    """
    with _records(state) as records:
        name = known_subject(records.state.book, subject)
        click.echo(records.accounts.invite(name))


@officer.command()
@click.option("--json", "as_json", is_flag=True, help="Print the queue as JSON.")
@state_option
def queue(as_json: bool, state: Path) -> None:
    """List the open cases, the one that is due first at the top; exit code 1 when one is late.

    \b
    Example:
      tasuki officer queue
    """
    japanese = language_of() == "ja"
    with _records(state) as records:
        now_ns = records.state.book.now_ns("")
        cases = records.cases.queue()
        rows = [
            {
                "case": case.id,
                "topic": case.topic,
                "kind": case.kind,
                "opened": times.exact(case.opened_ns),
                "due": times.exact(case.due_ns),
                "verified": case.verification is not None,
                "late": case.late(now_ns),
            }
            for case in cases
        ]
    if as_json:
        print_json({"cases": rows})
    elif not rows:
        click.echo(_QUEUE["none"][japanese])
    for case in cases if not as_json else ():
        late = f"  {_QUEUE['late'][japanese]}" if case.late(now_ns) else ""
        known = _QUEUE["verified" if case.verification else "unknown"][japanese]
        due = f"{_QUEUE['due'][japanese]} {times.for_person(case.due_ns)}"
        click.echo(f"{case.id}  {due}  {case.kind}  {known}{late}")
    if any(row["late"] for row in rows):
        raise click.exceptions.Exit(1)


@contextmanager
def _records(state: Path, create: bool = False) -> "Iterator[Records]":
    if not create and not (state / "consent.db").exists():
        raise UsageError(f"{state} is no state folder", "Give the right folder with --state.")
    try:
        from tasuki.wearer.records import Records
    except ModuleNotFoundError as e:
        raise UsageError(f"accounts need {e.name}", "Install it: pip install 'tasuki[web]'.") from e
    with State(state) as opened, Records(opened) as records:
        yield records
