"""From where things happen to the log: consent events by their number, decisions from the spool, registers.

What is durable where it happened is collected in the order in which it happened there, each once: the
number up to which a source was taken is written in the transaction that appends. So after a crash the
next collection goes on where the log ends.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Protocol

from tasuki.audit import entries
from tasuki.audit.log import AuditLog, Overtaken, Taken
from tasuki.audit.names import subject_name
from tasuki.audit.rows import Row, rows
from tasuki.consent.events import ERASED, Event
from tasuki.consent.policy import Policy
from tasuki.consent.registers import Registers
from tasuki.consent.ticket_book import TicketEvent
from tasuki.consent.tickets import Ticket
from tasuki.vault.vault import Vault

SOURCES = ("outbox", "consent", "registers", "tickets", "releases")
OUTBOX, CONSENT, REGISTERS, TICKETS, RELEASES = SOURCES  # releases come from tasuki.stats
SIGN_EVERY_S = 600.0
_AT_ONCE = 10_000


class SpoolSource(Protocol):
    """What the outbox offers."""

    def audit_waiting(self, after: int, limit: int) -> list[tuple[int, str, str]]:
        """(number, body, name) of entries that the log may not have yet."""

    def audit_collected(self, upto: int) -> None:
        """The log holds these durably."""


class EventSource(Protocol):
    """What the consent book offers."""

    registers: Registers

    def recorded_after(self, number: int) -> list[Event]:
        """Events that were recorded after this number, in that order."""


class TicketSource(Protocol):
    """What the ticket book offers."""

    def recorded_after(self, number: int) -> list[tuple[TicketEvent, Ticket]]:
        """What was done to tickets after this number, in that order."""


class Collector:
    """Keeps the log up with its sources. Safe to call from one thread at a time."""

    def __init__(
        self,
        log: AuditLog,
        vault: Vault,
        in_force: Callable[[int], Policy | None],
        book: EventSource,
        outbox: SpoolSource,
        clock_ns: Callable[[], int] = time.time_ns,
        tickets: TicketSource | None = None,
    ) -> None:
        """in_force: the policy that decisions rest on at a moment, None while there is none."""
        self._log = log
        self._vault = vault
        self._in_force = in_force
        self._book = book
        self._outbox = outbox
        self._clock_ns = clock_ns
        self._tickets = tickets
        self._looked_at: int | None = None
        self._logged: Policy | None = None  # the policy that the log names last
        self._rows: dict[str, Row] = {}

    def collect(self) -> int:
        """Take what is new everywhere; how many entries that made. LinkLost when the log cannot be written.

        Policy, consent, tickets and registers go first, because decisions rest on them.
        """
        first = self._documents() + self._consents() + self._exceptions()
        return first + self._registers() + self._decisions()

    def keep_up(self) -> None:
        """Collect, and sign a checkpoint when the newest is old and something came since."""
        self.collect()
        size, at_ms = self._log.signed()
        if size < self._log.size and self._clock_ns() // 10**6 - at_ms > SIGN_EVERY_S * 1000:
            self._log.sign()

    def finish(self) -> None:
        """Collect the rest, and sign a checkpoint over all that no checkpoint covers yet."""
        self.collect()
        if self._log.size > self._log.signed()[0]:
            self._log.sign()

    def _documents(self) -> int:
        """The policy in force, when the log's newest is another one."""
        now_ns = self._clock_ns()
        policy = self._in_force(now_ns)
        if policy is None or policy is self._logged:
            return 0
        entry = entries.policy(now_ns, policy)
        newest = self._newest("policy/")
        made = []
        n = self._log.collected(REGISTERS)
        if any(newest.get(key) != value for key, value in entry.items() if key != "at"):
            made.append(_text(REGISTERS, n + 1, entry))
        if self._append(REGISTERS, n, n + len(made), made, [f"policy/{policy.version}/"]) == len(made):
            self._logged = policy
        return len(made)

    def _consents(self) -> int:
        done = self._log.collected(CONSENT)
        events = self._book.recorded_after(done)
        for event in events:
            if not event.subject.startswith(ERASED):
                self._vault.add_subject(event.subject)  # whoever speaks has a name in the log
        made = [
            _text(CONSENT, event.number, entries.consent(event, subject_name(self._vault, event.subject)))
            for event in events
        ]
        names = [f"consent/{event.number}/" for event in events]
        return self._append(CONSENT, done, events[-1].number if events else done, made, names)

    def _exceptions(self) -> int:
        """What was done to exception tickets."""
        done = self._log.collected(TICKETS)
        found = self._tickets.recorded_after(done) if self._tickets else []
        made = [
            _text(TICKETS, event.number, entries.ticket(event, ticket, self._names(ticket.subjects)))
            for event, ticket in found
        ]
        names = [f"ticket/{event.ticket}/" for event, _ in found]
        return self._append(TICKETS, done, found[-1][0].number if found else done, made, names)

    def _names(self, subjects: Iterable[str]) -> list[bytes]:
        return sorted(subject_name(self._vault, subject) for subject in subjects)

    def _decisions(self) -> int:
        taken, done = 0, self._log.collected(OUTBOX)
        while waiting := self._outbox.audit_waiting(done, _AT_ONCE):
            made = [entries.text(OUTBOX, n, body) for n, body, _ in waiting]
            last = waiting[-1][0]
            if not self._append(OUTBOX, done, last, made, [name for _, _, name in waiting]):
                break
            taken, done = taken + len(made), last
        if taken:
            self._outbox.audit_collected(done)
        return taken

    def _registers(self) -> int:
        """What registers say now against what they said at the last look, or in the log at the first one.

        What changed twice in between is one change. Another process may know of later changes than our
        registers, so only what changed here is told.
        """
        registers = self._book.registers
        if registers.version == self._looked_at:
            return 0
        now = {f"register/{row.register}/{row.name}/": row for row in rows(registers, self._vault)}
        before = self._rows
        changed = {name: row for name, row in now.items() if before.get(name) != row}
        changed |= {name: replace(row, state="") for name, row in before.items() if name not in now}
        fresh = {
            name: row for name, row in changed.items() if self._newest(name).get("state", "") != row.state
        }
        done, at_ns = self._log.collected(REGISTERS), self._clock_ns()
        made = [
            _text(REGISTERS, n, entries.register(at_ns, row.register, row.name, row.subject, row.state))
            for n, row in enumerate(fresh.values(), done + 1)
        ]
        if self._append(REGISTERS, done, done + len(made), made, list(fresh)) == len(made):
            self._looked_at, self._rows = registers.version, now
        return len(made)

    def _newest(self, prefix: str) -> dict[str, Any]:
        """The newest entry under a name; empty when there is none."""
        found = self._log.find(prefix)
        return self._log.fields(found[-1]) if found else {}

    def _append(self, source: str, after: int, upto: int, made: list[bytes], names: list[str]) -> int:
        """How many were appended: none when another process took them from the source before."""
        if not made:
            return 0
        try:
            self._log.append(
                made, ((name, at) for at, name in enumerate(names) if name), Taken(source, after, upto)
            )
        except Overtaken:
            return 0
        return len(made)


def _text(source: str, n: int, fields: Mapping[str, Any]) -> bytes:
    return entries.text(source, n, entries.body(fields))
