"""What the commands of `tasuki consent` share: their options, and the consent book."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import click

from tasuki.cli import consent_answer as answer
from tasuki.cli.frame import print_json, state_option
from tasuki.consent.book import ConsentBook
from tasuki.consent.events import RELATIONS, Event
from tasuki.consent.wording import LANGUAGES
from tasuki.errors import UsageError
from tasuki.view.words import language_of

_F = TypeVar("_F", bound=Callable[..., Any])

subject_option = click.option("--subject", help="The wearer's account; needed when several are recorded.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
lang_option = click.option(
    "--language", "--lang", "lang", type=click.Choice(LANGUAGES), default=language_of, help="en or ja."
)


def speaker_options(command: _F) -> _F:
    """The options --by and --as."""
    relation = click.option("--as", "relation", type=click.Choice(RELATIONS), help="What that person is.")
    by = click.option("--by", default="", help="Account of the guardian who speaks for the wearer.")
    return by(relation(command))


def statement_options(command: _F) -> _F:
    """What a wearer's yes and no have in common."""
    item = click.option(
        "--item", multiple=True, required=True, help="An item, or `all` that may serve the purpose."
    )
    purpose = click.option("--purpose", required=True, help="A purpose of the policy, or a separate consent.")
    terms = click.option(
        "--terms", help="Version of a product's terms, when those were shown instead of the policy."
    )
    for option in (state_option, json_option, lang_option, subject_option, speaker_options):
        command = option(command)
    return item(purpose(terms(command)))


@contextlib.contextmanager
def open_book(state: Path, create: bool = False) -> Iterator[ConsentBook]:
    """The consent book; UsageError when there is none and nothing is to be recorded."""
    path = state / "consent.db"
    if not create and not path.exists():
        raise UsageError(f"{state} has no consents", "Record one with `tasuki consent grant`.")
    with contextlib.closing(ConsentBook(path)) as book:
        yield book


def tell(events: list[Event], lang: str, as_json: bool) -> None:
    """Say what was recorded."""
    if as_json:
        print_json({"recorded": answer.recorded(events)})
        return
    for event in events:
        click.echo(answer.text("recorded", lang, what=answer.statement(event, lang)))
