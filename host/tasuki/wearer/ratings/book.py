"""Ratings: what a wearer says of how it feels, decided like any other data of category 3.

A rating is kept only when a destination may have it by the wearer's consent (rules A-01, C3-02 to C3-06).
Every reading decides again, so a withdrawal ends the use of what is kept, too; a later grant never
releases an earlier rating. Nobody but the wearer and the service's own purpose gets the free text.
"""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tasuki.consent.context import Context, Interval
from tasuki.consent.decision import Decision, Engine
from tasuki.consent.events import FOREVER
from tasuki.consent.registers import INTERNAL, TYPED_IN
from tasuki.errors import Refused
from tasuki.vault.attested import HOUR_NS
from tasuki.vault.vault import Vault, key_epoch
from tasuki.wearer import encrypted
from tasuki.wearer.tables import Tables

ITEM = "subjective"
QUESTIONS = ("comfort", "exertion", "fatigue", "warmth", "pain")
LOWEST, HIGHEST = 0, 10
LONGEST_NOTE = 500

SCHEMA = """
CREATE TABLE IF NOT EXISTS rating (
  id INTEGER PRIMARY KEY AUTOINCREMENT, subject TEXT NOT NULL, at_ns INTEGER NOT NULL, value BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS rating_of ON rating (subject);
"""


@dataclass(frozen=True)
class Rating:
    """One rating. question: one of QUESTIONS; value: 0 to 10; at_ns: Unix nanoseconds."""

    id: int
    at_ns: int
    question: str
    value: int
    note: str


@dataclass(frozen=True)
class Released:
    """A rating as a purpose gets it: a pseudonym of this destination, the hour, and no words."""

    pseudonym: bytes
    hour: int
    question: str
    value: int


class Ratings:
    """All ratings."""

    def __init__(
        self,
        tables: Tables,
        vault: Vault,
        engine: Engine,
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._tables = tables
        self._vault = vault
        self._engine = engine
        self._clock_ns = clock_ns

    def decisions(self, subject: str, at_ns: int, now_ns: int) -> list[Decision]:
        """What every destination of our own may have of a rating from a moment."""
        places = self._engine.registers.destinations.values()
        context = Context(Interval(at_ns, at_ns, 0), TYPED_IN)
        return [
            self._engine.decide(subject, ITEM, place.purpose, place.name, now_ns, context)
            for place in places
            if place.kind == INTERNAL
        ]

    def add(self, subject: str, question: str, value: int, note: str) -> None:
        """Keep a rating of now. Refused with the wearer's way to change it when nobody may have it."""
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
            db.execute("INSERT INTO rating (subject, at_ns, value) VALUES (?, ?, ?)", (subject, now, kept))

    def of(self, subject: str) -> list[Rating]:
        """All ratings of a wearer, the newest first."""
        sql = "SELECT id, at_ns, value FROM rating WHERE subject = ? ORDER BY id DESC"
        found = (self._open(subject, *row) for row in self._tables.rows(sql, subject))
        return [rating for rating in found if rating is not None]

    def remove(self, subject: str, id_: int) -> None:
        """Delete one rating of a wearer."""
        with self._tables.turn() as db:
            db.execute("DELETE FROM rating WHERE subject = ? AND id = ?", (subject, id_))
        self._tables.overwrite()

    def released(self, destination: str) -> Iterator[Released]:
        """What a destination of our own may use now, decided for each rating at this moment."""
        place = self._engine.registers.destinations[destination]
        for id_, subject, at, value in self._tables.rows("SELECT id, subject, at_ns, value FROM rating"):
            now = self._engine.consents.present(subject, self._clock_ns())
            context = Context(Interval(at, at, 0), TYPED_IN)
            decided = self._engine.decide(subject, ITEM, place.purpose, place.name, now, context)
            rating = self._open(subject, id_, at, value) if decided.allowed else None
            if rating is not None:
                name = self._vault.pseudonym(subject, place.purpose, place.name, key_epoch(at))
                yield Released(name, at // HOUR_NS, rating.question, rating.value)

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
