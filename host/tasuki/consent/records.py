"""Consent records as JSON-LD: ISO/IEC TS 27560 in the terms of the W3C Data Privacy Vocabulary.

The shape follows DPV's guide for TS 27560 (https://w3id.org/dpv/guides/consent-27560): one
ConsentRecord per purpose, its events under hasConsentStatus. Items, purposes and what DPV has no word
for are those of our vocabulary, docs/consent-records.md. Nothing is ever fetched: the context stands
in the document, and the reader (record_reading) knows only this one.
"""

import json
from collections.abc import Iterable
from functools import cache
from importlib import resources
from typing import Any

from tasuki.consent import times
from tasuki.consent.events import GRANTED, REFUSED, WITHDRAWN, Event
from tasuki.consent.policy import Policy

PROFILE = "https://w3id.org/dpv/schema/dpv-27560#"
CONTROL = {"@type": ["dpv:ProvideConsent", "dpv:WithdrawConsent"], "dpv:isExercisedAt": "tasuki consent"}
STATUS = {
    GRANTED: ["dpv:ConsentGiven", "dpv:ExplicitlyExpressedConsent"],
    REFUSED: ["dpv:ConsentRefused"],
    WITHDRAWN: ["dpv:ConsentWithdrawn"],
}
WEARER = "dpv:DataSubject"
SPEAKER = {"parent": "dpv:ParentOfDataSubject", "guardian": "dpv:GuardianOfDataSubject"}
TERM = "garment:"  # namespace of our items and purposes


@cache
def context() -> dict[str, Any]:
    """The JSON-LD context of all our documents."""
    text = resources.files("tasuki.consent").joinpath("garment-context.jsonld").read_text("utf-8")
    found: dict[str, Any] = json.loads(text)["@context"]
    return found


def controller(policy: Policy) -> dict[str, str]:
    """Who decides on the processing, who manages it there, and how to reach them (rule R-01)."""
    return {
        "@type": "dpv:DataController",
        "dpv:hasName": policy.controller.ja,
        "dpv:hasContact": policy.contact.ja,
        "garment:dataManager": policy.data_manager.ja,
    }


def document(
    policy: Policy, subject: str, record_id: str, events: Iterable[Event], made_ns: int
) -> dict[str, Any]:
    """All that a wearer said, as a JSON-LD document of its own."""
    return {"@context": context(), "@graph": graph(policy, subject, record_id, events, made_ns)}


def graph(
    policy: Policy, subject: str, record_id: str, events: Iterable[Event], made_ns: int
) -> list[dict[str, Any]]:
    """One ConsentRecord per purpose, in the order in which they were first spoken of."""
    by_purpose: dict[str, list[Event]] = {}
    for event in events:
        by_purpose.setdefault(event.purpose, []).append(event)
    return [
        _record(controller(policy), subject, f"{record_id}/{place}", purpose, said, made_ns)
        for place, (purpose, said) in enumerate(by_purpose.items())
    ]


def _record(
    by: dict[str, str], subject: str, name: str, purpose: str, events: list[Event], made_ns: int
) -> dict[str, Any]:
    notices = {event_notice(event)["@id"]: event_notice(event) for event in events}
    return {
        "@id": f"urn:tasuki:record:{name}",
        "@type": "dpv:ConsentRecord",
        "dct:identifier": name,
        "dct:conformsTo": f"{PROFILE}record",
        "dct:created": times.exact(made_ns),
        "dpv:hasDataSubject": {"@type": WEARER, "dct:identifier": subject},
        "dpv:hasDataController": by,
        "dpv:hasProcess": {
            "@type": "dpv:Process",
            "dpv:hasPurpose": TERM + purpose,
            "dpv:hasPersonalData": _terms(set().union(*(event.items for event in events))),
        },
        "dpv:hasNotice": list(notices.values()),
        "dpv:hasConsentControl": CONTROL,
        "dpv:hasConsentStatus": [_status(event) for event in events],
    }


def event_notice(event: Event) -> dict[str, str]:
    """The notice that was shown; its id names version, language and text."""
    parts = event.notice, event.language, event.notice_hash
    return {
        "@id": f"urn:tasuki:notice:{':'.join(parts)}",
        "@type": "dpv:ConsentNotice",
        "dct:hasVersion": event.notice,
        "dct:language": event.language,
        "garment:textHash": event.notice_hash,
    }


def _status(event: Event) -> dict[str, Any]:
    speaker: Any = WEARER
    if event.by:
        speaker = {"@type": SPEAKER[event.relation], "dct:identifier": event.by}
    return {
        "@type": STATUS[event.decision],
        "dpv:isIndicatedAtTime": times.exact(event.at_ns),
        "garment:recordedAt": times.exact(event.recorded_ns),
        "dpv:isIndicatedBy": speaker,
        "dpv:hasIndicationMethod": event.origin,
        "dpv:hasPersonalData": _terms(event.items),
        "dpv:hasNotice": {"@id": event_notice(event)["@id"]},
    }


def _terms(items: Iterable[str]) -> list[str]:
    return [TERM + item for item in sorted(items)]
