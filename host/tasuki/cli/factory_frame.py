"""What the factory's commands share: the station's folder, secrets that are asked for, what is opened."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from tasuki.errors import UsageError
from tasuki.factory import folder
from tasuki.factory.folder import Authority
from tasuki.factory.journal import Journal

_F = TypeVar("_F", bound=Callable[..., Any])
PATH = click.Path(path_type=Path)
JOURNAL = "journal.db"

json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
secret_option = click.option(
    "--secret-file",
    type=PATH,
    help="File with the passphrase or PIN (also TASUKI_SECRET); else it is asked for.",
)


def station_option(command: _F) -> _F:
    """The option --station: its folder."""
    return click.option(
        "--station",
        type=PATH,
        envvar="TASUKI_STATION",
        required=True,
        help="The station's folder (also TASUKI_STATION).",
    )(command)


def asking(secret_file: Path | None) -> folder.Ask:
    """How secrets are got: from the file, the environment, or the person; never from an argument."""

    def ask(question: str) -> str:
        if secret_file is not None:
            try:
                return secret_file.read_text(encoding="utf-8").strip()
            except OSError as e:
                raise UsageError(f"{secret_file}: {e.strerror}", "Give a file that you may read.") from e
        if (given := os.environ.get("TASUKI_SECRET")) is not None:
            return given
        if not sys.stdin.isatty():
            raise UsageError(f"{question} is needed", "Give it with --secret-file or TASUKI_SECRET.")
        return str(click.prompt(question, hide_input=True, err=True))

    return ask


@contextmanager
def opened(path: Path, role: str, secret_file: Path | None) -> Iterator[Authority]:
    """An authority's folder with its key."""
    authority = folder.open_authority(path, role, asking(secret_file))
    try:
        yield authority
    finally:
        authority.close()


@contextmanager
def journal_of(station: Path) -> Iterator[Journal]:
    """The journal of a station's folder; UsageError when it has none."""
    folder.read_chain(station)
    journal = Journal(station / JOURNAL)
    try:
        yield journal
    finally:
        journal.close()
