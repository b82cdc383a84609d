"""Files that were made of a wearer's data, so that erasure and retention find them where they were put.

Captures, bundles, reports, downloads: whoever makes one notes it here, before it counts as made.
"""

import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tasuki import database

CAPTURE, BUNDLE, REPORT, DOWNLOAD = KINDS = ("capture", "bundle", "report", "download")
ID_SIZE = 16

_SCHEMA = """
CREATE TABLE IF NOT EXISTS file (
  id INTEGER PRIMARY KEY, path TEXT NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL,
  made_ns INTEGER NOT NULL, file_id BLOB NOT NULL, UNIQUE (path, subject));
CREATE INDEX IF NOT EXISTS file_of ON file (subject);
"""
_NOTE = """
INSERT INTO file (path, kind, subject, made_ns, file_id) VALUES (?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET kind = excluded.kind, made_ns = excluded.made_ns, file_id = excluded.file_id
"""


@dataclass(frozen=True)
class OurFile:
    """A file that was made here.

    Attributes:
        path: where it was put, absolute. kind: one of KINDS.
        subject: whose data is in it.
        made_ns: when, Unix nanoseconds.
        file_id: of a capture's or bundle's header; empty for files that have none.
    """

    id: int
    path: Path
    kind: str
    subject: str
    made_ns: int
    file_id: bytes


class FileRegister:
    """One SQLite file. sqlite3.OperationalError when it cannot be written."""

    def __init__(self, path: Path, clock_ns: Callable[[], int] = time.time_ns) -> None:
        self._db: sqlite3.Connection = database.connect(path, _SCHEMA)
        self._clock_ns = clock_ns

    def note(self, path: Path, kind: str, subject: str, file_id: bytes = b"") -> None:
        """Enter a file that is made, or is about to be; ValueError for an unknown kind."""
        if kind not in KINDS:
            raise ValueError(f"no kind of file {kind}")
        self._db.execute(_NOTE, (str(path.absolute()), kind, subject, self._clock_ns(), file_id))

    def of(self, subject: str) -> list[OurFile]:
        """Files with a wearer's data, the oldest first."""
        return self._select("WHERE subject = ?", subject)

    def all(self) -> list[OurFile]:
        """All files, the oldest first."""
        return self._select("")

    def forget(self, id_: int) -> bool:
        """Drop a row; False when somebody was reading, so that the write-ahead log still holds it."""
        self._db.execute("DELETE FROM file WHERE id = ?", (id_,))
        return database.truncate_log(self._db)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _select(self, where: str, *values: str) -> list[OurFile]:
        sql = f"SELECT id, path, kind, subject, made_ns, file_id FROM file {where} ORDER BY made_ns, id"
        return [OurFile(row[0], Path(row[1]), *row[2:]) for row in self._db.execute(sql, values)]
