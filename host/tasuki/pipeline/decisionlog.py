"""What was decided, without payload and without raw ids, on its way to the audit log.

A decision that differs from the last one about (subject, item, purpose, destination) gets a number and
an entry; every epoch gets an entry that names, for each block, the numbers of its decisions. Both are
written in the outbox's own transaction. The pseudonyms die with the subject's keys.
"""

import sqlite3
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

from tasuki import database
from tasuki.audit import entries
from tasuki.audit.names import block_id, hub_name, subject_name
from tasuki.audit.spool import SPOOL_SCHEMA, Spool
from tasuki.consent.decision import Decision
from tasuki.consent.policy import Policy
from tasuki.consent.processing import Provided
from tasuki.errors import UsageError
from tasuki.pipeline.parcel import Judged, Place, Routed
from tasuki.vault.vault import Vault

LOG_SCHEMA = (
    """
CREATE TABLE IF NOT EXISTS decision (
  id INTEGER PRIMARY KEY, subject BLOB NOT NULL, item TEXT NOT NULL, purpose TEXT NOT NULL,
  destination TEXT NOT NULL, outcome TEXT NOT NULL, reason TEXT NOT NULL, rules TEXT NOT NULL,
  policy BLOB NOT NULL, first_ns INTEGER NOT NULL, last_ns INTEGER NOT NULL, blocks INTEGER NOT NULL,
  documents BLOB NOT NULL DEFAULT x'');
CREATE INDEX IF NOT EXISTS decision_of ON decision (subject, item, purpose, destination, id);
"""
    + SPOOL_SCHEMA
)

_LAST = """
SELECT id, outcome, reason, rules, policy, documents FROM decision
WHERE subject = ? AND item = ? AND purpose = ? AND destination = ? ORDER BY id DESC LIMIT 1
"""


_ALLOWED = """
SELECT subject, item, purpose, destination, first_ns, last_ns, blocks, rules FROM decision
WHERE outcome = 'allow' ORDER BY id
"""

_ADDED = {"documents": "BLOB NOT NULL DEFAULT x''"}  # that logs of version 0.1 do not have

InEpoch = tuple[bytes, int, int]
Numbers = dict[tuple[str | bytes, ...], int]


class DecisionLog:
    """The log's tables; its caller owns connection, transaction and lock."""

    def __init__(self, db: sqlite3.Connection, vault: Vault, policy: Policy) -> None:
        database.add_columns(db, "decision", _ADDED)
        self._db = db
        self._vault = vault
        self._policy = policy
        self.spool = Spool(db)

    def record(self, routed: Routed, now_ns: int) -> None:
        """Log what routing decided: what is new about it, and every block of every epoch."""
        numbers: Numbers = {}
        for (subject, *_), (decision, n) in routed.decided.items():
            numbers[subject, *_answer(decision)] = self._number(str(subject), decision, n, now_ns)
        numbered = _Numbered(numbers)
        dropped = routed.dropped
        for in_epoch, judged in groupby(routed.judged, lambda one: one.place.in_epoch):
            self._epoch(in_epoch, list(judged), numbered, dropped, now_ns)
            dropped = {}
        if dropped:
            self.spool.add(entries.dropped(now_ns, dropped))

    def record_late(self, decided: Iterable[tuple[Place, str, Decision]], now_ns: int) -> None:
        """Log what was decided about single blocks when they were to be sent."""
        for place, subject, decision in decided:
            number = self._number(subject, decision, 1, now_ns)
            id_ = block_id(self._vault, subject, *place)
            self.spool.add(entries.block(now_ns, str(id_), number), id_.late)

    def name(self, subject: str, place: Place) -> str:
        """What people call this block by."""
        return str(block_id(self._vault, subject, *place))

    def totals(self) -> dict[tuple[str, str, str, str], int]:
        """(item, destination, outcome, reason) to blocks."""
        sql = "SELECT item, destination, outcome, reason, sum(blocks) FROM decision GROUP BY 1, 2, 3, 4"
        return {(i, d, o, r): int(n) for i, d, o, r, n in self._db.execute(sql)}

    def about(self, subject: str) -> list[tuple[str, str, str, str, str, str, int, int, int]]:
        """(item, purpose, destination, outcome, reason, rules, blocks, first, last), the newest first."""
        sql = """SELECT item, purpose, destination, outcome, reason, rules, blocks, first_ns, last_ns
        FROM decision WHERE subject = ? ORDER BY id DESC"""
        return self._db.execute(sql, (subject_name(self._vault, subject),)).fetchall()

    def _number(self, subject: str, decision: Decision, n: int, now_ns: int) -> int:
        """The number of this decision, a new one when it differs from the last about the same."""
        d, rules = decision, " ".join(decision.rules)
        who = subject_name(self._vault, subject)
        key = who, d.item, d.purpose, d.destination
        last = self._db.execute(_LAST, key).fetchone()
        policy = d.under or self._policy
        said = d.outcome, d.reason, rules, policy.hash
        if last and last[1:] == (*said, d.evidence):
            sql = "UPDATE decision SET blocks = blocks + ?, last_ns = ? WHERE id = ?"
            self._db.execute(sql, (n, now_ns, last[0]))
            return int(last[0])
        row = (*key, *said, now_ns, now_ns, n, d.evidence)
        sql = "INSERT INTO decision VALUES (NULL,?,?,?,?,?,?,?,?,?,?,?,?)"
        number = self._db.execute(sql, row).lastrowid or 0
        self.spool.add(entries.decision(now_ns, number, who, d, policy), f"decision/{number}/")
        return number

    def _epoch(
        self,
        in_epoch: InEpoch,
        judged: list[Judged],
        numbered: "_Numbered",
        dropped: entries.Dropped,
        now_ns: int,
    ) -> None:
        key_id, session, epoch = in_epoch
        subject = judged[0].subject
        blocks = {one.place.stream: numbered.of(one) for one in judged}
        hub = hub_name(self._vault, subject, key_id)
        name = block_id(self._vault, subject, key_id, session, epoch, 0).in_epoch
        self.spool.add(entries.epoch(now_ns, hub, session, epoch, blocks, dropped), name)


class _Numbered:
    """Numbers of the decisions of blocks; many blocks share the very tuple of them."""

    def __init__(self, numbers: Numbers) -> None:
        self._numbers = numbers
        self._known: dict[tuple[str, int], list[int]] = {}

    def of(self, judged: Judged) -> list[int]:
        """The numbers, in the order of the decisions; ids hold, because what is routed holds the tuples."""
        subject, decisions = judged.subject, judged.decisions
        known = self._known.get((subject, id(decisions)))
        if known is None:
            known = [self._numbers[subject, *_answer(decision)] for decision in decisions]
            self._known[subject, id(decisions)] = known
        return known


def _answer(decision: Decision) -> tuple[str | bytes, ...]:
    d = decision
    return d.item, d.purpose, d.destination, d.outcome, d.reason, d.evidence


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
