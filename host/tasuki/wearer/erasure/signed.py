"""Documents of an erasure that prove who made them: JSON in the domain `receipt` (SPEC.md, section 14).

As consent receipts: Ed25519 over the canonical JSON of all but the proof. The type in the document says
what it is, so that an order is no receipt and a consent receipt is neither.
"""

import base64
from collections.abc import Mapping
from typing import Any

from tasuki.consent import json_text, receipts
from tasuki.errors import Untrusted


def document(body: Mapping[str, Any], signer: receipts.Signs) -> dict[str, Any]:
    """The document with its proof."""
    signature = signer.sign(receipts.DOMAIN, json_text.canonical(dict(body)))
    proof = {
        "@type": receipts.ED25519,
        "garment:keyId": signer.key_id.hex(),
        "garment:signature": base64.b64encode(signature).decode(),
    }
    return {**body, receipts.PROOF: proof}


def verify(data: bytes, public_key: bytes, kind: str) -> dict[str, Any]:
    """What a document of a kind says, once the key has proved it; Untrusted for anything else."""
    body = receipts.proved(data, public_key)
    if body.get("@type") != kind:
        raise Untrusted("malformed", f"it is signed, and no {kind}")
    return body
