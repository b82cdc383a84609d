"""The consent book: what wearers said, which hubs we know and who wore them, kept between runs.

What waits in the outbox is decided again when it is sent, perhaps by a later run, so that run must
know what this one knew. Everything is durable before it counts. Several processes may have the book
open; `refresh` tells what the others recorded.
"""

import json
import os
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import repeat
from pathlib import Path
from typing import NoReturn

from tasuki import database
from tasuki.consent import guardians, merging
from tasuki.consent.events import BEGINNING, FOREVER, ConsentLog, Event
from tasuki.consent.files import WearerFile
from tasuki.consent.guardians import Guardianship
from tasuki.consent.registers import Binding, Garment, Manifest, Registers
from tasuki.errors import LinkLost

_SCHEMA = """
CREATE TABLE IF NOT EXISTS event (
  id INTEGER PRIMARY KEY, at_ns INTEGER NOT NULL, recorded_ns INTEGER NOT NULL, subject TEXT NOT NULL,
  decision TEXT NOT NULL, purpose TEXT NOT NULL, items TEXT NOT NULL, notice TEXT NOT NULL,
  language TEXT NOT NULL, notice_hash TEXT NOT NULL DEFAULT '', said_by TEXT NOT NULL DEFAULT '',
  relation TEXT NOT NULL DEFAULT '', origin TEXT NOT NULL DEFAULT '');
CREATE INDEX IF NOT EXISTS event_of ON event (subject);
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
"""
_COLUMNS = (
    "at_ns, recorded_ns, subject, decision, purpose, items, notice, language, notice_hash, said_by, "
    "relation, origin"
)
_INSERT = f"INSERT INTO event ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_ADDED = ("notice_hash", "said_by", "relation", "origin")  # that books of version 0.1 do not have


class _Turn:
    """A transaction: written from all that is recorded by now; what it inserted counts once it is durable."""

    __slots__ = ("_book", "db", "events", "guards")

    def __init__(self, book: "ConsentBook") -> None:
        self._book = book
        self.db = book._db
        self.events: list[Event] = []
        self.guards: list[Guardianship] = []

    def __enter__(self) -> "_Turn":
        self._book._lock.acquire()
        try:
            self.db.execute("BEGIN IMMEDIATE")
            self._book._catch_up()
        except BaseException as e:
            self._give_up(e)
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is not None:
            self._give_up(error)
        try:
            self.db.execute("COMMIT")
        except BaseException as e:
            self._give_up(e)
        self._book._learn(self.events, self.guards)
        self._book._lock.release()

    def _give_up(self, error: BaseException) -> NoReturn:
        """Roll back and raise."""
        try:
            if self.db.in_transaction:
                self.db.execute("ROLLBACK")
        finally:
            self._book._lock.release()
        if isinstance(error, sqlite3.OperationalError):
            raise _unusable(error) from error
        raise error


class ConsentBook:
    """One SQLite file and what it says in memory.

    Attributes:
        log: all consent events, for `Engine`.
        registers: hubs and wearers; destinations are those that ship with the package.
        guardianships: by the subject that is spoken for.
        on_recorded: called with every event that this process recorded, once it is durable and counts.
            What was missed (a crash, another process) is in `recorded_after`.
    """

    def __init__(self, path: Path, clock_ns: Callable[[], int] = time.time_ns) -> None:
        """Open or make the file; UsageError when it cannot be used."""
        self._db = database.connect(path, _SCHEMA)
        self._lock = threading.Lock()
        self._clock_ns = clock_ns
        self._add_columns()
        self.log = ConsentLog()
        self.guardianships: dict[str, list[Guardianship]] = {}
        self.on_recorded: list[Callable[[Event], object]] = []
        self._last = 0  # number of the newest event that we know
        self._seen = -1
        self.registers = Registers()
        self._catch_up()
        for key_id, device, product, streams in self._db.execute("SELECT * FROM garment"):
            self.registers.add_garment(Garment(key_id, device, Manifest(product, _streams(streams))))
        for row in self._db.execute("SELECT * FROM binding ORDER BY since_ns"):
            self.registers.bind(Binding(*row))

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    # -- what wearers say -------------------------------------------------------

    def now_ns(self, subject: str) -> int:
        """A time for what a wearer says now: later than all we recorded of him, whatever the clock says."""
        now, learned = self._clock_ns(), self.log.present(subject, BEGINNING)
        return now if now > learned else learned + 1

    def say(self, event: Event) -> Event:
        """Record one event; it counts for the next decision once this returned, as it was recorded."""
        return self.say_all([event])[0]

    def say_all(self, events: Iterable[Event]) -> list[Event]:
        """Record all of these or none. The time and number of recording are the book's, never the caller's.

        Refused when somebody speaks for a wearer who may not; LinkLost when it cannot be written.
        """
        return self._record(lambda: list(events))

    def adopt(self, wearer: WearerFile) -> list[Event]:
        """Let a wearer's file be all that holds of this wearer, as far as nothing narrower was said later.

        Its statements are recorded as of now, each once; what is granted beyond the file is withdrawn.
        """
        subject = wearer.subject
        return self._record(lambda: merging.adoption(self.log, subject, wearer.events, self.now_ns(subject)))

    def take(self, subject: str, events: Iterable[Event]) -> list[Event]:
        """Record what an imported record says and we do not know yet, as of now; all or nothing.

        The order in which it was recorded there, by the events' record times, stays the order here.
        """
        with _Turn(self) as turn:
            new = merging.unsaid(self.log, subject, events)
            self._insert(turn, new, merging.ranks([event.recorded_ns for event in new]))
        return self._tell(turn)

    def withdraw(
        self, subject: str, items: Iterable[str] = (), purpose: str = "", by: str = "", relation: str = ""
    ) -> list[Event]:
        """Withdraw all that is granted of these items (none: all) for this purpose (empty: all), now."""
        return self._record(
            lambda: merging.withdrawal(self.log, subject, items, purpose, self.now_ns(subject), by, relation)
        )

    def guard(self, subject: str, guardian: str, relation: str, until_ns: int = FOREVER) -> list[Event]:
        """Register who speaks for a wearer from now on; what was granted without a guardian ends.

        Returns the withdrawals.
        """
        with _Turn(self) as turn:
            since_ns = self.now_ns(subject)
            one = Guardianship(subject, guardian, relation, since_ns, until_ns)
            row = (subject, guardian, relation, since_ns, until_ns)
            turn.db.execute("INSERT INTO guardian VALUES (?, ?, ?, ?, ?)", row)
            standing = self.log.standing(subject, since_ns)
            own = {key: event for key, event in standing.items() if not event.by}
            self._insert(turn, merging.endings(own, since_ns, "guardianship"))
            turn.guards.append(one)
        return self._tell(turn)

    def record_id(self, subject: str) -> str:
        """The id of a subject's consent record: random, so that it tells nothing of the name."""
        with _Turn(self) as turn:
            turn.db.execute("INSERT OR IGNORE INTO record VALUES (?, ?)", (subject, str(uuid.uuid4())))
            found = turn.db.execute("SELECT id FROM record WHERE subject = ?", (subject,)).fetchone()
        return str(found[0])

    def refresh(self) -> bool:
        """Learn what other processes recorded since; True when there was something. A few microseconds."""
        with self._lock:
            try:
                return self._catch_up()
            except sqlite3.OperationalError as e:
                raise _unusable(e) from e

    def recorded_after(self, number: int) -> list[Event]:
        """Events with a higher number, by whichever process, in the order they were recorded."""
        sql = f"SELECT id, {_COLUMNS} FROM event WHERE id > ? ORDER BY id"
        with self._lock:
            return [_event(*row) for row in self._db.execute(sql, (number,))]

    # -- hubs and who wears them --------------------------------------------------

    def enrol(self, garment: Garment) -> None:
        """Register a hub under its key, or what its product has now."""
        streams = {str(stream): sorted(kinds) for stream, kinds in garment.manifest.streams.items()}
        row = (garment.key_id, garment.device, garment.manifest.product, json.dumps(streams))
        with _Turn(self) as turn:
            turn.db.execute("INSERT OR REPLACE INTO garment VALUES (?, ?, ?, ?)", row)
        self.registers.add_garment(garment)

    def bind(self, device: bytes, subject: str, since_ns: int) -> Binding:
        """State that a subject wears a hub from a moment on; ends what another wearer had there.

        The binding that is open already is returned when it is the same wearer's.
        """
        open_ = [b for b in self.registers.bindings.get(device, ()) if b.until_ns == FOREVER]
        if open_ and open_[-1].subject == subject:
            return open_[-1]
        binding = Binding(os.urandom(16), device, subject, since_ns, FOREVER)
        with _Turn(self) as turn:
            turn.db.execute(
                "UPDATE binding SET until_ns = ? WHERE device = ? AND until_ns = ?",
                (since_ns, device, FOREVER),
            )
            row = (binding.id, device, subject, since_ns, FOREVER)
            turn.db.execute("INSERT INTO binding VALUES (?, ?, ?, ?, ?)", row)
        self._end(device, since_ns)
        self.registers.bind(binding)
        return binding

    def unbind(self, device: bytes, at_ns: int) -> None:
        """State that nobody wears the hub from a moment on."""
        with _Turn(self) as turn:
            sql = "UPDATE binding SET until_ns = ? WHERE device = ? AND until_ns = ?"
            turn.db.execute(sql, (at_ns, device, FOREVER))
        self._end(device, at_ns)

    def _end(self, device: bytes, at_ns: int) -> None:
        kept = self.registers.bindings.get(device, [])
        kept[:] = [replace(b, until_ns=at_ns) if b.until_ns == FOREVER else b for b in kept]
        self.registers.version += 1

    # -- the file -------------------------------------------------------------------

    def _record(self, said: Callable[[], list[Event]]) -> list[Event]:
        """Make the events under the write lock, from all that is recorded; write them; let them count."""
        with _Turn(self) as turn:
            self._insert(turn, said())
        return self._tell(turn)

    def _insert(self, turn: _Turn, events: list[Event], later_ns: Iterable[int] = ()) -> None:
        """Write events of the running transaction; they count when it is durable.

        later_ns: how much later than now each is recorded; at once unless given.
        """
        stamps = {event.subject: self.now_ns(event.subject) for event in events}
        for event, later in zip(events, later_ns or repeat(0), strict=False):
            stamp = stamps[event.subject] + later
            guardians.check(event, self.guardianships.get(event.subject, ()), stamp)
            number = turn.db.execute(_INSERT, _row(event, stamp)).lastrowid or 0
            turn.events.append(event.recorded(stamp, number))

    def _tell(self, turn: _Turn) -> list[Event]:
        for event in turn.events:
            for tell in self.on_recorded:
                tell(event)
        return turn.events

    def _catch_up(self) -> bool:
        """Take what others have written since; True when it is a consent event."""
        seen = self._data_version()
        if seen == self._seen:
            return False
        self._seen, before = seen, self._last
        sql = f"SELECT id, {_COLUMNS} FROM event WHERE id > ? ORDER BY id"
        for number, *row in self._db.execute(sql, (before,)):
            self.log.append(_event(number, *row))
            self._last = number
        known: dict[str, list[Guardianship]] = {}
        for row in self._db.execute("SELECT * FROM guardian ORDER BY rowid"):
            known.setdefault(row[0], []).append(Guardianship(*row))
        if known != self.guardianships:
            self.guardianships = known
            self._tell_registers()
        return self._last != before

    def _data_version(self) -> int:
        """Rises whenever another connection has written."""
        return int(self._db.execute("PRAGMA data_version").fetchone()[0])

    def _add_columns(self) -> None:
        have = {name for _, name, *_ in self._db.execute("PRAGMA table_info(event)")}
        for name in _ADDED:
            if name not in have:
                self._db.execute(f"ALTER TABLE event ADD COLUMN {name} TEXT NOT NULL DEFAULT ''")

    def _learn(self, events: list[Event], guards: list[Guardianship]) -> None:
        """Let what is durable now count."""
        for event in events:
            self.log.append(event)
            self._last = event.number
        for one in guards:
            self.guardianships.setdefault(one.subject, []).append(one)
        if guards:
            self._tell_registers()

    def _tell_registers(self) -> None:
        """Until a guardianship ends no decision counts a wearer's own grant, wherever it came from."""
        for subject, known in self.guardianships.items():
            until_ns = max(one.until_ns for one in known)
            if self.registers.grown_up_ns(subject) != until_ns:
                self.registers.under_age(subject, until_ns)


def _unusable(e: sqlite3.OperationalError) -> LinkLost:
    return LinkLost(f"the consent book cannot be used: {e}", "Free the disk; try again.")


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
    """An event from its row."""
    subject, decision, purpose, items, *said = words
    named = frozenset(items.split())
    return Event(at_ns, recorded_ns, subject, decision, purpose, named, *said, number=number)


def _streams(text: str) -> dict[int, frozenset[int]]:
    return {int(stream): frozenset(kinds) for stream, kinds in json.loads(text).items()}
