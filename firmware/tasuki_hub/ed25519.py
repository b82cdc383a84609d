"""Ed25519 (RFC 8032), where the image has no C module for it.

Every function has a form named *_steps: a generator that yields every few
milliseconds of a small processor's work, so that sampling goes on in
between, and whose value is the result.

Signing takes the same number of field operations for every key, but
big ints do not take constant time; a hub whose power or timing an attacker
can measure needs the C module or a secure element.
"""

from tasuki_hub import comb, curve
from tasuki_hub.sha512 import sha512_steps
from tasuki_hub.steps import run

_TOP = 1 << 254
_ORDER = comb.ORDER
_BASE = comb.stored()


def _number(data):
    """A little-endian number."""
    return int.from_bytes(data, "little")


def _expand_steps(seed):
    """(secret scalar, prefix) of a seed: RFC 8032 section 5.1.5."""
    if len(seed) != 32:
        raise ValueError("seed of %d bytes" % len(seed))
    digest = yield from sha512_steps(seed)
    return _number(digest[:32]) & (_TOP - 8) | _TOP, digest[32:]


def public_key_steps(seed):
    """Public key, 32 bytes, of a seed of 32 bytes."""
    scalar, _ = yield from _expand_steps(seed)
    point = yield from _BASE.multiply_steps(scalar % _ORDER)
    return (yield from curve.encode_steps(point))


def sign_steps(seed, public, message):
    """Signature, 64 bytes: RFC 8032 section 5.1.6.

    `public` must be public_key(seed), computed on this hub and never taken
    from a message: two signatures of one message under different public keys
    give the secret away.
    """
    scalar, prefix = yield from _expand_steps(seed)
    r = _number((yield from sha512_steps(prefix + message))) % _ORDER
    point = yield from _BASE.multiply_steps(r)
    start = yield from curve.encode_steps(point)
    k = _number((yield from sha512_steps(start + public + message))) % _ORDER
    return start + ((r + k * scalar) % _ORDER).to_bytes(32, "little")


def verify_steps(public, message, signature):
    """True when the signature holds; any bytes may come in.

    Takes and refuses what libsodium 1.0.20 (PyNaCl 1.6) does. Where RFC 8032
    section 5.1.7 leaves a choice that is the equation without the cofactor,
    and no public key or R of small order. S at or above the group order, a
    public key that is no point and a y at or above 2**255 - 19 are refused
    as the RFC has it.
    """
    if len(public) != 32 or len(signature) != 64:
        return False
    s = _number(signature[32:])
    if s >= _ORDER:
        return False
    a = yield from curve.decode_steps(public)
    yield
    if not a or curve.of_small_order(a):
        return False
    yield
    start = signature[:32]
    h = _number((yield from sha512_steps(start + public + message))) % _ORDER
    expected = yield from curve.difference_steps(_BASE, s, h, a)
    if curve.of_small_order(expected):
        return False
    return (yield from curve.encode_steps(expected)) == start


def public_key(seed):
    """public_key_steps in one go."""
    return run(public_key_steps(seed))


def sign(seed, public, message):
    """sign_steps in one go."""
    return run(sign_steps(seed, public, message))


def verify(public, message, signature):
    """verify_steps in one go."""
    return run(verify_steps(public, message, signature))
