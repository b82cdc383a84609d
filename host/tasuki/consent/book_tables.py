"""The consent book's file: its tables, and what stands in them row by row. No state, no transactions."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from tasuki import database
from tasuki.consent.events import Event
from tasuki.consent.guardians import Guardianship
from tasuki.consent.registers import Binding, Garment, Manifest
from tasuki.errors import Untrusted

# The number of an event is never used again, not even when somebody deletes the newest row: the audit
# log asks for what came after a number, and would take a word that bears an old one for known.
_EVENT = """
CREATE TABLE IF NOT EXISTS event (
  id INTEGER PRIMARY KEY AUTOINCREMENT, at_ns INTEGER NOT NULL, recorded_ns INTEGER NOT NULL,
  subject TEXT NOT NULL, decision TEXT NOT NULL, purpose TEXT NOT NULL, items TEXT NOT NULL,
  notice TEXT NOT NULL, language TEXT NOT NULL, notice_hash TEXT NOT NULL DEFAULT '',
  said_by TEXT NOT NULL DEFAULT '', relation TEXT NOT NULL DEFAULT '', origin TEXT NOT NULL DEFAULT '')"""
_EVENT_INDEX = "CREATE INDEX IF NOT EXISTS event_of ON event (subject)"
_SCHEMA = f"""
{_EVENT};
{_EVENT_INDEX};
CREATE TABLE IF NOT EXISTS record (subject TEXT PRIMARY KEY, id TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS guardian (
  subject TEXT NOT NULL, guardian TEXT NOT NULL, relation TEXT NOT NULL, since_ns INTEGER NOT NULL,
  until_ns INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS garment (
  key_id BLOB PRIMARY KEY, device BLOB NOT NULL, product TEXT NOT NULL, streams TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS binding (
  id BLOB PRIMARY KEY, device BLOB NOT NULL, subject TEXT NOT NULL, since_ns INTEGER NOT NULL,
  until_ns INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS binding_of ON binding (device);
CREATE TABLE IF NOT EXISTS erasures (n INTEGER NOT NULL);
INSERT INTO erasures SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM erasures);
CREATE TABLE IF NOT EXISTS changes (n INTEGER NOT NULL);
INSERT INTO changes SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM changes);
""" + "".join(
    f"CREATE TRIGGER IF NOT EXISTS {table}_{what} AFTER {what} ON {table} "
    "BEGIN UPDATE changes SET n = n + 1; END;\n"
    for table in ("guardian", "garment", "binding")
    for what in ("INSERT", "UPDATE", "DELETE")
)
_COLUMNS = (
    "at_ns, recorded_ns, subject, decision, purpose, items, notice, language, notice_hash, said_by, "
    "relation, origin"
)
_INSERT = f"INSERT INTO event ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_ADDED = ("notice_hash", "said_by", "relation", "origin")  # that books of version 0.1 do not have


def connect(path: Path) -> sqlite3.Connection:
    """Open or make a book's file; one of an older version gets what it lacks. UsageError."""
    db = database.connect(path, _SCHEMA)
    database.add_columns(db, "event", dict.fromkeys(_ADDED, "TEXT NOT NULL DEFAULT ''"))
    if not _numbers_for_good(db):
        _renumber(db)
    return db


def insert_event(db: sqlite3.Connection, event: Event, recorded_ns: int) -> int:
    """Write what somebody said, as recorded at a moment; its number."""
    return db.execute(_INSERT, _row(event, recorded_ns)).lastrowid or 0


def events_after(db: sqlite3.Connection, number: int) -> Iterator[Event]:
    """Events with a higher number, rising. Untrusted for what no book of ours has written.

    None is left out: what cannot be read may be a withdrawal.
    """
    for row in db.execute(f"SELECT id, {_COLUMNS} FROM event WHERE id > ? ORDER BY id", (number,)):
        try:
            event = _event(*row)
        except ValueError as e:
            what = f"the consent book is damaged at event {row[0]}: {e}"
            raise Untrusted("damaged", what, "Put back a backup; nothing is decided without it.") from e
        yield event


def erase(db: sqlite3.Connection, subject: str, name: str, upto: int, before_ns: int) -> None:
    """Put a keyed name in the place of a wearer, up to an event and a moment; nothing else names him.

    Bindings and what else is no proof of consent goes.
    """
    words = "UPDATE event SET subject = ?, origin = '', said_by = relation WHERE subject = ? AND id <= ?"
    db.execute(words, (name, subject, upto))
    db.execute("UPDATE event SET said_by = ? WHERE said_by = ? AND id <= ?", (name, subject, upto))
    db.execute("UPDATE guardian SET guardian = ? WHERE guardian = ?", (name, subject))
    db.execute("DELETE FROM guardian WHERE subject = ? AND since_ns <= ?", (subject, before_ns))
    db.execute("DELETE FROM record WHERE subject = ?", (subject,))
    db.execute("DELETE FROM binding WHERE subject = ? AND since_ns <= ?", (subject, before_ns))
    db.execute("UPDATE erasures SET n = n + 1")


def expire(db: sqlite3.Connection, prefix: str, before_ns: int) -> int:
    """Delete what wearers said whose names begin so and who said nothing since a moment; how many words."""
    sql = """DELETE FROM event WHERE subject IN (SELECT subject FROM event WHERE substr(subject, 1, ?) = ?
        GROUP BY subject HAVING max(recorded_ns) < ?)"""
    return db.execute(sql, (len(prefix), prefix, before_ns)).rowcount


def erasures(db: sqlite3.Connection) -> int:
    """Rises whenever a wearer was erased."""
    return int(db.execute("SELECT n FROM erasures").fetchone()[0])


def speakers(db: sqlite3.Connection) -> set[str]:
    """Everyone of whom a word is recorded."""
    return {name for (name,) in db.execute("SELECT DISTINCT subject FROM event")}


def changes(db: sqlite3.Connection) -> int:
    """Rises whenever guardians, garments or bindings change, whoever changes them."""
    return int(db.execute("SELECT n FROM changes").fetchone()[0])


def guardianships(db: sqlite3.Connection) -> dict[str, list[Guardianship]]:
    """By the subject that is spoken for, in the order in which they were registered."""
    found: dict[str, list[Guardianship]] = {}
    for row in db.execute("SELECT * FROM guardian ORDER BY rowid"):
        found.setdefault(row[0], []).append(Guardianship(*row))
    return found


def garments(db: sqlite3.Connection) -> dict[bytes, Garment]:
    """By key id."""
    return {
        key_id: Garment(key_id, device, Manifest(product, _streams(streams)))
        for key_id, device, product, streams in db.execute("SELECT * FROM garment")
    }


def bindings(db: sqlite3.Connection) -> dict[bytes, list[Binding]]:
    """By device, by when they began."""
    found: dict[bytes, list[Binding]] = {}
    for row in db.execute("SELECT * FROM binding ORDER BY since_ns, rowid"):
        found.setdefault(row[1], []).append(Binding(*row))
    return found


def insert_garment(db: sqlite3.Connection, garment: Garment) -> None:
    """Write a hub, or what its product has from now on."""
    streams = {str(stream): sorted(kinds) for stream, kinds in garment.manifest.streams.items()}
    row = (garment.key_id, garment.device, garment.manifest.product, json.dumps(streams))
    db.execute("INSERT OR REPLACE INTO garment VALUES (?, ?, ?, ?)", row)


def _numbers_for_good(db: sqlite3.Connection) -> bool:
    (made,) = db.execute("SELECT sql FROM sqlite_master WHERE name = 'event'").fetchone()
    return "AUTOINCREMENT" in made


def _renumber(db: sqlite3.Connection) -> None:
    """Move the events of an older book into a table that never uses a number again."""
    with database.transaction(db):
        if not _numbers_for_good(db):  # another process may have done it meanwhile
            db.execute("ALTER TABLE event RENAME TO event_before")
            db.execute(_EVENT)
            db.execute(f"INSERT INTO event (id, {_COLUMNS}) SELECT id, {_COLUMNS} FROM event_before")
            db.execute("DROP TABLE event_before")
            db.execute(_EVENT_INDEX)


def _row(event: Event, recorded_ns: int) -> tuple[int | str, ...]:
    """An event as _COLUMNS has it."""
    return (
        event.at_ns,
        recorded_ns,
        event.subject,
        event.decision,
        event.purpose,
        " ".join(sorted(event.items)),
        event.notice,
        event.language,
        event.notice_hash,
        event.by,
        event.relation,
        event.origin,
    )


def _event(number: int, at_ns: int, recorded_ns: int, *words: str) -> Event:
    """An event from its row; ValueError when that is none."""
    if not {type(at_ns), type(recorded_ns)} == {int} or any(type(each) is not str for each in words):
        raise ValueError("a value of the wrong type")
    subject, decision, purpose, items, *said = words
    named = frozenset(items.split())
    return Event(at_ns, recorded_ns, subject, decision, purpose, named, *said, number=number)


def _streams(text: str) -> dict[int, frozenset[int]]:
    return {int(stream): frozenset(kinds) for stream, kinds in json.loads(text).items()}
