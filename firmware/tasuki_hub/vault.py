"""The key store of a board that keeps the key where no program of the interpreter reads it.

`region` is the board's C module `_vault`: it draws the seed, keeps it in
flash of its own and signs; it never hands the seed out, locked or not.
Everything lies in one record that is replaced whole, so a power cut leaves
the old or the new one.
"""

import errno

_NONE = bytes(32)


class Vault:
    """The same as keystore.KeyStore, without a seed to see."""

    can_lock = True
    damaged = False  # half a record is no record: the region says blank then

    def __init__(self, region):
        self._region = region
        self._read()

    def _read(self):
        self.keyed, self.locked, self.session, self.sequence, self.floor = self._region.status()
        self.authority = self._region.authority() if self.keyed else None

    def public_key(self, crypto):
        """The public key; zeros without a key."""
        return self._region.public() if self.keyed else _NONE

    def create_steps(self, crypto, board, authority):
        """Make a key, in place of all there was; its public key.

        Raises NotImplementedError when the board has no entropy; nothing is lost then.
        OSError when the region could not be written, which may have cost the old key.
        """
        yield
        try:
            self._region.create(authority)
        except OSError as e:
            if e.errno == errno.ENODEV:
                raise NotImplementedError("entropy")
            raise
        finally:
            self._read()
        return self._region.public()

    def sign_steps(self, crypto, public, message):
        """Signature of the device key."""
        yield
        return self._region.sign(message)

    def succeed_steps(self, crypto, board, public, domain, body):
        """Make the key that comes after this one, certified by it, in its place; the rest stays.

        domain and body are tasuki_wire.succession's. Raises as create_steps does.
        """
        yield
        try:
            self._region.succeed(domain, body)
        except OSError as e:
            if e.errno == errno.ENODEV:
                raise NotImplementedError("entropy")
            raise

    def succession(self):
        """How the key before this one certified it; empty for a first key."""
        return self._region.succession() if self.keyed else b""

    def next_session(self):
        """Raise the session counter durably and return it."""
        self.session = self._region.raise_session()
        return self.session

    def raise_sequence(self, sequence):
        """Keep the highest token sequence accepted, before the token takes effect."""
        self._region.raise_sequence(sequence)
        self.sequence = sequence

    def raise_floor(self, counter):
        """Keep the counter of the firmware that was confirmed; older bundles are refused from now on.

        It lives and dies with the key: a blank hub keeps none.
        """
        if self.keyed and counter > self.floor:
            self._region.raise_floor(counter)
            self.floor = counter

    def lock(self):
        """Shut the hub; only an order opens it."""
        self._region.lock()
        self.locked = True

    def forget(self):
        """Destroy key, authority, counters and the lock, all at once."""
        self._region.destroy()
        self._read()
