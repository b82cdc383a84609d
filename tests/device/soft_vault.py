"""The board's C module `_vault` in Python, for checks of what the hub does with a vault.

The real one is tested on the Cortex-M image.
"""

import os

from tasuki_hub import ed25519


class Region:
    """Key, authority, counters and lock as one record; what a board's flash keeps."""

    def __init__(self):
        self._seed = None
        self.fails = 0
        self.destroy()
        self.destroyed = 0

    def status(self):
        return self._seed is not None, self._locked, self._session, self._sequence, self._floor

    def authority(self):
        return self._authority

    def public(self):
        return ed25519.public_key(self._seed)

    def create(self, authority):
        self.destroy()
        self._seed, self._authority = os.urandom(32), authority

    def sign(self, message):
        return ed25519.sign(self._seed, self.public(), message)

    def succeed(self, domain, body):
        """As hub_vault.c: one record brings the new seed and the statement."""
        old = self._seed
        if self.fails:  # an errno
            raise OSError(self.fails, "")
        seed = os.urandom(32)
        body += ed25519.public_key(seed)
        body += ed25519.sign(old, self.public(), domain + body)
        body += ed25519.sign(seed, body[-96:-64], domain + body)
        self._seed, self._succession = seed, body

    def succession(self):
        return self._succession

    def raise_session(self):
        self._session += 1
        return self._session

    def raise_sequence(self, sequence):
        self._sequence = sequence

    def raise_floor(self, floor):
        self._floor = floor

    def lock(self):
        self._locked = True

    def destroy(self):
        self.destroyed = 1 if self._seed else 0
        self._seed = self._authority = None
        self._succession = b""
        self._session = self._sequence = self._floor = 0
        self._locked = False
