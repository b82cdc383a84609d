"""Cases: every inquiry is one, has a deadline, and tells nothing before its sender is verified (D-06).

What was written is encrypted to the privacy office. Of a verification is kept who was found to ask, how, by
whom and when; never the document. The sender looks a case up by its number and a code that only the sender
has; until then, and for a wrong code, the answer is the same as for a case that does not exist.
"""

import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from tasuki.consent import reasons, rights
from tasuki.consent.events import FOREVER
from tasuki.consent.policy import Policy
from tasuki.consent.rights import Request, Ruling, Verification
from tasuki.errors import Refused
from tasuki.vault.vault import Vault
from tasuki.wearer import encrypted
from tasuki.wearer.tables import Row, Tables

OPEN, ANSWERED, CLOSED = STATES = ("open", "answered", "closed")
METHODS = ("in_person", "video_call", "online_identification", "account", "letter")
RELIED_ON_NS = 30 * 86_400 * 10**9  # how long a verification may be relied on
KEPT_NS = 365 * 86_400 * 10**9  # how long an answered case is kept
LONGEST = 4000

SCHEMA = """
CREATE TABLE IF NOT EXISTS inquiry (
  id TEXT PRIMARY KEY, code BLOB NOT NULL, opened_ns INTEGER NOT NULL, due_ns INTEGER NOT NULL,
  state TEXT NOT NULL, kind TEXT NOT NULL, topic TEXT NOT NULL, subject TEXT NOT NULL,
  content BLOB NOT NULL, verification BLOB NOT NULL, answer BLOB NOT NULL, closed_ns INTEGER NOT NULL)
  WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS inquiry_due ON inquiry (state, due_ns);
"""
_COLUMNS = "id, opened_ns, due_ns, state, kind, topic, subject, content, verification, answer"


@dataclass(frozen=True)
class Inquiry:
    """A case as the privacy office sees it.

    Attributes:
        kind: one of rights.KINDS, or what was chosen.
        topic: of the form; what is not rights.TOPIC waits until the office has sorted it.
        subject: whose data, once the sender is verified; empty before.
        content: what was written: name, contact, agent_for, message.
        verification: None before.
        answer: what the office answered; empty before.
    """

    id: str
    opened_ns: int
    due_ns: int
    state: str
    kind: str
    topic: str
    subject: str
    content: dict[str, str]
    verification: Verification | None
    answer: str

    def late(self, now_ns: int) -> bool:
        """True past the deadline without an answer."""
        return self.state == OPEN and now_ns >= self.due_ns


class Cases:
    """All cases of the privacy office."""

    def __init__(self, tables: Tables, vault: Vault, clock_ns: Callable[[], int] = time.time_ns) -> None:
        self._tables = tables
        self._vault = vault
        self._clock_ns = clock_ns

    def open(self, policy: Policy, kind: str, topic: str, content: dict[str, str]) -> tuple[str, str, int]:
        """(number, code, deadline in Unix nanoseconds) of a new case; no inquiry is ever dropped."""
        now, id_, code = self._clock_ns(), secrets.token_hex(4).upper(), secrets.token_urlsafe(12)
        request = Request(kind, rights.CONTACT_FORM, "", now, topic=topic)
        ruling = rights.decide(policy, request, None, id_, now)
        sealed = self._hide({key: value[:LONGEST] for key, value in content.items()})
        nothing = self._hide({})
        row = (id_, _hashed(code), now, ruling.case.due_ns, OPEN, kind, topic, "", sealed, nothing, nothing)
        with self._tables.turn() as db:
            db.execute("INSERT INTO inquiry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)", row)
        return id_, code, ruling.case.due_ns

    def answer_for(self, id_: str, code: str) -> Inquiry | None:
        """A case for its sender; None for a wrong number or code, which cannot be told apart.

        Before the verification it says no more than that there is a case (D-06).
        """
        row = self._tables.row("SELECT code FROM inquiry WHERE id = ?", id_.strip().upper())
        if not hmac.compare_digest(row[0] if row else bytes(32), _hashed(code.strip())):
            return None
        case = self.get(id_)
        if case.verification is None:
            return replace(case, subject="", answer="")
        return case

    def queue(self, state: str = OPEN, limit: int = 200) -> list[Inquiry]:
        """Cases in a state, the one that is due first at the front."""
        sql = f"SELECT {_COLUMNS} FROM inquiry WHERE state = ? ORDER BY due_ns LIMIT ?"
        return [self._read(row) for row in self._tables.rows(sql, state, limit)]

    def get(self, id_: str) -> Inquiry:
        """One case; Refused("no_case") when there is none."""
        row = self._tables.row(f"SELECT {_COLUMNS} FROM inquiry WHERE id = ?", id_.strip().upper())
        if row is None:
            raise Refused("no_case", "there is no such case", "Look at the queue.")
        return self._read(row)

    def verify(self, id_: str, found: Verification, subject: str) -> None:
        """Keep who was found to ask, how and by whom, and whose data it is about."""
        self.get(id_)
        with self._tables.turn() as db:
            sql = "UPDATE inquiry SET subject = ?, verification = ? WHERE id = ?"
            db.execute(sql, (subject, self._hide(vars(found)), id_))

    def ruling(self, policy: Policy, case: Inquiry) -> Ruling:
        """What may be done about a case now."""
        now = self._clock_ns()
        item = case.content.get("item", "")
        request = Request(
            case.kind, rights.CONTACT_FORM, case.subject, case.opened_ns, item=item, topic=case.topic
        )
        return rights.decide(policy, request, case.verification, case.id, now)

    def sort(self, id_: str, kind: str) -> None:
        """The office takes a case for what it is: about user information, of this kind."""
        with self._tables.turn() as db:
            sql = "UPDATE inquiry SET kind = ?, topic = ? WHERE id = ?"
            db.execute(sql, (kind, rights.TOPIC, id_))

    def answer(self, policy: Policy, id_: str, text: str) -> None:
        """Keep the office's answer. Refused unless the sender is verified and may have it (D-06)."""
        case = self.get(id_)
        ruling = self.ruling(policy, case)
        if ruling.outcome != reasons.ALLOW:
            raise Refused(ruling.reason, f"case {id_}: {ruling.reason}", ruling.remedy())
        self._end(id_, ANSWERED, text)

    def close(self, id_: str) -> None:
        """End a case without an answer: its sender did not prove who they are, or took it back."""
        self._end(id_, CLOSED, "")

    def purge(self) -> int:
        """Delete cases that ended longer ago than they are kept; how many."""
        before = self._clock_ns() - KEPT_NS
        with self._tables.turn() as db:
            sql = "DELETE FROM inquiry WHERE state != ? AND closed_ns < ?"
            gone = db.execute(sql, (OPEN, before)).rowcount
        self._tables.overwrite()
        return gone

    def forget(self, subject: str, before_ns: int = FOREVER) -> None:
        """Delete the cases of a wearer that have ended; one that is open is needed until its answer."""
        with self._tables.turn() as db:
            sql = "DELETE FROM inquiry WHERE subject = ? AND opened_ns <= ? AND state != ?"
            db.execute(sql, (subject, before_ns, OPEN))

    def _end(self, id_: str, state: str, text: str) -> None:
        sql = "UPDATE inquiry SET state = ?, answer = ?, closed_ns = ? WHERE id = ? AND state = ?"
        with self._tables.turn() as db:
            db.execute(sql, (state, self._hide({"text": text}), self._clock_ns(), id_, OPEN))

    def _read(self, row: Row) -> Inquiry:
        id_, opened, due, state, kind, topic, subject, content, verification, answer = row
        found = self._show(verification)
        verified = Verification(**found) if found else None
        text = self._show(answer).get("text", "")
        written = self._show(content)
        return Inquiry(id_, opened, due, state, kind, topic, subject, written, verified, text)

    def _hide(self, value: dict[str, Any]) -> bytes:
        return encrypted.for_office(self._vault, json.dumps(value, ensure_ascii=False).encode())

    def _show(self, data: bytes) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(encrypted.at_office(self._vault, data))
        return value


def _hashed(code: str) -> bytes:
    return hashlib.sha256(code.encode()).digest()
