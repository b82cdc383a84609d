"""Every size of comb gives the same multiples of the base point."""

from tasuki_hub import _comb, comb, curve
from tasuki_hub.steps import run

SCALARS = (0, 1, 2, 3, 15, 16, 1 << 252, comb.ORDER - 1, comb.ORDER // 3, 0x0123456789ABCDEF << 180)


def doubled(n):
    """n * BASE by doubling and adding, the plainest way there is."""
    out = curve.IDENTITY
    base = curve.prepare(curve.BASE)
    for i in range(252, -1, -1):
        out = curve.double(out)
        if n >> i & 1:
            out = curve.add(out, base)
    return out


# a point of the curve: -x2 + y2 = 1 + d x2 y2
x, y = curve.BASE[:2]
assert (y * y - x * x - 1 - curve.D * x * x * y * y) % curve.P == 0
assert curve.same(doubled(comb.ORDER), curve.IDENTITY)

# the largest first: its table wants one piece of a heap that is not yet crumbled
sizes = [(5, 1), (4, 8), (4, 16), (3, 85), (2, 7), (6, 43)]
tables = [run(comb.table_steps(*size)) for size in sizes]
expected = [doubled(n) for n in SCALARS]
point = doubled(98765432123456789)
for (width, spacing), table in zip(sizes, tables):
    sized = comb.Comb(width, spacing, table)
    for n, multiple in zip(SCALARS, expected):
        assert curve.same(run(sized.multiply_steps(n)), multiple), (width, spacing, n)
        both = run(curve.difference_steps(sized, n, 7, point))
        seven = curve.add(curve.double(curve.double(curve.double(point))), curve.negate(curve.prepare(point)))
        assert curve.same(both, curve.add(multiple, curve.negate(curve.prepare(seven)))), (width, spacing, n)

# the committed table is the one that its builder makes
assert run(comb.table_steps(_comb.WIDTH, _comb.SPACING)) == _comb.TABLE

# a table of another size is refused
refused = False
try:
    comb.Comb(4, 8, bytes(6143))
except ValueError:
    refused = True
assert refused

# the form that verification cuts a scalar into stands for the scalar
for n in SCALARS + ((1 << 254) - 1, 0x5555 << 230, 31, 33):
    digits = curve._naf(n)
    assert sum([(digit - 32 if digit & 16 else digit) << i for i, digit in enumerate(digits)]) == n, n
    assert all([digit == 0 or digit & 1 for digit in digits])
