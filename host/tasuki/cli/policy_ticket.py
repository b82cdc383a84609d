"""`tasuki policy ticket`: legal exceptions, the only way to a third party (rules T-02 to T-06)."""

import contextlib
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from tasuki.cli.frame import print_json, state_option
from tasuki.consent import ticket_file, tickets
from tasuki.consent.parties import trained
from tasuki.consent.party_book import PartyBook
from tasuki.consent.policy import builtin
from tasuki.consent.registers import Registers
from tasuki.consent.stretch import Stretch
from tasuki.consent.ticket_book import Filed, standing
from tasuki.errors import Refused, UsageError
from tasuki.vault import keyfiles
from tasuki.vault.secret import Signer

_FILE = click.Path(path_type=Path)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_OPERATOR = click.option("--operator", required=True, help="Who does it: a trained operator of the register.")


@click.group()
def ticket() -> None:
    """Exceptions by law: filed, signed by two persons, revoked, and told to the wearer afterwards.

    A ticket counts once the data manager and a second person in another role have signed it.
    Both are operators with a role and a key in parties.toml.

    \b
    Example:
      tasuki policy ticket show
    """


@ticket.command()
def example() -> None:
    """A ticket to begin with.

    \b
    Example:
      tasuki policy ticket example > ticket.toml
    """
    click.echo(ticket_file.EXAMPLE, nl=False)


@ticket.command()
@click.option("-o", "--output", type=_FILE, required=True, help="The private key, a new file.")
def key(output: Path) -> None:
    """Make an approver's key; prints the public half for the register.

    \b
    Example:
      tasuki policy ticket key -o amimori.key
    """
    if output.exists():
        raise UsageError(f"{output} exists", "Give another name, or move it away.")
    click.echo(Signer(keyfiles.create(output)).public.hex())


@ticket.command(name="open")
@click.argument("file", type=_FILE)
@_OPERATOR
@state_option
def open_(file: Path, operator: str, state: Path) -> None:
    """File a ticket. It opens nothing until two persons have signed it.

    \b
    Example:
      tasuki policy ticket open ticket.toml --operator tanaka
    """
    with _opened(state) as (book, registers):
        _require_trained(registers, operator)
        made = ticket_file.read(file, builtin())
        if made.recipient in {place.name for place in book.parties.destinations} | set(
            Registers().destinations
        ):
            raise UsageError(f"{made.recipient} is no third party", "What it may get, consent decides.")
        book.tickets.open(made, operator)
    click.echo(f"{made.id} is filed; the data manager and a second person have to sign it.")


@ticket.command()
@click.argument("id_", metavar="ID")
@click.option("--key", "key_file", type=_FILE, required=True, help="The approver's private key.")
@state_option
def approve(id_: str, key_file: Path, state: Path) -> None:
    """Sign a ticket, after you have read all of it with `show`.

    \b
    Example:
      tasuki policy ticket approve 2026-0001 --key amimori.key
    """
    signer = Signer(keyfiles.read(key_file))
    with _opened(state) as (book, registers):
        approver = next((one for one in registers.approvers.values() if one.public == signer.public), None)
        if approver is None:
            raise Refused(
                "ticket_signature",
                "nobody in the register has this key",
                "Add role and key to the operator in parties.toml.",
            )
        filed = book.tickets.filed(id_)
        book.tickets.sign(id_, approver, signer.sign("ticket", tickets.body(filed.ticket)))
        against = standing(book.tickets.filed(id_), registers.approvers.values(), builtin())
    click.echo(f"{id_}: signed by {approver.name}, {approver.role}. {_sentence(against)}")


@ticket.command()
@click.argument("id_", metavar="ID")
@_OPERATOR
@state_option
def revoke(id_: str, operator: str, state: Path) -> None:
    """End a ticket at once.

    \b
    Example:
      tasuki policy ticket revoke 2026-0001 --operator tanaka
    """
    with _opened(state) as (book, registers):
        if operator not in registers.operators:
            raise Refused("operator_untrained", f"{operator} is not in the register", "Add the operator.")
        book.tickets.revoke(id_, operator)
    click.echo(f"{id_} is revoked.")


@ticket.command()
@click.argument("id_", metavar="ID")
@_OPERATOR
@state_option
def told(id_: str, operator: str, state: Path) -> None:
    """Record that the subjects of a ticket were told of it.

    \b
    Example:
      tasuki policy ticket told 2026-0001 --operator tanaka
    """
    with _opened(state) as (book, registers):
        _require_trained(registers, operator)
        book.tickets.tell(id_, operator)
    click.echo(f"{id_}: its subjects were told.")


@ticket.command()
@click.argument("id_", metavar="ID", required=False)
@_JSON
@state_option
def show(id_: str | None, as_json: bool, state: Path) -> None:
    """Every ticket, or all of one: what it opens, whether it counts, and whose notice is overdue.

    \b
    Example:
      tasuki policy ticket show 2026-0001 --json
    """
    with _opened(state) as (book, registers):
        filed = [book.tickets.filed(id_)] if id_ else book.tickets.all()
        found = [
            as_data(each, standing(each, registers.approvers.values(), builtin()), time.time_ns())
            for each in filed
        ]
    if as_json:
        print_json({"tickets": found})
    elif not found:
        click.echo("no ticket is filed: no third party gets anything")
    for each in [] if as_json else found:
        click.echo("\n".join(_lines(each, whole=bool(id_))))


def as_data(filed: Filed, against: str, now_ns: int) -> dict[str, Any]:
    """A ticket and what became of it; `against` is why it does not count, a reason code."""
    one = filed.ticket
    return {
        "id": one.id,
        "rule": one.rule,
        "basis": one.basis,
        "recipient": one.recipient,
        "subjects": sorted(one.subjects),
        "items": sorted(one.items),
        "data": [_iso(one.data.since_ns), _iso(one.data.until_ns)],
        "open": [_iso(one.dated.since_ns), _iso(one.dated.until_ns)],
        "stated": dict(one.stated),
        "notice": _iso(one.notice_ns) if one.notice_ns is not None else None,
        "notice_barred": one.notice_barred,
        "notice_overdue": filed.notice_overdue(now_ns) and not against,
        "counts": not against and one.dated.since_ns <= now_ns < one.dated.until_ns,
        "against": against,
        "events": [
            {"at": _iso(each.at_ns), "what": each.what, "by": each.by, "role": each.role}
            for each in filed.events
        ],
    }


def _lines(found: dict[str, Any], whole: bool) -> list[str]:
    state = "counts" if found["counts"] else found["against"] or "not at this time"
    late = ", the subjects have to be told" if found["notice_overdue"] else ""
    lines = [
        f"{found['id']}  {found['rule']}  to {found['recipient']}: {', '.join(found['items'])}  {state}{late}"
    ]
    if whole:
        lines += [f"  subjects  {', '.join(found['subjects'])}"]
        lines += [f"  data      {' to '.join(found['data'])}", f"  open      {' to '.join(found['open'])}"]
        lines += [f"  notice    {found['notice'] or 'barred: ' + found['notice_barred']}"]
        lines += [f"  {name:<9} {text}" for name, text in found["stated"].items()]
        lines += [
            f"  {each['at']} {each['what']} by {each['by']}" + (f", {each['role']}" if each["role"] else "")
            for each in found["events"]
        ]
    return lines


def _sentence(against: str) -> str:
    if not against:
        return "The ticket counts now."
    if against == "ticket_not_approved":
        return "A second signature is missing: the data manager's, or of a person in another role."
    return f"It does not count: {against}."


def _require_trained(registers: Registers, operator: str) -> None:
    if not trained(registers.operators, operator, Stretch(time.time_ns())):
        raise Refused(
            "operator_untrained",
            f"{operator} is no operator with a current training",
            "`tasuki policy parties show` lists them; parties.toml registers them.",
        )


@contextlib.contextmanager
def _opened(state: Path) -> Iterator[tuple[PartyBook, Registers]]:
    """The books of a state folder that is there."""
    if not state.is_dir():
        raise UsageError(f"there is no state folder {state}", "Run a hub first, or give --state FOLDER.")
    registers = Registers()
    with contextlib.closing(PartyBook(state, registers, builtin())) as book:
        yield book, registers


def _iso(ns: int) -> str:
    return datetime.fromtimestamp(ns / 1e9, UTC).isoformat(timespec="seconds")
