"""Our own Ed25519 against PyNaCl's signatures, a quarter of them at a time."""

import hexlines

from tasuki_hub import ed25519

PARTS = 4
_VERIFIED = 3  # one of so many is verified, too, which takes three times as long


def check(part):
    """Sign every message of this part as PyNaCl did; a signature with a bit turned over does not hold."""
    count = 0
    for number, (seed, public, message, signature) in enumerate(hexlines.rows("many.txt")):
        if number % PARTS != part:
            continue
        assert ed25519.public_key(seed) == public, number
        assert ed25519.sign(seed, public, message) == signature, number
        if count % _VERIFIED == 0:
            assert ed25519.verify(public, message, signature), number
            bad = bytearray(signature)
            bad[count % 64] ^= 1 << count % 7
            assert not ed25519.verify(public, message, bytes(bad)), number
        count += 1
    assert count >= 2750, count
