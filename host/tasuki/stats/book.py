"""The statistics book: what a data set may still cost, and every release, in one SQLite file.

A data set is an item in a year (UTC), as a wearer's name lasts a year. What a release costs is charged in
the transaction that records its answer, before anybody sees it: a crash can cost an answer its reader, and
never the budget its due. The same question gets the recorded answer again and pays nothing: new noise
would average out, and whether the answer moved would tell that the data did.
"""

import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from tasuki import database
from tasuki.errors import LinkLost, Refused, Untrusted, UsageError
from tasuki.stats import mechanism
from tasuki.stats.query import Query

EPSILON = Fraction(8)  # of a data set, where nobody said less

_SCHEMA = """
CREATE TABLE IF NOT EXISTS budget (
  id INTEGER PRIMARY KEY AUTOINCREMENT, at_ns INTEGER NOT NULL, item TEXT NOT NULL, year INTEGER NOT NULL,
  epsilon TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS release (
  id INTEGER PRIMARY KEY AUTOINCREMENT, at_ns INTEGER NOT NULL, item TEXT NOT NULL, year INTEGER NOT NULL,
  query TEXT NOT NULL, hash TEXT NOT NULL UNIQUE, epsilon TEXT NOT NULL, delta TEXT NOT NULL,
  k INTEGER NOT NULL, contributors INTEGER NOT NULL, answer TEXT NOT NULL);
""" + "".join(
    f"CREATE TRIGGER IF NOT EXISTS {table}_{what} BEFORE {what} ON {table} "
    "BEGIN SELECT RAISE(ABORT, 'append-only'); END;\n"
    for table in ("budget", "release")
    for what in ("UPDATE", "DELETE")
)
_COLUMNS = "id, at_ns, item, year, query, hash, epsilon, delta, k, contributors, answer"


@dataclass(frozen=True)
class Release:
    """One recorded answer.

    Attributes:
        contributors: how many wearers it was made from; stays in the book, no answer and no log has it.
        answer: what was released; plain values, None where a cell was withheld.
    """

    id: int
    at_ns: int
    item: str
    year: int
    query: str
    hash: str
    epsilon: Fraction
    delta: Fraction
    k: int
    contributors: int
    answer: dict[str, Any]


class StatsBook:
    """One SQLite file. Several processes may have it open."""

    def __init__(self, path: Path, clock_ns: Callable[[], int] = time.time_ns) -> None:
        """Open or make the file; UsageError when it cannot be used."""
        self._db = database.connect(path, _SCHEMA)
        self._clock_ns = clock_ns

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def limit(self, item: str, year: int) -> Fraction:
        """What a data set may cost at most."""
        sql = "SELECT epsilon FROM budget WHERE item = ? AND year = ? ORDER BY id DESC LIMIT 1"
        row = self._db.execute(sql, (item, year)).fetchone()
        return Fraction(row[0]) if row else EPSILON

    def spent(self, item: str, year: int) -> tuple[Fraction, Fraction]:
        """(epsilon, delta) that a data set's releases have cost; they add up."""
        sql = "SELECT epsilon, delta FROM release WHERE item = ? AND year = ?"
        rows = self._db.execute(sql, (item, year)).fetchall()
        return sum((Fraction(e) for e, _ in rows), Fraction(0)), sum(
            (Fraction(d) for _, d in rows), Fraction(0)
        )

    def set_limit(self, item: str, year: int, epsilon: Fraction) -> None:
        """Change what a data set may cost. Once something was released it can only get less (Refused)."""
        if epsilon < 0:
            raise UsageError(f"epsilon {epsilon}", "Give 0 or more.")
        with _turn(self._db):
            if self.spent(item, year)[0] and epsilon > self.limit(item, year):
                raise Refused(
                    "budget_fixed",
                    f"something was released from {item} {year}; its budget can only get less",
                    "The wearers were promised this limit.",
                )
            row = (self._clock_ns(), item, year, str(epsilon))
            self._db.execute("INSERT INTO budget (at_ns, item, year, epsilon) VALUES (?, ?, ?, ?)", row)

    def known(self, query: Query) -> Release | None:
        """The release that answered this question; None when there was none."""
        row = self._db.execute(f"SELECT {_COLUMNS} FROM release WHERE hash = ?", (query.hash,)).fetchone()
        return _release(row) if row else None

    def charge(self, query: Query, contributors: int, make: Callable[[], dict[str, Any]]) -> Release:
        """Charge a question and record its answer, which `make` draws when it is known to be paid for.

        Refused("budget_exhausted") when the data set cannot pay; nothing was drawn then.
        """
        with _turn(self._db):
            known = self.known(query)
            if known:
                return known
            left = self.limit(query.item, query.year) - self.spent(query.item, query.year)[0]
            if query.epsilon > left:
                raise Refused(
                    "budget_exhausted",
                    f"{query.item} {query.year} has {float(left):g} of its budget left, this costs "
                    f"{float(query.epsilon):g}",
                    "Ask a smaller question, or one that was asked already; `tasuki stats show` lists them.",
                )
            answer = json.dumps(make(), sort_keys=True)
            row = (
                self._clock_ns(),
                query.item,
                query.year,
                query.to_json(),
                query.hash,
                str(query.epsilon),
                str(mechanism.DELTA),
                mechanism.K,
                contributors,
                answer,
            )
            names = _COLUMNS.removeprefix("id, ")
            self._db.execute(f"INSERT INTO release ({names}) VALUES (?,?,?,?,?,?,?,?,?,?)", row)
            made = self.known(query)
        assert made is not None
        return made

    def releases(self, after: int = 0) -> list[Release]:
        """All releases with a higher number, rising."""
        sql = f"SELECT {_COLUMNS} FROM release WHERE id > ? ORDER BY id"
        return [_release(row) for row in self._db.execute(sql, (after,))]


@contextmanager
def _turn(db: sqlite3.Connection) -> Iterator[None]:
    try:
        with database.transaction(db):
            yield
    except sqlite3.OperationalError as e:
        raise LinkLost(f"the statistics book cannot be written: {e}", "Try again.") from e


def _release(row: tuple[Any, ...]) -> Release:
    try:
        id_, at_ns, item, year, query, digest, epsilon, delta, k, contributors, answer = row
        return Release(
            int(id_),
            int(at_ns),
            item,
            int(year),
            query,
            digest,
            Fraction(epsilon),
            Fraction(delta),
            int(k),
            int(contributors),
            dict(json.loads(answer)),
        )
    except (ValueError, TypeError) as e:
        raise Untrusted("damaged", f"the statistics book is damaged: {e}", "Put back a backup.") from e
