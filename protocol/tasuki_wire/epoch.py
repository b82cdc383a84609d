"""Signed epochs: salted leaves, the tree over them, records, block disclosure.

One signature proves every frame of an epoch, and a block (one stream of one
epoch) can be withheld without breaking the proof of the others: each slot has
its own key, so that a hash of withheld bytes cannot be guessed, and every
slot has a leaf, used or not, so that its path does not tell.
"""

import hashlib
import struct

from tasuki_wire import codec, layout

TYPE_CHECKING = False
if TYPE_CHECKING:  # annotations are never evaluated on the hub
    from tasuki_wire.codec import Buffer

_ENTRY = codec.struct_format(layout.ENTRY)
_META = codec.struct_format(layout.META)
_NODE = layout.NODE_SIZE

RECORD = codec.number("epoch_record")
OPENING = codec.number("opening")
TOKEN = codec.number("token")
NO_PREV = bytes(32)


def sha256(data: "Buffer") -> bytes:
    """SHA-256 of bytes."""
    return hashlib.sha256(data).digest()


def slot_key(secret: bytes, slot: int) -> bytes:
    """K_s: the key of one slot, from the epoch secret."""
    return sha256(b"\x03" + secret + bytes((slot,)))[: layout.KEY_SIZE]


def frame_leaf(key: bytes, body: "Buffer") -> bytes:
    """Leaf of a frame; body is its header and payload, not stuffed, without CRC."""
    h = hashlib.sha256(b"\x00" + key)
    h.update(body)
    return h.digest()[:_NODE]


def node(left: "bytes | bytearray", right: "bytes | bytearray") -> bytes:
    """Inner node of any of the trees; 49 bytes are one SHA-256 block."""
    return sha256(b"\x01" + left + right)[:_NODE]


def root(leaves: "Buffer") -> bytes:
    """Root over leaves of 24 bytes, joined; an odd node is promoted, never doubled.

    The shape is that of RFC 9162 section 2.1. Needs at least one leaf.
    """
    level = bytearray(leaves)
    n = len(level) // _NODE
    while n > 1:
        for i in range(n // 2):
            at = 2 * _NODE * i
            parent = node(level[at : at + _NODE], level[at + _NODE : at + 2 * _NODE])
            level[_NODE * i : _NODE * (i + 1)] = parent
        if n & 1:
            level[_NODE * (n // 2) : _NODE * (n // 2 + 1)] = level[_NODE * (n - 1) : _NODE * n]
        n = (n + 1) // 2
    return bytes(level[:_NODE])


def pack_entry(
    stream: int,
    kind: int,
    first_seq: int,
    count: int,
    t0: "tuple[int, int]",
    t1: "tuple[int, int]",
    leaf_root: bytes,
) -> bytes:
    """Entry of a block; t0 and t1 are (high, low) words."""
    return struct.pack(_ENTRY, stream, kind, first_seq, count, t0[0], t0[1], t1[0], t1[1], leaf_root)


def unpack_entry(entry: "Buffer") -> "tuple[int, int, int, int, int, int, bytes]":
    """(stream, kind, first_seq, count, t0_us, t1_us, root)."""
    stream, kind, first, count, h0, l0, h1, l1, leaf_root = struct.unpack(_ENTRY, entry)
    return stream, kind, first, count, codec.time_us(h0, l0), codec.time_us(h1, l1), leaf_root


def pack_meta(reason: int, items: int, calibration: int) -> bytes:
    """Entry of slot 15; reason is an index of layout.CLOSE_REASONS."""
    return struct.pack(_META, reason, items, calibration, b"")


def slot_leaf(key: bytes, entry: bytes = b"") -> bytes:
    """Leaf of a slot: of its entry, or of nothing when it is unused."""
    return sha256(b"\x02" + key + entry)[:_NODE]


def slot_leaves(secret: bytes, entries: "dict[int, bytes]", meta: bytes) -> bytes:
    """The 16 slot leaves, joined; entries maps slot to entry bytes."""
    leaves = b""
    for slot in range(layout.META_SLOT):
        leaves += slot_leaf(slot_key(secret, slot), entries.get(slot, b""))
    return leaves + slot_leaf(slot_key(secret, layout.META_SLOT), meta)


def slot_path(leaves: bytes, slot: int) -> bytes:
    """The 4 nodes, joined, that lead from a slot's leaf to the epoch root."""
    level = [leaves[i : i + _NODE] for i in range(0, len(leaves), _NODE)]
    path = b""
    while len(level) > 1:
        path += level[slot ^ 1]
        level = [node(level[i], level[i + 1]) for i in range(0, len(level), 2)]
        slot >>= 1
    return path


def climb(slot: int, leaf: bytes, path: bytes) -> bytes:
    """Epoch root that follows from a slot's leaf and its path."""
    for i in range(0, 4 * _NODE, _NODE):
        other = path[i : i + _NODE]
        leaf = node(other, leaf) if slot & 1 else node(leaf, other)
        slot >>= 1
    return leaf


def signed(domain: str, body: bytes) -> bytes:
    """What is signed for a body, so that no signature serves as another type's."""
    if domain not in layout.DOMAINS:
        raise ValueError("no signature domain " + domain)
    return b"tasuki/" + domain.encode() + b"/v1\x00" + body


def key_id(public: bytes) -> bytes:
    """Key id of an Ed25519 public key."""
    return sha256(public)[: layout.ID_SIZE]


def token_id(token: bytes) -> bytes:
    """What an epoch record holds of a consent token (its bytes with signature)."""
    return sha256(token)[:16]


def record_body(
    device: bytes,
    key: bytes,
    session: int,
    epoch: int,
    prev: bytes,
    token_hash: bytes,
    epoch_root: bytes,
) -> bytes:
    """An epoch record up to its signature."""
    return codec.pack(RECORD, layout.VERSION, device, key, session, epoch, prev, token_hash, epoch_root, b"")[
        : -layout.SIGNATURE_SIZE
    ]


def possession_body(challenge: bytes, authority: bytes, device: bytes, public: bytes) -> bytes:
    """What a hub signs to show that it holds the key it just made."""
    return challenge + authority + device + public
