"""Why a block went where it did: looked up in the log by the block's id."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tasuki.audit.log import AuditLog, damaged
from tasuki.audit.names import BlockId
from tasuki.consent import reasons
from tasuki.consent.decision import Decision
from tasuki.consent.documents import Words
from tasuki.errors import UsageError


@dataclass(frozen=True)
class Found:
    """One decision about the block.

    Attributes:
        decision: as it was taken; policy: hash of the policy that it was taken under, hexadecimal.
        at_ms: when, Unix milliseconds; for one at routing, when the block was routed.
        at_sending: False for the decision at routing.
        entries: numbers of the entries that say so.
    """

    decision: Decision
    policy: str
    at_ms: int
    at_sending: bool
    entries: tuple[int, ...]


@dataclass(frozen=True)
class Explained:
    """What the log knows of a block.

    Attributes:
        found: decisions, the last about a destination is the one that counts.
        dropped: item to reason to frames that were refused around this epoch before they were a block.
    """

    block: BlockId
    at_ms: int
    found: tuple[Found, ...]
    dropped: dict[str, dict[str, int]]
    entries: tuple[int, ...]


def block(log: AuditLog, id_: BlockId) -> Explained:
    """All decisions about a block; UsageError when the log does not know its epoch."""
    epochs = [(i, log.fields(i)) for i in log.find(id_.in_epoch)]
    if not epochs:
        hint = "The summary and the report print ids; is this the state folder of that run?"
        raise UsageError(f"the audit log knows no epoch of block {id_}", hint)
    found: list[Found] = []
    dropped: dict[str, dict[str, int]] = {}
    for index, fields in epochs:
        dropped |= fields.get("dropped", {})
        found += [
            _found(log, number, fields["at"], False, index)
            for number in fields["blocks"].get(str(id_.stream), ())
        ]
    for index in log.find(id_.late):
        fields = log.fields(index)
        found.append(_found(log, fields["decision"], fields["at"], True, index))
    used = sorted({index for one in found for index in one.entries} | {index for index, _ in epochs})
    return Explained(id_, epochs[0][1]["at"], tuple(found), dropped, tuple(used))


def as_json(explained: Explained, rules: Callable[[Found], Mapping[str, Words]]) -> dict[str, Any]:
    """For `--json`; rules: gives the sentences of the rules that a decision rests on."""
    return {
        "block": str(explained.block),
        "at_ms": explained.at_ms,
        "decisions": [
            {
                **decision_json(one.decision, rules(one)),
                "at_ms": one.at_ms,
                "at_sending": one.at_sending,
                "policy": one.policy,
                "entries": list(one.entries),
            }
            for one in explained.found
        ],
        "dropped": explained.dropped,
        "entries": list(explained.entries),
    }


def decision_json(decision: Decision, rules: Mapping[str, Words]) -> dict[str, Any]:
    """A decision with everything that explains it, in both languages."""
    return {
        "item": decision.item,
        "purpose": decision.purpose,
        "destination": decision.destination,
        "outcome": decision.outcome,
        "reason": decision.reason,
        "rules": [{"id": id_, "ja": words.ja, "en": words.en} for id_, words in rules.items()],
        "remedy": {"en": decision.remedy("en"), "ja": decision.remedy("ja")},
    }


def _found(log: AuditLog, number: int, at_ms: int, at_sending: bool, index: int) -> Found:
    (taken,) = log.find(f"decision/{number}/")[:1] or (None,)
    if taken is None:
        raise damaged(f"entry {index} speaks of decision {number}, which is not there")
    f = log.fields(taken)
    reason = f["reason"] if f["reason"] in reasons.REASONS else "unknown_item"
    decision = Decision(f["outcome"], reason, tuple(f["rules"]), f["item"], f["purpose"], f["destination"])
    return Found(decision, f["policy"], at_ms, at_sending, (taken, index))
