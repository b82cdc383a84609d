"""What the factory's commands share: the station's folder, secrets that are asked for, what is opened."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from tasuki.audit.log import AuditLog
from tasuki.errors import UsageError
from tasuki.factory import folder, record
from tasuki.factory.folder import Authority
from tasuki.factory.journal import Journal
from tasuki.trust import certificates
from tasuki.vault.secret import Signer

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


class Reader(Signer):
    """Stands for a station's key where nothing is signed: it has the public half."""

    __slots__ = ()

    def __init__(self, public: bytes) -> None:
        self.public = public

    def sign(self, domain: str, body: bytes) -> bytes:
        """Never."""
        raise TypeError("nothing is signed here")


@contextmanager
def journal_of(station: Path, recording: bool = True) -> Iterator[Journal]:
    """The journal of a station's folder; UsageError when it has none.

    recording: what was written goes into the audit log at the end, to be signed by the next run.
    """
    chain, _ = folder.read_chain(station)
    journal = Journal(station / JOURNAL)
    try:
        yield journal
        if recording:
            log = AuditLog(station / record.FILE, Reader(certificates.public_key(chain[0])))
            try:
                record.collect(journal, log)
            finally:
                log.close()
    finally:
        journal.close()
