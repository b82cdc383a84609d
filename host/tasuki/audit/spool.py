"""Entries on their way to the log: written in the transaction that they tell of.

Two SQLite files have no transaction in common. So what is decided and the entry that says so are made
durable together, in one file; the log takes the entries from there, each once, and a crash in between
loses none: they wait for the next time.
"""

import sqlite3
from collections.abc import Mapping
from typing import Any

from tasuki.audit import entries

SPOOL_SCHEMA = """
CREATE TABLE IF NOT EXISTS audit_spool (
  n INTEGER PRIMARY KEY AUTOINCREMENT, fields TEXT NOT NULL, name TEXT NOT NULL);
"""


class Spool:
    """The table; its caller owns connection, transaction and lock."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def add(self, fields: Mapping[str, Any], name: str = "") -> None:
        """An entry without its head, and the name by which it will be found."""
        row = entries.body(fields), name
        self._db.execute("INSERT INTO audit_spool (fields, name) VALUES (?, ?)", row)

    def waiting(self, after: int, limit: int) -> list[tuple[int, str, str]]:
        """(number, body, name) of what came after a number, the oldest first."""
        sql = "SELECT n, fields, name FROM audit_spool WHERE n > ? ORDER BY n LIMIT ?"
        return self._db.execute(sql, (after, limit)).fetchall()

    def forget(self, upto: int) -> None:
        """Delete what the log holds; numbers are never used again."""
        self._db.execute("DELETE FROM audit_spool WHERE n <= ?", (upto,))

    def handed_over(self) -> int:
        """The highest number that was forgotten, 0 for none."""
        (waiting,) = self._db.execute("SELECT min(n) FROM audit_spool").fetchone()
        if waiting is not None:
            return int(waiting) - 1
        row = self._db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'audit_spool'").fetchone()
        return int(row[0]) if row else 0
