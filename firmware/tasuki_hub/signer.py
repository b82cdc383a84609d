"""Who signs on this hub: the image's C module, or ed25519.py.

An engine has public_key(seed), sign_steps(seed, public, message) and
verify_steps(public, message, signature), generators as in ed25519.py. A
simulation may hand in its own. One that also has sealed_box_into(buf, n, public,
secret) can store epochs; see firmware/cmodule/README.md for what it does.
"""


class NativeEngine:
    """The C module `_tasuki`: same results as ed25519.py, in one step each."""

    def __init__(self, module):
        self._module = module
        self.sealed_box_into = getattr(module, "sealed_box_into", None)

    def public_key(self, seed):
        """Public key, 32 bytes, of a seed of 32 bytes."""
        return self._module.ed25519_public_key(seed)

    def public_key_steps(self, seed):
        """The same as a generator."""
        yield
        return self.public_key(seed)

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
    except (ImportError, ValueError):  # ValueError: an .mpy of another processor
        from tasuki_hub import ed25519  # with the C module none of it takes RAM

        return ed25519
    return NativeEngine(_tasuki)
