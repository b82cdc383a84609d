"""The certificates of this hub's key, kept for whoever asks (SPEC section 8.2).

A module in the place of an object, imported on use: as a taker of blobs it has
max_size, refuses and accept. The hub does not verify the chain, whose reader
must; it keeps none that names another hub or another key, and shows none that
was made for a key it has no more, unless that key certified the one it has.
"""

import binascii
import os
from hashlib import sha256

from tasuki_wire import codec
from tasuki_wire.constant import const

_FILE = const("/certificate")
_PART = const(200)

max_size = 3072


def refuses(hub):
    """A hub without a key has nothing to certify; a locked one keeps what it was shipped with."""
    if hub.keys.locked:
        return "not_allowed"
    return None if any(hub.public) else "no_key"


def accept(hub, path):
    """Keep the chain in this file, if its first certificate can be this hub's."""
    yield
    with open(path, "rb") as f:
        chain = f.read()
    if not _is_ours(hub, chain):
        return "mismatch"
    os.rename(path, hub.board.flash + _FILE)
    return "ok"


def _is_ours(hub, chain):
    return hub.public in chain and binascii.hexlify(hub.device) in chain


def kept(hub):
    """The chain as it was brought; empty when there is none of this key or of the one before it."""
    try:
        with open(hub.board.flash + _FILE, "rb") as f:
            chain = f.read()
    except OSError:
        return b""
    if not any(hub.public):
        return b""
    if _is_ours(hub, chain):
        return chain
    from tasuki_hub import rotation

    old = rotation.before(hub)
    return chain if old and old in chain else b""


def tell(hub, request, blob, data):
    """Answer size and hash of data, which is kept as this blob."""
    if not data:
        return hub.commands.answer(request, "blob_begin", "not_found")
    kind = codec.number("blob_begin")
    hub.link.answer(kind, codec.pack(kind, request, blob, len(data), sha256(data).digest()))


def tell_part(hub, request, offset, data):
    """Answer the part of data from offset on."""
    # a slice takes no number that is too big for a machine word
    part = data[offset : offset + _PART] if offset < max_size else b""
    if not part:
        return hub.commands.answer(request, "blob_data", "not_found")
    kind = codec.number("blob_data")
    hub.link.answer(kind, codec.pack(kind, request, offset, part))
