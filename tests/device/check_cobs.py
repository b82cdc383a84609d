"""The hub's COBS gives what the wire's portable one and PyPI's cobs give, errors included."""

import random

import hexlines

from tasuki_hub import fast
from tasuki_wire import cobs, errors

SLACK = 8  # bytes past the end that must stay as they were


def filled(n):
    """A buffer of n bytes, with a mark in it and after it."""
    return bytearray(b"\xa5" * (n + SLACK))


def outcome(function, src, n, room):
    """What a call gives: its length and the bytes it wrote, or its error."""
    dst = filled(room)
    try:
        length = function(dst, src, n)
    except errors.WireError as e:
        return type(e), str(e), e.fault
    assert dst[length:] == b"\xa5" * (len(dst) - length)
    return length, bytes(dst[:length])


# frames that PyPI's cobs stuffed
for plain, stuffed in hexlines.rows("cobs.txt"):
    n = len(plain)
    assert outcome(fast.encode_into, plain, n, n + n // 254 + 1) == (len(stuffed), stuffed)
    assert outcome(fast.decode_into, stuffed, len(stuffed), len(stuffed)) == (n, plain)

# any bytes, whole or in part: same bytes or same error as the portable form
random.seed(1122)
kinds = set()
for case in range(3000):
    n = random.getrandbits(8) if case & 1 else random.getrandbits(4)
    few = random.getrandbits(1)
    data = bytearray([random.choice((0, 1, 2, 3, 255)) if few else random.getrandbits(8) for _ in range(n)])
    for taken in (n, n // 2):
        portable = outcome(cobs.decode_into, data, taken, n)
        assert outcome(fast.decode_into, data, taken, n) == portable, (data, taken)
        kinds.add(portable[0] if isinstance(portable[0], type) else "decoded")
        kinds.add(portable[1].split(" ")[0] if len(portable) == 3 else "")
        room = n + n // 254 + 1
        assert outcome(fast.encode_into, data, taken, room) == outcome(cobs.encode_into, data, taken, room)
assert kinds == {errors.Damaged, "decoded", "", "cobs:"}, kinds

# a slice of a larger buffer works as a buffer of its own
large = bytearray(range(1, 101))
assert fast.encode_into(memoryview(large)[50:], memoryview(large)[:40], 40) == 41
assert large[50:91] == bytes([41]) + bytes(range(1, 41)) and large[91] == 92

# a buffer that is too short is refused before anything is written past its end
for dst, src, n in ((10, 10, 10), (400, 10, 11), (255, 254, 254 + 1), (257, 256, 256 + 1)):
    for function in (fast.encode_into, fast.decode_into):
        refused = False
        try:
            function(bytearray(dst), b"\x01" * src, n)
        except (IndexError, errors.WireError):
            refused = True
        assert refused or (function is fast.decode_into and dst >= n), (dst, src, n)
