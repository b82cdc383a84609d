"""Who signs: the image's C module where there is one, else our own code; the results are the same."""

import sys

from tasuki_hub import ed25519, signer
from tasuki_hub.steps import run

SEED = bytes(range(32))
MESSAGE = b"a record"

assert signer.engine() is ed25519


class FakeModule:
    """Stands in for the C module `_tasuki`, by the code that it replaces."""

    ed25519_public_key = staticmethod(ed25519.public_key)
    ed25519_sign = staticmethod(ed25519.sign)
    ed25519_verify = staticmethod(ed25519.verify)


sys.modules["_tasuki"] = FakeModule
native = signer.engine()
assert native is not ed25519
public = native.public_key(SEED)
signature = run(native.sign_steps(SEED, public, MESSAGE))
assert signature == ed25519.sign(SEED, public, MESSAGE)
assert run(native.verify_steps(public, MESSAGE, signature)) is True
assert run(native.verify_steps(public, MESSAGE + b"!", signature)) is False
# what has a wrong size never reaches C
assert run(native.verify_steps(public[1:], MESSAGE, signature)) is False
assert run(native.verify_steps(public, MESSAGE, signature + b"!")) is False
