"""`tasuki consent`: what a wearer grants, refuses and withdraws, and what is recorded of it."""

from pathlib import Path
from typing import Any

import click

from tasuki.cli import consent_answer as answer
from tasuki.cli import consent_records
from tasuki.cli.consent_options import (
    json_option,
    lang_option,
    open_book,
    speaker_options,
    statement_options,
    subject_option,
    tell,
)
from tasuki.cli.frame import print_json, state_option
from tasuki.consent import notice, statements, times
from tasuki.consent.book import ConsentBook
from tasuki.consent.events import FOREVER, GRANTED, REFUSED, RELATIONS, Event
from tasuki.consent.policy import Policy, builtin
from tasuki.errors import UsageError
from tasuki.session.state import known_subject

_FIRST_WEARER = "wearer"


@click.group()
def consent() -> None:
    """Give, take back and show a wearer's consent: per item and purpose, at any time.

    \b
    Example:
      tasuki consent grant --item ecg --purpose service_information
      tasuki consent withdraw --item ecg
      tasuki consent show
    """


def _say(
    decision: str, item: tuple[str, ...], purpose: str, who: tuple[str, str], terms: str | None,
    subject: str | None, lang: str, as_json: bool, state: Path,
) -> None:  # fmt: skip
    version, policy = _shown(terms)
    items = _items(policy, item, purpose)
    with open_book(state, create=True) as book:
        name = _new_or_known(book, subject)
        at_ns = book.now_ns(name)
        said = version, lang, notice.text_hash(version, lang), *who, "command"
        event = book.say(Event(at_ns, at_ns, name, decision, purpose, items, *said))
    tell([event], lang, as_json)
    if not as_json and decision == GRANTED:
        show = f"tasuki consent notice --terms {version}" if terms else "tasuki consent notice"
        click.echo(answer.text("notice", lang, version=f"{version} ({lang})", show=show))


@consent.command()
@statement_options
def grant(item: tuple[str, ...], purpose: str, by: str, relation: str | None, **rest: Any) -> None:
    """Say yes: these items may serve this purpose, for what is measured from now on.

    \b
    Example:
      tasuki consent grant --item ecg --item respiration --purpose service_information
    """
    _say(GRANTED, item, purpose, _who(by, relation), **rest)


@consent.command()
@statement_options
def refuse(item: tuple[str, ...], purpose: str, by: str, relation: str | None, **rest: Any) -> None:
    """Say no when asked: these items may not serve this purpose.

    \b
    Example:
      tasuki consent refuse --item all --purpose statistics
    """
    _say(REFUSED, item, purpose, _who(by, relation), **rest)


@consent.command()
@click.option("--item", multiple=True, help="Only this item.")
@click.option("--purpose", default="", help="Only this purpose.")
@click.option("--all", "everything", is_flag=True, help="All that is granted.")
@speaker_options
@subject_option
@lang_option
@json_option
@state_option
def withdraw(
    item: tuple[str, ...], purpose: str, everything: bool, by: str, relation: str | None,
    subject: str | None, lang: str, as_json: bool, state: Path,
) -> None:  # fmt: skip
    """Take consent back: for an item, for a purpose, or all. A running hub follows within a second.

    \b
    Example:
      tasuki consent withdraw --item ecg
      tasuki consent withdraw --purpose statistics
      tasuki consent withdraw --all
    """
    if everything == bool(item or purpose):
        raise UsageError("what is to be withdrawn is not clear", "Give --item or --purpose, or --all alone.")
    with open_book(state) as book:
        name = known_subject(book, subject)
        _check_known(builtin(), book.log.events(name), item, purpose)
        events = book.withdraw(name, item, purpose, *_who(by, relation))
    tell(events, lang, as_json)
    if not as_json:
        click.echo(answer.text("effect" if events else "nothing_granted", lang))


@consent.command()
@click.option("--at", help="At this moment instead of now, like 2026-01-01T09:00:00+09:00.")
@click.option("--known", help="As it was known at this moment.")
@subject_option
@lang_option
@json_option
@state_option
def show(
    at: str | None, known: str | None, subject: str | None, lang: str, as_json: bool, state: Path
) -> None:
    """Show what is granted, refused and withdrawn, now or at any moment.

    \b
    Example:
      tasuki consent show --at 2026-01-01T09:00:00+09:00
    """
    with open_book(state) as book:
        name = known_subject(book, subject)
        at_ns = times.of_person(at) if at else book.now_ns(name)
        found = book.log.state(name, at_ns, times.of_person(known) if known else FOREVER)
    if as_json:
        print_json({"subject": name, "at": times.exact(at_ns), "state": answer.rows(found)})
    else:
        click.echo("\n".join(answer.lines(found, lang)))


@consent.command("notice")
@click.option("--terms", help="Version of a product's terms instead of the policy.")
@lang_option
def show_notice(terms: str | None, lang: str) -> None:
    """Print what a wearer reads before saying yes.

    \b
    Example:
      tasuki consent notice --language ja
      tasuki consent notice --terms demo-garment-2
    """
    version, _ = _shown(terms)
    click.echo(notice.text(version, lang), nl=False)


@consent.command()
@click.argument("name")
@click.option("--as", "relation", type=click.Choice(RELATIONS), required=True, help="What that person is.")
@click.option("--until", help="When it ends, like 2031-04-01T00:00:00+09:00.")
@click.option("--subject", required=True, help="Who is spoken for.")
@lang_option
@json_option
@state_option
def guardian(
    name: str, relation: str, until: str | None, subject: str, lang: str, as_json: bool, state: Path
) -> None:
    """Register who speaks for a child: from now on only that person can say yes.

    What was granted without a guardian is withdrawn.

    \b
    Example:
      tasuki consent guardian hanako --subject taro --as parent --until 2031-04-01T00:00:00+09:00
    """
    if name == subject:
        raise UsageError("nobody is their own guardian", "Name the guardian, then --subject.")
    until_ns = times.of_person(until) if until else FOREVER
    with open_book(state, create=True) as book:
        events = book.guard(subject, name, relation, until_ns)
    tell(events, lang, as_json)
    if not as_json:
        click.echo(answer.text("guardian", lang))


def _shown(terms: str | None) -> tuple[str, Policy]:
    """The version that a wearer is shown, and the policy under it; UsageError when it is not in force."""
    version = terms or builtin().version
    policy = builtin().under(version)
    if policy is None:
        known = ", ".join(each for product in builtin().products.values() for each in product.terms)
        raise UsageError(f"terms {version!r} are not in force", f"In force: {known}.")
    return version, policy


def _new_or_known(book: ConsentBook, subject: str | None) -> str:
    if subject is not None and not (subject.isprintable() and 0 < len(subject) <= 256):
        raise UsageError("a wearer's account has 1 to 256 printable characters", "Give another --subject.")
    if subject is not None:
        return subject
    return known_subject(book, None) if book.log.subjects() else _FIRST_WEARER


def _items(policy: Policy, names: tuple[str, ...], purpose: str) -> frozenset[str]:
    items = frozenset(statements.items_for(policy, purpose) if names == ("all",) else names)
    statements.check(policy, purpose, items)
    return items


def _check_known(policy: Policy, events: list[Event], items: tuple[str, ...], purpose: str) -> None:
    """UsageError for a word that neither the policy nor the wearer ever used: a slip of the pen."""
    known = {*policy.category_of, *(item for event in events for item in event.items)}
    for item in items:
        if item not in known:
            raise UsageError(f"unknown item {item!r}", f"Known here: {', '.join(sorted(known))}.")
    purposes = {*policy.purposes, *(event.purpose for event in events)}
    if purpose and purpose not in purposes and not statements.items_for(policy, purpose):
        raise UsageError(f"unknown purpose {purpose!r}", f"Known here: {', '.join(sorted(purposes))}.")


def _who(by: str, relation: str | None) -> tuple[str, str]:
    if bool(by) != bool(relation):
        raise UsageError("--by and --as go together", f"Give both; --as is {' or '.join(RELATIONS)}.")
    return by, relation or ""


for _command in consent_records.COMMANDS:
    consent.add_command(_command)
