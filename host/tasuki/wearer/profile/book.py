"""Profiles: values of category 1, encrypted under the wearer's keys, with the trace of every correction.

A correction keeps the hashes of what stood before and stands now, never the old value (rule D-02). The
hashes are of the encrypted values, so they tell nothing of the plain ones. What a hub signed is never
rewritten: a correction of it is a remark beside it.
"""

import hashlib
import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tasuki.consent.events import FOREVER
from tasuki.consent.policy import Policy
from tasuki.errors import Refused
from tasuki.vault.vault import Vault
from tasuki.wearer import encrypted
from tasuki.wearer.tables import Row, Tables

SCHEMA = """
CREATE TABLE IF NOT EXISTS profile (
  subject TEXT NOT NULL, item TEXT NOT NULL, value BLOB NOT NULL, since_ns INTEGER NOT NULL,
  checked_ns INTEGER NOT NULL, PRIMARY KEY (subject, item)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS correction (
  id INTEGER PRIMARY KEY AUTOINCREMENT, subject TEXT NOT NULL, item TEXT NOT NULL, at_ns INTEGER NOT NULL,
  before TEXT NOT NULL, after TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS correction_of ON correction (subject);
CREATE TABLE IF NOT EXISTS told (
  correction INTEGER NOT NULL, processor TEXT NOT NULL, at_ns INTEGER NOT NULL,
  PRIMARY KEY (correction, processor)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS remark (
  id INTEGER PRIMARY KEY AUTOINCREMENT, subject TEXT NOT NULL, item TEXT NOT NULL, at_ns INTEGER NOT NULL,
  value BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS remark_of ON remark (subject);
"""


@dataclass(frozen=True)
class Value:
    """What is kept of an item: since when, and when the wearer last confirmed it; Unix nanoseconds."""

    item: str
    text: str
    since_ns: int
    checked_ns: int


@dataclass(frozen=True)
class Correction:
    """One change of a profile. before, after: SHA-256 of the encrypted values, hex; empty for none.

    waiting: processors that have the item and have not confirmed yet that they corrected it.
    """

    id: int
    subject: str
    item: str
    at_ns: int
    before: str
    after: str
    waiting: tuple[str, ...] = ()


@dataclass(frozen=True)
class Remark:
    """What a wearer says about measured data of an item from `t0_ns` to `t1_ns`, beside what was signed."""

    id: int
    item: str
    at_ns: int
    t0_ns: int
    t1_ns: int
    text: str


class Profiles:
    """All profiles. Values are checked before they come here (rules)."""

    def __init__(self, tables: Tables, vault: Vault, clock_ns: Callable[[], int] = time.time_ns) -> None:
        self._tables = tables
        self._vault = vault
        self._clock_ns = clock_ns

    def values(self, policy: Policy, subject: str) -> dict[str, Value]:
        """All that is kept of a wearer, by item."""
        sql = "SELECT item, value, since_ns, checked_ns FROM profile WHERE subject = ?"
        out = {}
        for item, value, since, checked in self._tables.rows(sql, subject):
            plain = self._open(policy, subject, item, value)
            if plain is not None:
                out[item] = Value(item, plain, since, checked)
        return out

    def correct(
        self, policy: Policy, subject: str, item: str, text: str, processors: Iterable[str] = ()
    ) -> Correction | None:
        """Keep a value, or with an empty text no value; None when it is so already.

        processors: who has the item from us and has to correct it, too (rule D-02).
        """
        known = self.values(policy, subject).get(item)
        if (known.text if known else "") == text:
            self._confirm(subject, item)
            return None
        row = self._tables.row("SELECT value FROM profile WHERE subject = ? AND item = ?", subject, item)
        new = b""
        if text:
            key = policy.consent_item(item)
            new = encrypted.encrypt(self._vault, subject, key, _place(item), text.encode())
        now, names = self._clock_ns(), tuple(processors)
        before, after = _hash(row[0] if row else b""), _hash(new)
        with self._tables.turn() as db:
            db.execute("DELETE FROM profile WHERE subject = ? AND item = ?", (subject, item))
            if new:
                db.execute("INSERT INTO profile VALUES (?, ?, ?, ?, ?)", (subject, item, new, now, now))
            sql = "INSERT INTO correction (subject, item, at_ns, before, after) VALUES (?, ?, ?, ?, ?)"
            id_ = db.execute(sql, (subject, item, now, before, after)).lastrowid or 0
            db.executemany("INSERT INTO told VALUES (?, ?, 0)", ((id_, name) for name in names))
        self._tables.overwrite()
        return Correction(id_, subject, item, now, before, after, names)

    def corrections(self, subject: str) -> list[Correction]:
        """The trace of all changes of a profile, the newest first."""
        sql = "SELECT id, subject, item, at_ns, before, after FROM correction WHERE subject = ?"
        rows = self._tables.rows(sql + " ORDER BY id DESC", subject)
        return [self._correction(row) for row in rows]

    def untold(self) -> list[Correction]:
        """Corrections that a processor has not confirmed, the oldest first."""
        sql = """SELECT id, subject, item, at_ns, before, after FROM correction
        WHERE id IN (SELECT correction FROM told WHERE at_ns = 0) ORDER BY id"""
        return [self._correction(row) for row in self._tables.rows(sql)]

    def confirm_told(self, correction: int, processor: str) -> None:
        """A processor has confirmed that it corrected its copy."""
        sql = "UPDATE told SET at_ns = ? WHERE correction = ? AND processor = ? AND at_ns = 0"
        with self._tables.turn() as db:
            db.execute(sql, (self._clock_ns(), correction, processor))

    def remark(self, subject: str, item: str, t0_ns: int, t1_ns: int, text: str) -> None:
        """Attach a correction to what a hub measured and signed."""
        plain = json.dumps({"t0": t0_ns, "t1": t1_ns, "text": text}, ensure_ascii=False).encode()
        value = encrypted.encrypt(self._vault, subject, item, "remark", plain)
        sql = "INSERT INTO remark (subject, item, at_ns, value) VALUES (?, ?, ?, ?)"
        with self._tables.turn() as db:
            db.execute(sql, (subject, item, self._clock_ns(), value))

    def remarks(self, subject: str) -> list[Remark]:
        """All remarks of a wearer, the newest first."""
        out = []
        sql = "SELECT id, item, at_ns, value FROM remark WHERE subject = ? ORDER BY id DESC"
        for id_, item, at, value in self._tables.rows(sql, subject):
            try:
                found = json.loads(encrypted.decrypt(self._vault, subject, item, "remark", value))
            except Refused:  # the item was erased
                continue
            out.append(Remark(id_, item, at, found["t0"], found["t1"], found["text"]))
        return out

    def kept(self, subject: str, items: Iterable[str] | None, before_ns: int) -> list[bytes]:
        """The encrypted values from up to a moment, of these items or of all (None)."""
        out = []
        for table, column in (("profile", "since_ns"), ("remark", "at_ns")):
            where, values = _which(items, column)
            sql = f"SELECT value FROM {table} WHERE subject = ?{where}"
            out += [value for (value,) in self._tables.rows(sql, subject, before_ns, *values)]
        return out

    def forget(self, subject: str, items: Iterable[str] | None = None, before_ns: int = FOREVER) -> None:
        """Delete what is from up to a moment, of these items or all (None), with the trace of it."""
        with self._tables.turn() as db:
            where, values = _which(items, "at_ns")
            told = f"SELECT id FROM correction WHERE subject = ?{where}"
            given = (subject, before_ns, *values)
            db.execute(f"DELETE FROM told WHERE correction IN ({told})", given)
            for table in ("correction", "remark"):
                db.execute(f"DELETE FROM {table} WHERE subject = ?{where}", given)
            where, values = _which(items, "since_ns")
            db.execute(f"DELETE FROM profile WHERE subject = ?{where}", (subject, before_ns, *values))

    def expire(self, item: str, before_ns: int) -> int:
        """Delete values of an item, and remarks on it, that nobody has confirmed since a moment; how many."""
        with self._tables.turn() as db:
            sql = "DELETE FROM profile WHERE item = ? AND checked_ns < ?"
            gone = db.execute(sql, (item, before_ns)).rowcount
            sql = "DELETE FROM remark WHERE item = ? AND at_ns < ?"
            return gone + db.execute(sql, (item, before_ns)).rowcount

    def _confirm(self, subject: str, item: str) -> None:
        sql = "UPDATE profile SET checked_ns = ? WHERE subject = ? AND item = ?"
        with self._tables.turn() as db:
            db.execute(sql, (self._clock_ns(), subject, item))

    def _waiting(self, correction: int) -> tuple[str, ...]:
        sql = "SELECT processor FROM told WHERE correction = ? AND at_ns = 0 ORDER BY processor"
        return tuple(name for (name,) in self._tables.rows(sql, correction))

    def _correction(self, row: Row) -> Correction:
        id_, subject, item, at, before, after = row
        return Correction(id_, subject, item, at, before, after, self._waiting(id_))

    def _open(self, policy: Policy, subject: str, item: str, value: bytes) -> str | None:
        key = policy.consent_item(item)
        try:
            return encrypted.decrypt(self._vault, subject, key, _place(item), value).decode()
        except Refused:  # the item was erased
            return None


def _which(items: Iterable[str] | None, column: str) -> tuple[str, tuple[str, ...]]:
    """The rest of a condition: a moment, and names of items where they are chosen."""
    names = None if items is None else tuple(items)
    chosen = "" if names is None else f" AND item IN ({','.join('?' * len(names))})"
    return f" AND {column} <= ?{chosen}", names or ()


def _place(item: str) -> str:
    return f"profile/{item}"


def _hash(value: bytes) -> str:
    return hashlib.sha256(value).hexdigest() if value else ""
