"""The outbox: what may leave, encrypted, until every destination has it or was denied late.

A hub is acknowledged after `put` returned: ledger, envelopes, delivery rows and the verifier's own
row are one durable transaction then. What does not fit is refused as a whole and counted, so the
hub is not acknowledged and keeps it as long as it can. What waits too long for a destination is given
up for that destination and counted (`Uploader.review`): so the file is bounded by size and by age, and
never by deleting what somebody can still fetch.
"""

import json
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from tasuki import database
from tasuki.consent import reasons
from tasuki.consent.context import Interval
from tasuki.consent.decision import Decision
from tasuki.consent.policy import Policy
from tasuki.consent.registers import OWN_STORE
from tasuki.errors import LinkLost, Refused
from tasuki.pipeline.decisionlog import LOG_SCHEMA, DecisionLog
from tasuki.pipeline.parcel import Examples, Parcel, Place, Routed
from tasuki.vault import attested, envelope
from tasuki.vault.vault import Vault, key_epoch
from tasuki_wire import items

ALLOW, HOLD, DENIED_LATE, CONFIRMED = range(4)
_STATE_OF = {reasons.ALLOW: ALLOW, reasons.HOLD: HOLD}

_SCHEMA = (
    """
CREATE TABLE IF NOT EXISTS hub (id INTEGER PRIMARY KEY, key_id BLOB NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS source (
  id INTEGER PRIMARY KEY, destination TEXT NOT NULL, key_epoch INTEGER NOT NULL,
  pseudonym BLOB NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS counter (
  source INTEGER NOT NULL, stream INTEGER NOT NULL, next INTEGER NOT NULL,
  PRIMARY KEY (source, stream)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ledger (
  hub INTEGER NOT NULL, session INTEGER NOT NULL, epoch INTEGER NOT NULL, stream INTEGER NOT NULL,
  source INTEGER NOT NULL, PRIMARY KEY (hub, session, epoch, stream)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS envelope (
  id INTEGER PRIMARY KEY, hub INTEGER NOT NULL, source INTEGER NOT NULL, item INTEGER NOT NULL,
  kind INTEGER NOT NULL, stream INTEGER NOT NULL, t0_ns INTEGER NOT NULL, t1_ns INTEGER NOT NULL,
  uncertainty_ns INTEGER NOT NULL, number INTEGER NOT NULL, purposes INTEGER NOT NULL,
  stored_ns INTEGER NOT NULL, content BLOB NOT NULL, session INTEGER NOT NULL DEFAULT 0,
  epoch INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS delivery (
  destination TEXT NOT NULL, envelope INTEGER NOT NULL, source INTEGER NOT NULL,
  number INTEGER NOT NULL, state INTEGER NOT NULL, PRIMARY KEY (envelope, destination)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS waiting ON delivery (state, destination, envelope) WHERE state < 2;
CREATE TABLE IF NOT EXISTS ended (
  destination TEXT NOT NULL, state INTEGER NOT NULL, reason TEXT NOT NULL, n INTEGER NOT NULL,
  PRIMARY KEY (destination, state, reason)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS held (
  one INTEGER PRIMARY KEY CHECK (one = 1), envelopes INTEGER NOT NULL, bytes INTEGER NOT NULL,
  next_id INTEGER NOT NULL);
INSERT OR IGNORE INTO held VALUES (1, 0, 0, 1);
"""
    + LOG_SCHEMA
)

_ADDED = {"session": "INTEGER NOT NULL DEFAULT 0", "epoch": "INTEGER NOT NULL DEFAULT 0"}  # since 0.1
_DUE = """
SELECT e.id, d.number, own.pseudonym, own.key_epoch, there.pseudonym, e.item, e.kind, e.stream, e.t0_ns,
  e.t1_ns, e.uncertainty_ns, e.number, e.stored_ns, hub.key_id, e.session, e.epoch, e.content
FROM delivery d JOIN envelope e ON e.id = d.envelope JOIN source own ON own.id = e.source
JOIN source there ON there.id = d.source JOIN hub ON hub.id = e.hub
WHERE d.state = ? AND d.destination = ? AND d.envelope > ? ORDER BY d.envelope LIMIT ?
"""
_ADD = """
UPDATE held SET envelopes = envelopes + ?, bytes = bytes + ?, next_id = next_id + ? RETURNING envelopes, bytes
"""
_END = """
UPDATE delivery SET state = ? WHERE destination = ? AND state < 2
AND envelope IN (SELECT value FROM json_each(?)) RETURNING envelope
"""
_DROP = """
DELETE FROM envelope WHERE id IN (SELECT value FROM json_each(?))
AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.envelope = envelope.id AND state < 2)
RETURNING id, length(content)
"""
_DROP_DELIVERIES = "DELETE FROM delivery WHERE envelope IN (SELECT value FROM json_each(?))"


class OutboxFull(LinkLost):
    """There is no room now; nothing was stored, so the hub must not be acknowledged."""


@dataclass(frozen=True)
class Stored:
    """What a `put` did: envelopes written, and blocks that were there already."""

    envelopes: int
    duplicates: int


@dataclass(frozen=True)
class Due:
    """A delivery that waits, with its envelope.

    Attributes:
        id: of the envelope. number: at this destination. pseudonym: at this destination.
        tags: the envelope's own. acquired: when. stored_ns: since when it waits.
        place: which block it is. content: the envelope.
    """

    id: int
    number: int
    pseudonym: bytes
    key_epoch: int
    tags: envelope.Tags
    kind: int
    acquired: Interval
    stored_ns: int
    place: Place
    content: bytes = field(repr=False)


class Late(NamedTuple):
    """What was decided about a delivery when it was to be sent; subject empty when erased."""

    due: Due
    subject: str
    decision: Decision


class Outbox:
    """One SQLite file. Safe to use from several threads.

    Attributes:
        refused_puts: how often there was no room, since it was opened.
        late: (stream, destination, reason code) to the decision by which deliveries were denied when they
            were to be sent, and how many were, since then.
        late_examples: ids of some of these blocks.
    """

    def __init__(
        self,
        path: Path,
        vault: Vault,
        policy: Policy,
        max_envelopes: int = 2_000_000,
        max_bytes: int = 4_000_000_000,
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        """Open or make the file; UsageError when SQLite does not promise durability and deletion.

        max_envelopes, max_bytes: above these `put` refuses with OutboxFull, counted in `refused_puts`.
        """
        self._db = database.connect(path, _SCHEMA)
        database.add_columns(self._db, "envelope", _ADDED)
        self._vault = vault
        self._policy = policy
        self._limits = max_envelopes, max_bytes
        self._clock_ns = clock_ns
        self._lock = threading.RLock()
        self._log = DecisionLog(self._db, vault, policy)
        self._sources: dict[tuple[str, str, int], int] = {}
        self._hubs: dict[bytes, int] = {}
        self._collected = 0  # up to where the audit log has taken entries
        self.refused_puts = 0
        self.late: dict[tuple[int, str, str], tuple[Decision, int]] = {}
        self.late_examples = Examples()

    def close(self) -> None:
        """Fold the write-ahead log into the file and close it."""
        with self._lock:
            self._log.spool.forget(self._collected)
            database.truncate_log(self._db)
            self._db.close()

    def put(self, routed: Routed, also: Callable[[sqlite3.Connection], None] | None = None) -> Stored:
        """Store parcels and log decisions in one durable transaction.

        also: runs inside the transaction, so that the epoch ledger's rows live and die with it.
        OutboxFull when there is no room; whatever is raised, nothing was stored.
        """
        try:
            with self.transaction() as db:
                stored = self._put(db, routed)
                self._log.spool.forget(self._collected)
                self._log.record(routed, self._clock_ns())
                if also:
                    also(db)
        except OutboxFull:
            self.refused_puts += 1
            raise
        return stored

    def due(self, destination: str, limit: int, state: int = ALLOW, after: int = 0) -> list[Due]:
        """Deliveries that wait for a destination, oldest first, behind envelope `after`."""
        with self._lock:
            rows = self._db.execute(_DUE, (state, destination, after, limit)).fetchall()
        return [_due(row) for row in rows]

    def destinations(self) -> list[str]:
        """Destinations for which something waits."""
        sql = "SELECT DISTINCT destination FROM delivery WHERE state < 2 ORDER BY destination"
        with self._lock:
            return [name for (name,) in self._db.execute(sql)]

    def confirm(self, destination: str, envelopes: Iterable[int]) -> None:
        """The destination holds these durably."""
        with self.transaction():
            self._end(destination, dict.fromkeys(envelopes, ""), CONFIRMED)

    def deny(self, destination: str, denied: Iterable[Late]) -> None:
        """Consent no longer lets these go; subject empty when erased."""
        denied = list(denied)
        with self.transaction():
            self._end(destination, {one.due.id: one.decision.reason for one in denied}, DENIED_LATE)
            self._record(denied)
        for one in denied:
            key = one.due.place.stream, destination, one.decision.reason
            before = self.late.get(key)
            self.late[key] = one.decision, 1 + (before[1] if before else 0)
            self.late_examples.add(one.decision.reason, partial(self._log.name, one.subject, one.due.place))

    @property
    def denied_late(self) -> Counter[str]:
        """Reason code to deliveries that were denied when they were to be sent, since it was opened."""
        found: Counter[str] = Counter()
        for (_, _, reason), (_, n) in self.late.copy().items():
            found[reason] += n
        return found

    def note(self, decided: Iterable[tuple[Place, str, Decision]]) -> None:
        """Log what was decided about (block, subject) when it was handed out by hand, as a bundle."""
        with self.transaction():
            self._log.record_late(decided, self._clock_ns())

    def move(self, destination: str, decided: Iterable[Late]) -> None:
        """Waiting deliveries that are on hold from now on, or no longer, as was decided about them."""
        sql = "UPDATE delivery SET state = ? WHERE destination = ? AND envelope = ? AND state < 2"
        decided = list(decided)
        rows = [(_STATE_OF[one.decision.outcome], destination, one.due.id) for one in decided]
        with self.transaction() as db:
            db.executemany(sql, rows)
            self._record(decided)

    def _record(self, decided: Iterable[Late]) -> None:
        rows = [(one.due.place, one.subject, one.decision) for one in decided]
        self._log.record_late(rows, self._clock_ns())

    def audit_waiting(self, after: int, limit: int) -> list[tuple[int, str, str]]:
        """(number, fields, name) of entries that the audit log may not have yet."""
        with self._lock:
            return self._log.spool.waiting(after, limit)

    def audit_collected(self, upto: int) -> None:
        """The audit log holds these durably: they go with the next transaction, which costs nothing more."""
        self._collected = upto

    def audit_handed_over(self) -> int:
        """Number of the last entry that the audit log has taken, as far as this file knows."""
        with self._lock:
            return self._log.spool.handed_over()

    def size(self) -> tuple[int, int]:
        """(envelopes, bytes) that wait."""
        with self._lock:
            envelopes, size = self._db.execute("SELECT envelopes, bytes FROM held").fetchone()
            return int(envelopes), int(size)

    def oldest_ns(self) -> int | None:
        """Since when the oldest envelope waits, Unix nanoseconds; None when nothing does."""
        with self._lock:
            row = self._db.execute("SELECT stored_ns FROM envelope ORDER BY id LIMIT 1").fetchone()
        return int(row[0]) if row else None

    def ended(self) -> dict[tuple[str, str, str], int]:
        """(destination, "confirmed" or "denied_late", reason) to count, since the file was made."""
        names = {DENIED_LATE: "denied_late", CONFIRMED: "confirmed"}
        with self._lock:
            rows = self._db.execute("SELECT destination, state, reason, n FROM ended").fetchall()
        return {(destination, names[state], reason): n for destination, state, reason, n in rows}

    def decisions(self) -> dict[tuple[str, str, str, str], int]:
        """(item, destination, outcome, reason) to the number of blocks, since the file was made."""
        with self._lock:
            return self._log.totals()

    def decided_about(self, subject: str) -> list[tuple[str, str, str, str, str, str, int, int, int]]:
        """What was decided about a wearer's blocks: how many, from when to when (Unix nanoseconds)."""
        with self._lock:
            return self._log.about(subject)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The file outside of any transaction of ours."""
        with self._lock:
            yield self._db

    def forget_sources(self) -> None:
        """Look up again who a row is of: some were erased."""
        with self._lock:
            self._sources.clear()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """One durable transaction; whatever is raised inside rolls it back.

        OutboxFull when the file cannot be written now.
        """
        with self._lock:
            try:
                with database.transaction(self._db) as db:
                    yield db
            except BaseException as e:
                self._sources.clear()  # rows that were rolled back must not be remembered
                self._hubs.clear()
                if isinstance(e, sqlite3.OperationalError):
                    hint = "Free the disk; the hub keeps its data meanwhile."
                    raise OutboxFull(f"the outbox cannot be written: {e}", hint) from e
                raise

    def _put(self, db: sqlite3.Connection, routed: Routed) -> Stored:
        fresh = self._fresh(db, routed.parcels)
        numbers = _Numbers(db)
        now, total = self._clock_ns(), 0
        (first,) = db.execute("SELECT next_id FROM held").fetchone()  # an id is never used again
        ledger, envelopes, deliveries = [], [], []
        masks: dict[int, int] = {}  # blocks share the tuple of their decisions
        for id_, p in enumerate(fresh, first):
            year, hub = key_epoch(p.acquired.t0_ns), self._hub(db, p.key_id)
            own = self._source(db, p.subject, OWN_STORE.purpose, OWN_STORE.name, year)
            number = numbers.take(own, p.stream, first=0)
            content = self._encrypt(p, number, year)
            total += len(content)
            ledger.append((hub, p.session, p.epoch, p.stream, own))
            mask = masks.get(id(p.decisions))
            if mask is None:
                purposes = frozenset(d.purpose for d in p.decisions)
                mask = masks[id(p.decisions)] = self._policy.purpose_mask(purposes)
            envelopes.append(_row(id_, hub, own, p, number, mask, now, content))
            for d in p.decisions:
                source, at = own, number
                if d.destination != OWN_STORE.name:
                    source = self._source(db, p.subject, d.purpose, d.destination, year)
                    at = numbers.take(source, p.stream)
                deliveries.append((d.destination, id_, source, at, _STATE_OF[d.outcome]))
        self._make_room(db, len(envelopes), total)
        numbers.save()
        db.executemany("INSERT INTO ledger VALUES (?, ?, ?, ?, ?)", ledger)
        db.executemany("INSERT INTO envelope VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", envelopes)
        db.executemany("INSERT INTO delivery VALUES (?, ?, ?, ?, ?)", deliveries)
        return Stored(len(envelopes), len(routed.parcels) - len(envelopes))

    def _fresh(self, db: sqlite3.Connection, parcels: Iterable[Parcel]) -> list[Parcel]:
        """Parcels that the ledger has not seen; one query per epoch."""
        sql = "SELECT stream FROM ledger WHERE hub = ? AND session = ? AND epoch = ?"
        seen: dict[tuple[bytes, int, int], set[int]] = {}
        fresh = []
        for p in parcels:
            key = (p.key_id, p.session, p.epoch)
            streams = seen.get(key)
            if streams is None:
                rows = db.execute(sql, (self._hub(db, p.key_id), p.session, p.epoch))
                streams = seen[key] = {stream for (stream,) in rows}
            if p.stream not in streams:
                streams.add(p.stream)
                fresh.append(p)
        return fresh

    def _encrypt(self, p: Parcel, number: int, year: int) -> bytes:
        a = p.acquired
        pseudonym = self._vault.pseudonym(p.subject, OWN_STORE.purpose, OWN_STORE.name, year)
        tags = envelope.Tags(pseudonym, p.item, p.stream, a.t0_ns, a.t1_ns, a.uncertainty_ns, number)
        return envelope.encrypt(self._vault, p.subject, tags, p.content)

    def _make_room(self, db: sqlite3.Connection, envelopes: int, size: int) -> None:
        if not envelopes:
            return
        ((held, total),) = db.execute(_ADD, (envelopes, size, envelopes)).fetchall()
        if held > self._limits[0] or total > self._limits[1]:
            hint = "Bring the destinations back or raise the limit; the hub keeps its data meanwhile."
            raise OutboxFull(f"the outbox is full: {held - envelopes} envelopes wait", hint)

    def _source(self, db: sqlite3.Connection, subject: str, purpose: str, destination: str, year: int) -> int:
        key = (subject, destination, year)
        known = self._sources.get(key)
        if known is None:
            pseudonym = self._vault.pseudonym(subject, purpose, destination, year)
            sql = "INSERT OR IGNORE INTO source (destination, key_epoch, pseudonym) VALUES (?, ?, ?)"
            db.execute(sql, (destination, year, pseudonym))
            row = db.execute("SELECT id FROM source WHERE pseudonym = ?", (pseudonym,)).fetchone()
            known = self._sources[key] = int(row[0])
        return known

    def _hub(self, db: sqlite3.Connection, key_id: bytes) -> int:
        known = self._hubs.get(key_id)
        if known is None:
            db.execute("INSERT OR IGNORE INTO hub (key_id) VALUES (?)", (key_id,))
            row = db.execute("SELECT id FROM hub WHERE key_id = ?", (key_id,)).fetchone()
            known = self._hubs[key_id] = int(row[0])
        return known

    def _end(self, destination: str, ended: Mapping[int, str], state: int) -> None:
        """Deliveries (envelope to reason) that came to their end; an envelope goes with its last one."""
        db = self._db
        ids = json.dumps(list(ended))
        done = [ended[id_] for (id_,) in db.execute(_END, (state, destination, ids)).fetchall()]
        dropped = db.execute(_DROP, (ids,)).fetchall()
        db.execute(_DROP_DELIVERIES, (json.dumps([id_ for id_, _ in dropped]),))
        size = sum(length for _, length in dropped)
        db.execute("UPDATE held SET envelopes = envelopes - ?, bytes = bytes - ?", (len(dropped), size))
        sql = "INSERT INTO ended VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET n = n + excluded.n"
        db.executemany(sql, [(destination, state, reason, n) for reason, n in Counter(done).items()])


class _Numbers:
    """Counters of one transaction, read once per source and stream and written once at its end."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._next: dict[tuple[int, int], int] = {}

    def take(self, source: int, stream: int, first: int | None = None) -> int:
        """The next number; the first one is random unless given (docs/adr/0025)."""
        key = (source, stream)
        number = self._next.get(key)
        if number is None:
            row = self._db.execute("SELECT next FROM counter WHERE source = ? AND stream = ?", key).fetchone()
            number = int(row[0]) if row else attested.first_number() if first is None else first
        self._next[key] = number + 1
        return number

    def save(self) -> None:
        rows = [(*key, n) for key, n in self._next.items()]
        self._db.executemany("INSERT OR REPLACE INTO counter VALUES (?, ?, ?)", rows)


def _row(
    id_: int, hub: int, own: int, p: Parcel, number: int, mask: int, now: int, content: bytes
) -> tuple[int | bytes, ...]:
    a = p.acquired
    item = items.NAMES.index(p.item)
    head = (id_, hub, own, item, p.kind, p.stream, a.t0_ns, a.t1_ns, a.uncertainty_ns)
    return (*head, number, mask, now, content, p.session, p.epoch)


def subject_of(vault: Vault, due: Due) -> str:
    """Whose envelope it is; empty when the wearer's keys are gone."""
    try:
        return vault.subject_of(due.tags.pseudonym, OWN_STORE.purpose, OWN_STORE.name, due.key_epoch)
    except Refused:
        return ""


def _due(row: tuple[Any, ...]) -> Due:
    id_, number, own, year, there, item, kind, stream, *rest = row
    t0, t1, uncertainty, own_number, stored, hub, session, epoch, content = rest
    tags = envelope.Tags(own, items.NAMES[item], stream, t0, t1, uncertainty, own_number)
    place = Place(hub, session, epoch, stream)
    return Due(id_, number, there, year, tags, kind, Interval(t0, t1, uncertainty), stored, place, content)
