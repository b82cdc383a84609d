"""How a hub's key certifies the one after it: the statement that blob `succession` shows.

A table like those of layout.py, in a file of its own because a hub loads it
once in its life, if ever.
"""

import struct

from tasuki_wire import codec, epoch, layout
from tasuki_wire.constant import const

SUCCESSION = const(
    (
        ("format", "B", 1, "", 1, "1"),
        ("device", "s", 8, "", 1, "device id"),
        ("authority", "s", 8, "", 1, "key id of the consent authority that the hub obeys, before and after"),
        ("old", "s", 32, "", 1, "public key that certifies"),
        ("session", "I", 1, "", 1, "last session that the old key may have signed"),
        ("public", "s", 32, "", 1, "public key that is certified, born on the hub"),
        ("certified", "s", 64, "", 1, "Ed25519 by the old key over domain `succession` and the fields above"),
        ("possessed", "s", 64, "", 1, "Ed25519 by the new key over the same and `certified`"),
    )
)
FORMAT = 1
DOMAIN = epoch.signed("succession", b"")
_FORMAT = codec.struct_format(SUCCESSION)
SIZE = struct.calcsize(_FORMAT)
_HEAD = SIZE - 32 - 2 * layout.SIGNATURE_SIZE


def head(device: bytes, authority: bytes, old: bytes, session: int) -> bytes:
    """What the hub knows of a statement before the new key is drawn; authority is a key id."""
    return struct.pack(_FORMAT, FORMAT, device, authority, old, session, b"", b"", b"")[:_HEAD]


def fields(statement: bytes) -> "tuple[int, bytes, bytes, bytes, int, bytes, bytes, bytes]":
    """The values of a statement; struct.error unless it has exactly SIZE bytes. Nothing is verified."""
    return struct.unpack(_FORMAT, statement)


def signed_parts(statement: bytes) -> "tuple[bytes, bytes]":
    """What the old key signed, and what the new one did."""
    certified = SIZE - layout.SIGNATURE_SIZE
    return DOMAIN + statement[: certified - layout.SIGNATURE_SIZE], DOMAIN + statement[:certified]
