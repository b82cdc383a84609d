"""What every unit went through: one SQLite file, durable before anything irreversible happens.

`event` is append-only and says everything; `unit` is the newest of it by hub, with the three things of which
there is one each: serial, public key, certificate. Both change in one transaction, and `examine` replays the
events to see whether `unit` is what they make.
"""

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tasuki import database
from tasuki.errors import LinkLost, Refused
from tasuki.factory import states

_SCHEMA = """
CREATE TABLE IF NOT EXISTS event (
  n INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, kind TEXT NOT NULL, device TEXT NOT NULL,
  detail TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS unit (
  device TEXT PRIMARY KEY, work TEXT NOT NULL, state TEXT NOT NULL, cause TEXT NOT NULL,
  serial INTEGER UNIQUE, public TEXT UNIQUE, issued_s INTEGER, certificate TEXT UNIQUE) STRICT;
CREATE TABLE IF NOT EXISTS key_seen (
  public TEXT PRIMARY KEY, device TEXT NOT NULL, retired INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE INDEX IF NOT EXISTS event_of ON event (kind, device);
CREATE TRIGGER IF NOT EXISTS event_stays BEFORE DELETE ON event
  BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER IF NOT EXISTS event_is_final BEFORE UPDATE ON event
  BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
"""
_COLUMNS = "device, work, state, cause, serial, public, issued_s, certificate"
_CLOCK_MS = 2000  # what a clock may step back when it is disciplined

Clock = Callable[[], int]


def wall_ms() -> int:
    """Unix milliseconds."""
    return time.time_ns() // 10**6


@dataclass(frozen=True)
class Unit:
    """A hub in the journal.

    Attributes:
        device: hub id, hex. work: id of the order under which it is built.
        state: of states.STATES, the last that was reached; also while it has failed.
        cause: why it failed; empty when it did not.
        public, certificate: hex, and hex of the DER; None until there is one.
        issued_s: Unix seconds that its certificate says.
    """

    device: str
    work: str
    state: str
    cause: str
    serial: int | None
    public: str | None
    issued_s: int | None
    certificate: str | None

    def reached(self, state: str) -> bool:
        """True when it came so far."""
        return states.PLACE[self.state] >= states.PLACE[state]

    @property
    def done(self) -> bool:
        """True when it can be shipped."""
        return self.state == "done" and not self.cause


class Journal:
    """Safe to use from several threads, and by several processes at once."""

    def __init__(self, path: Path, clock: Clock = wall_ms) -> None:
        """Open or make it; UsageError when it cannot be used, Refused("clock_set_back")."""
        self._db = database.connect(path, _SCHEMA)
        self._lock = threading.RLock()
        self._clock = clock
        self._n, self._at_ms = self._end()
        try:
            self._now_ms()
        except Refused:
            self._db.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    # -- reading ------------------------------------------------------------------

    def unit(self, device: str) -> Unit | None:
        """A hub by its id."""
        return self._one("device = ?", device)

    def by_serial(self, serial: int) -> Unit | None:
        """A hub by its serial."""
        return self._one("serial = ?", serial)

    def units(self, work: str | None = None) -> list[Unit]:
        """All hubs, or those of an order, by serial."""
        where, values = ("", ()) if work is None else (" WHERE work = ?", (work,))
        with self._lock:
            rows = self._db.execute(f"SELECT {_COLUMNS} FROM unit{where} ORDER BY serial, device", values)
            return [Unit(*row) for row in rows]

    def events(self, after: int = 0) -> Iterator[tuple[int, int, str, str, str]]:
        """(n, Unix milliseconds, kind, device, detail as JSON) from behind n on."""
        with self._lock:
            sql = "SELECT n, at_ms, kind, device, detail FROM event WHERE n > ? ORDER BY n"
            yield from self._db.execute(sql, (after,)).fetchall()

    def last(self, kind: str, device: str = "") -> tuple[int, int, Mapping[str, Any]] | None:
        """(number, Unix milliseconds, detail) of the newest event of a kind."""
        with self._lock:
            sql = "SELECT n, at_ms, detail FROM event WHERE kind = ? AND device = ? ORDER BY n DESC LIMIT 1"
            row = self._db.execute(sql, (kind, device)).fetchone()
        return (row[0], row[1], json.loads(row[2])) if row else None

    def keys_seen(self) -> list[tuple[str, str, int]]:
        """(public key, hub id, whether it was replaced) of every key that a hub showed."""
        with self._lock:
            return self._db.execute("SELECT public, device, retired FROM key_seen").fetchall()

    @property
    def size(self) -> int:
        """Number of the last event."""
        with self._lock:
            return self._end()[0]

    def _end(self) -> tuple[int, int]:
        """Number and time of the last event, zeros when there is none."""
        row = self._db.execute("SELECT n, at_ms FROM event ORDER BY n DESC LIMIT 1").fetchone()
        return (int(row[0]), int(row[1])) if row else (0, 0)

    def _one(self, where: str, value: object) -> Unit | None:
        with self._lock:
            row = self._db.execute(f"SELECT {_COLUMNS} FROM unit WHERE {where}", (value,)).fetchone()
        return Unit(*row) if row else None

    # -- writing ------------------------------------------------------------------

    def note(self, kind: str, detail: Mapping[str, Any], device: str = "") -> None:
        """An event that moves no unit: shifts, checks, measured times."""
        with self._transaction():
            self._append(kind, device, detail)

    def detect(self, device: str, work: str, slot: str) -> Unit:
        """A hub is there; one that is known stays as far as it is, under its first order."""
        with self._transaction() as db:
            known = self.unit(device)
            if known is None:
                db.execute(
                    f"INSERT INTO unit ({_COLUMNS}) VALUES (?, ?, 'detected', '', NULL, NULL, NULL, NULL)",
                    (device, work),
                )
            self._append("detected", device, {"slot": slot, "work": work, "again": known is not None})
            return known or self._known(device)

    def reserve(self, device: str, serials: range, most: int) -> Unit:
        """Give a hub the next free serial of the range, for good.

        Refused("quota_used_up") when none is left, or when the order has `most` hubs.
        """
        with self._transaction() as db:
            unit = self._known(device)
            if unit.serial is not None:
                return unit
            sql = "SELECT coalesce(max(serial), ?), count(*) FROM unit WHERE serial BETWEEN ? AND ?"
            highest, _ = db.execute(sql, (serials[0] - 1, serials[0], serials[-1])).fetchone()
            failed = "SELECT count(*) FROM unit WHERE work = ? AND serial IS NOT NULL AND cause = ''"
            (built,) = db.execute(failed, (unit.work,)).fetchone()
            if highest + 1 not in serials or built >= most:
                raise Refused(
                    "quota_used_up",
                    f"order {unit.work} has no serial left",
                    "All its hubs are built; take the next order.",
                )
            return self._move(device, "identified", {"serial": highest + 1}, serial=highest + 1)

    def see_key(self, device: str, public: str) -> Unit:
        """Keep the key that a hub showed; Refused("key_seen_before", "key_changed")."""
        with self._transaction() as db:
            unit = self._known(device)
            row = db.execute("SELECT device, retired FROM key_seen WHERE public = ?", (public,)).fetchone()
            if row and (row[0] != device or row[1]):
                raise Refused("key_seen_before", f"hub {row[0]} showed the same key", "Hold both hubs back.")
            if unit.public not in (None, public):
                raise Refused("key_changed", f"hub {device} had another key before", "Hold it back.")
            if unit.public == public:
                return unit
            db.execute("INSERT OR IGNORE INTO key_seen (public, device) VALUES (?, ?)", (public, device))
            return self._move(device, "keyed", {"public": public}, public=public)

    def knows_key(self, public: str, device: str) -> bool:
        """True when this hub showed this key to this line, or was about to."""
        with self._lock:
            sql = "SELECT device FROM key_seen WHERE public = ? AND retired = 0"
            row = self._db.execute(sql, (public,)).fetchone()
        unit = self.unit(device)
        return (row is not None and row[0] == device) or (
            unit is not None and unit.public is None and unit.reached("keying")
        )

    def stray(self, device: str, public: str) -> None:
        """A hub that was not meant made a key: when it comes, that key is known."""
        with self._transaction() as db:
            self._append("stray_key", device, {"public": public})
            db.execute("INSERT OR IGNORE INTO key_seen (public, device) VALUES (?, ?)", (public, device))

    def now_s(self) -> int:
        """Unix seconds, never before the last event; Refused("clock_set_back")."""
        return self._now_ms() // 1000

    def plan(self, device: str, detail: Mapping[str, Any], now_s: int) -> Unit:
        """Fix what the certificate says, before it is signed."""
        with self._transaction():
            return self._move(device, "certified", {**detail, "issued_s": now_s}, issued_s=now_s)

    def issue(self, device: str, certificate: bytes, digest: str) -> Unit:
        """Keep the certificate that was signed."""
        with self._transaction():
            detail = {"certificate": digest, "der": certificate.hex()}
            return self._move(device, "issued", detail, certificate=certificate.hex())

    def advance(self, device: str, state: str, detail: Mapping[str, Any]) -> Unit:
        """The unit reached a state that changes nothing else."""
        with self._transaction():
            return self._move(device, state, detail)

    def fail(self, device: str, cause: str, detail: Mapping[str, Any]) -> Unit:
        """The unit failed, where it stands."""
        with self._transaction() as db:
            self._append(states.FAILED, device, {"cause": cause, **detail})
            db.execute("UPDATE unit SET cause = ? WHERE device = ?", (cause, device))
            return self._known(device)

    def retest(self, device: str, why: str, restart: str | None = None) -> Unit:
        """Take a failed unit up again; restart: from the self-test on when it has no key yet."""
        with self._transaction() as db:
            unit = self._known(device)
            state = unit.state
            if restart and not unit.reached("keying"):
                state = min(unit.state, restart, key=states.PLACE.__getitem__)
            self._append("retest", device, {"why": why, "state": state})
            db.execute("UPDATE unit SET cause = '', state = ? WHERE device = ?", (state, device))
            return self._known(device)

    def revoke(self, device: str, detail: Mapping[str, Any]) -> Unit:
        """Its certificate counts no more."""
        with self._transaction():
            unit = self._known(device)
            if unit.certificate is None:
                raise Refused("not_issued", f"hub {device} has no certificate", "There is nothing to revoke.")
            self._append("revoked", device, {**detail, "certificate": unit.certificate})
            return unit

    def rotate(self, device: str, detail: Mapping[str, Any]) -> Unit:
        """The unit gets another key under the same serial: it goes again from the self-test on."""
        with self._transaction() as db:
            unit = self._known(device)
            if unit.public is None:
                raise Refused("no_key", f"hub {device} has no key yet", "Let the line finish it.")
            self._append("rotated", device, {**detail, "state": "flashed", "old": unit.public})
            db.execute("UPDATE key_seen SET retired = 1 WHERE public = ?", (unit.public,))
            db.execute(
                "UPDATE unit SET state = 'flashed', cause = '', public = NULL, issued_s = NULL, "
                "certificate = NULL WHERE device = ?",
                (device,),
            )
            return unit

    def _known(self, device: str) -> Unit:
        unit = self.unit(device)
        if unit is None:
            raise Refused("unknown_hub", f"hub {device} is not in the journal", "Plug it in first.")
        return unit

    def _move(self, device: str, state: str, detail: Mapping[str, Any], **values: Any) -> Unit:
        """One step forward, never two and never back."""
        unit = self._known(device)
        if unit.cause or states.after(unit.state) != state:
            raise Refused("out_of_order", f"hub {device} is {unit.cause or unit.state}, not before {state}")
        self._append(state, device, detail)
        names = "".join(f", {name} = ?" for name in values)
        sql = f"UPDATE unit SET state = ?{names} WHERE device = ?"
        self._db.execute(sql, (state, *values.values(), device))
        return replace(unit, state=state, **values)

    def _append(self, kind: str, device: str, detail: Mapping[str, Any]) -> None:
        now, self._n = self._now_ms(), self._n + 1
        text = json.dumps(detail, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        self._db.execute("INSERT INTO event VALUES (?, ?, ?, ?, ?)", (self._n, now, kind, device, text))
        self._at_ms = now

    def _now_ms(self) -> int:
        now = self._clock()
        if now < self._at_ms - _CLOCK_MS:
            raise Refused(
                "clock_set_back",
                f"the station's clock is {(self._at_ms - now) / 1000:.0f} s behind the journal",
                "Set the clock, then start again; nothing is lost.",
            )
        return max(now, self._at_ms)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing. LinkLost: the disk does not take it, and nothing happened."""
        with self._lock:
            before = self._n, self._at_ms
            try:
                with database.transaction(self._db) as db:
                    self._n, self._at_ms = self._end()  # another process may have been here
                    yield db
            except BaseException as e:
                self._n, self._at_ms = before
                if isinstance(e, sqlite3.OperationalError):
                    raise LinkLost(
                        f"the journal cannot be written: {e}", "Free the disk, then start again."
                    ) from e
                raise
