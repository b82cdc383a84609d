"""Ratings: what a wearer says of how it feels, decided like any other data of category 3.

A rating is kept only when a destination may have it by the wearer's consent (rules A-01, C3-02 to C3-06).
It then goes through the outbox as a self-report (`tasuki.self_report`), decided again when it is sent. Nobody
but the wearer ever gets the free text.
"""

import json
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from tasuki.consent.context import Context, Interval
from tasuki.consent.decision import Decision, Engine
from tasuki.consent.events import FOREVER
from tasuki.consent.registers import TYPED_IN
from tasuki.errors import LinkLost, Refused
from tasuki.pipeline import outbox_erasing
from tasuki.pipeline.outbox import Outbox
from tasuki.pipeline.parcel import Place, Reported
from tasuki.pipeline.route import Router
from tasuki.self_report import NO_HUB, STREAM, SelfReport
from tasuki.vault.vault import Vault
from tasuki.wearer import encrypted
from tasuki.wearer.tables import Tables

ITEM = "subjective"
# The place of a question, from 1, is its number in a self-report: append, never reorder.
QUESTIONS = ("comfort", "exertion", "fatigue", "warmth", "pain")
LOWEST, HIGHEST = 0, 10
LONGEST_NOTE = 500

SCHEMA = """
CREATE TABLE IF NOT EXISTS rating (
  id INTEGER PRIMARY KEY AUTOINCREMENT, subject TEXT NOT NULL, at_ns INTEGER NOT NULL, value BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS rating_of ON rating (subject);
CREATE TABLE IF NOT EXISTS rating_waiting (rating INTEGER PRIMARY KEY);
CREATE TRIGGER IF NOT EXISTS rating_gone AFTER DELETE ON rating
  BEGIN DELETE FROM rating_waiting WHERE rating = OLD.id; END;
"""
_WAITING = """
SELECT id, subject, at_ns, value FROM rating WHERE id IN (SELECT rating FROM rating_waiting) ORDER BY id
"""


@dataclass(frozen=True)
class Rating:
    """One rating. question: one of QUESTIONS; value: 0 to 10; at_ns: Unix nanoseconds."""

    id: int
    at_ns: int
    question: str
    value: int
    note: str


class Ratings:
    """All ratings. Safe to use from several threads."""

    def __init__(
        self,
        tables: Tables,
        vault: Vault,
        engine: Engine,
        outbox: Outbox,
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._tables = tables
        self._vault = vault
        self._engine = engine
        self._outbox = outbox
        self._router = Router(engine)
        self._clock_ns = clock_ns
        self._handing_on = threading.Lock()

    def decisions(self, subject: str, at_ns: int, now_ns: int) -> list[Decision]:
        """What every destination may have of a rating from a moment."""
        context = Context(Interval(at_ns, at_ns, 0), TYPED_IN)
        return [
            self._engine.decide(subject, ITEM, place.purpose, place.name, now_ns, context)
            for place in self._engine.registers.routed
        ]

    def add(self, subject: str, question: str, value: int, note: str) -> None:
        """Keep a rating of now, and hand it on. Refused with a way to change it when nobody may have it."""
        if question not in QUESTIONS or not LOWEST <= value <= HIGHEST or len(note) > LONGEST_NOTE:
            raise ValueError(question)
        now = self._engine.consents.present(subject, self._clock_ns())
        decided = self.decisions(subject, now, now)
        if not any(one.allowed for one in decided):
            first = decided[0]
            raise Refused(first.reason, f"a rating may not be kept ({first.reason})", first.remedy())
        plain = json.dumps({"question": question, "value": value, "note": note}, ensure_ascii=False)
        kept = encrypted.encrypt(self._vault, subject, ITEM, "rating", plain.encode())
        with self._tables.turn() as db:
            sql = "INSERT INTO rating (subject, at_ns, value) VALUES (?, ?, ?)"
            made = db.execute(sql, (subject, now, kept)).lastrowid
            db.execute("INSERT INTO rating_waiting VALUES (?)", (made,))
        with suppress(LinkLost):  # it is handed on when the outbox can be written again
            self.hand_on()

    def hand_on(self) -> int:
        """Put into the outbox what is not there yet; how many ratings. LinkLost when it cannot be written.

        A crash in between does no harm: the outbox knows each rating, and takes it once.
        """
        with self._handing_on:
            waiting = self._tables.rows(_WAITING)
            for id_, subject, at, value in waiting:
                rating = self._open(subject, id_, at, value)
                with suppress(Refused):  # the wearer is being erased, and the rating goes, too
                    if rating is not None:
                        self._put(subject, rating)
                with self._tables.turn() as db:
                    db.execute("DELETE FROM rating_waiting WHERE rating = ?", (id_,))
        return len(waiting)

    def _put(self, subject: str, rating: Rating) -> None:
        place, question = _place(rating.id, rating.at_ns), QUESTIONS.index(rating.question) + 1
        report = SelfReport.of(place.session, place.epoch, question, rating.value)
        now = self._engine.consents.present(subject, self._clock_ns())
        self._outbox.put(self._router.route([Reported(report, subject, rating.at_ns)], now))

    def of(self, subject: str) -> list[Rating]:
        """All ratings of a wearer, the newest first."""
        sql = "SELECT id, at_ns, value FROM rating WHERE subject = ? ORDER BY id DESC"
        found = (self._open(subject, *row) for row in self._tables.rows(sql, subject))
        return [rating for rating in found if rating is not None]

    def remove(self, subject: str, id_: int) -> bool:
        """Delete one rating of a wearer, and take back what waits of it; True when no destination had it.

        What a destination has is deleted with the item (tasuki.wearer.erasure), which waits for each.
        """
        with self._handing_on:
            unsent = self._tables.row("SELECT 1 FROM rating_waiting WHERE rating = ?", id_) is not None
            with self._tables.turn() as db:
                sql = "DELETE FROM rating WHERE subject = ? AND id = ? RETURNING at_ns"
                gone = db.execute(sql, (subject, id_)).fetchall()
            back = [outbox_erasing.take_back(self._outbox, _place(id_, at)) or unsent for (at,) in gone]
        self._tables.overwrite()
        outbox_erasing.empty_log(self._outbox)
        return all(back)

    def kept(self, subject: str, before_ns: int) -> list[bytes]:
        """The encrypted ratings from up to a moment."""
        sql = "SELECT value FROM rating WHERE subject = ? AND at_ns <= ?"
        return [value for (value,) in self._tables.rows(sql, subject, before_ns)]

    def forget(self, subject: str, before_ns: int = FOREVER) -> None:
        """Delete the ratings from up to a moment."""
        with self._tables.turn() as db:
            db.execute("DELETE FROM rating WHERE subject = ? AND at_ns <= ?", (subject, before_ns))

    def expire(self, before_ns: int) -> int:
        """Delete ratings from before a moment; how many."""
        with self._tables.turn() as db:
            return db.execute("DELETE FROM rating WHERE at_ns < ?", (before_ns,)).rowcount

    def _open(self, subject: str, id_: int, at_ns: int, value: bytes) -> Rating | None:
        try:
            plain = json.loads(encrypted.decrypt(self._vault, subject, ITEM, "rating", value))
        except Refused:  # the item was erased
            return None
        return Rating(id_, at_ns, plain["question"], plain["value"], plain["note"])


def _place(id_: int, at_ns: int) -> Place:
    """Which block a rating becomes; the moment keeps it unique when a wearer.db begins anew."""
    return Place(NO_HUB, at_ns // 1_000_000_000, id_, STREAM)
