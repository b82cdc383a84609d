"""Tombstones as bytes: a recall that the service signed, so that a broker cannot make one up.

format u8, item u8, version u64, pseudonym 16, destination (UTF-8), signature 64 (domain `tombstone`)
"""

import struct
from collections.abc import Iterable

from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from tasuki.errors import Untrusted
from tasuki.sinks import Recall
from tasuki.vault.secret import Signer
from tasuki_wire import epoch, items, layout

FORMAT = 1
DOMAIN = "tombstone"
_HEAD = struct.Struct("<BBQ16s")


def pack(recall: Recall, signer: Signer) -> bytes:
    """The signed bytes of a recall."""
    item = items.NAMES.index(recall.item)
    body = _HEAD.pack(FORMAT, item, recall.version, recall.pseudonym) + recall.destination.encode()
    return body + signer.sign(DOMAIN, body)


def read(data: bytes, publics: Iterable[bytes]) -> Recall:
    """Read a recall that one of these Ed25519 keys signed; Untrusted("tombstone") when none did."""
    body, signature = data[: -layout.SIGNATURE_SIZE], data[-layout.SIGNATURE_SIZE :]
    if not any(_signed(body, signature, public) for public in publics):
        raise Untrusted("tombstone", "a tombstone that no known gateway signed")
    try:
        form, item, version, pseudonym = _HEAD.unpack_from(body)
        if form != FORMAT:
            raise ValueError(f"format {form}")
        return Recall(body[_HEAD.size :].decode(), pseudonym, items.NAMES[item], version)
    except (struct.error, ValueError, IndexError) as e:
        raise Untrusted("tombstone", "a tombstone that cannot be read") from e


def _signed(body: bytes, signature: bytes, public: bytes) -> bool:
    try:
        VerifyKey(public).verify(epoch.signed(DOMAIN, body), signature)
    except (BadSignatureError, ValueError):
        return False
    return True
