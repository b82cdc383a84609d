"""Passwords: argon2id (RFC 9106), and which ones are taken.

Long ones are asked for and no mixture of signs, as NIST SP 800-63B (section 5.1.1.2) advises.
"""

import threading
import unicodedata
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST, LONGEST = 12, 128
_AT_ONCE = 2  # each takes 64 MiB


class Passwords:
    """Makes and checks hashes. Safe to use from several threads."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        """hasher: the parameters; argon2-cffi's own, RFC 9106's for little memory, unless given."""
        self._hasher = hasher or PasswordHasher()
        self._room = threading.BoundedSemaphore(_AT_ONCE)

    def hash(self, password: str) -> str:
        """The hash that is kept, with its parameters and salt."""
        with self._room:
            return self._hasher.hash(_plain(password))

    def matches(self, password: str, kept: str | None) -> bool:
        """True for the password that was kept; for nobody's (None) False, after the same work."""
        with self._room:
            try:
                right = self._hasher.verify(kept or self._nobody, _plain(password))
            except (VerificationError, InvalidHashError):
                return False
        return right and kept is not None

    @cached_property
    def _nobody(self) -> str:
        return self._hasher.hash("nobody has this password")

    def outdated(self, kept: str) -> bool:
        """True when it was made with other parameters than those of today."""
        return self._hasher.check_needs_rehash(kept)


def fault(password: str, login: str) -> str:
    """What speaks against a new password, by the name of a sentence; empty when nothing."""
    plain = unicodedata.normalize("NFKC", password)
    if not SHORTEST <= len(plain) <= LONGEST:
        return "password.length"
    name = unicodedata.normalize("NFKC", login).casefold().partition("@")[0]
    if len(set(plain)) < 5 or (len(name) >= 4 and name in plain.casefold()):
        return "password.easy"
    return ""


def _plain(password: str) -> bytes:
    return unicodedata.normalize("NFKC", password).encode()[: 4 * LONGEST]
