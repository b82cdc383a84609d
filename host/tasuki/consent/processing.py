"""The record of processing activities (GDPR Art. 30) and the provision records (APPI 29, 30).

Both come out of the data that decisions are made by, so neither can say anything else than what the
system does.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tasuki.consent.events import BEGINNING, FOREVER
from tasuki.consent.parties import Processor
from tasuki.consent.policy import Policy
from tasuki.consent.registers import THIRD_PARTY, Destination, Registers
from tasuki.consent.stretch import Dated

_SECURITY = "4"  # section of the policy
_DAY_NS = 86_400 * 1_000_000_000

# Provision in the sense of APPI 27: entrusting at home is none (27(5)(i)), entrusting abroad is (28).
PROVISION_KINDS = (THIRD_PARTY, "processor_foreign")
GONE = "no_longer_registered"  # was provided to, so its record is kept (APPI 29, 30)


@dataclass(frozen=True)
class Provided:
    """What went to one recipient: a line of the decision log. Times in Unix nanoseconds."""

    subject: str
    item: str
    purpose: str
    destination: str
    first_ns: int
    last_ns: int
    blocks: int
    rules: tuple[str, ...]


def record(policy: Policy, registers: Registers, language: str = "en") -> dict[str, Any]:
    """The record of processing activities, one activity per purpose that the table has."""
    return {
        "type": "record_of_processing_activities",
        "basis": "GDPR Art. 30(1); APPI 32",
        "controller": policy.controller.in_(language),
        "data_manager": policy.data_manager.in_(language),
        "contact": policy.contact.in_(language),
        "policy": {"version": policy.version, "sha256": policy.hash.hex()},
        "documents": [
            {"kind": each.kind, "version": each.version, "sha256": each.hash.hex()}
            for each in policy.documents
        ],
        "activities": [
            _activity(policy, purpose, registers, language)
            for purpose in policy.purposes
            if policy.items_for(purpose)
        ],
        "processors": [_processor(each) for each in registers.processors.values()],
        "modules": [
            {"name": each.name, "vendor": each.vendor, "country": each.country, "notice": each.notice}
            for each in registers.modules.values()
        ],
        "security_measures": [
            {"rule": rule.id, "measure": rule.do}
            for rule in policy.clauses.values()
            if rule.section == _SECURITY
        ],
        "legal_duties": [
            {"article": duty.article, "duty": duty.words.in_(language), "days": duty.days or None}
            for duty in policy.duties.values()
        ],
    }


def provisions(
    policy: Policy, provided: Iterable[Provided], destinations: Mapping[str, Destination]
) -> dict[str, Any]:
    """The provision records: recipient, person (by pseudonym), items, purpose, when, and until when kept."""
    days = policy.duties["provision_record"].days if "provision_record" in policy.duties else 0
    return {
        "type": "provision_records",
        "basis": "APPI 29, 30",
        "controller": policy.controller.ja,
        "kept_days": days,
        "records": [
            {
                "recipient": each.destination,
                "recipient_kind": _kind(each.destination, destinations),
                "person": each.subject,
                "items": [each.item],
                "purpose": each.purpose,
                "first": _iso(each.first_ns),
                "last": _iso(each.last_ns),
                "blocks": each.blocks,
                "rules": list(each.rules),
                "keep_until": _iso(each.last_ns + days * _DAY_NS),
            }
            for each in provided
            if _kind(each.destination, destinations) in (*PROVISION_KINDS, GONE)
        ],
    }


def _kind(destination: str, destinations: Mapping[str, Destination]) -> str:
    return destinations[destination].kind if destination in destinations else GONE


def _activity(policy: Policy, purpose: str, registers: Registers, language: str) -> dict[str, Any]:
    items = policy.items_for(purpose)
    numbers = sorted({policy.category_of[item] for item in items})
    places = [each for each in registers.destinations.values() if each.purpose == purpose]
    return {
        "purpose": purpose,
        "wording": policy.words[purpose].in_(language),
        "legal_basis": "consent per item and purpose (GDPR 6(1)(a), 9(2)(a); APPI 18, 20(2))",
        "rules": sorted({policy.own[item].allow[purpose] for item in items}),
        "data_subjects": ["wearer", "account holder"],
        "categories": [
            {
                "category": number,
                "name": policy.categories[number].name,
                "items": [item for item in items if policy.category_of[item] == number],
                "sensitive": [item for item in items if _sensitive(policy, item, number)],
                "retention_days": policy.categories[number].retention_ns // _DAY_NS,
            }
            for number in numbers
        ],
        "recipients": [{"name": each.name, "kind": each.kind, "form": each.form} for each in places],
        "transfers_abroad": [_transfer(each, registers) for each in places if _abroad(each, registers)],
    }


def _abroad(place: Destination, registers: Registers) -> bool:
    party = registers.processors.get(place.party or place.name)
    return place.kind == "processor_foreign" or (party is not None and party.abroad)


def _transfer(place: Destination, registers: Registers) -> dict[str, Any]:
    """Where it goes, on what basis, what the wearer was told (GDPR 44-49, APPI 28); empty when not known."""
    party = registers.processors.get(place.party or place.name)
    return {
        "name": place.name,
        "country": party.country if party else "",
        "basis": party.basis if party else "",
        "information": dict(party.information) if party else {},
    }


def _processor(processor: Processor) -> dict[str, Any]:
    contract = processor.contract
    return {
        "name": processor.name,
        "country": processor.country,
        "basis": processor.basis,
        "fields": {purpose: sorted(items) for purpose, items in processor.fields.items()},
        **_period("contract", contract.dated if contract else None),
        "security_terms": contract.security if contract else "",
        "contract_sha256": contract.sha256 if contract else "",
        **_period("vetted", processor.vetting),
        "vetted_by": processor.vetted_by,
        **_period("supervised", processor.supervision),
        "supervised_by": processor.supervised_by,
        "suspended": processor.suspended,
        "subprocessors": list(processor.subprocessors),
    }


def _period(name: str, dated: Dated | None) -> dict[str, str]:
    """From when and until when; empty for what has no such end, or is not there."""
    since, until = (dated.since_ns, dated.until_ns) if dated else (BEGINNING, FOREVER)
    return {f"{name}_since": _iso(since), f"{name}_until": _iso(until)}


def _sensitive(policy: Policy, item: str, number: int) -> bool:
    return policy.items[item].category == number and policy.items[item].sensitive


def _iso(ns: int) -> str:
    """A moment in UTC; empty for what has no beginning or no end."""
    if not BEGINNING < ns < FOREVER:
        return ""
    return datetime.fromtimestamp(ns / 1e9, UTC).isoformat(timespec="milliseconds")
