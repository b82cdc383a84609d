"""Recalls: what a withdrawal sends after blocks that are under way to a remote sink.

A block carries its consent version: how many words against it the wearer had said for this destination's
purpose, and this item, when it was decided. A word more, and everything that lies in a broker with the
version before is recalled. The version follows from the consent log alone, so it survives a crash and
knows what another process recorded; which pseudonyms a sink has seen, and which recall it confirmed, is
in the outbox's file.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from tasuki.consent import scopes
from tasuki.consent.decision import Engine
from tasuki.consent.events import GRANTED
from tasuki.consent.registers import PROCESSORS
from tasuki.errors import Refused
from tasuki.pipeline.outbox import Due, Outbox
from tasuki.sinks import Recall
from tasuki.vault.vault import Vault
from tasuki_wire import items

ERASED = (1 << 62) - 1  # the version of a wearer whose keys are gone: above every other
_SCHEMA = """
CREATE TABLE IF NOT EXISTS recall (
  pseudonym BLOB NOT NULL, item TEXT NOT NULL, destination TEXT NOT NULL, purpose TEXT NOT NULL,
  key_epoch INTEGER NOT NULL, confirmed INTEGER NOT NULL, PRIMARY KEY (pseudonym, item)) WITHOUT ROWID
"""
_HALTS = """
CREATE TABLE IF NOT EXISTS halt (
  destination TEXT PRIMARY KEY, times INTEGER NOT NULL, on_now INTEGER NOT NULL) WITHOUT ROWID
"""
_HALT = """
INSERT INTO halt VALUES (?, 1, 1)
ON CONFLICT (destination) DO UPDATE SET times = times + 1, on_now = 1
"""
_GO_ON = "UPDATE halt SET on_now = 0 WHERE destination = ?"
_ADD = "INSERT OR IGNORE INTO recall VALUES (?, ?, ?, ?, ?, ?)"
_CONFIRM = "UPDATE recall SET confirmed = max(confirmed, ?) WHERE pseudonym = ? AND item = ?"
_SEEN = "SELECT 1 FROM recall WHERE pseudonym = ? AND item = ?"
_Way = tuple[bytes, str]


def last(destination: str, pseudonyms: Iterable[bytes]) -> list[Recall]:
    """The recalls that end all that a remote sink has under these pseudonyms, for good."""
    return [Recall(destination, pseudonym, item, ERASED) for pseudonym in pseudonyms for item in items.NAMES]


def of_items(
    outbox: Outbox,
    engine: Engine,
    subject: str,
    purpose: str,
    destination: str,
    pseudonym: bytes,
    names: Iterable[str],
) -> list[Recall]:
    """The recalls that end what was sent of some items up to now, and nothing that is given later."""
    with _prepared(outbox) as db:
        times = _times(db).get(destination, 0)
    return [
        Recall(destination, pseudonym, item, _words(engine, subject, purpose, item) + times)
        for item in sorted(names)
        if item in items.NAMES
    ]


def seen(outbox: Outbox, recalls: Iterable[Recall]) -> list[Recall]:
    """Those of the recalls that are about what a remote sink has seen."""
    with _prepared(outbox) as db:
        return [one for one in recalls if db.execute(_SEEN, (one.pseudonym, one.item)).fetchone()]


def settled(outbox: Outbox, recalls: Iterable[Recall]) -> None:
    """Note that a sink holds these durably; what is recalled for good is forgotten."""
    with _prepared(outbox) as db:
        _confirm(db, recalls)


@contextmanager
def _prepared(outbox: Outbox) -> Iterator[sqlite3.Connection]:
    """A transaction in which our tables are there."""
    with outbox.transaction() as db:
        db.execute(_SCHEMA)
        db.execute(_HALTS)
        yield db


def _times(db: sqlite3.Connection) -> dict[str, int]:
    """Destination to how often it was halted."""
    return dict(db.execute("SELECT destination, times FROM halt").fetchall())


def _words(engine: Engine, subject: str, purpose: str, item: str) -> int:
    """Words against the item for the purpose, and against what it needs beside."""
    item = engine.policy.consent_item(item)
    return sum(
        event.decision != GRANTED
        and item in event.items
        and (event.purpose == purpose or scopes.is_scope(event.purpose))
        for event in engine.consents.events(subject)
    )


def _confirm(db: sqlite3.Connection, recalls: Iterable[Recall]) -> None:
    db.executemany(_CONFIRM, [(one.version, one.pseudonym, one.item) for one in recalls])
    db.execute("DELETE FROM recall WHERE confirmed = ?", (ERASED,))


class _Known:
    """A pseudonym and item that a remote sink has seen."""

    __slots__ = ("confirmed", "destination", "key_epoch", "purpose", "subject", "version")

    def __init__(self, destination: str, purpose: str, key_epoch: int, confirmed: int) -> None:
        self.destination = destination
        self.purpose = purpose
        self.key_epoch = key_epoch
        self.confirmed = confirmed
        self.subject = ""
        self.version = confirmed


class Recalls:
    """One per uploader, whose thread asks; wearers may speak in any other."""

    def __init__(
        self,
        outbox: Outbox,
        engine: Engine,
        vault: Vault,
        forget_decisions: Callable[[], object] = lambda: None,
    ) -> None:
        """forget_decisions: drops every decision that is kept, before versions rise for another reason."""
        self._outbox = outbox
        self._engine = engine
        self._vault = vault
        self._forget_decisions = forget_decisions
        self._places_version = -1
        self._halts: dict[str, int] = {}
        self._spoke: set[str] = set()
        self._lock = threading.Lock()
        self._known: dict[_Way, _Known] = {}
        self._open: set[_Way] = set()  # not confirmed yet
        self._by_subject: dict[str, list[_Way]] = {}
        with _prepared(outbox) as db:
            rows = db.execute("SELECT * FROM recall").fetchall()
            self._halts = _times(db)
        for pseudonym, item, destination, purpose, key_epoch, confirmed in rows:
            self._learn((pseudonym, item), _Known(destination, purpose, key_epoch, confirmed))
        engine.consents.watch(self)

    def forget(self, subject: str) -> None:
        """A wearer spoke: versions are counted again (Watcher of the consent log)."""
        with self._lock:
            self._spoke.add(subject)

    def note(self, destination: str, purpose: str, due: Iterable[Due]) -> None:
        """Remember durably that a sink is about to see these."""
        new = {}
        for one in due:
            way = one.pseudonym, one.tags.item
            if way not in self._known and way not in new:
                new[way] = _Known(destination, purpose, one.key_epoch, 0)
        if not new:
            return
        for way, known in new.items():
            self._learn(way, known)
            known.confirmed = known.version  # nothing older can be under way
            self._judge(way, known)
        rows = [(*way, destination, purpose, known.key_epoch, known.confirmed) for way, known in new.items()]
        with self._outbox.transaction() as db:
            db.executemany(_ADD, rows)

    def version(self, pseudonym: bytes, item: str) -> int:
        """The consent version to send with; ask before the decision.

        A word that is said in between then makes the decision a no, or the version an old one.
        """
        self._catch_up()
        known = self._known.get((pseudonym, item))
        return known.version if known else 0

    def waiting(self) -> dict[str, list[Recall]]:
        """Destination to recalls that its sink has not confirmed."""
        self._catch_up()
        found: dict[str, list[Recall]] = {}
        for pseudonym, item in sorted(self._open):
            known = self._known[pseudonym, item]
            recall = Recall(known.destination, pseudonym, item, known.version)
            found.setdefault(known.destination, []).append(recall)
        return found

    def confirm(self, recalls: Iterable[Recall]) -> None:
        """A sink holds these durably."""
        recalls = list(recalls)
        with self._outbox.transaction() as db:
            _confirm(db, recalls)
        for r in recalls:
            way = r.pseudonym, r.item
            known = self._known[way]
            known.confirmed = max(known.confirmed, r.version)
            self._judge(way, known)

    def _learn(self, way: _Way, known: _Known) -> None:
        pseudonym, _ = way
        try:
            known.subject = self._vault.subject_of(
                pseudonym, known.purpose, known.destination, known.key_epoch
            )
        except Refused:
            known.version = ERASED
        else:
            self._by_subject.setdefault(known.subject, []).append(way)
            known.version = self._count(known, way[1])
        self._known[way] = known
        self._judge(way, known)

    def _judge(self, way: _Way, known: _Known) -> None:
        if known.confirmed < known.version:
            self._open.add(way)
        else:
            self._open.discard(way)

    def _catch_up(self) -> None:
        if self._places_version != self._engine.registers.places_version:
            self._look_at_parties()
        if not self._spoke:
            return
        with self._lock:
            spoke, self._spoke = self._spoke, set()
        self._engine.consents.settle()  # every kept decision has been dropped before versions rise
        for subject in spoke:
            for way in self._by_subject.get(subject, ()):
                known = self._known[way]
                known.version = max(known.version, self._count(known, way[1]))
                self._judge(way, known)

    def _look_at_parties(self) -> None:
        """Recall what lies in a broker for whoever is not to get anything any more."""
        self._places_version = self._engine.registers.places_version
        self._forget_decisions()
        with _prepared(self._outbox) as db:
            on = {name for (name,) in db.execute("SELECT destination FROM halt WHERE on_now").fetchall()}
            halted = {each.destination for each in self._known.values() if self._is_halted(each.destination)}
            db.executemany(_HALT, [(name,) for name in halted - on])
            db.executemany(_GO_ON, [(name,) for name in on - halted])
            self._halts = _times(db)
        for way, known in self._known.items():
            if known.subject and known.destination in halted:
                known.version = max(known.version, self._count(known, way[1]))
                self._judge(way, known)

    def _is_halted(self, destination: str) -> bool:
        """True when a processor behind it is suspended, or it is in the register no longer."""
        registers = self._engine.registers
        place = registers.destinations.get(destination)
        if place is None or place.kind not in PROCESSORS:
            return place is None
        processor = registers.processors.get(place.party or place.name)
        return processor is None or processor.suspended

    def _count(self, known: _Known, item: str) -> int:
        words = _words(self._engine, known.subject, known.purpose, item)
        return words + self._halts.get(known.destination, 0)
