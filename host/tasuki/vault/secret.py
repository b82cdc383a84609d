"""Secrets that do not print themselves."""

from typing import NoReturn

from nacl.signing import SigningKey

from tasuki_wire import epoch


class Secret:
    """Secret bytes that no log, repr, pickle or traceback shows."""

    __slots__ = ("_value",)

    def __init__(self, value: bytes) -> None:
        self._value = value

    def reveal(self) -> bytes:
        """The bytes, for the one call that needs them."""
        return self._value

    def __repr__(self) -> str:
        return "<secret>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not pickled")


class Signer:
    """An Ed25519 key that signs bodies of our own formats, each under its domain (DESIGN section 5)."""

    __slots__ = ("_key", "key_id", "public")

    def __init__(self, seed: Secret) -> None:
        self._key = SigningKey(seed.reveal())
        self.public = bytes(self._key.verify_key)
        self.key_id = bytes(epoch.key_id(self.public))

    def sign(self, domain: str, body: bytes) -> bytes:
        """Signature, 64 bytes (RFC 8032); ValueError for a domain that layout.DOMAINS does not have."""
        return self._key.sign(epoch.signed(domain, body)).signature

    def __repr__(self) -> str:
        return f"<signer {self.key_id.hex()}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a signer is not pickled")
