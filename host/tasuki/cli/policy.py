"""The command group `tasuki policy`: what is in force, what changed, what shows it, what follows from it."""

import contextlib
import time
from pathlib import Path

import click

from tasuki.cli import policy_lines
from tasuki.cli.frame import print_json, state_option
from tasuki.cli.policy_explain import explain
from tasuki.cli.policy_parties import parties as parties_group
from tasuki.cli.policy_ticket import ticket
from tasuki.consent import coverage as matrix
from tasuki.consent import diff as comparing
from tasuki.consent import library, parties_file, processing
from tasuki.consent.book import ConsentBook
from tasuki.consent.party_book import PartyBook, third_party
from tasuki.consent.policy import Policy
from tasuki.consent.registers import Destination, Registers
from tasuki.errors import TasukiError, UsageError
from tasuki.pipeline import decisionlog
from tasuki.view.words import LANGUAGES, language_of

_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_LANGUAGE = click.option(
    "--language", "--lang", "language", type=click.Choice(LANGUAGES), default=language_of, help="en or ja."
)
_PRODUCT = click.option("--product", help="Under the individual terms of this product or service.")
_PARTIES = click.option(
    "--parties", type=click.Path(path_type=Path), help="Register of processors and modules (TOML)."
)


@click.group()
def policy() -> None:
    """The privacy policy as data: in force, changed, tested, recorded.

    \b
    Example:
      tasuki policy show --product demo-garment
    """


policy.add_command(explain)
policy.add_command(parties_group)
policy.add_command(ticket)


@policy.command()
@click.argument("version", required=False)
@_PRODUCT
@click.option("--rules", is_flag=True, help="List every rule, too.")
@_LANGUAGE
@_JSON
def show(version: str | None, product: str | None, rules: bool, language: str, as_json: bool) -> None:
    """What may serve which purpose: now in force, or under VERSION.

    VERSION is the version of any document that was ever published, at least 8 digits of its hash,
    or a file.

    \b
    Examples:
      tasuki policy show --product demo-garment --language ja
      tasuki policy show 2026-1 --rules
    """
    if version and product:
        raise UsageError("a VERSION and a --product", "Give one of the two.")
    now = time.time_ns()
    shelf, named = library.with_files([version] if version else [])
    document = shelf.get(named[0]) if named else None
    shown = shelf.alone(named[0]) if named else shelf.effective(now, product)
    if as_json:
        print_json(policy_lines.as_data(shown, document, shelf, now))
    else:
        lines = policy_lines.head(shown, document, language, now)
        lines += policy_lines.table(shown, language)
        lines += policy_lines.rows(shown, language)
        lines += policy_lines.rules(shown, language) if rules else []
        lines += policy_lines.versions(shelf, language)
        click.echo("\n".join(lines))


@policy.command()
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@click.option("--consents", type=click.Path(path_type=Path), help="Count the wearers in this state folder.")
@_LANGUAGE
@_JSON
def diff(before: str, after: str, consents: Path | None, language: str, as_json: bool) -> None:
    """What changed from A to B, and what that means for consents.

    A and B are versions, beginnings of hashes, or files.

    \b
    Examples:
      tasuki policy diff demo-garment-1 demo-garment-2
      tasuki policy diff 2026-1 draft.toml --consents state
    """
    shelf, (a, b) = library.with_files([before, after])
    found = comparing.difference(shelf.alone(a), shelf.alone(b))
    counts = _counts(found, consents) if consents else {}
    if as_json:
        print_json(policy_lines.diff_data(found, a, b, counts))
    else:
        click.echo("\n".join(policy_lines.diff_lines(found, a, b, counts, language)))


@policy.command()
@_JSON
def coverage(as_json: bool) -> None:
    """Every rule of the policy and the tests that show it allowing, refusing and leaving evidence.

    Exit code 1 when a rule lacks one of the three.

    \b
    Example:
      tasuki policy coverage --json
    """
    clauses = _in_force(None).clauses
    found = matrix.matrix(clauses, {id_: rule.no_allow for id_, rule in clauses.items()}, matrix.shipped())
    lacking = [row for row in found if row.missing]
    if as_json:
        rows = [
            {"rule": row.rule, "score": row.score, "no_allow": row.no_allow, **row.tests} for row in found
        ]
        print_json({"complete": not lacking, "rules": rows})
    else:
        click.echo("\n".join(policy_lines.coverage_lines(found)))
    if lacking:
        raise TasukiError(
            f"{len(lacking)} of {len(found)} rules lack a test: {' '.join(row.rule for row in lacking)}",
            "Mark a test with `pytest.mark.rule`; CONTRIBUTING.md says how.",
        )


@policy.command()
@_PRODUCT
@_PARTIES
@_LANGUAGE
@_JSON
def record(product: str | None, parties: Path | None, language: str, as_json: bool) -> None:
    """The record of processing activities, in the shape of GDPR Art. 30.

    \b
    Examples:
      tasuki policy record --json
      tasuki policy record --parties parties.toml --language ja
    """
    shown = _in_force(product)
    made = processing.record(shown, _registers(shown, parties), language)
    if as_json:
        print_json(made)
    else:
        click.echo("\n".join(policy_lines.record_lines(made)))


@policy.command()
@_PARTIES
@_JSON
@state_option
def provisions(parties: Path | None, as_json: bool, state: Path) -> None:
    """The records of provision to third parties and abroad (APPI 29 and 30).

    \b
    Example:
      tasuki policy provisions --state state --json
    """
    shown = _in_force(None)
    places = _registers(shown, parties).destinations
    places = {**_of_state(shown, state), **places}
    made = processing.provisions(shown, decisionlog.provided(state / "outbox.db"), places)
    if as_json:
        print_json(made)
    else:
        click.echo("\n".join(policy_lines.provision_lines(made)))


def _in_force(product: str | None) -> Policy:
    return library.shipped().effective(time.time_ns(), product)


def _registers(shown: Policy, parties: Path | None) -> Registers:
    """Destinations that ship, and the parties of a file."""
    registers = Registers()
    if parties:
        parties_file.read(parties, shown).register(registers)
    return registers


def _of_state(shown: Policy, state: Path) -> dict[str, Destination]:
    """Destinations of a state folder: its parties, and every third party that a ticket was ever filed for."""
    registers = Registers()
    if not state.is_dir():
        return {}
    with contextlib.closing(PartyBook(state, registers, shown)) as book:
        named = {filed.ticket.recipient: (filed.ticket,) for filed in book.tickets.all()}
    return {name: third_party(name, ticket) for name, ticket in named.items()} | registers.destinations


def _counts(found: comparing.Difference, state: Path) -> dict[comparing.Change, int]:
    book = _book(state)
    try:
        subjects = comparing.affected(found.changes, book.log, time.time_ns())
    finally:
        book.close()
    return {change: len(names) for change, names in subjects.items()}


def _book(state: Path) -> ConsentBook:
    """What wearers said; UsageError instead of a new book where there is none."""
    path = state / "consent.db"
    if not path.exists():
        raise UsageError(f"{state} has no consents", "Give the state folder of a run.")
    return ConsentBook(path)
