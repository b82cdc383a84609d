"""The correction by what this interpreter has, C, viper or Python: the plain loop's bytes, no allocation."""

import gc
import struct
import sys

from tasuki_hub.drivers import _portable, kernels


class Numbers:
    """Numbers that look random and are the same everywhere (Numerical Recipes' LCG)."""

    def __init__(self):
        self.state = 1

    def below(self, n):
        """0 to n - 1."""
        self.state = (self.state * 1664525 + 1013904223) & 0xFFFFFFFF
        return (self.state >> 8) % n


numbers = Numbers()
EDGES = (-32768, -32767, -1, 0, 1, 8192, 32766, 32767)


def value():
    """An int16, often at an edge."""
    return EDGES[numbers.below(8)] if numbers.below(3) == 0 else numbers.below(65536) - 32768


for turn in range(500):
    columns = (1, 6, 14)[numbers.below(3)]
    n = 1 + numbers.below(8)
    records = b"".join([struct.pack("<h", value()) for _ in range(n * columns)])
    chosen = [i for i in range(columns) if numbers.below(2)]
    gains = (0, 1, 8192, 16384, 65535, numbers.below(65536))
    rows = [struct.pack("<BBhH", 3, i, value(), gains[numbers.below(6)]) for i in chosen]
    table = b"\xff" * 12 + b"".join(rows) + b"\xff" * 6
    mine = bytearray(b"\xa5\xa5" + records + b"\xa5\xa5")
    plain = bytearray(mine)
    kernels.calibrate(mine, 2, n, columns, table, 2, len(rows))
    _portable.calibrate(plain, 2, n, columns, table, 2, len(rows))
    assert mine == plain, (turn, columns, rows)

PLACES = (
    (-1, 1, 1, 0, 1),
    (0, 5, 1, 0, 1),
    (2, 4, 1, 0, 1),
    (0, 4, 1, 1, 1),
    (0, 4, 1, 0, 2),
    (0, 1, 0, 0, 1),
)
for place in PLACES:
    at, n, columns, first, count = place
    try:
        kernels.calibrate(bytearray(8), at, n, columns, bytes(6), first, count)
    except IndexError:
        continue
    raise AssertionError(place)

if sys.implementation.name == "micropython":
    buf = bytearray(6 * 28)
    table = b"".join([struct.pack("<BBhH", 4, i, i, 17000) for i in range(14)])
    kernels.calibrate(buf, 0, 6, 14, table, 0, 14)
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    for _ in range(50):
        kernels.calibrate(buf, 0, 6, 14, table, 0, 14)
    assert gc.mem_alloc() - before < 200, gc.mem_alloc() - before  # the loop's own numbers, nothing per call
    gc.enable()
