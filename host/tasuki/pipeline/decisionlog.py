"""What was decided, without payload and without raw ids.

One entry per change of (subject pseudonym, item, purpose, destination, decision), with the number of
blocks it stood for. The pseudonym dies with the subject's keys.
"""

import sqlite3
from collections.abc import Iterable
from pathlib import Path

from tasuki.consent.decision import Decision
from tasuki.consent.policy import Policy
from tasuki.consent.processing import Provided
from tasuki.errors import Refused, UsageError
from tasuki.vault.vault import PSEUDONYM_SIZE, Vault

LOG_SCHEMA = """
CREATE TABLE IF NOT EXISTS decision (
  id INTEGER PRIMARY KEY, subject BLOB NOT NULL, item TEXT NOT NULL, purpose TEXT NOT NULL,
  destination TEXT NOT NULL, outcome TEXT NOT NULL, reason TEXT NOT NULL, rules TEXT NOT NULL,
  policy BLOB NOT NULL, first_ns INTEGER NOT NULL, last_ns INTEGER NOT NULL, blocks INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS decision_of ON decision (subject, item, purpose, destination, id);
"""

STRANGER = bytes(PSEUDONYM_SIZE)  # a subject without keys: unknown, or erased

_LAST = """
SELECT id, outcome, reason, policy FROM decision
WHERE subject = ? AND item = ? AND purpose = ? AND destination = ? ORDER BY id DESC LIMIT 1
"""

_ALLOWED = """
SELECT subject, item, purpose, destination, first_ns, last_ns, blocks, rules FROM decision
WHERE outcome = 'allow' ORDER BY id
"""

Decided = tuple[tuple[str, str, str, str, str, str], tuple[Decision, int]]


class DecisionLog:
    """The log's table; its caller owns connection, transaction and lock."""

    def __init__(self, db: sqlite3.Connection, vault: Vault, policy: Policy) -> None:
        self._db = db
        self._vault = vault
        self._policy = policy

    def record(self, decided: Iterable[Decided], now_ns: int) -> None:
        """Count decisions; a decision that differs from the last one of its kind begins an entry."""
        for (subject, *_), (decision, n) in decided:
            d = decision
            key = (self._pseudonym(subject), d.item, d.purpose, d.destination)
            last = self._db.execute(_LAST, key).fetchone()
            if last and last[1:] == (d.outcome, d.reason, self._policy.hash):
                sql = "UPDATE decision SET blocks = blocks + ?, last_ns = ? WHERE id = ?"
                self._db.execute(sql, (n, now_ns, last[0]))
            else:
                row = (*key, d.outcome, d.reason, " ".join(d.rules), self._policy.hash, now_ns, now_ns, n)
                self._db.execute("INSERT INTO decision VALUES (NULL,?,?,?,?,?,?,?,?,?,?,?)", row)

    def totals(self) -> dict[tuple[str, str, str, str], int]:
        """(item, destination, outcome, reason) to blocks."""
        sql = "SELECT item, destination, outcome, reason, sum(blocks) FROM decision GROUP BY 1, 2, 3, 4"
        return {(i, d, o, r): int(n) for i, d, o, r, n in self._db.execute(sql)}

    def _pseudonym(self, subject: str) -> bytes:
        try:
            return self._vault.pseudonym(subject, "audit", "decisions", 0)
        except Refused:
            return STRANGER


def provided(path: Path) -> list[Provided]:
    """What was allowed to go to whom, from the log in an outbox's file; for provision records.

    Raises UsageError when there is no such file: reading never makes one.
    """
    if not path.exists():
        raise UsageError(f"{path.parent} has no decisions", "Give the state folder of a run.")
    db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    try:
        return [
            Provided(subject.hex(), item, purpose, place, first, last, blocks, tuple(rules.split()))
            for subject, item, purpose, place, first, last, blocks, rules in db.execute(_ALLOWED)
        ]
    finally:
        db.close()
