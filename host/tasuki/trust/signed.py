"""Documents of the factory: JSON that an order key signed, with the certificates that lead to the root.

    {"body": "<JSON text>", "signature": "<base64>", "certificates": "<PEM>"}

The body is kept as the text that was signed, so that no writer of JSON can change it.
"""

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import nacl.bindings as sodium
from cryptography import x509
from nacl.exceptions import BadSignatureError

from tasuki.errors import Untrusted
from tasuki.trust import certificates, names
from tasuki.vault.secret import Signer
from tasuki_wire import epoch

MOST_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True)
class Document:
    """A document whose signature held.

    Attributes:
        body: what it says. digest: SHA-256 of the text that was signed.
        signer: public key of the order key. maker: of the root at the end of its chain.
    """

    body: Mapping[str, Any]
    digest: bytes
    signer: bytes
    chain: tuple[x509.Certificate, ...]


def sign(domain: str, body: Mapping[str, Any], signer: Signer, chain: Iterable[x509.Certificate]) -> str:
    """The document as text; domain is one of layout.DOMAINS."""
    text = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    signature = signer.sign(domain, text.encode())
    whole = {
        "body": text,
        "signature": base64.b64encode(signature).decode(),
        "certificates": certificates.pem(chain).decode(),
    }
    return json.dumps(whole, ensure_ascii=False, indent=1) + "\n"


def read(domain: str, text: str, roots: Iterable[x509.Certificate]) -> Document:
    """Open a document; Untrusted says why it is not what an order key of a trusted root signed."""
    try:
        whole = json.loads(text)
        signed = str(whole["body"]).encode()
        signature = base64.b64decode(str(whole["signature"]), validate=True)
        body = json.loads(signed)
        chain = certificates.load(str(whole["certificates"]).encode())
    except (ValueError, KeyError, TypeError) as e:
        raise Untrusted("malformed", "this is no signed document") from e
    if not isinstance(body, dict):
        raise Untrusted("malformed", "this is no signed document")
    whole_chain = certificates.issuers(chain, roots)
    signer = whole_chain[0]
    try:
        usage = signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (x509.ExtensionNotFound, ValueError) as e:
        raise Untrusted("bad_chain", "the key that signed this is no order key") from e
    if names.ORDERS not in usage:
        raise Untrusted("bad_chain", "the key that signed this is no order key")
    public = certificates.public_key(signer)
    try:
        sodium.crypto_sign_open(signature + epoch.signed(domain, signed), public)
    except (BadSignatureError, ValueError):
        raise Untrusted("bad_signature", "the document was changed after it was signed") from None
    return Document(body, sha256(signed).digest(), public, tuple(whole_chain))
