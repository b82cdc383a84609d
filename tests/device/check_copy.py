"""Bytes are copied and wiped to the place asked for and nowhere else, without an allocation."""

import gc
import sys

from tasuki_hub import fast

SOURCE = bytes(range(1, 41))

# every place and length, from bytes and from a part of a larger buffer
for at in range(0, 9, 4):
    for start in range(0, 9, 2):
        for n in range(24):
            for src in (SOURCE, memoryview(b"\xee" * 7 + SOURCE)[7:]):
                dst = bytearray(b"\xa5" * 40)
                fast.copy_into(dst, at, src, start, n)
                expected = bytearray(b"\xa5" * 40)
                expected[at : at + n] = SOURCE[start : start + n]
                assert dst == expected, (at, start, n)

# a place outside of a buffer is refused, and nothing is written
for at, start, n in ((-1, 0, 4), (0, -1, 4), (0, 0, -1), (37, 0, 4), (0, 37, 4), (41, 0, 0), (0, 0, 41)):
    dst = bytearray(40)
    refused = False
    try:
        fast.copy_into(dst, at, SOURCE, start, n)
    except IndexError:
        refused = True
    assert refused and dst == bytes(40), (at, start, n)

# a wiped buffer is zero to its ends, and its neighbours are left alone
whole = bytearray(b"\xa5" * 20)
fast.wipe(memoryview(whole)[5:15])
assert whole == b"\xa5" * 5 + bytes(10) + b"\xa5" * 5
fast.wipe(bytearray())

if sys.implementation.name == "micropython":
    large = bytearray(256)
    stuffed = bytearray(258)
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    fast.copy_into(large, 3, SOURCE, 2, 20)
    fast.wipe(large)
    fast.encode_into(stuffed, large, 256)
    fast.decode_into(large, stuffed, 256)
    after = gc.mem_alloc()
    gc.enable()
    assert after == before, after - before
