"""An exception ticket as a TOML file, and as the JSON that the ticket book keeps.

format = 1
id = "2026-0001"
basis = "law"                      # or "vital", "public_health_child", "public_body"
recipient = "tokyo-district-court" # a third party's name; not one of the register's
subjects = ["hanako"]              # accounts
items = ["ecg"]                    # with "device_id" the hub's own proof may go along
data = { since = 2026-03-01T00:00:00+09:00, until = 2026-03-02T00:00:00+09:00 }   # measured then
open = { since = 2026-04-01T00:00:00+09:00, until = 2026-04-15T00:00:00+09:00 }   # handed out then
notice = 2026-05-01T00:00:00+09:00 # by when the subjects are told; or
# notice_barred = "the law that forbids it"

[stated]                           # every condition of the clause
statute = "Code of Civil Procedure 223"
order = "2026 (o) 12"
scope = "one day of ECG"
"""

import json
from pathlib import Path
from typing import Any

from tasuki.consent import strict
from tasuki.consent.policy import Policy
from tasuki.consent.stretch import Dated
from tasuki.consent.tickets import GROUNDS, Ticket, body, check
from tasuki.errors import UsageError

EXAMPLE = "\n".join(line.removeprefix("    ") for line in (__doc__ or "").splitlines()[2:]) + "\n"

_ID = r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}"
_NAME = r"[a-z0-9][a-z0-9._-]{0,62}"


def read(path: Path, policy: Policy) -> Ticket:
    """A ticket that lacks nothing but its signatures.

    UsageError when it is no ticket, Refused (`ticket_...`) when it states too little or asks too much.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as e:
        reason = e.strerror if isinstance(e, OSError) else "is not UTF-8 text"
        raise UsageError(f"ticket {path}: {reason}", "Give the path of a ticket (TOML).") from e
    return parse(text, policy, str(path))


def parse(text: str, policy: Policy, name: str = "ticket") -> Ticket:
    """A ticket given as text; as `read`."""
    top = strict.read(text, name)
    top.integer("format", 1, 1)
    stated = top.table("stated")
    ticket = Ticket(
        id=top.text("id", pattern=_ID),
        basis=top.one_of("basis", GROUNDS),
        recipient=top.text("recipient", pattern=_NAME),
        subjects=frozenset(top.names("subjects", r".{1,200}")),
        items=frozenset(top.some_of("items", policy.category_of)),
        data=_period(top.table("data")),
        dated=_period(top.table("open")),
        stated={key: stated.text(key) for key in stated.data},
        notice_ns=top.when("notice") if top.has("notice") else None,
        notice_barred=top.text("notice_barred", ""),
    )
    top.done()
    check(ticket, policy)
    return ticket


def to_json(ticket: Ticket) -> str:
    """What the book keeps: exactly what is signed."""
    return body(ticket).decode()


def from_json(text: str) -> Ticket:
    """A ticket of the book; ValueError when the text is none."""
    try:
        value: dict[str, Any] = json.loads(text)
        ticket = Ticket(
            id=value["id"],
            basis=value["basis"],
            recipient=value["recipient"],
            subjects=frozenset(value["subjects"]),
            items=frozenset(value["items"]),
            data=Dated(*value["data"]),
            dated=Dated(*value["dated"]),
            stated=value["stated"],
            notice_ns=value["notice_ns"],
            notice_barred=value["notice_barred"],
        )
        if to_json(ticket) != text:
            raise ValueError("not as it was written")
    except (KeyError, TypeError, AttributeError, RecursionError) as e:
        raise ValueError(f"no ticket: {e}") from e
    return ticket


def _period(table: strict.Table) -> Dated:
    since_ns, until_ns = table.when("since"), table.when("until")
    if since_ns >= until_ns:
        table.fail("until", "is not after `since`")
    table.done()
    return Dated(since_ns, until_ns)
