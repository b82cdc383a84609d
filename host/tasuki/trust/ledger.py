"""Which epochs were accepted: each (key, session, epoch) once, for ever.

Epochs come in runs, so a row holds a run of epoch numbers and a year of one
hub stays a handful of rows.
"""

import sqlite3
from pathlib import Path
from typing import Protocol

from tasuki import database
from tasuki.errors import Untrusted

SCHEMA = """
create table if not exists accepted_epochs (
    key blob not null,
    session integer not null,
    first integer not null,
    last integer not null,
    primary key (key, session, first)
) without rowid, strict;
"""

_SEEN = """
select last >= :epoch from accepted_epochs
where key = :key and session = :session and first <= :epoch order by first desc limit 1
"""
_EXTEND = """
update accepted_epochs set last = :epoch
where key = :key and session = :session and last = :epoch - 1
and first = (select max(first) from accepted_epochs
             where key = :key and session = :session and first < :epoch)
"""
_ADD = "insert into accepted_epochs values (:key, :session, :epoch, :epoch)"
_LAST = "select session, last from accepted_epochs where key = ? order by session desc, first desc limit 1"


class Ledger(Protocol):
    """What the verifier asks; key is a key id of 8 bytes."""

    def seen(self, key: bytes, session: int, epoch: int) -> bool:
        """True when the epoch was accepted before."""

    def last(self, key: bytes) -> tuple[int, int] | None:
        """Highest (session, epoch) that was accepted, None for a new key."""


def seen(connection: sqlite3.Connection, key: bytes, session: int, epoch: int) -> bool:
    """True when the epoch stands in the ledger of this database."""
    row = connection.execute(_SEEN, {"key": key, "session": session, "epoch": epoch}).fetchone()
    return bool(row and row[0])


def record(connection: sqlite3.Connection, key: bytes, session: int, epoch: int) -> None:
    """Enter an accepted epoch, inside the caller's transaction, which also stores its blocks.

    Raises Untrusted("replayed") when it stands there already.
    """
    if seen(connection, key, session, epoch):
        raise Untrusted("replayed", f"epoch {epoch} of session {session} was accepted before")
    values = {"key": key, "session": session, "epoch": epoch}
    if connection.execute(_EXTEND, values).rowcount == 0:
        connection.execute(_ADD, values)


class SqliteLedger:
    """The durable ledger, in a database file that it may share with the outbox.

    Raises UsageError when the file cannot be used; later errors of the
    database leave as sqlite3.Error.
    """

    def __init__(self, path: Path) -> None:
        self.connection = database.connect(path, SCHEMA)

    def seen(self, key: bytes, session: int, epoch: int) -> bool:
        """True when the epoch was accepted before."""
        return seen(self.connection, key, session, epoch)

    def last(self, key: bytes) -> tuple[int, int] | None:
        """Highest (session, epoch) that was accepted, None for a new key."""
        row = self.connection.execute(_LAST, (key,)).fetchone()
        return None if row is None else (row[0], row[1])

    def record(self, key: bytes, session: int, epoch: int) -> None:
        """Enter an accepted epoch in a transaction of its own; raises Untrusted("replayed")."""
        self.connection.execute("begin immediate")
        try:
            record(self.connection, key, session, epoch)
        except BaseException:
            self.connection.execute("rollback")
            raise
        self.connection.execute("commit")

    def close(self) -> None:
        """Close the database."""
        self.connection.close()


class ForgetfulLedger:
    """FOR TESTS AND BENCHMARKS: forgets everything when the process ends."""

    def __init__(self) -> None:
        self._accepted: set[tuple[bytes, int, int]] = set()

    def seen(self, key: bytes, session: int, epoch: int) -> bool:
        """True when the epoch was accepted before."""
        return (key, session, epoch) in self._accepted

    def last(self, key: bytes) -> tuple[int, int] | None:
        """Highest (session, epoch) that was accepted, None for a new key."""
        return max(((s, e) for k, s, e in self._accepted if k == key), default=None)

    def record(self, key: bytes, session: int, epoch: int) -> None:
        """Enter an accepted epoch; raises Untrusted("replayed")."""
        if self.seen(key, session, epoch):
            raise Untrusted("replayed", f"epoch {epoch} of session {session} was accepted before")
        self._accepted.add((key, session, epoch))
