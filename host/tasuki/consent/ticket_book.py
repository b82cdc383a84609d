"""The ticket book: exception tickets and what became of them, as events in one SQLite file.

An event is never changed and never removed. What counts is worked out from the events each time:
a ticket that nobody revoked, with signatures of a data manager and of a second person in another
role, both of them in the register now and in office when they signed.
"""

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tasuki import database
from tasuki.consent import ticket_file, tickets
from tasuki.consent.policy import Policy
from tasuki.consent.stretch import ALWAYS
from tasuki.consent.tickets import Approver, Ticket
from tasuki.errors import LinkLost, Refused, Untrusted, UsageError

OPENED, SIGNED, REVOKED, TOLD = "opened", "signed", "revoked", "told"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS event (
  id INTEGER PRIMARY KEY AUTOINCREMENT, at_ns INTEGER NOT NULL, ticket TEXT NOT NULL, what TEXT NOT NULL,
  body TEXT NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS opened_once ON event (ticket) WHERE what = 'opened';
CREATE TRIGGER IF NOT EXISTS event_kept BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER IF NOT EXISTS event_held BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT, 'append-only'); END;
"""


@dataclass(frozen=True)
class TicketEvent:
    """Something that was done to a ticket. `by` is who did it: name and role, where they are known."""

    number: int
    at_ns: int
    ticket: str
    what: str
    by: str = ""
    role: str = ""


@dataclass
class Filed:
    """A ticket and what became of it.

    Attributes:
        signatures: public key to (signature, when it was made).
        revoked_ns, told_ns: when it was revoked, and its subjects told; None while that did not happen.
    """

    ticket: Ticket
    opened_ns: int
    signatures: dict[bytes, tuple[bytes, int]] = field(default_factory=dict)
    events: list[TicketEvent] = field(default_factory=list)
    revoked_ns: int | None = None
    told_ns: int | None = None

    def notice_overdue(self, now_ns: int) -> bool:
        """True when its subjects should have been told by now and were not."""
        notice_ns = self.ticket.notice_ns
        return notice_ns is not None and self.told_ns is None and notice_ns <= now_ns


class TicketBook:
    """One SQLite file. Several processes may have it open; `changed` tells what others wrote."""

    def __init__(self, path: Path, clock_ns: Callable[[], int] = time.time_ns) -> None:
        """Open or make the file; UsageError when it cannot be used."""
        self._db = database.connect(path, _SCHEMA)
        self._lock = threading.Lock()
        self._clock_ns = clock_ns
        self._seen = -1

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def open(self, ticket: Ticket, by: str) -> None:
        """File a ticket; it opens nothing before two persons sign it. UsageError when its id is taken."""
        body = {"ticket": ticket_file.to_json(ticket), "by": by}
        try:
            self._add(ticket.id, OPENED, body)
        except sqlite3.IntegrityError:
            raise UsageError(f"there is a ticket {ticket.id}", "Give it an id of its own.") from None

    def sign(self, ticket: str, approver: Approver, signature: bytes) -> None:
        """Add an approver's signature. Refused when it is none, or of somebody who is not in office now."""
        filed = self.filed(ticket)
        if filed.revoked_ns is not None:
            raise Refused("ticket_revoked", f"ticket {ticket} was revoked", "File a new one.")
        if not tickets.signed(approver, filed.ticket, signature, self._clock_ns()):
            raise Refused(
                "ticket_signature",
                f"{approver.name} did not sign ticket {ticket}, or is not in office now",
                "`tasuki policy parties show` says who is.",
            )
        body = {
            "by": approver.name,
            "role": approver.role,
            "public": approver.public.hex(),
            "signature": signature.hex(),
        }
        self._add(ticket, SIGNED, body)

    def revoke(self, ticket: str, by: str) -> None:
        """End a ticket at once; anybody may who is named."""
        self.filed(ticket)
        self._add(ticket, REVOKED, {"by": by})

    def tell(self, ticket: str, by: str) -> None:
        """Record that the subjects were told."""
        self.filed(ticket)
        self._add(ticket, TOLD, {"by": by})

    def all(self) -> list[Filed]:
        """Every ticket in the order of filing. Untrusted for what no book of ours has written."""
        found: dict[str, Filed] = {}
        for number, at_ns, ticket, what, text in self._rows(0):
            try:
                body = _body(at_ns, text)
                event = _event(number, at_ns, ticket, what, body)
                if what == OPENED:
                    found[ticket] = Filed(ticket_file.from_json(body["ticket"]), at_ns)
                _apply(found[ticket], event, body)
            except (ValueError, KeyError, TypeError) as e:
                raise Untrusted(
                    "damaged", f"the ticket book is damaged at event {number}: {e}", "Put back a backup."
                ) from e
        return list(found.values())

    def filed(self, ticket: str) -> Filed:
        """One ticket; UsageError when there is none of this id."""
        for filed in self.all():
            if filed.ticket.id == ticket:
                return filed
        raise UsageError(f"there is no ticket {ticket}", "`tasuki policy ticket show` lists them.")

    def admitted(self, approvers: Iterable[Approver], policy: Policy) -> list[Ticket]:
        """The tickets that are approved and not revoked; their own times are for the decision to look at."""
        approvers = list(approvers)
        return [filed.ticket for filed in self.all() if not standing(filed, approvers, policy)]

    def changed(self) -> bool:
        """True when something was written since the last time, here or elsewhere."""
        with self._lock:
            (newest,) = self._db.execute("SELECT coalesce(max(id), 0) FROM event").fetchone()
        changed, self._seen = newest != self._seen, newest
        return bool(changed)

    def recorded_after(self, number: int) -> list[tuple[TicketEvent, Ticket]]:
        """Events with a higher number and the tickets that they are about, for the audit log."""
        known = {filed.ticket.id: filed for filed in self.all()}
        events = [event for filed in known.values() for event in filed.events if event.number > number]
        events.sort(key=lambda event: event.number)
        return [(event, known[event.ticket].ticket) for event in events]

    def _add(self, ticket: str, what: str, body: dict[str, str]) -> None:
        row = (self._clock_ns(), ticket, what, json.dumps(body, ensure_ascii=False, sort_keys=True))
        with self._lock:
            try:
                self._db.execute("INSERT INTO event (at_ns, ticket, what, body) VALUES (?, ?, ?, ?)", row)
            except sqlite3.OperationalError as e:
                raise LinkLost(f"the ticket book cannot be written: {e}", "Free the disk; try again.") from e

    def _rows(self, after: int) -> list[tuple[int, int, str, str, str]]:
        sql = "SELECT id, at_ns, ticket, what, body FROM event WHERE id > ? ORDER BY id"
        with self._lock:
            return self._db.execute(sql, (after,)).fetchall()


def standing(filed: Filed, approvers: Iterable[Approver], policy: Policy) -> str:
    """Reason code why a ticket does not count; empty when it does."""
    if filed.revoked_ns is not None:
        return "ticket_revoked"
    in_office = [
        replace(one, dated=ALWAYS)  # judged by when each of them signed, not by now
        for one in approvers
        if one.public in filed.signatures
        and one.dated.since_ns <= filed.signatures[one.public][1] < one.dated.until_ns
    ]
    signatures = {public: signature for public, (signature, _) in filed.signatures.items()}
    try:
        tickets.admit(filed.ticket, signatures, in_office, policy, 0)
    except Refused as e:
        return e.reason
    return ""


def _apply(filed: Filed, event: TicketEvent, body: dict[str, str]) -> None:
    filed.events.append(event)
    if event.what == SIGNED:
        signature = bytes.fromhex(body["signature"])
        filed.signatures.setdefault(bytes.fromhex(body["public"]), (signature, event.at_ns))
    elif event.what == REVOKED:
        filed.revoked_ns = filed.revoked_ns or event.at_ns
    elif event.what == TOLD:
        filed.told_ns = filed.told_ns or event.at_ns
    elif event.what != OPENED:
        raise ValueError(f"unknown event {event.what!r}")


def _body(at_ns: Any, text: str) -> dict[str, str]:
    body = json.loads(text)
    if type(at_ns) is not int or not isinstance(body, dict) or any(type(v) is not str for v in body.values()):
        raise ValueError("a value of the wrong type")
    return body


def _event(number: int, at_ns: int, ticket: str, what: str, body: dict[str, str]) -> TicketEvent:
    return TicketEvent(number, at_ns, ticket, what, body["by"], body.get("role", ""))
