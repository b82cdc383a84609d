"""Who signs on this hub: the image's C module, or ed25519.py.

An engine has public_key(seed), sign_steps(seed, public, message) and
verify_steps(public, message, signature), generators as in ed25519.py. A
simulation may hand in its own.
"""

import asyncio

from tasuki_hub import ed25519
from tasuki_wire import epoch


class NativeEngine:
    """The C module `_tasuki`: same results as ed25519.py, in one step each."""

    def __init__(self, module):
        self._module = module

    def public_key(self, seed):
        """Public key, 32 bytes, of a seed of 32 bytes."""
        return self._module.ed25519_public_key(seed)

    def sign_steps(self, seed, public, message):
        """Signature, 64 bytes; public is that of the seed."""
        yield
        return self._module.ed25519_sign(seed, public, message)

    def verify_steps(self, public, message, signature):
        """True when the signature holds."""
        yield
        if len(public) != 32 or len(signature) != 64:
            return False
        return self._module.ed25519_verify(public, message, signature)


def engine():
    """The fastest engine of this image."""
    try:
        import _tasuki
    except ImportError:
        return ed25519
    return NativeEngine(_tasuki)


class Signer:
    """Owns the hub's key; signs and verifies for tasks, one operation at a time.

    public and key_id are zeros while there is no key, as the wire has it.
    """

    def __init__(self, seed=None, crypto=None):
        self._crypto = crypto or engine()
        self._lock = asyncio.Lock()
        self._seed = None
        self.public = bytes(32)
        self.key_id = bytes(8)
        if seed is not None:
            self.use(seed)

    def use(self, seed):
        """Take a key, 32 bytes; its public half is computed here and nowhere else.

        Blocks as long as a signature takes; ValueError for a seed of another length.
        """
        self.public = self._crypto.public_key(seed)
        self.key_id = epoch.key_id(self.public)
        self._seed = bytes(seed)

    def forget(self):
        """Drop the key."""
        self._seed = None
        self.public = bytes(32)
        self.key_id = bytes(8)

    @property
    def keyed(self):
        """True when there is a key to sign with."""
        return self._seed is not None

    @property
    def busy(self):
        """True while an operation is under way."""
        return self._lock.locked()

    async def sign(self, domain, body):
        """Signature, 64 bytes, of a body under a domain of layout.DOMAINS; ValueError without a key."""
        async with self._lock:
            if self._seed is None:
                raise ValueError("no key to sign with")
            message = epoch.signed(domain, body)
            return await _finish(self._crypto.sign_steps(self._seed, self.public, message))

    async def verify(self, public, domain, body, signature):
        """True when the signature of the body under the domain holds for a public key."""
        async with self._lock:
            return await _finish(self._crypto.verify_steps(public, epoch.signed(domain, body), signature))


async def _finish(steps):
    """The value of a generator, with a turn for other tasks after each of its steps."""
    try:
        while True:
            next(steps)
            await asyncio.sleep(0)
    except StopIteration as stop:
        return stop.value
