"""SHA-512 of the hub equals FIPS 180-4 and hashlib, in the fast and in the portable form."""

import sys

import hexlines

from tasuki_hub import _portable, sha512
from tasuki_hub.steps import run

KINDS = [_portable.compress, sha512.compress]
if sys.implementation.name == "micropython":
    assert sha512.compress is not _portable.compress


def cube_root(n):
    """Whole part of the cube root, by Newton's method from above."""
    x = 1 << 70
    while True:
        y = (2 * x + n // (x * x)) // 3
        if y >= x:
            return x
        x = y


# the constants are what FIPS 180-4 section 4.2.3 says they are
primes = [n for n in range(2, 410) if all([n % k for k in range(2, n)])]
assert len(primes) == 80
for i, prime in enumerate(primes):
    root = cube_root(prime << 192) & ((1 << 64) - 1)
    assert (sha512._CONSTANTS[2 * i], sha512._CONSTANTS[2 * i + 1]) == (root >> 32, root & 0xFFFFFFFF)

# every length around the ends of blocks, against hashlib
for message, digest in hexlines.rows("sha512.txt"):
    for compress in KINDS:
        assert run(sha512.portable_steps(message, compress)) == digest, (len(message), compress)
    assert run(sha512.sha512_steps(message)) == digest

# a digest in the making is not disturbed by another one
first = sha512.portable_steps(bytes(1000), sha512.compress)
next(first)
alone = run(sha512.portable_steps(bytes(1000), sha512.compress))
assert run(first) == alone

# it pauses after every block
assert len(list(sha512.portable_steps(bytes(1000), sha512.compress))) == 8
