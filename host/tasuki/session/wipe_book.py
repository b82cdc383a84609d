"""Hubs that have to lose what they stored of an erased wearer, at their next contact.

Two ways. A hub that nobody else wore since gets a new key: making it destroys the old one and wipes
the store. A hub that somebody else wears by now keeps its key and his epochs: it is waited for until
it stores nothing any more; what it still sends of the erased wearer is refused, and deleted there.
"""

import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tasuki import database

WIPE, DRAIN = MODES = ("wipe", "drain")

_SCHEMA = """
CREATE TABLE IF NOT EXISTS wipe (
  device BLOB NOT NULL, erasure TEXT NOT NULL, mode TEXT NOT NULL, keys BLOB NOT NULL,
  asked_ns INTEGER NOT NULL, done_ns INTEGER, how TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (device, erasure)) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class Wipe:
    """What a hub still has to do, or did.

    Attributes:
        device: 8 bytes. erasure: the case. mode: one of MODES.
        keys: ids, 8 bytes each, of the keys that it may have had until then.
        done_ns: Unix nanoseconds; None while it was not met. how: it was done.
    """

    device: bytes
    erasure: str
    mode: str
    keys: bytes
    asked_ns: int
    done_ns: int | None
    how: str

    def renewed(self, key_id: bytes) -> bool:
        """True when the hub has a key that it did not have then."""
        return all(key_id != self.keys[at : at + 8] for at in range(0, len(self.keys), 8))


class WipeBook:
    """One SQLite file. sqlite3.OperationalError when it cannot be written."""

    def __init__(self, path: Path, clock_ns: Callable[[], int] = time.time_ns) -> None:
        self._db: sqlite3.Connection = database.connect(path, _SCHEMA)
        self._clock_ns = clock_ns

    def ask(self, device: bytes, erasure: str, mode: str, keys: bytes) -> None:
        """Have a hub wiped or drained at its next contact; nothing happens when it is asked for already."""
        row = (device, erasure, mode, keys, self._clock_ns())
        sql = "INSERT OR IGNORE INTO wipe (device, erasure, mode, keys, asked_ns) VALUES (?, ?, ?, ?, ?)"
        self._db.execute(sql, row)

    def due(self, device: bytes) -> list[Wipe]:
        """What a hub has to do now."""
        return self._select("WHERE device = ? AND done_ns IS NULL", device)

    def of(self, erasure: str) -> list[Wipe]:
        """The hubs of an erasure."""
        return self._select("WHERE erasure = ?", erasure)

    def done(self, device: bytes, how: str) -> None:
        """Whatever the hub had to do is done."""
        sql = "UPDATE wipe SET done_ns = ?, how = ? WHERE device = ? AND done_ns IS NULL"
        self._db.execute(sql, (self._clock_ns(), how, device))

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _select(self, where: str, *values: object) -> list[Wipe]:
        sql = f"SELECT device, erasure, mode, keys, asked_ns, done_ns, how FROM wipe {where} ORDER BY device"
        return [Wipe(*row) for row in self._db.execute(sql, values)]
