"""A hub's statement that one key came after another, verified against itself.

Whether the old key is the one that is trusted now is for the register to say.
"""

import struct
from dataclasses import dataclass

import nacl.bindings as sodium
from nacl.exceptions import BadSignatureError

from tasuki.errors import Untrusted
from tasuki_wire import layout, succession


@dataclass(frozen=True)
class Succession:
    """What both keys signed (tasuki_wire.succession).

    Attributes:
        authority: key id of the consent authority that the hub obeys.
        old, public: the keys. session: the last one that the old key may have signed.
    """

    device: bytes
    authority: bytes
    old: bytes
    session: int
    public: bytes


def read(statement: bytes) -> Succession:
    """The statement, once both signatures were found right (RFC 8032, domain `succession`).

    Raises Untrusted("malformed", "wrong_version", "bad_signature").
    """
    try:
        form, device, authority, old, session, public, certified, possessed = succession.fields(statement)
    except struct.error:
        raise Untrusted("malformed", f"a succession of {len(statement)} bytes") from None
    if form != succession.FORMAT:
        raise Untrusted("wrong_version", f"succession of format {form}")
    if old == public or session >= layout.WORD:
        raise Untrusted("malformed", "a succession that changes nothing, or of no session")
    first, second = succession.signed_parts(statement)
    try:
        sodium.crypto_sign_open(certified + first, old)
        sodium.crypto_sign_open(possessed + second, public)
    except BadSignatureError:
        raise Untrusted("bad_signature", "a succession that these keys did not sign") from None
    return Succession(device, authority, old, session, public)
