"""The hub's Ed25519 takes and refuses what libsodium takes and refuses."""

import hexlines

from tasuki_hub import curve, ed25519
from tasuki_hub.steps import run

# points of small and mixed order, S out of range, y out of range: PyNaCl's verdict
verdicts = {True: 0, False: 0}
for public, message, signature, verdict in hexlines.rows("edges.txt"):
    held = ed25519.verify(public, message, signature)
    assert held == bool(verdict[0]), (public, signature, verdict)
    verdicts[held] += 1
assert verdicts[True] >= 5 and verdicts[False] >= 80, verdicts  # five: mixed order, yet they hold

# every altered byte of message, key or signature is refused
seed = bytes(range(32, 64))
public = ed25519.public_key(seed)
message = b"tasuki/epoch/v1\x00" + bytes(range(16))
signature = ed25519.sign(seed, public, message)
assert ed25519.verify(public, message, signature)
whole = public + message + signature
for i in range(len(whole)):
    bad = bytearray(whole)
    bad[i] ^= 1 << (i & 7)
    bad = bytes(bad)
    assert not ed25519.verify(bad[:32], bad[32:-64], bad[-64:]), i

# another length is refused, whatever the bytes
for bad_public, bad_signature in (
    (public[:31], signature),
    (public + b"\x00", signature),
    (b"", signature),
    (public, signature[:63]),
    (public, signature + b"\x00"),
    (public, b""),
):
    assert not ed25519.verify(bad_public, message, bad_signature)

# a y at or above 2**255 - 19 is no point, though its remainder is one
point = run(curve.decode_steps((3).to_bytes(32, "little")))
assert point is not None
assert run(curve.decode_steps((curve.P + 3).to_bytes(32, "little"))) is None

# an x of 0 has no sign
assert run(curve.decode_steps((1).to_bytes(32, "little"))) is not None
assert run(curve.decode_steps((1 | 1 << 255).to_bytes(32, "little"))) is None
