"""Consent receipts: what a wearer said, signed by the consent authority, for the wearer to keep.

A receipt is a DPV ConsentReceipt around the wearer's consent records. The signature is Ed25519 in
the domain `receipt` (SPEC.md, section 14) over the canonical JSON of all but the proof itself.
"""

import base64
import binascii
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from tasuki.consent import json_text, record_reading, records, times
from tasuki.consent.events import ConsentLog, Event, Span
from tasuki.consent.policy import Policy
from tasuki.errors import Untrusted
from tasuki_wire import epoch

DOMAIN = "receipt"
_KEYS = {
    "@context",
    "@id",
    "@type",
    "dct:identifier",
    "dct:conformsTo",
    "dct:created",
    "dct:publisher",
    "schema:recipient",
    "dpv:hasRecordOfActivity",
}
PROOF = "garment:proof"
ED25519 = "garment:Ed25519Signature"


class Signs(Protocol):
    """The consent authority's key."""

    @property
    def key_id(self) -> bytes:
        """SHA-256(public key)[:8]."""

    def sign(self, domain: str, body: bytes) -> bytes:
        """An Ed25519 signature in a domain, 64 bytes."""


@dataclass(frozen=True)
class Receipt:
    """A receipt that was verified.

    Attributes:
        identifier: of the receipt.
        subject: the wearer.
        issued_ns: Unix nanoseconds.
        events: what the wearer had said by then.
    """

    identifier: str
    subject: str
    issued_ns: int
    events: tuple[Event, ...]

    def state(self) -> dict[tuple[str, str], Span]:
        """By (item, purpose), what held when it was issued."""
        return ConsentLog(self.events).state(self.subject, self.issued_ns)


def issue(
    policy: Policy, subject: str, record_id: str, events: Iterable[Event], issued_ns: int, authority: Signs
) -> dict[str, Any]:
    """A signed receipt of all that a wearer said."""
    identifier = str(uuid.uuid4())
    body = {
        "@context": records.context(),
        "@id": f"urn:uuid:{identifier}",
        "@type": "dpv:ConsentReceipt",
        "dct:identifier": identifier,
        "dct:conformsTo": f"{records.PROFILE}receipt",
        "dct:created": times.exact(issued_ns),
        "dct:publisher": records.controller(policy),
        "schema:recipient": records.WEARER,
        "dpv:hasRecordOfActivity": records.graph(policy, subject, record_id, events, issued_ns),
    }
    signature = authority.sign(DOMAIN, json_text.canonical(body))
    proof = {
        "@type": ED25519,
        "garment:keyId": authority.key_id.hex(),
        "garment:signature": base64.b64encode(signature).decode(),
    }
    return {**body, PROOF: proof}


def verify(data: bytes, public_key: bytes, policy: Policy) -> Receipt:
    """What a receipt says, once the authority's key (32 bytes, from elsewhere) has proved it.

    Untrusted for anything forged, altered, cut, signed by another key or in another domain.
    """
    body = proved(data, public_key)
    if body.keys() != _KEYS or body["@type"] != "dpv:ConsentReceipt":
        raise Untrusted("malformed", "it is signed, and no receipt")
    record_reading.check_context(body["@context"])
    told = record_reading.told(body["dpv:hasRecordOfActivity"], policy, None)
    return Receipt(body["dct:identifier"], told.subject, times.of_exact(body["dct:created"]), told.events)


def proved(data: bytes, public_key: bytes) -> dict[str, Any]:
    """The JSON of a document in the domain of receipts without its proof, once the key has proved it.

    What kind of document it is the caller has to look at. Untrusted.
    """
    body = json_text.load(data)
    signature = _signature(body.pop(PROOF, None), public_key)
    try:
        VerifyKey(public_key).verify(epoch.signed(DOMAIN, json_text.canonical(body)), signature)
    except (BadSignatureError, ValueError):
        raise Untrusted("bad_signature", "the receipt was not signed by this key, or was altered") from None
    return body


def _signature(proof: Any, public_key: bytes) -> bytes:
    """The 64 bytes of a proof; Untrusted when it is none, or is by another key."""
    if not isinstance(proof, dict) or not isinstance(proof.get("garment:signature"), str):
        raise Untrusted("unsigned", "it has no proof")
    if proof.keys() != {"@type", "garment:keyId", "garment:signature"}:
        raise Untrusted("malformed", "its proof has other keys than a proof has")
    if proof["@type"] != ED25519:
        raise Untrusted("malformed", "its proof is of an unknown kind")
    if proof["garment:keyId"] != epoch.key_id(public_key).hex():
        raise Untrusted("wrong_key", "it names another key than the one that is trusted")
    try:
        found = base64.b64decode(proof["garment:signature"], validate=True)
    except (binascii.Error, ValueError):
        found = b""
    if len(found) != 64 or base64.b64encode(found).decode() != proof["garment:signature"]:
        raise Untrusted("bad_signature", "its signature is no 64 bytes of base64")
    return found
