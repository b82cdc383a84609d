"""The consent book: what wearers said, which hubs we know and who wore them, kept between runs.

What waits in the outbox is decided again when it is sent, perhaps by a later run, so that run must
know what this one knew. Everything is durable before it counts. Several processes may have the book
open; `refresh` tells what the others recorded.
"""

import os
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from itertools import repeat
from pathlib import Path
from typing import NoReturn

from tasuki import database
from tasuki.consent import book_tables, guardians, merging
from tasuki.consent.events import BEGINNING, FOREVER, ConsentLog, Event
from tasuki.consent.files import WearerFile
from tasuki.consent.guardians import Guardianship
from tasuki.consent.registers import Binding, Garment, Registers
from tasuki.errors import LinkLost

_END = "UPDATE binding SET until_ns = ? WHERE device = ? AND until_ns = ?"  # what is open


class _Turn:
    """A transaction: written from all that is recorded by now; what it inserted counts once it is durable.

    Attributes:
        events: what was inserted of what wearers said.
        then: called when all is durable, before anybody else has a turn or catches up.
    """

    __slots__ = ("_book", "db", "events", "then")

    def __init__(self, book: "ConsentBook") -> None:
        self._book = book
        self.db = book._db
        self.events: list[Event] = []
        self.then: list[Callable[[], object]] = []

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
        for event in self.events:
            self._book.log.append(event)
            self._book._last = event.number
        for learn in self.then:
            learn()
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
        registers: hubs and wearers; destinations are those that ship with the package. The same object
            for the book's life.
        guardianships: by the subject that is spoken for.
        on_recorded: called with every event that this process recorded, once it is durable and counts.
            What was missed (a crash, another process) is in `recorded_after`.
    """

    def __init__(self, path: Path, clock_ns: Callable[[], int] = time.time_ns) -> None:
        """Open or make the file; UsageError when it cannot be used."""
        self._db = book_tables.connect(path)
        self._lock = threading.Lock()
        self._clock_ns = clock_ns
        self.log = ConsentLog()
        self.guardianships: dict[str, list[Guardianship]] = {}
        self.on_recorded: list[Callable[[Event], object]] = []
        self.registers = Registers()
        self._last = 0  # number of the newest event that we know
        self._seen = self._changes = self._erasures = -1
        self._catch_up()

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
            turn.then += [
                lambda: self.guardianships.setdefault(subject, []).append(one),
                self._tell_registers,
            ]
        return self._tell(turn)

    def record_id(self, subject: str) -> str:
        """The id of a subject's consent record: random, so that it tells nothing of the name."""
        with _Turn(self) as turn:
            turn.db.execute("INSERT OR IGNORE INTO record VALUES (?, ?)", (subject, str(uuid.uuid4())))
            found = turn.db.execute("SELECT id FROM record WHERE subject = ?", (subject,)).fetchone()
        return str(found[0])

    @property
    def last(self) -> int:
        """Number of the newest event that we know."""
        return self._last

    def erase(self, subject: str, name: str, upto: int, before_ns: int) -> bool:
        """Keep what a wearer said up to an event as proof under a keyed name, and drop who said it.

        Whoever bears the name after that event is another wearer. Bindings that began before a moment,
        the record's id and guardians go. False when somebody was reading, so that the write-ahead log
        could not be emptied: do it again. LinkLost.
        """
        with _Turn(self) as turn:
            book_tables.erase(turn.db, subject, name, upto, before_ns)
        with self._lock:
            self._seen = -1
            self._catch_up()
            return database.truncate_log(self._db)

    def expire(self, prefix: str, before_ns: int) -> int:
        """Delete the words of subjects whose names begin so and who said nothing since a moment; how many."""
        with _Turn(self) as turn:
            gone = book_tables.expire(turn.db, prefix, before_ns)
            if gone:
                turn.db.execute("UPDATE erasures SET n = n + 1")
        return gone

    def empty_log(self) -> bool:
        """Empty the write-ahead log; False when somebody reads."""
        with self._lock:
            return database.truncate_log(self._db)

    def refresh(self) -> bool:
        """Learn what other processes recorded since; True when there was something. A few microseconds."""
        with self._lock:
            try:
                return self._catch_up()
            except sqlite3.OperationalError as e:
                raise _unusable(e) from e

    def recorded_after(self, number: int) -> list[Event]:
        """Events with a higher number, by whichever process, in the order they were recorded."""
        with self._lock:
            return list(book_tables.events_after(self._db, number))

    # -- hubs and who wears them --------------------------------------------------

    def enrol(self, garment: Garment) -> None:
        """Register a hub under its key, or what its product has now."""
        with _Turn(self) as turn:
            book_tables.insert_garment(turn.db, garment)
            turn.then.append(lambda: self.registers.add_garment(garment))

    def bind(self, device: bytes, subject: str, since_ns: int) -> Binding:
        """State that a subject wears a hub from a moment on; ends what another wearer had there.

        The binding that is open already is returned when it is the same wearer's.
        """
        with _Turn(self) as turn:
            open_ = [each for each in self.registers.bindings.get(device, ()) if each.until_ns == FOREVER]
            if open_ and open_[-1].subject == subject:
                return open_[-1]
            binding = Binding(os.urandom(16), device, subject, since_ns, FOREVER)
            turn.db.execute(_END, (since_ns, device, FOREVER))
            row = (binding.id, device, subject, since_ns, FOREVER)
            turn.db.execute("INSERT INTO binding VALUES (?, ?, ?, ?, ?)", row)
            turn.then += [
                lambda: self.registers.unbind(device, since_ns),
                lambda: self.registers.bind(binding),
            ]
        return binding

    def unbind(self, device: bytes, at_ns: int) -> None:
        """State that nobody wears the hub from a moment on."""
        with _Turn(self) as turn:
            turn.db.execute(_END, (at_ns, device, FOREVER))
            turn.then.append(lambda: self.registers.unbind(device, at_ns))

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
            number = book_tables.insert_event(turn.db, event, stamp)
            turn.events.append(event.recorded(stamp, number))

    def _tell(self, turn: _Turn) -> list[Event]:
        for event in turn.events:
            for tell in self.on_recorded:
                tell(event)
        return turn.events

    def _catch_up(self) -> bool:
        """Take what others have written since; True when there was something."""
        seen = self._data_version()
        if seen == self._seen:
            return False
        before = self._last, self._changes
        erasures = book_tables.erasures(self._db)
        if erasures != self._erasures and self._erasures >= 0:
            for subject in set(self.log.subjects()) - book_tables.speakers(self._db):
                self.log.forget(subject)
                self.guardianships.pop(subject, None)
        self._erasures = erasures
        for event in book_tables.events_after(self._db, self._last):
            self.log.append(event)
            self._last = event.number
        changes = book_tables.changes(self._db)
        if changes != self._changes:
            self.guardianships = book_tables.guardianships(self._db)
            self.registers.learn(book_tables.garments(self._db), book_tables.bindings(self._db))
            self._tell_registers()
        self._changes, self._seen = changes, seen
        return before != (self._last, changes)

    def _tell_registers(self) -> None:
        """Until a guardianship ends no decision counts a wearer's own grant, wherever it came from."""
        for subject, known in self.guardianships.items():
            until_ns = max(one.until_ns for one in known)
            if self.registers.grown_up_ns(subject) != until_ns:
                self.registers.under_age(subject, until_ns)

    def _data_version(self) -> int:
        """Rises whenever another connection has written."""
        return int(self._db.execute("PRAGMA data_version").fetchone()[0])


def _unusable(e: sqlite3.OperationalError) -> LinkLost:
    return LinkLost(f"the consent book cannot be used: {e}", "Free the disk; try again.")
