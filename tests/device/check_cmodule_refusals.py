"""The C module takes and refuses what libsodium does, and no wrong argument passes it."""

from array import array

import _tasuki
import hexlines

# points of small and mixed order, S out of range, y out of range: PyNaCl's verdict
verdicts = {True: 0, False: 0}
for public, message, signature, verdict in hexlines.rows("edges.txt"):
    held = _tasuki.ed25519_verify(public, message, signature)
    assert held is bool(verdict[0]), (public, signature, verdict)
    verdicts[held] += 1
assert verdicts[True] >= 5 and verdicts[False] >= 80, verdicts

seed = bytes(range(32, 64))
public = _tasuki.ed25519_public_key(seed)
message = b"tasuki/epoch/v1\x00" + bytes(range(16))
signature = _tasuki.ed25519_sign(seed, public, message)
whole = public + message + signature
for i in range(8 * len(whole)):
    bad = bytearray(whole)
    bad[i >> 3] ^= 1 << (i & 7)
    bad = bytes(bad)
    assert _tasuki.ed25519_verify(bad[:32], bad[32:-64], bad[-64:]) is False, i

# another length is refused, whatever the bytes
for bad_public, bad_signature in (
    (public[:31], signature),
    (public + b"\x00", signature),
    (b"", signature),
    (public, signature[:63]),
    (public, signature + b"\x00"),
    (public, b""),
):
    assert _tasuki.ed25519_verify(bad_public, message, bad_signature) is False


def refused(kind, function, *arguments):
    """The call must raise this error."""
    try:
        function(*arguments)
    except kind:
        return
    raise AssertionError((function, arguments))


key = bytes(16)
small = bytearray(23)
for length in (0, 31, 33, 64):
    refused(ValueError, _tasuki.ed25519_public_key, bytes(length))
    refused(ValueError, _tasuki.ed25519_sign, bytes(length), public, message)
    refused(ValueError, _tasuki.ed25519_sign, seed, bytes(length), message)
for bad in (None, 5, [1], 1.5):
    refused(TypeError, _tasuki.ed25519_public_key, bad)
    refused(TypeError, _tasuki.ed25519_sign, bad, public, message)
    refused(TypeError, _tasuki.ed25519_sign, seed, public, bad)
    refused(TypeError, _tasuki.ed25519_verify, public, bad, signature)
    refused(TypeError, _tasuki.sha512, bad)
    refused(TypeError, _tasuki.crc32, bad)
    refused(TypeError, _tasuki.cobs_decode_into, bytearray(9), bad, 1)
    refused(TypeError, _tasuki.frame_leaf, key, bad)
    refused(TypeError, _tasuki.node, bad, bytes(24))
    refused(TypeError, _tasuki.root, bad)
refused(TypeError, _tasuki.cobs_encode_into, bytes(9), b"a", 1)  # a result cannot go into bytes
refused(TypeError, _tasuki.frame_into, bytes(300), b"a", 1, 0)
refused(TypeError, _tasuki.frame_leaf_into, bytes(24), 0, key, b"")
refused(TypeError, _tasuki.cobs_encode_into, bytearray(9), b"a", None)
for n in (2, -1, 1 << 20, -(1 << 20)):
    refused(IndexError, _tasuki.cobs_encode_into, bytearray(9), b"a", n)
    refused(IndexError, _tasuki.cobs_decode_into, bytearray(9), b"\x01", n)
    refused(IndexError, _tasuki.frame_into, bytearray(9), b"a", n, 0)
for at in (-1, 1, 24, 1 << 20):
    refused(IndexError, _tasuki.frame_leaf_into, bytearray(24), at, key, b"")
refused(IndexError, _tasuki.frame_leaf_into, small, 0, key, b"")
refused(IndexError, _tasuki.frame_into, bytearray(400), bytes(251), 251, 0)
for length in (0, 15, 17):
    refused(ValueError, _tasuki.frame_leaf, bytes(length), b"")
    refused(ValueError, _tasuki.slot_keys, bytes(length))
    refused(ValueError, _tasuki.slot_root, bytes(length), b"", bytes(16))
    refused(ValueError, _tasuki.slot_root, bytes(256), b"", bytes(length))
refused(ValueError, _tasuki.frame_leaf, key, bytes(251))
refused(ValueError, _tasuki.node, bytes(23), bytes(24))
refused(ValueError, _tasuki.node, bytes(24), bytes(25))
for length in (0, 23, 25, 24 * 1025):
    refused(ValueError, _tasuki.root, bytes(length))
refused(ValueError, _tasuki.slot_root, bytes(256), bytes(47), key)
refused(ValueError, _tasuki.slot_root, bytes(256), bytes(48 * 16), key)
refused(ValueError, _tasuki.slot_root, bytes(256), b"\x0f" + bytes(47), key)  # slot 15 is the meta entry's

# a length in the frame ring that no frame has, and one that reaches beyond the ring
for n, at in ((251, 0), (1000, 0), (0xFFF0, 0), (200, 1900)):
    ring = bytearray(2000)
    ring[at] = n & 255
    ring[at + 1] = n >> 8
    state = array("I", [0, at, 1, at, 1, 0, 0, 0, 16])
    refused(IndexError, _tasuki.take_into, bytearray(300), state, ring, array("I", bytes(4 * 32)))

# the rings' functions by themselves, and the copies
short = array("I", [0, 0, 0])
frames = array("I", [0] * 8 + [16])
ring = bytearray(2000)
for place in (-1, 1999, 2000, 1 << 20):
    refused(IndexError, _tasuki.behind, ring, place)
refused(IndexError, _tasuki.ready, short, 0, 0, False)
refused(IndexError, _tasuki.go_on, short, ring)
refused(IndexError, _tasuki.keep, short, ring, b"a", 1)
for n in (-1, 2, 1 << 20):
    refused(IndexError, _tasuki.keep, frames, ring, b"a", n)
for at, start, n in (
    (-1, 0, 1),
    (0, -1, 1),
    (0, 0, -1),
    (24, 0, 0),
    (0, 10, 0),
    (20, 0, 4),
    (0, 5, 5),
    (0, 0, 1 << 20),
):
    refused(IndexError, _tasuki.copy_into, small, at, bytes(range(1, 10)), start, n)
refused(TypeError, _tasuki.copy_into, bytes(9), 0, b"a", 0, 1)
refused(TypeError, _tasuki.wipe, bytes(9))
refused(TypeError, _tasuki.wipe, None)
assert not any(ring) and list(frames) == [0] * 8 + [16]
assert small == bytes(23)
