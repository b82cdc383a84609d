"""Multiples of the base point from a table: a signed comb of a size to choose.

A scalar is cut into windows of `width` bits whose digits are all odd, from
-(2**width - 1) to 2**width - 1, width at most 8, so every scalar takes the same number of
additions. Every `spacing`-th window has a row of its own in the table; the
windows between share it and cost doublings.

    width  spacing  rows x points  table bytes  additions  doublings
      5       1        51 x 16        78,336        51         0
      4       8         8 x 8          6,144        64        28
      4      16         4 x 8          3,072        64        60

On a Cortex-M3 an addition is 0.125 M instructions and a doubling 0.141 M; the
signature of an epoch is 11 M with the first and 17 M with the second, and a
verification 54 and 59 M, against 0.086 M for a block of SHA-512.

A table entry is (y + x, y - x, 2dxy) of an odd multiple, 32 bytes each,
little-endian. Frozen into an image it stays in flash; loaded from a file it
is RAM.
"""

from tasuki_hub import curve
from tasuki_wire.constant import const

ORDER = 2**252 + 27742317777372353535851937790883648493
_BITS = const(254)  # of an odd scalar below twice the order
_ENTRY = const(96)


class Comb:
    """A table with its measures."""

    def __init__(self, width, spacing, table):
        self.width = width
        self.spacing = spacing
        self.doublings = width * (spacing - 1)
        self._count = (_BITS + width - 1) // width
        self._half = 1 << (width - 1)
        self._table = table
        rows = (self._count + spacing - 1) // spacing
        if len(table) != rows * self._half * _ENTRY:
            raise ValueError("comb table of %d bytes" % len(table))

    def windows(self, scalar):
        """The scalar's windows, one a byte, lowest first; 0 <= scalar < ORDER.

        Value v stands for the digit 2v - 2**width + 1. Taken from bytes,
        because shifting a big int once a window costs more than the rest.
        """
        if not scalar & 1:
            scalar += ORDER
        end = self.width * self._count
        raw = ((scalar + (1 << end) - 1) >> 1).to_bytes(end // 8 + 2, "little")
        out = bytearray(self._count)
        for i in range(self._count):
            at = self.width * i
            out[i] = (raw[at >> 3] | raw[(at >> 3) + 1] << 8) >> (at & 7) & ((1 << self.width) - 1)
        return out

    def row(self, windows, shift):
        """The prepared points to add for the windows that lie `shift` above a row's own."""
        out = self._half * _ENTRY
        for i in range(shift, self._count, self.spacing):
            value = windows[i]
            index = value - self._half if value >= self._half else self._half - 1 - value
            point = self._entry(i // self.spacing * out + index * _ENTRY)
            yield point if value >= self._half else curve.negate(point)

    def _entry(self, at):
        """One prepared point of the table."""
        table = self._table
        return (
            int.from_bytes(table[at : at + 32], "little"),
            int.from_bytes(table[at + 32 : at + 64], "little"),
            int.from_bytes(table[at + 64 : at + 96], "little"),
            2,
        )

    def multiply_steps(self, scalar):
        """scalar * BASE, 0 <= scalar < ORDER, as a generator; yields after each point operation."""
        windows = self.windows(scalar)
        point = curve.IDENTITY
        for shift in range(self.spacing - 1, -1, -1):
            for q in self.row(windows, shift):
                point = curve.add(point, q)
                yield
            if shift:
                for _ in range(self.width):
                    point = curve.double(point)
                    yield
        return point


def table_steps(width, spacing):
    """Make the table of a comb, which takes as long as a few signatures for each row."""
    rows = (_BITS + width * spacing - 1) // (width * spacing)
    table = bytearray((rows << (width - 1)) * _ENTRY)
    at = 0
    base = curve.BASE
    for _ in range(rows):
        twice = curve.prepare(curve.double(base))
        point = base
        for _ in range(1 << (width - 1)):
            x, y = yield from curve.affine_steps(point)
            for part in (y + x, y - x, 2 * curve.D * x * y):
                table[at : at + 32] = (part % curve.P).to_bytes(32, "little")
                at += 32
            point = curve.add(point, twice)
        for _ in range(width * spacing):
            base = curve.double(base)
            yield
    return table


def stored():
    """The comb of this image: the large one where it was frozen in, else the small one."""
    try:
        from tasuki_hub import _comb_large as chosen
    except ImportError:
        from tasuki_hub import _comb as chosen
    return Comb(chosen.WIDTH, chosen.SPACING, chosen.TABLE)
