"""Who outside of the service may get what, in one state folder, kept up to date: parties.toml, suspended.json
and tickets.db.

Without a file there are no outside parties. A file that cannot be used when a program starts is
refused. When it breaks while a program runs, what held before goes on being decided by, but nothing
leaves for outside parties until it is whole again (`Registers.trouble`): neither a slip of an editor nor a
processor that somebody meant to strike out makes data go, or be thrown away, that should not.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tasuki.consent import parties_file, suspensions
from tasuki.consent.parties_file import Parties
from tasuki.consent.policy import Policy
from tasuki.consent.registers import (
    ATTESTED,
    DESTINATIONS,
    EXCEPTION,
    PROVED,
    THIRD_PARTY,
    Destination,
    Registers,
)
from tasuki.consent.ticket_book import TicketBook
from tasuki.consent.tickets import Ticket
from tasuki.errors import Untrusted, UsageError

PARTIES, TICKETS = "parties.toml", "tickets.db"


class PartyBook:
    """These files and what they say in the registers.

    Attributes:
        tickets: the ticket book.
        parties: what parties.toml says, as it was when it was whole last.
    """

    def __init__(
        self, folder: Path, registers: Registers, policy: Policy, clock_ns: Callable[[], int] = time.time_ns
    ) -> None:
        """UsageError for a register file that cannot be used, Untrusted for a damaged ticket book."""
        self._path = folder / PARTIES
        self._suspended_path = folder / suspensions.FILE
        self._suspended: dict[str, str] = {}
        self._registers = registers
        self._policy = policy
        self._stamp: tuple[int, ...] = ()
        self.parties = Parties()
        self.tickets = TicketBook(folder / TICKETS, clock_ns)
        try:
            self._read()
            self.tickets.changed()
            self._take()
        except BaseException:
            self.tickets.close()
            raise

    def close(self) -> None:
        """Close the ticket book."""
        self.tickets.close()

    def refresh(self) -> bool:
        """Learn what was changed since; True when there was something. Some microseconds."""
        new_file, new_tickets = self._stamps() != self._stamp, self.tickets.changed()
        if not new_file and not new_tickets:
            return False
        try:
            if new_file or self._registers.trouble:
                self._read()
            self._take()
            self._registers.trouble = ""
        except (UsageError, Untrusted) as e:
            self._registers.trouble = f"outside parties get nothing for now: {e}"
        return True

    def suspend(self, name: str) -> bool:
        """Suspend a processor, for every process and until it is registered anew (rule P-07).

        False when parties.toml has none of this name. UsageError when suspended.json cannot be used.
        """
        known = next((one for one in self.parties.processors if one.name == name), None)
        if known is None:
            return False
        suspensions.add(self._suspended_path, known)
        self.refresh()
        return True

    def _read(self) -> None:
        self._stamp = self._stamps()
        self._suspended = suspensions.read(self._suspended_path)
        self.parties = parties_file.read(self._path, self._policy) if _stamp(self._path) else Parties()

    def _stamps(self) -> tuple[int, ...]:
        return (*_stamp(self._path), 0, *_stamp(self._suspended_path))

    def _take(self) -> None:
        """Let the registers have what the files say, and nothing else of these kinds."""
        registers, parties = self._registers, self.parties
        approvers = {one.name: one for one in parties.approvers}
        tickets: dict[str, tuple[Ticket, ...]] = {}
        for ticket in self.tickets.admitted(approvers.values(), self._policy):
            tickets[ticket.recipient] = (*tickets.get(ticket.recipient, ()), ticket)
        known = {place.name: place for place in (*DESTINATIONS.values(), *parties.destinations)}
        third = {name: third_party(name, each) for name, each in tickets.items() if name not in known}
        new = {
            "destinations": {**known, **third},
            "processors": suspensions.applied(parties.processors, self._suspended),
            "modules": {one.name: one for one in parties.modules},
            "operators": dict(parties.operators),
            "approvers": approvers,
            "tickets": {name: each for name, each in tickets.items() if name in third},
        }
        if any(getattr(registers, name) != value for name, value in new.items()):
            for name, value in new.items():
                setattr(registers, name, value)
            registers.changed()


def registered(path: Path, policy: Policy) -> Parties:
    """What a register file says, with those suspended that suspended.json beside it names; UsageError."""
    found = parties_file.read(path, policy)
    known = suspensions.applied(found.processors, suspensions.read(path.with_name(suspensions.FILE)))
    return replace(found, processors=tuple(known.values()))


def third_party(name: str, tickets: tuple[Ticket, ...]) -> Destination:
    """Where tickets for one recipient let data go, in a form that carries no more than each allows."""
    form = PROVED if all("device_id" in ticket.items for ticket in tickets) else ATTESTED
    return Destination(name, THIRD_PARTY, EXCEPTION, form)


def _stamp(path: Path) -> tuple[int, ...]:
    """Changes when the file does; empty when there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return ()
    except OSError:
        return (0,)  # `read` says what is wrong with it
    return found.st_mtime_ns, found.st_size, found.st_ino
