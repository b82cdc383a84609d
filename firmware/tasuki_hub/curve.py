"""The group of Ed25519 over the interpreter's big ints (RFC 8032 section 5.1).

A point is (X, Y, Z, T) with x = X/Z, y = Y/Z, xy = T/Z. A point to be added
comes prepared as (y + x, y - x, 2dxy, 2z), for an affine one z = 1. The
formulas are those of Hisil, Wong, Carter and Dawson (Asiacrypt 2008, sections
3.1 and 3.3); they are complete here, so nothing is a special case.

Whoever brings faster field arithmetic replaces this file and nothing else:
the files above it hold points only to hand them back. Functions named
*_steps are generators that yield after a dozen field multiplications or so;
their value is the result.
"""

from tasuki_wire.constant import const

P = 2**255 - 19
D = 37095705934669439343138083508754565189542113879843219016388785533085940283555
_ROOT = const(19681161376707505956807079304988542015446066515923890162744021073123829784752)  # of -1
_2D = 2 * D % P
_MASK = const((1 << 255) - 1)

IDENTITY = (0, 1, 1, 0)
BASE = (
    15112221349535400772501151409588531511454012693041857206046113283949847762202,
    46316835694926478169428394003475163141307993866256225615783033603165251855960,
    1,
    46827403850823179245072216630277197565144205554125654976674165829533817101731,
)


def double(p):
    """2p; 8 multiplications."""
    x, y, z, _ = p
    a = x * x % P
    b = y * y % P
    c = 2 * z * z % P
    h = a + b
    e = h - (x + y) * (x + y) % P
    g = a - b
    f = c + g
    return e * f % P, g * h % P, f * g % P, e * h % P


def prepare(p):
    """A point as add() wants it."""
    x, y, z, t = p
    return y + x, y - x, t * _2D % P, 2 * z


def negate(q):
    """-q, of a prepared point."""
    return q[1], q[0], -q[2], q[3]


def add(p, q):
    """p + q, q prepared; 8 multiplications, one of them small when q is affine."""
    x, y, z, t = p
    yx, y_x, t2, z2 = q
    a = (y - x) * y_x % P
    b = (y + x) * yx % P
    c = t * t2 % P
    d = z * z2 % P
    e = b - a
    f = d - c
    g = d + c
    h = b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def same(p, q):
    """True when p and q are one point."""
    return (p[0] * q[2] - q[0] * p[2]) % P == 0 and (p[1] * q[2] - q[1] * p[2]) % P == 0


def of_small_order(p):
    """True for the eight points whose order divides 8."""
    return same(double(double(double(p))), IDENTITY)


def _raise_steps(a, n, b):
    """a ** (2**n) * b."""
    for i in range(n):
        a = a * a % P
        if i & 7 == 7:
            yield
    return a * b % P


def _power_steps(z):
    """(z ** (2**250 - 1), z ** 11), the part that roots and inverses share."""
    z2 = z * z % P
    z9 = yield from _raise_steps(z2, 2, z)
    z11 = z9 * z2 % P
    a5 = z11 * z11 % P * z9 % P  # a<n> is z ** (2**n - 1)
    a10 = yield from _raise_steps(a5, 5, a5)
    a20 = yield from _raise_steps(a10, 10, a10)
    a40 = yield from _raise_steps(a20, 20, a20)
    a50 = yield from _raise_steps(a40, 10, a10)
    a100 = yield from _raise_steps(a50, 50, a50)
    a200 = yield from _raise_steps(a100, 100, a100)
    a250 = yield from _raise_steps(a200, 50, a50)
    return a250, z11


def affine_steps(p):
    """(x, y) of a point."""
    a250, z11 = yield from _power_steps(p[2])
    inverse = yield from _raise_steps(a250, 5, z11)  # Z ** (P - 2)
    return p[0] * inverse % P, p[1] * inverse % P


def encode_steps(p):
    """The 32 bytes of a point: y, and the lowest bit of x on top."""
    x, y = yield from affine_steps(p)
    return (y | (x & 1) << 255).to_bytes(32, "little")


def decode_steps(data):
    """The point of 32 bytes, or None when there is none (RFC 8032 section 5.1.3).

    None as well for a y at or above P and for the x of 0 with a sign.
    """
    y = int.from_bytes(data, "little")
    sign = y >> 255
    y &= _MASK
    if y >= P:
        return None
    u = y * y - 1
    v = (D * y * y + 1) % P
    v3 = v * v * v % P
    a250, _ = yield from _power_steps(u * v3 * v3 * v % P)
    power = yield from _raise_steps(a250, 2, u * v3 * v3 * v % P)  # ** ((P - 5) / 8)
    x = u * v3 * power % P
    if (v * x * x - u) % P:
        x = x * _ROOT % P
        if (v * x * x - u) % P:
            return None
    if x & 1 != sign:
        if x == 0:
            return None
        x = P - x
    return x, y, 1, x * y % P


def _naf(scalar):
    """Width-5 non-adjacent form of a scalar below 2**254, lowest digit first.

    A digit is 0 or odd and from -15 to 15, kept modulo 32. Works on bytes,
    because shifting a big int bit by bit costs more than a point addition.
    """
    raw = scalar.to_bytes(34, "little")
    digits = bytearray(256)
    i = length = carry = 0
    while i < 255:
        bits = (raw[i >> 3] | raw[(i >> 3) + 1] << 8) >> (i & 7) & 31
        if bits & 1 == carry:
            i += 1
            continue
        digits[i] = bits + carry
        carry = digits[i] >> 4
        length = i + 1
        i += 5
    return digits[:length]


def difference_steps(comb, s, h, a):
    """s * BASE - h * a, both scalars at or above 0 and below 2**253; s goes through the comb.

    Its time depends on the scalars: for verification only.
    """
    table = [negate(prepare(a))]
    twice = prepare(double(a))
    point = a
    for _ in range(7):
        point = add(point, twice)
        table.append(negate(prepare(point)))
        yield
    digits = _naf(h)
    windows = comb.windows(s)
    point = IDENTITY
    for i in range(max(len(digits), comb.doublings + 1) - 1, -1, -1):
        point = double(point)
        yield
        if i < len(digits) and digits[i]:
            digit = digits[i]
            point = add(point, table[digit >> 1] if digit < 16 else negate(table[(32 - digit) >> 1]))
            yield
        if i <= comb.doublings and i % comb.width == 0:
            for q in comb.row(windows, i // comb.width):
                point = add(point, q)
                yield
    return point
