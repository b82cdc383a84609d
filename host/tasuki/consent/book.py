"""The consent book: what wearers said, which hubs we know and who wore them, kept between runs.

What waits in the outbox is decided again when it is sent, perhaps by a later run, so that run must
know what this one knew. Everything is durable before it counts.
"""

import json
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tasuki import database
from tasuki.consent.events import FOREVER, ConsentLog, Event
from tasuki.consent.files import WearerFile
from tasuki.consent.registers import Binding, Garment, Manifest, Registers
from tasuki.errors import LinkLost

_SCHEMA = """
CREATE TABLE IF NOT EXISTS event (
  id INTEGER PRIMARY KEY, at_ns INTEGER NOT NULL, recorded_ns INTEGER NOT NULL, subject TEXT NOT NULL,
  decision TEXT NOT NULL, purpose TEXT NOT NULL, items TEXT NOT NULL, notice TEXT NOT NULL,
  language TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS event_of ON event (subject);
CREATE TABLE IF NOT EXISTS garment (
  key_id BLOB PRIMARY KEY, device BLOB NOT NULL, product TEXT NOT NULL, streams TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS binding (
  id BLOB PRIMARY KEY, device BLOB NOT NULL, subject TEXT NOT NULL, since_ns INTEGER NOT NULL,
  until_ns INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS binding_of ON binding (device);
"""


class ConsentBook:
    """One SQLite file and what it says in memory.

    Attributes:
        log: all consent events, for `Engine`.
        registers: hubs and wearers; destinations are those that ship with the package.
    """

    def __init__(self, path: Path) -> None:
        """Open or make the file; UsageError when it cannot be used."""
        self._db = database.connect(path, _SCHEMA)
        self._lock = threading.Lock()
        self.log = ConsentLog(self._events())
        self.registers = Registers()
        for key_id, device, product, streams in self._db.execute("SELECT * FROM garment"):
            self.registers.add_garment(Garment(key_id, device, Manifest(product, _streams(streams))))
        for row in self._db.execute("SELECT * FROM binding ORDER BY since_ns"):
            self.registers.bind(Binding(*row))

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def adopt(self, wearer: WearerFile) -> None:
        """Take a wearer's file as all that this wearer ever said."""
        with self._transaction() as db:
            db.execute("DELETE FROM event WHERE subject = ?", (wearer.subject,))
            for event in wearer.events:
                _insert(db, event)
        self.log.replace(wearer.subject, wearer.events)

    def say(self, event: Event) -> None:
        """Add one event; it counts for the next decision once this returned."""
        with self._transaction() as db:
            _insert(db, event)
        self.log.append(event)

    def enrol(self, garment: Garment) -> None:
        """Register a hub under its key, or what its product has now."""
        streams = {str(stream): sorted(kinds) for stream, kinds in garment.manifest.streams.items()}
        row = (garment.key_id, garment.device, garment.manifest.product, json.dumps(streams))
        with self._transaction() as db:
            db.execute("INSERT OR REPLACE INTO garment VALUES (?, ?, ?, ?)", row)
        self.registers.add_garment(garment)

    def bind(self, device: bytes, subject: str, since_ns: int) -> Binding:
        """State that a subject wears a hub from a moment on; ends what another wearer had there.

        The binding that is open already is returned when it is the same wearer's.
        """
        open_ = [b for b in self.registers.bindings.get(device, ()) if b.until_ns == FOREVER]
        if open_ and open_[-1].subject == subject:
            return open_[-1]
        binding = Binding(os.urandom(16), device, subject, since_ns, FOREVER)
        with self._transaction() as db:
            db.execute(
                "UPDATE binding SET until_ns = ? WHERE device = ? AND until_ns = ?",
                (since_ns, device, FOREVER),
            )
            row = (binding.id, device, subject, since_ns, FOREVER)
            db.execute("INSERT INTO binding VALUES (?, ?, ?, ?, ?)", row)
        self._end(device, since_ns)
        self.registers.bind(binding)
        return binding

    def unbind(self, device: bytes, at_ns: int) -> None:
        """State that nobody wears the hub from a moment on."""
        with self._transaction() as db:
            sql = "UPDATE binding SET until_ns = ? WHERE device = ? AND until_ns = ?"
            db.execute(sql, (at_ns, device, FOREVER))
        self._end(device, at_ns)

    def _end(self, device: bytes, at_ns: int) -> None:
        kept = self.registers.bindings.get(device, [])
        kept[:] = [replace(b, until_ns=at_ns) if b.until_ns == FOREVER else b for b in kept]
        self.registers.version += 1

    def _events(self) -> list[Event]:
        columns = "at_ns, recorded_ns, subject, decision, purpose, items, notice, language"
        rows = self._db.execute(f"SELECT {columns} FROM event ORDER BY id")
        return [
            Event(at, recorded, subject, decision, purpose, frozenset(items.split()), notice, language)
            for at, recorded, subject, decision, purpose, items, notice, language in rows
        ]

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                self._db.execute("BEGIN IMMEDIATE")
                yield self._db
                self._db.execute("COMMIT")
            except sqlite3.OperationalError as e:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise LinkLost(f"the consent book cannot be written: {e}", "Free the disk; try again.") from e


def _insert(db: sqlite3.Connection, event: Event) -> None:
    row = (event.at_ns, event.recorded_ns, event.subject, event.decision, event.purpose)
    row_end = (" ".join(sorted(event.items)), event.notice, event.language)
    db.execute("INSERT INTO event VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?)", (*row, *row_end))


def _streams(text: str) -> dict[int, frozenset[int]]:
    return {int(stream): frozenset(kinds) for stream, kinds in json.loads(text).items()}
