"""Exception tickets: the only way to a third party (rules T-03 to T-06; T-02 refuses everything else).

A ticket states its ground with every condition that the clause has, names what goes and no more, ends
by itself, and says when the subject is told. It counts once the data manager (R-01) and a second
person in another role have signed it: Ed25519 over domain `ticket` and `body`.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from tasuki.consent.policy import Policy
from tasuki.consent.stretch import Dated
from tasuki.errors import Refused
from tasuki_wire import epoch

DATA_MANAGER = "data_manager"

_DAY_NS = 86_400_000_000_000


@dataclass(frozen=True)
class Ground:
    """One clause of section 5.3: its rule, what must be stated (all of it), the longest time it may last."""

    rule: str
    conditions: tuple[str, ...]
    longest_ns: int


GROUNDS: Mapping[str, Ground] = {
    "law": Ground("T-03", ("statute", "order", "scope"), 30 * _DAY_NS),
    "vital": Ground("T-04", ("danger", "consent_difficult"), 3 * _DAY_NS),
    "public_health_child": Ground("T-05", ("necessity", "consent_difficult"), 30 * _DAY_NS),
    "public_body": Ground("T-06", ("body", "duty", "cooperation", "consent_hinders"), 30 * _DAY_NS),
}


@dataclass(frozen=True)
class Ticket:
    """One exception.

    Attributes:
        id: unique, ASCII.
        basis: a key of GROUNDS; `stated` has an entry for each of its conditions.
        recipient: name of the destination.
        subjects, items: whose data and what of it; never everything. `device_id` among the items
            lets the device's signature go along.
        data: from when the data may be; dated: when it may be handed out.
        notice_ns: by when the subject is told, after the fact; None where telling is unlawful, with
            the reason in `notice_barred`.
    """

    id: str
    basis: str
    recipient: str
    subjects: frozenset[str]
    items: frozenset[str]
    data: Dated
    dated: Dated
    stated: Mapping[str, str]
    notice_ns: int | None
    notice_barred: str = ""

    @property
    def rule(self) -> str:
        """The clause that it rests on."""
        return GROUNDS[self.basis].rule


@dataclass(frozen=True)
class Approver:
    """A person who may sign tickets, with the public key (32 bytes) and since and until when."""

    name: str
    role: str
    public: bytes
    dated: Dated


def body(ticket: Ticket) -> bytes:
    """What is signed: canonical JSON of all fields, ASCII, keys sorted."""
    fields = {
        "basis": ticket.basis,
        "data": [ticket.data.since_ns, ticket.data.until_ns],
        "dated": [ticket.dated.since_ns, ticket.dated.until_ns],
        "id": ticket.id,
        "items": sorted(ticket.items),
        "notice_barred": ticket.notice_barred,
        "notice_ns": ticket.notice_ns,
        "recipient": ticket.recipient,
        "stated": dict(ticket.stated),
        "subjects": sorted(ticket.subjects),
    }
    return json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()


def admit(
    ticket: Ticket,
    signatures: Mapping[bytes, bytes],
    approvers: Iterable[Approver],
    policy: Policy,
    now_ns: int,
) -> Ticket:
    """The ticket, once it has been found whole and approved; give it to `Registers.admit`.

    signatures: by public key. Refused with the reason otherwise.
    """
    check(ticket, policy)
    found = [one for one in approvers if signed(one, ticket, signatures.get(one.public), now_ns)]
    managers = [one for one in found if one.role == DATA_MANAGER]
    others = [one for one in found if one.role != DATA_MANAGER]
    if not any(m.name != o.name and m.public != o.public for m in managers for o in others):
        raise _refused("ticket_not_approved", "The data manager and a second person in another role sign it.")
    return ticket


def check(ticket: Ticket, policy: Policy) -> None:
    """Refused when a ticket states too little or asks for too much; signatures are `admit`'s."""
    _check_ground(ticket)
    _check_scope(ticket, policy)
    _check_notice(ticket)


def _check_ground(ticket: Ticket) -> None:
    ground = GROUNDS.get(ticket.basis)
    if ground is None:
        raise _refused("ticket_ground", f"Rest it on one of {', '.join(GROUNDS)}.")
    missing = [name for name in ground.conditions if not ticket.stated.get(name, "").strip()]
    if missing:
        raise _refused("ticket_condition", f"State {', '.join(missing)}: {ground.rule} asks for all of it.")
    if ticket.dated.until_ns - ticket.dated.since_ns > ground.longest_ns:
        raise _refused("ticket_too_long", f"{ground.rule} lasts {ground.longest_ns // _DAY_NS} days at most.")


def _check_scope(ticket: Ticket, policy: Policy) -> None:
    unknown = sorted(item for item in ticket.items if policy.category(item) is None)
    if not ticket.id or not ticket.recipient or not ticket.subjects or not ticket.items or unknown:
        raise _refused("ticket_scope", "Name id, recipient, subjects and items of the policy.")
    if ticket.items == frozenset(policy.category_of):
        raise _refused("ticket_scope", "Name the items that are needed, not all there are.")
    if ticket.data.until_ns > ticket.dated.until_ns or ticket.data.since_ns < 0:
        raise _refused("ticket_scope", "Say from when to when the data is; an open end is refused.")


def _check_notice(ticket: Ticket) -> None:
    told, barred = ticket.notice_ns is not None, bool(ticket.notice_barred.strip())
    if told == barred or (ticket.notice_ns is not None and ticket.notice_ns < ticket.dated.since_ns):
        raise _refused("ticket_notice", "Say when the subject is told, or by which law it must not be.")


def signed(one: Approver, ticket: Ticket, signature: bytes | None, now_ns: int) -> bool:
    """True when this person, in office now, signed exactly this ticket."""
    if signature is None or not one.dated.since_ns <= now_ns < one.dated.until_ns:
        return False
    try:
        VerifyKey(one.public).verify(epoch.signed("ticket", body(ticket)), signature)
    except (BadSignatureError, ValueError, TypeError):
        return False
    return True


def _refused(code: str, hint: str) -> Refused:
    return Refused(code, f"the exception ticket does not count ({code})", hint)
