"""Signatures on which verifiers disagree, with PyNaCl's verdict on each.

The curve has eight points of small order. Adding one of them to a public key
or to R makes signatures that one verifier takes and another refuses
(Chalkias, Garillot, Nikolaenko, "Taming the many EdDSAs", 2020). The hub
must say what the host's libsodium says.
"""

import hashlib
import random

import nacl.exceptions
import nacl.signing

from tasuki_hub import curve
from tasuki_hub.comb import ORDER
from tasuki_hub.steps import run

MESSAGE = b"tasuki"


def times(n, point):
    """n * point by doubling and adding."""
    out = curve.IDENTITY
    for bit in f"{n:b}":
        out = curve.double(out)
        if bit == "1":
            out = curve.add(out, curve.prepare(point))
    return out


def encode(point):
    """The bytes of a point."""
    return run(curve.encode_steps(point))


def small_points():
    """The eight points of small order, the identity first."""
    for y in range(2, 99):
        point = run(curve.decode_steps(y.to_bytes(32, "little")))
        of_small_order = times(ORDER, point) if point else curve.IDENTITY
        if not curve.same(times(4, of_small_order), curve.IDENTITY):
            return [times(i, of_small_order) for i in range(8)]
    raise AssertionError("no point of order 8")


def signed(secret, public, nonce, start):
    """A signature with a given public key and R, whatever their order."""
    k = int.from_bytes(hashlib.sha512(start + public + MESSAGE).digest(), "little")
    return start + ((nonce + k * secret) % ORDER).to_bytes(32, "little")


def verdict(public, message, signature):
    """PyNaCl's: True when the signature holds."""
    try:
        nacl.signing.VerifyKey(public).verify(message, signature)
    except nacl.exceptions.BadSignatureError:
        return False
    return True


def rows():
    """(public, message, signature, b"\\1" or b"\\0") of every case."""
    for public, message, signature in cases():
        yield public, message, signature, bytes([verdict(public, message, signature)])


def cases():
    """(public, message, signature) of every case."""
    rng = random.Random(7)
    secret, nonce = rng.randrange(ORDER), rng.randrange(ORDER)
    a, r = times(secret, curve.BASE), times(nonce, curve.BASE)
    small = small_points()
    for point in small:
        # a part of small order in the key, in R, or in both, where it may cancel out
        public = encode(curve.add(a, curve.prepare(point)))
        for other in small:
            start = encode(curve.add(r, curve.prepare(other)))
            yield public, MESSAGE, signed(secret, public, nonce, start)
        # nothing but a part of small order
        yield encode(point), MESSAGE, signed(0, encode(point), nonce, encode(r))
        yield encode(a), MESSAGE, signed(secret, encode(a), 0, encode(point))
        yield encode(point), MESSAGE, encode(point) + bytes(32)
    public = encode(a)
    good = signed(secret, public, nonce, encode(r))
    yield public, MESSAGE, good
    s = int.from_bytes(good[32:], "little")
    for n in range(1, 16):
        yield public, MESSAGE, good[:32] + (s + n * ORDER).to_bytes(32, "little")
    for y in (*range(19), curve.P - 1):
        for sign in (0, 1 << 255):
            # y and y + P, with and without a sign, as a key and as R
            for number in (y, (y + curve.P) % (1 << 255)):
                data = (number | sign).to_bytes(32, "little")
                yield data, MESSAGE, signed(secret, data, nonce, encode(r))
                yield public, MESSAGE, signed(secret, public, 0, data)
