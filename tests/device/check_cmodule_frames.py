"""COBS, CRC and frames of the C module equal the wire's portable forms, and fill buffers in place."""

import binascii
import random

import _tasuki
import micropython

from tasuki_hub import fast, native
from tasuki_wire import cobs, codec, errors

MARK = b"\xa5"
random.seed(1123)

assert native.module is _tasuki
assert fast.encode_into is _tasuki.cobs_encode_into  # what check_cobs.py compares then


def some(n):
    """n bytes, at times of few values, so that zeros and long runs occur."""
    few = random.choice((b"\x00", b"\x01", b"\x00\x01\x02\x03\xff", None, None))
    return bytes([random.choice(few) if few else random.getrandbits(8) for _ in range(n)])


# any bytes unstuff to the same bytes or the same place of the same fault
faults = {-1: 0, -2: 0}
for case in range(4000):
    data = some(random.getrandbits(8) if case & 3 == 0 else random.getrandbits(4))
    n = len(data)
    mine = bytearray(MARK * (n + 8))
    portable = bytearray(MARK * (n + 8))
    length = _tasuki.cobs_decode_into(mine, data, n)
    try:
        assert cobs.decode_into(portable, data, n) == length
    except errors.Damaged as e:
        place = (-1 - length) >> 1
        expected = "zero at %d" % place
        if length & 1:
            expected = "code %d at %d of %d bytes" % (data[place], place, n)
        assert length < 0 and str(e) == "cobs: " + expected, (data, length, e)
        faults[-1 if length & 1 else -2] += 1
    assert mine == portable, data
    # in place, too
    if length >= 0:
        again = bytearray(data)
        assert _tasuki.cobs_decode_into(again, again, n) == length
        assert again[:length] == mine[:length]
assert min(faults.values()) > 100, faults

# exactly the room that is needed, and not a byte less
for n in list(range(12)) + [100, 252, 253, 254, 255, 507, 508, 509, 600]:
    for data in (some(n), bytes(n), b"\x01" * n):
        room = n + max(1, (n + 253) // 254)
        stuffed = bytearray(room)
        portable = bytearray(n + n // 254 + 1)
        length = _tasuki.cobs_encode_into(stuffed, data, n)
        assert stuffed[:length] == portable[: cobs.encode_into(portable, data, n)]
        try:
            _tasuki.cobs_encode_into(bytearray(room - 1), data, n)
            raise AssertionError(n)
        except IndexError:
            pass

# the CRC, in one piece and continued
for _ in range(300):
    data = some(random.getrandbits(8))
    seed = random.getrandbits(32)
    at = random.getrandbits(8)
    assert _tasuki.crc32(data) == binascii.crc32(data)
    assert _tasuki.crc32(data, seed) == binascii.crc32(data, seed)
    assert _tasuki.crc32(data[at:], _tasuki.crc32(data[:at], seed)) == binascii.crc32(data, seed)
assert _tasuki.crc32(b"123456789") == 0xCBF43926

# a frame as codec and cobs make it; the body is not touched
kinds = list(codec.KINDS.values())
for case in range(600):
    kind = kinds[case % len(kinds)]
    n = random.choice((16, 17, 100, 249, 250)) if case & 1 else random.randrange(16, 251)
    body = bytes((1, kind.number)) + some(n - 2)
    closed = bytearray(body) + bytes(4)
    closed_n = codec.close_frame_into(closed, n)
    expected = bytearray(MARK * 300)
    size = cobs.encode_into(expected, closed, closed_n)
    expected[size] = 0
    sent = bytearray(MARK * 300)
    assert _tasuki.frame_into(sent, body + b"more", n, kind.seed) == size + 1
    assert sent == expected
    exact = bytearray(n + 6)
    assert _tasuki.frame_into(exact, body, n, kind.seed) == n + 6
    try:
        _tasuki.frame_into(bytearray(n + 5), body, n, kind.seed)
        raise AssertionError(n)
    except IndexError:
        pass

# where a buffer for the result is handed in, no heap is needed
dst = bytearray(300)
out = bytearray(300)
body = bytes(range(100))
key = bytes(16)
micropython.heap_lock()
n = _tasuki.cobs_encode_into(dst, body, 100)
_tasuki.cobs_decode_into(out, dst, n)
_tasuki.frame_into(dst, body, 100, 7)
_tasuki.frame_leaf_into(out, 0, key, body)
micropython.heap_unlock()
