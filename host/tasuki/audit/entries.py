"""What stands in an entry: JSON with `v`, `source`, `n` and `type`, never a payload, never a raw id.

| type | source | says |
| --- | --- | --- |
| decision | outbox | a decision about (subject, item, purpose, destination) unlike the one before |
| epoch | outbox | of one epoch: the decisions about every block, and frames that were dropped before |
| dropped | outbox | frames that were dropped after the last epoch |
| block | outbox | a decision about one block when it was to be sent, where it was another than before |
| consent | consent | what a wearer said |
| register | registers | a destination, garment, wearer binding or other entry is new, changed or gone |
| ticket | tickets | an exception ticket was filed, signed, revoked, or its subjects were told |
| release | releases | a statistic was released (tasuki.stats) |
| policy | registers | the documents that decisions rest on from now on |
| access | access | a person of the staff saw or did something |

`n` counts per source from 1 without a gap, so an entry that never arrived shows. docs/formats.md has
every field.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from tasuki.audit.names import STRANGER
from tasuki.consent.decision import Decision
from tasuki.consent.events import Event
from tasuki.consent.policy import Policy
from tasuki.consent.ticket_book import TicketEvent
from tasuki.consent.tickets import Ticket

VERSION = 1

Dropped = Mapping[tuple[str, str], int]  # (reason code, item) to frames


# One encoder for all: `json.dumps` with these arguments makes a new one every time.
_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


def body(fields: Mapping[str, Any]) -> str:
    """An entry without its head (`v`, `source`, `n`), as it waits to be collected; never empty."""
    return _encode(fields)


def text(source: str, n: int, body: str) -> bytes:
    """An entry's bytes: its body with a head. They are kept as they are; nobody has to make them again."""
    return f'{{"v":{VERSION},"source":"{source}","n":{n},{body[1:]}'.encode()


def decision(at_ns: int, number: int, subject: bytes, decided: Decision, policy: Policy) -> dict[str, Any]:
    """A decision that is new; entries of blocks refer to it by its number. policy: the one it rests on."""
    pair = policy.pairs.get((decided.item, decided.purpose))
    overrides = [answer.rule for answer in pair.overrides] if pair else []
    return {
        "type": "decision",
        "at": _ms(at_ns),
        "decision": number,
        "subject": subject.hex(),
        "item": decided.item,
        "purpose": decided.purpose,
        "destination": decided.destination,
        "action": decided.action,
        "outcome": decided.outcome,
        "reason": decided.reason,
        "rules": list(decided.rules),
        "overrides": overrides,
        "policy": policy.hash.hex(),
        "documents": decided.evidence.hex(),
    }


def epoch(
    at_ns: int, hub: bytes, session: int, number: int, blocks: Mapping[int, Iterable[int]], frames: Dropped
) -> dict[str, Any]:
    """What became of an epoch: stream to the numbers of the decisions, one for each destination."""
    fields: dict[str, Any] = {
        "type": "epoch",
        "at": _ms(at_ns),
        "hub": hub.hex(),
        "session": session,
        "epoch": number,
        "blocks": {str(stream): list(decisions) for stream, decisions in blocks.items()},
    }
    return {**fields, "dropped": _by_item(frames)} if frames else fields


def dropped(at_ns: int, frames: Dropped) -> dict[str, Any]:
    """Frames that were refused after the last epoch, before anything else looked at them (rule A-04)."""
    return {"type": "dropped", "at": _ms(at_ns), "dropped": _by_item(frames)}


def block(at_ns: int, block_id: str, number: int) -> dict[str, Any]:
    """What was decided about one block when it was to be sent: the number of that decision."""
    return {"type": "block", "at": _ms(at_ns), "block": block_id, "decision": number}


def consent(event: Event, subject: bytes) -> dict[str, Any]:
    """What a wearer said, and from when it holds; who spoke for him only by the relation."""
    return {
        "type": "consent",
        "at": _ms(event.recorded_ns),
        "subject": subject.hex(),
        "said": event.decision,
        "purpose": event.purpose,
        "items": sorted(event.items),
        "effective": _ms(event.effective_ns),
        "notice": event.notice,
        "language": event.language,
        **({"by": event.relation} if event.relation else {}),
    }


def ticket(event: TicketEvent, about: Ticket, subjects: Iterable[bytes]) -> dict[str, Any]:
    """Something that was done to an exception ticket; what it states stays in the ticket book."""
    fields: dict[str, Any] = {
        "type": "ticket",
        "at": _ms(event.at_ns),
        "ticket": event.ticket,
        "what": event.what,
        "rule": about.rule,
        "recipient": about.recipient,
        "subjects": [name.hex() for name in subjects],
        "items": sorted(about.items),
    }
    return {**fields, "role": event.role} if event.role else fields


def register(at_ns: int, name: str, row: str, subject: bytes, state: str) -> dict[str, Any]:
    """A register entry as it is from now on: a keyed hash of all its fields, empty when it is gone."""
    fields = {"type": "register", "at": _ms(at_ns), "register": name, "row": row, "state": state}
    return {**fields, "subject": subject.hex()} if subject != STRANGER else fields


def access(at_ns: int, staff: bytes, what: str, subject: bytes, case: str) -> dict[str, Any]:
    """What a person of the staff saw or did, by keyed names; of a case its number."""
    fields = {"type": "access", "at": _ms(at_ns), "staff": staff.hex(), "what": what, "case": case}
    return {**fields, "subject": subject.hex()} if subject != STRANGER else fields


def policy(at_ns: int, in_force: Policy) -> dict[str, Any]:
    """The documents that decisions rest on from now on, in order of precedence (rules G-02, G-03).

    `products` has the same for what is measured by a product: with its individual terms.
    """
    return {
        "type": "policy",
        "at": _ms(at_ns),
        "version": in_force.version,
        "review_overdue": in_force.review_overdue,
        **_evaluated(in_force),
        "products": {name: _evaluated(policy) for name, policy in sorted(in_force.products.items())},
    }


def _evaluated(policy: Policy) -> dict[str, Any]:
    """The documents, and the hash of them all, which decisions name."""
    documents = [
        {"kind": document.kind, "version": document.version, "hash": document.hash.hex()}
        for document in policy.documents
    ]
    return {"evaluated": policy.evidence.hex(), "documents": documents}


def _by_item(frames: Dropped) -> dict[str, dict[str, int]]:
    """Item to reason to frames."""
    found: dict[str, dict[str, int]] = {}
    for (reason, item), n in sorted(frames.items()):
        found.setdefault(item, {})[reason] = n
    return found


def _ms(ns: int) -> int:
    return ns // 1_000_000
