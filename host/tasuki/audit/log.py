"""The log itself: one SQLite file, append-only, with every complete node of its tree.

A row holds an entry and the hashes of the nodes that it completes, its own leaf first: node (level,
place) stands in row ((place + 1) << level) - 1. So an append is one row, a proof reads O(log n) rows,
and nothing is ever changed. What was collected from where is written in the same transaction.
"""

import json
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasuki import database
from tasuki.audit import checkpoint, tree
from tasuki.errors import LinkLost, Untrusted
from tasuki.vault.secret import Signer

_SCHEMA = """
CREATE TABLE IF NOT EXISTS entry (i INTEGER PRIMARY KEY, data BLOB NOT NULL, nodes BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS checkpoint (size INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, note TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS collected (source TEXT PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS named (
  name TEXT NOT NULL, i INTEGER NOT NULL, PRIMARY KEY (name, i)) WITHOUT ROWID;
CREATE TRIGGER IF NOT EXISTS entry_stays BEFORE DELETE ON entry
  BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS entry_is_final BEFORE UPDATE ON entry
  BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
"""

# Cast, because a hand that changes a row may leave text or a number where bytes stood.
_ROWS = "SELECT i, CAST(data AS BLOB), CAST(nodes AS BLOB) FROM entry ORDER BY i"


@dataclass(frozen=True)
class Taken:
    """Entries that came from a source whose last number in the log was `after`, and is `upto` then."""

    source: str
    after: int
    upto: int


class Overtaken(Exception):
    """Somebody else took from the source meanwhile; nothing was appended."""


class AuditLog:
    """Safe to use from several threads, and by several processes at once."""

    def __init__(self, path: Path, signer: Signer) -> None:
        """Open or make the file; UsageError when it cannot be used. signer: has the audit key."""
        self._db = database.connect(path, _SCHEMA)
        self._signer = signer
        self._lock = threading.RLock()
        self._edge = tree.Edge()

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @property
    def public(self) -> bytes:
        """The audit key's public half, 32 bytes."""
        return self._signer.public

    @property
    def size(self) -> int:
        """Entries so far."""
        with self._lock:
            return _size(self._db)

    def append(
        self,
        entries: Iterable[bytes],
        names: Iterable[tuple[str, int]] = (),
        taken: Taken | None = None,
    ) -> int:
        """Append in one durable transaction; the number of the first entry.

        names: (name, place in `entries`) by which an entry can be found again; they are no part of the
        tree. taken: from where they came, so that each comes once; Overtaken when it did.
        LinkLost: nothing was written.
        """
        with self._lock, self._transaction() as db:
            if taken:
                if self.collected(taken.source) != taken.after:
                    raise Overtaken
                db.execute("INSERT OR REPLACE INTO collected VALUES (?, ?)", (taken.source, taken.upto))
            first = self._edge.size
            add = self._edge.add
            rows = ((i, data, add(data)) for i, data in enumerate(entries, first))
            db.executemany("INSERT INTO entry VALUES (?, ?, ?)", rows)
            sql = "INSERT OR IGNORE INTO named VALUES (?, ?)"
            db.executemany(sql, ((name, first + place) for name, place in names))
        return first

    def entry(self, index: int) -> bytes | None:
        """An entry's bytes; None when there is none of this number."""
        with self._lock:
            row = self._db.execute("SELECT CAST(data AS BLOB) FROM entry WHERE i = ?", (index,)).fetchone()
        return row[0] if row else None

    def fields(self, index: int) -> dict[str, Any]:
        """What an entry says; Untrusted when it is not there, is no entry, or not what its hash is of."""
        data = self.entry(index) or b""
        if self._node(0, index) != tree.leaf_hash(data):
            raise damaged(f"entry {index}")
        try:
            return dict(json.loads(data))
        except (ValueError, TypeError) as e:
            raise damaged(f"entry {index}") from e

    def find(self, prefix: str) -> list[int]:
        """Numbers of the entries under all names that begin so, rising."""
        sql = "SELECT DISTINCT i FROM named WHERE name >= ? AND name < ? ORDER BY i"
        with self._lock:
            return [i for (i,) in self._db.execute(sql, (prefix, prefix + "\U0010ffff"))]

    def collected(self, source: str) -> int:
        """The last number that was taken from a source; 0 when nothing was. Untrusted when it is none."""
        with self._lock:
            row = self._db.execute("SELECT n FROM collected WHERE source = ?", (source,)).fetchone()
        if row and not isinstance(row[0], int):
            raise damaged(f"what was taken from {source}")
        return row[0] if row else 0

    # -- proofs -----------------------------------------------------------------

    def root(self, size: int) -> bytes:
        """Root of the first `size` entries."""
        with self._lock:
            return tree.root(size, self._node)

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """Path of an entry in the log as it was at `size`; ValueError when there is none."""
        with self._lock:
            return tree.inclusion(index, size, self._node)

    def consistency(self, old: int, size: int) -> list[bytes]:
        """Path from the log as it was at `old` to what it was at `size`; ValueError when there is none."""
        with self._lock:
            return tree.consistency(old, size, self._node)

    def sign(self) -> str:
        """A checkpoint of the log as it is; the one there is when nothing came since. LinkLost."""
        with self._lock, self._transaction() as db:
            size = self._edge.size
            row = db.execute("SELECT note FROM checkpoint WHERE size = ?", (size,)).fetchone()
            if row:
                return str(row[0])
            note = checkpoint.sign(self._signer, size, self._edge.root())
            db.execute("INSERT INTO checkpoint VALUES (?, ?, ?)", (size, time.time_ns() // 10**6, note))
            return note

    def checkpoints(self) -> list[tuple[int, int, str]]:
        """(size, Unix milliseconds, text) of every checkpoint, the oldest first."""
        with self._lock:
            return self._db.execute("SELECT size, at_ms, note FROM checkpoint ORDER BY size").fetchall()

    def signed(self) -> tuple[int, int]:
        """(size, Unix milliseconds) of the newest checkpoint; zeros when there is none."""
        with self._lock:
            row = self._db.execute("SELECT size, CAST(max(at_ms) AS INTEGER) FROM checkpoint").fetchone()
        return (row[0] or 0, row[1] or 0)

    def rows(self) -> Iterator[tuple[int, bytes, bytes]]:
        """(number, entry, nodes) of everything in the file, whether or not it holds together."""
        with self._lock:
            yield from self._db.execute(_ROWS)

    def _node(self, level: int, place: int) -> bytes:
        sql = "SELECT substr(CAST(nodes AS BLOB), ?, 32) FROM entry WHERE i = ?"
        at = tree.HASH_SIZE * level + 1, ((place + 1) << level) - 1
        found = self._db.execute(sql, at).fetchone()
        return bytes(found[0]) if found else b""

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            with database.transaction(self._db) as db:
                if self._edge.size != (size := _size(db)):  # another process was here, or a rollback
                    self._edge = tree.Edge(size, self._node)
                yield db
        except BaseException as e:
            self._edge = tree.Edge()  # read again from what is durable
            if isinstance(e, sqlite3.OperationalError):
                raise LinkLost(f"the audit log cannot be written: {e}", "Free the disk; try again.") from e
            raise


def damaged(what: str) -> Untrusted:
    """The error for what somebody must have changed by hand."""
    hint = "Keep the files and compare them with a backup; `tasuki audit verify` names what does not hold."
    return Untrusted("damaged", f"the audit log is damaged: {what}", hint)


def _size(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT coalesce(max(i) + 1, 0) FROM entry").fetchone()[0])
