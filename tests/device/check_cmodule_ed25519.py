"""The C module signs and verifies as RFC 8032, PyNaCl, cryptography's vectors and our own Ed25519 do."""

import _tasuki
import hexlines
import rfc8032

from tasuki_hub import ed25519, signer
from tasuki_hub.steps import run


def holds(seed, public, message, signature):
    """Sign and verify one case; all of it must come out as given."""
    assert _tasuki.ed25519_public_key(seed) == public
    assert _tasuki.ed25519_sign(seed, public, message) == signature
    assert _tasuki.ed25519_verify(public, message, signature) is True


for case in rfc8032.cases():
    holds(*case)

count = 0
for seed, public, message, signature in hexlines.rows("many.txt"):
    holds(seed, public, message, signature)
    # a bit of the message or of the signature that is turned over
    place = count % (len(message) + 64)
    bad = bytearray(message + signature)
    bad[place] ^= 1 << (count & 7)
    bad = bytes(bad)
    assert _tasuki.ed25519_verify(public, bad[:-64], bad[-64:]) is False, (place, message, signature)
    if count % 500 == 0:
        assert ed25519.sign(seed, public, message) == signature
        assert ed25519.verify(public, message, signature)
    count += 1
assert count >= 11000, count

# a message may lie in any buffer
window = memoryview(bytearray(b"..." + message))[3:]
assert _tasuki.ed25519_sign(bytearray(seed), memoryview(public), window) == signature

# the hub takes the module where it is there
native = signer.engine()
assert native is not ed25519
assert native.public_key(seed) == public
assert run(native.sign_steps(seed, public, message)) == signature
assert run(native.verify_steps(public, message, signature)) is True
