"""wearer.db: accounts, profiles, ratings and requests in one SQLite file with one connection.

What is personal in it is encrypted before it comes here; names by which rows are found are keyed hashes
(tasuki.wearer.encrypted), so the file alone tells nobody's address.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tasuki import database
from tasuki.errors import LinkLost

Row = tuple[Any, ...]


class Tables:
    """The file. Safe to use from several threads; several processes may have it open."""

    def __init__(self, path: Path, *schemas: str) -> None:
        """Open or make the file with these tables; UsageError when it cannot be used."""
        self.path = path
        self._db = database.connect(path, "".join(schemas))
        self._lock = threading.RLock()

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def rows(self, sql: str, *values: object) -> list[Row]:
        """All rows of a question."""
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    def row(self, sql: str, *values: object) -> Row | None:
        """The first row of a question; None when there is none."""
        with self._lock:
            found: Row | None = self._db.execute(sql, values).fetchone()
        return found

    @contextmanager
    def turn(self) -> Iterator[sqlite3.Connection]:
        """One durable transaction; whatever is raised inside rolls it back. LinkLost when it cannot be."""
        with self._lock:
            try:
                with database.transaction(self._db) as db:
                    yield db
            except sqlite3.OperationalError as e:
                raise LinkLost(f"the accounts cannot be written: {e}", "Free the disk; try again.") from e

    def overwrite(self) -> bool:
        """Empty the write-ahead log of what was deleted; False while others read, so that it is not."""
        with self._lock:
            return database.truncate_log(self._db)
