"""Proof of one block against a public key; the key never comes with the block."""

import struct
from collections.abc import Callable

import numpy as np
from nacl import bindings
from nacl.exceptions import BadSignatureError

from tasuki.block import Block
from tasuki.errors import Untrusted
from tasuki.native import epoch as native
from tasuki_wire import codec, epoch, layout

_DOMAIN = epoch.signed("epoch", b"")
_RECORD_BODY = codec.KINDS[epoch.RECORD].head_size - layout.SIGNATURE_SIZE


def signature_holds(record: bytes, public_key: bytes) -> bool:
    """True when the key signed this epoch record (RFC 8032, domain `epoch`)."""
    body, signature = record[:_RECORD_BODY], record[_RECORD_BODY:]
    try:
        bindings.crypto_sign_open(signature + _DOMAIN + body, public_key)
    except BadSignatureError:
        return False
    return True


KeyOf = Callable[[bytes], bytes]
"""Public key of a device id; raises Refused("unknown_hub"). One that knows of more than one key of a
device also has of_session(device, key_id, session), as register.HubKeys."""


def signing_key(key_of: KeyOf, device: bytes, key_id: bytes, session: int) -> bytes:
    """The key to hold an epoch against that names this device, key and session."""
    of_session = getattr(key_of, "of_session", None)
    key: bytes = of_session(device, key_id, session) if of_session else key_of(device)
    return key


def check_by(block: Block, key_of: KeyOf) -> None:
    """`check` by the key that signed the block's session."""
    check(block, signing_key(key_of, block.device, block.key_id, block.session))


def check(block: Block, public_key: bytes) -> None:
    """Raise Untrusted unless the key signed every byte that the block holds.

    Reasons: malformed, wrong_version, wrong_key, bad_signature (record), bad_bounds (entry,
    or frames against it), root_mismatch (path, leaves or frames). ValueError for
    a key of a wrong size.
    """
    if len(public_key) != bindings.crypto_sign_PUBLICKEYBYTES:
        raise ValueError(f"public key of {len(public_key)} bytes")
    _check_sizes(block)
    if block._record[0] < layout.OLDEST_VERSION or block._record[0] > layout.VERSION:
        raise Untrusted("wrong_version", f"wire version {block._record[0]:#x}")
    if block.key_id != epoch.key_id(public_key):
        raise Untrusted("wrong_key", "the block names another key")
    if not signature_holds(block.record, public_key):
        raise Untrusted("bad_signature", "the record was not signed by this key")
    _check_path(block)
    _check_entry(block)
    _check_leaves(block)
    _check_frames(block)


def _check_sizes(block: Block) -> None:
    """A longer path would climb to the same root, and one proof would have many spellings."""
    expected = (
        _RECORD_BODY + layout.SIGNATURE_SIZE,
        layout.ENTRY_SIZE,
        layout.KEY_SIZE,
        4 * layout.NODE_SIZE,
    )
    if tuple(map(len, (block.record, block.entry, block.slot_key, block.path))) != expected:
        raise Untrusted("malformed", "a part of the proof has another size")


def _check_path(block: Block) -> None:
    leaf = epoch.slot_leaf(block.slot_key, block.entry)
    if block.stream >= layout.STREAMS or epoch.climb(block.stream, leaf, block.path) != block._record[7]:
        raise Untrusted("root_mismatch", "the entry is not part of the signed epoch")


def _check_entry(block: Block) -> None:
    kind = codec.KINDS.get(block.kind)
    if kind is None or kind.item is None:
        raise Untrusted("bad_bounds", f"kind {block.kind} is no sample kind")
    if not 0 < block.count <= layout.MAX_BLOCK_FRAMES:
        raise Untrusted("bad_bounds", f"{block.count} frames")
    if not 0 <= block.t1_us - block.t0_us <= layout.MAX_BLOCK_US:
        raise Untrusted("bad_bounds", f"from {block.t0_us} to {block.t1_us} us")
    words = struct.unpack_from("<IIII", block.entry, 8)
    if max(words) >= layout.WORD or block._entry[2] + block.count > layout.WORD:
        raise Untrusted("bad_bounds", "a word of the entry is at or above 2**30")


def _check_leaves(block: Block) -> None:
    size = layout.NODE_SIZE
    places = block.places.astype(np.int64)
    absent = np.setdiff1d(np.arange(block.count), places)
    leaves = np.zeros((block.count, size), np.uint8)
    sizes = (len(block.lengths), len(block.leaves))
    if sizes != (len(places), size * len(absent)):
        raise Untrusted("root_mismatch", "frames and leaves do not add up")
    try:
        held = native.leaves(block.slot_key, block.frames, block.lengths)
        leaves[places] = np.frombuffer(held, np.uint8).reshape(-1, size)
        leaves[absent] = np.frombuffer(block.leaves, np.uint8).reshape(-1, size)
    except (ValueError, IndexError) as error:
        raise Untrusted("root_mismatch", "frames and leaves do not add up") from error
    if native.root(leaves.tobytes()) != block._entry[6]:
        raise Untrusted("root_mismatch", "frames or leaves are not those that were signed")


def _check_frames(block: Block) -> None:
    before = block.t0_us
    for place, body in zip(block.places.tolist(), block.bodies(), strict=True):
        if len(body) < layout.HEADER_SIZE:
            raise Untrusted("bad_bounds", f"frame {place} has {len(body)} bytes")
        _, kind, stream, _, seq, hi, lo = struct.unpack_from("<BBBBIII", body)
        time = codec.time_us(hi, lo)
        if (kind, stream, seq) != (block.kind, block.stream, block._entry[2] + place):
            raise Untrusted("bad_bounds", f"frame {place} belongs elsewhere")
        if not before <= time <= block.t1_us:
            raise Untrusted("bad_bounds", f"frame {place} is out of time order")
        before = time
