"""The hub packs as the vectors say and as the plain form does, without an allocation."""

import gc
import sys
from binascii import unhexlify

from tasuki_hub import packing
from tasuki_wire import codec
from tasuki_wire import packing as plain

_VECTORS = __file__[: -len("tests/device/check_packing.py")] + "protocol/vectors/packed.txt"
_AT = 16


def cases():
    """The lines of each case of the vector file."""
    case = {}
    with open(_VECTORS) as lines:
        for line in lines:
            line = line.rstrip("\n")
            if line and line[0] != "#":
                name, value = line.split(": ", 1)
                case[name] = value
            elif case:
                yield case
                case = {}
    yield case


def packed_by(pack_into, records, n, columns):
    """What a packer writes; it must keep within its room."""
    out = bytearray(b"\xa5" * 256)
    size = pack_into(out, _AT, b"\xee\xee\xee" + records, 3, n, columns)
    room = size or max(0, 2 * n * columns - 1)
    assert bytes(out[:_AT]) == b"\xa5" * _AT
    assert bytes(out[_AT + room :]) == b"\xa5" * (256 - _AT - room), (size, n, columns)
    return bytes(out[_AT : _AT + size])


class Numbers:
    """Numbers that look random and are the same everywhere (Numerical Recipes' LCG)."""

    def __init__(self):
        self.state = 1

    def below(self, n):
        """0 to n - 1."""
        self.state = (self.state * 1664525 + 1013904223) & 0xFFFFFFFF
        return (self.state >> 8) % n


count = 0
for case in cases():
    kind = codec.KINDS[int(case["number"])]
    records = unhexlify(case["records"])
    expected = unhexlify(case["payload"].replace("-", ""))
    n = len(records) // kind.row_size
    assert packed_by(packing.pack_into, records, n, kind.columns) == expected, case
    assert packed_by(plain.pack_into, records, n, kind.columns) == expected, case
    count += 1
assert count > 10

numbers = Numbers()
paid = 0
for turn in range(600):
    columns = (1, 6, 14)[turn % 3]
    n = 1 + numbers.below(234 // (2 * columns))
    records = bytearray(2 * columns * n)
    for c in range(columns):
        value = numbers.below(65536)
        reach = (0, 1, 3, 40, 700, 8192, 16384, 65535)[numbers.below(8)]
        for i in range(2 * c, len(records), 2 * columns):
            records[i] = value & 255
            records[i + 1] = value >> 8
            value = (value + numbers.below(2 * reach + 1) - reach) & 0xFFFF
    packed = packed_by(packing.pack_into, bytes(records), n, columns)
    assert packed == packed_by(plain.pack_into, bytes(records), n, columns), (turn, n, columns)
    if packed:
        assert plain.unpack(packed, columns) == bytes(records)
        paid += 1
assert 100 < paid < 600, paid

# a place outside of a buffer, or more than a frame holds, is refused and nothing is written
source = bytes(400)
for at, start, n, columns in (
    (-1, 0, 5, 1),
    (0, -1, 5, 1),
    (0, 0, -1, 1),
    (0, 0, 5, 0),
    (0, 0, 118, 1),
    (0, 0, 20, 6),
    (0, 0, 1, 118),
    (391, 0, 5, 1),
    (0, 391, 5, 1),
    (398, 0, 1, 14),
):
    out = bytearray(400)
    refused = False
    try:
        packing.pack_into(out, at, source, start, n, columns)
    except IndexError:
        refused = True
    assert refused and out == bytes(400), (at, start, n, columns)

if sys.implementation.name == "micropython":
    assert packing.FAST
    out = bytearray(256)
    source = bytes(range(120)) * 2
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    packing.pack_into(out, 16, source, 0, 19, 6)
    after = gc.mem_alloc()
    gc.enable()
    assert after == before, after - before
