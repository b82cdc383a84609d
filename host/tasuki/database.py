"""SQLite as we use it: durable at commit, and deleted means overwritten."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tasuki.errors import UsageError

_WANTED = (("journal_mode", "WAL", "wal"), ("synchronous", "FULL", 2), ("secure_delete", "ON", 1))


def connect(path: Path, schema: str) -> sqlite3.Connection:
    """Open or make a database file, readable by its owner only, in autocommit mode.

    Refuses to start (UsageError) unless WAL, synchronous FULL and secure_delete ON are read back,
    because a file that keeps deleted data would break what erasure promises.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
    except (OSError, sqlite3.Error) as e:
        raise UsageError(f"{path} cannot be opened: {e}", "Give a folder that you may write to.") from e
    try:
        for name, value, expected in _WANTED:
            got = connection.execute(f"PRAGMA {name}={value}").fetchone()
            got = got or connection.execute(f"PRAGMA {name}").fetchone()
            if got[0] != expected:
                raise UsageError(
                    f"{path}: SQLite answers {name}={got[0]}", "Use a local disk and a stock SQLite."
                )
        connection.executescript(schema)
    except sqlite3.Error as e:
        connection.close()
        raise UsageError(f"{path} cannot be used: {e}", "Move the file away or give another folder.") from e
    except UsageError:
        connection.close()
        raise
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """One durable transaction that nobody else writes in; whatever is raised inside rolls it back.

    sqlite3.OperationalError when the file cannot be written now: busy for long, or its disk is full.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # SQLite itself may have rolled back
            connection.execute("ROLLBACK")
        raise


def add_columns(connection: sqlite3.Connection, table: str, columns: Mapping[str, str]) -> None:
    """Give a table of an older version the columns (name to declaration) that it lacks."""
    have = {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
    for name, declaration in columns.items():
        if name not in have:
            connection.execute(f"ALTER TABLE {table} ADD COLUMN {name} {declaration}")


def truncate_log(connection: sqlite3.Connection) -> bool:
    """Fold the write-ahead log into the file and empty it, so that what was deleted is gone from it too.

    False when somebody else was reading: the log still holds what was deleted, and it must be tried again.
    """
    busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy
