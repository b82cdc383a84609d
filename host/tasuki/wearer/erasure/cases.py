"""Open and ended erasures, durable: what is erased, encrypted under a key of the case, and how far it is.

What a case must remember (the wearer's name, pseudonyms, what to look for) is itself what has to be
erased: it is sealed under a key file of its own, and both go when the case is complete.
"""

import json
import os
import sqlite3
import threading
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tasuki import database
from tasuki.errors import UsageError
from tasuki.vault import aead, keyfiles
from tasuki.wearer.erasure.progress import Progress, StoreProgress

_SCHEMA = """
CREATE TABLE IF NOT EXISTS erasure (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, items TEXT NOT NULL, begun_ns INTEGER NOT NULL,
  ended_ns INTEGER, facts BLOB NOT NULL, markers BLOB, receipt BLOB);
CREATE TABLE IF NOT EXISTS store (
  n INTEGER PRIMARY KEY, erasure TEXT NOT NULL, name TEXT NOT NULL, state TEXT NOT NULL,
  what TEXT NOT NULL, verified TEXT NOT NULL, UNIQUE (erasure, name));
"""
_SAVE = """
INSERT INTO store (erasure, name, state, what, verified) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (erasure, name) DO UPDATE SET state = excluded.state, what = excluded.what,
verified = excluded.verified
"""
Markers = dict[str, list[bytes]]


@dataclass(frozen=True)
class Facts:
    """What a case knows while it is open. Bytes are hexadecimal.

    Attributes:
        subject: the wearer's name. identity: what tells him from another of the name later.
        name: what stands for him afterwards. items: what is erased; None for everything.
        upto: number of the last consent event that is his. begun_ns: Unix nanoseconds.
        pseudonyms: (purpose, destination, key epoch, pseudonym) of all that he was given.
        serials: of the item keys that are destroyed. wrappings: of the wearer's keys as they stood there.
        bindings: (id, device) of hubs that were worn.
        recalls: (destination, pseudonym, item, consent version) of what is erased, where it is items: what
            the wearer gives again meanwhile has a higher version and stays.
    """

    subject: str
    identity: str
    name: str
    items: list[str] | None
    upto: int
    begun_ns: int
    pseudonyms: list[tuple[str, str, int, str]]
    serials: dict[str, int]
    wrappings: list[str]
    bindings: list[tuple[str, str]]
    recalls: list[tuple[str, str, str, int]]

    @property
    def only(self) -> frozenset[str] | None:
        """The items, as stores take them."""
        return None if self.items is None else frozenset(self.items)


class Cases:
    """One SQLite file and a key file for each open case. Safe to use from several threads."""

    def __init__(self, path: Path, keys: Path) -> None:
        self._db: sqlite3.Connection = database.connect(path, _SCHEMA)
        self._keys = keys
        self._lock = threading.RLock()
        for (case,) in self._db.execute("SELECT id FROM erasure WHERE ended_ns IS NOT NULL").fetchall():
            if self._key_file(case).exists():  # a crash came between
                self._forget(case)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def open(self, facts: Facts, name: str) -> str:
        """Make a case durable, to be found again under a keyed name of the wearer; its id."""
        case = f"er-{os.urandom(4).hex()}"
        with self._lock:
            row = (case, name, _listed(facts.items), facts.begun_ns, self._sealed(case, asdict(facts)))
            sql = "INSERT INTO erasure (id, name, items, begun_ns, facts) VALUES (?, ?, ?, ?, ?)"
            self._db.execute(sql, row)
        return case

    def find(self, name: str, items: Iterable[str] | None) -> str | None:
        """The open case of this wearer and these items."""
        sql = "SELECT id FROM erasure WHERE name = ? AND items = ? AND ended_ns IS NULL"
        with self._lock:
            row = self._db.execute(sql, (name, _listed(items))).fetchone()
        return str(row[0]) if row else None

    def ids(self) -> list[str]:
        """All cases, the oldest first."""
        with self._lock:
            return [id_ for (id_,) in self._db.execute("SELECT id FROM erasure ORDER BY begun_ns, id")]

    def facts(self, case: str) -> Facts:
        """What an open case knows; UsageError for a case that is not open."""
        with self._lock:
            row = self._db.execute(
                "SELECT facts FROM erasure WHERE id = ? AND ended_ns IS NULL", (case,)
            ).fetchone()
        if row is None:
            raise unknown(case)
        plain = self._opened(case, row[0])
        plain["pseudonyms"] = [tuple(each) for each in plain["pseudonyms"]]
        plain["recalls"] = [tuple(each) for each in plain["recalls"]]
        plain["bindings"] = [tuple(each) for each in plain["bindings"]]
        return Facts(**plain)

    def note_markers(self, case: str, markers: Markers) -> None:
        """Keep what the scan will look for."""
        plain = {group: [each.hex() for each in found] for group, found in markers.items()}
        with self._lock:
            self._db.execute("UPDATE erasure SET markers = ? WHERE id = ?", (self._sealed(case, plain), case))

    def markers(self, case: str) -> Markers | None:
        """What the scan looks for; None while it is not noted, or when the case has ended."""
        with self._lock:
            row = self._db.execute("SELECT markers FROM erasure WHERE id = ?", (case,)).fetchone()
        if row is None or row[0] is None:
            return None
        plain = self._opened(case, row[0])
        return {group: [bytes.fromhex(each) for each in found] for group, found in plain.items()}

    def save(self, case: str, rows: Iterable[StoreProgress]) -> None:
        """Keep how far stores are."""
        values = [(case, row.name, row.state, row.what, row.verified) for row in rows]
        with self._lock, database.transaction(self._db) as db:
            db.executemany(_SAVE, values)

    def drop(self, case: str, name: str) -> None:
        """Forget a row that stood for stores which have rows of their own by now."""
        with self._lock:
            self._db.execute("DELETE FROM store WHERE erasure = ? AND name = ?", (case, name))

    def progress(self, case: str) -> Progress:
        """How far a case is; UsageError when there is none."""
        sql = "SELECT items, begun_ns, ended_ns FROM erasure WHERE id = ?"
        rows = "SELECT name, state, what, verified FROM store WHERE erasure = ? ORDER BY n"
        with self._lock:
            found = self._db.execute(sql, (case,)).fetchone()
            stores = tuple(StoreProgress(*row) for row in self._db.execute(rows, (case,)))
        if found is None:
            raise unknown(case)
        items = frozenset(found[0].split()) if found[0] else None
        return Progress(case, items, found[1], stores, found[2])

    def end(self, case: str, receipt: bytes, ended_ns: int) -> None:
        """Keep the receipt and forget everything else; nothing of it is in the file or its log then."""
        sql = "UPDATE erasure SET receipt = ?, ended_ns = ?, facts = x'', markers = NULL WHERE id = ?"
        with self._lock:
            self._db.execute(sql, (receipt, ended_ns, case))
            self._forget(case)

    def receipt(self, case: str) -> bytes | None:
        """The receipt; None while the case is open. UsageError when there is no such case."""
        with self._lock:
            row = self._db.execute("SELECT receipt FROM erasure WHERE id = ?", (case,)).fetchone()
        if row is None:
            raise unknown(case)
        return row[0]  # type: ignore[no-any-return]

    def _forget(self, case: str) -> None:
        database.truncate_log(self._db)
        keyfiles.destroy(self._key_file(case))

    def _sealed(self, case: str, plain: dict[str, Any]) -> bytes:
        key = keyfiles.read_or_create(self._key_file(case))
        return aead.encrypt(key.reveal(), json.dumps(plain).encode(), case.encode())

    def _opened(self, case: str, sealed: bytes) -> dict[str, Any]:
        key = keyfiles.read(self._key_file(case))
        plain = aead.decrypt(key.reveal(), sealed, case.encode())
        if plain is None:
            raise UsageError(
                f"erasure {case} does not open", "Restore erasures.db and its key from one backup."
            )
        return dict(json.loads(plain))

    def _key_file(self, case: str) -> Path:
        return self._keys / f"erasure-{case}.key"


def unknown(case: str) -> UsageError:
    """The error for a case that is not there."""
    return UsageError(f"there is no open erasure {case}", "`tasuki wearer erasures` lists them.")


def _listed(items: Iterable[str] | None) -> str:
    return " ".join(sorted(items)) if items is not None else ""
