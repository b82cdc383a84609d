"""Epoch keys under an HSM: each is wrapped by an AES key that never leaves it (PKCS #11 v2.40).

The HSM's key is `sensitive` and not extractable; the wrapped epoch key (the blob) stands in the vault.
Destroying the object in the HSM ends the epoch. Extra `factory` (python-pkcs11).
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs

from tasuki.errors import LinkLost, UsageError
from tasuki.vault import keyfiles
from tasuki.vault.keystores import missing
from tasuki.vault.secret import Secret

PIN = "TASUKI_VAULT_PIN"
_BLOCK = 16


class Pkcs11Store:
    """`LIBRARY?token=LABEL`: a token of a PKCS #11 library, opened with the PIN of its user."""

    def __init__(self, place: str) -> None:
        try:
            import pkcs11
        except ImportError as e:
            raise UsageError("the package python-pkcs11 is missing", "pip install 'tasuki[factory]'") from e
        self.spec = f"pkcs11:{place}"
        library, _, query = place.partition("?")
        label = parse_qs(query).get("token", [""])[0]
        pin = os.environ.get(PIN)
        if not label or pin is None:
            raise UsageError("the HSM needs a token and a PIN", f"pkcs11:LIBRARY?token=LABEL, PIN in {PIN}.")
        self._pkcs11 = pkcs11
        try:
            with self._foreign():
                token = pkcs11.lib(library).get_token(token_label=label)
                try:
                    self._session: Any = token.open(rw=True, user_pin=pin)
                except pkcs11.UserAlreadyLoggedIn:  # another vault of this process is open
                    self._session = token.open(rw=True)
        except RuntimeError as e:  # what the library says when it cannot be loaded
            raise UsageError(
                f"{library} cannot be loaded: {e}", "Give the path of its PKCS #11 library."
            ) from e

    def make(self, name: str) -> tuple[Secret, bytes]:
        """A new AES-256 key in the HSM, and an epoch key wrapped by it."""
        self.destroy(name)
        with self._foreign():
            key = self._session.generate_key(
                self._pkcs11.KeyType.AES,
                256,
                label=self._label(name),
                store=True,
                template={
                    self._pkcs11.Attribute.SENSITIVE: True,
                    self._pkcs11.Attribute.EXTRACTABLE: False,
                },
            )
            plain, iv = os.urandom(keyfiles.SIZE), os.urandom(_BLOCK)
            # CBC without padding: 32 random bytes; what opens wrongly opens no subject key (AEAD)
            wrapped = key.encrypt(plain, mechanism_param=iv, mechanism=self._pkcs11.Mechanism.AES_CBC)
        return Secret(plain), iv + bytes(wrapped)

    def open(self, name: str, blob: bytes) -> Secret:
        """The epoch key that the HSM unwraps."""
        with self._foreign():
            for key in self._objects(name):
                plain = key.decrypt(
                    blob[_BLOCK:], mechanism_param=blob[:_BLOCK], mechanism=self._pkcs11.Mechanism.AES_CBC
                )
                return Secret(bytes(plain))
        raise missing(name, self.spec)

    def destroy(self, name: str) -> None:
        """Destroy the object in the HSM."""
        with self._foreign():
            for key in self._objects(name):
                key.destroy()

    def close(self) -> None:
        """End the session; with the last one of the process the user is logged out."""
        self._session.close()

    def _objects(self, name: str) -> list[Any]:
        wanted = {
            self._pkcs11.Attribute.LABEL: self._label(name),
            self._pkcs11.Attribute.CLASS: self._pkcs11.ObjectClass.SECRET_KEY,
        }
        return list(self._session.get_objects(wanted))

    @staticmethod
    def _label(name: str) -> str:
        return f"tasuki-vault-{name}"

    @contextmanager
    def _foreign(self) -> Iterator[None]:
        try:
            yield
        except (self._pkcs11.NoSuchToken, self._pkcs11.PinIncorrect, self._pkcs11.PinInvalid) as e:
            raise UsageError(f"the HSM refuses: {type(e).__name__}", f"Check token and {PIN}.") from e
        except self._pkcs11.PKCS11Error as e:
            raise LinkLost(f"the HSM cannot be used: {type(e).__name__}", "Connect it; try again.") from e
