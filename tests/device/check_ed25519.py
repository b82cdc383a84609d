"""The hub's Ed25519 signs as RFC 8032, PyNaCl and cryptography's vectors do."""

import hexlines
import rfc8032

from tasuki_hub import ed25519


def holds(seed, public, message, signature):
    """Sign and verify one case; all of it must come out as given."""
    assert ed25519.public_key(seed) == public
    assert ed25519.sign(seed, public, message) == signature
    assert ed25519.verify(public, message, signature)


for case in rfc8032.cases():
    holds(*case)
for case in hexlines.rows("ed25519.txt"):
    holds(*case)

# a seed of another length is an error, not another key
for length in (0, 31, 33):
    refused = False
    try:
        ed25519.public_key(bytes(length))
    except ValueError:
        refused = True
    assert refused, length

# it pauses often enough to let the sampler in, and the pauses do not change the result
seed = bytes(range(32))
public = ed25519.public_key(seed)
steps = ed25519.sign_steps(seed, public, b"in pieces")
other = ed25519.sign_steps(seed, public, b"at the same time")
pauses = 0
try:
    while True:
        next(steps)
        next(other)
        pauses += 1
except StopIteration as stop:
    signature = stop.value
assert pauses > 100, pauses
assert signature == ed25519.sign(seed, public, b"in pieces")
