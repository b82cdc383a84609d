"""The signer signs under a domain, one operation at a time, and lets other tasks run meanwhile."""

import asyncio
import sys

from tasuki_hub import ed25519, signer
from tasuki_wire import epoch

SEED = bytes(range(32))
BODY = b"a record"


class Counting:
    """An engine that says how many of its operations are under way at once."""

    def __init__(self):
        self.now = 0
        self.most = 0

    def public_key(self, seed):
        """As ed25519."""
        return ed25519.public_key(seed)

    def sign_steps(self, seed, public, message):
        """As ed25519."""
        return self._counted(ed25519.sign_steps(seed, public, message))

    def verify_steps(self, public, message, signature):
        """As ed25519."""
        return self._counted(ed25519.verify_steps(public, message, signature))

    def _counted(self, steps):
        self.now += 1
        self.most = max(self.most, self.now)
        value = yield from steps
        self.now -= 1
        return value


async def signs_under_its_domain():
    """A signature holds under its own domain and under no other."""
    one = signer.Signer(SEED)
    signature = await one.sign("epoch", BODY)

    assert one.key_id == epoch.key_id(one.public)
    assert ed25519.verify(one.public, epoch.signed("epoch", BODY), signature)
    assert await one.verify(one.public, "epoch", BODY, signature)
    assert not await one.verify(one.public, "token", BODY, signature)


async def one_at_a_time():
    """Three operations asked at once run one after the other while another task goes on."""
    engine = Counting()
    one = signer.Signer(SEED, engine)
    turns = 0

    async def sampler():
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(sampler())
    signature = await one.sign("epoch", BODY)
    alone = turns
    results = await asyncio.gather(
        one.sign("epoch", BODY),
        one.verify(one.public, "epoch", BODY, signature),
        one.verify(one.public, "epoch", BODY + b"!", signature),
    )
    task.cancel()
    assert results == [signature, True, False]
    assert engine.most == 1 and engine.now == 0
    assert alone > 90, alone
    assert not one.busy


async def without_a_key():
    """Without a key nothing is signed, verification works, and a forgotten key is gone."""
    one = signer.Signer()
    assert not one.keyed and one.public == bytes(32) and one.key_id == bytes(8)
    other = signer.Signer(SEED)
    signature = await other.sign("token", BODY)
    assert await one.verify(other.public, "token", BODY, signature)
    other.forget()
    for keyless in (one, other):
        refused = False
        try:
            await keyless.sign("token", BODY)
        except ValueError:
            refused = True
        assert refused and not keyless.busy and keyless.public == bytes(32)


class FakeModule:
    """Stands for the C module of an image."""

    ed25519_public_key = staticmethod(ed25519.public_key)
    ed25519_sign = staticmethod(ed25519.sign)
    ed25519_verify = staticmethod(ed25519.verify)


async def takes_the_c_module():
    """An image with the C module signs with it, and the result is the same."""
    assert signer.engine() is ed25519
    sys.modules["_tasuki"] = FakeModule
    try:
        one = signer.Signer(SEED)
        assert isinstance(signer.engine(), signer.NativeEngine)
    finally:
        del sys.modules["_tasuki"]
    signature = await one.sign("epoch", BODY)
    assert signature == await signer.Signer(SEED).sign("epoch", BODY)
    assert await one.verify(one.public, "epoch", BODY, signature)
    assert not await one.verify(one.public, "epoch", BODY, signature[:63])


for check in (signs_under_its_domain, one_at_a_time, without_a_key, takes_the_c_module):
    asyncio.run(check())
