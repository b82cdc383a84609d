"""Where the vault's epoch keys live: outside the data disk, so that destroying one there ends what it wraps.

An epoch key wraps the subject keys of one bucket in one epoch. A store makes it, opens it and destroys
it. What must be kept beside the data to open it again (an HSM's wrapping of it) is the `blob`.
"""

import os
from pathlib import Path
from typing import Protocol

from tasuki.errors import LinkLost, UsageError
from tasuki.vault import keyfiles
from tasuki.vault.secret import Secret

SETTING = "TASUKI_VAULT_KEYS"


class KeyStore(Protocol):
    """A place for epoch keys.

    LinkLost when the place is away, UsageError when it cannot be used as it is set.

    Attributes:
        spec: what `opened` makes the same store of; stands in the vault, so that no other is used for it.
    """

    spec: str

    def make(self, name: str) -> tuple[Secret, bytes]:
        """A new random key of 32 bytes, durable, and its blob; replaces one that a crash left."""

    def open(self, name: str, blob: bytes) -> Secret:
        """The key; UsageError when it is not there."""

    def destroy(self, name: str) -> None:
        """Make the key unobtainable; nothing happens when it is not there."""

    def close(self) -> None:
        """End what is open."""


class FileKeyStore:
    """Key files, `vault-NAME.key`, in a folder that should be on another disk than the data."""

    def __init__(self, folder: Path, spec: str = "file") -> None:
        self.spec = spec
        self.folder = keyfiles.folder(folder)

    def make(self, name: str) -> tuple[Secret, bytes]:
        """A new key file."""
        keyfiles.destroy(self._path(name))
        return keyfiles.create(self._path(name)), b""

    def open(self, name: str, blob: bytes) -> Secret:
        """The key of a file."""
        return keyfiles.read(self._path(name))

    def destroy(self, name: str) -> None:
        """Overwrite and remove the file. What a journal or a flash controller keeps is beyond reach."""
        keyfiles.destroy(self._path(name))

    def close(self) -> None:
        """Nothing is open."""

    def _path(self, name: str) -> Path:
        return self.folder / f"vault-{name}.key"


class KeyringStore:
    """The system's keyring (extra `keyring`): `keyring:SERVICE`."""

    def __init__(self, service: str) -> None:
        try:
            import keyring
            import keyring.errors
        except ImportError as e:
            raise UsageError("the package keyring is not installed", "pip install 'tasuki[keyring]'") from e
        if keyring.get_keyring().priority <= 0:
            raise UsageError("the system has no keyring that could be used", f"Unset {SETTING} to use files.")
        self.spec = f"keyring:{service}"
        self._service = service
        self._keyring = keyring
        self._errors = keyring.errors

    def make(self, name: str) -> tuple[Secret, bytes]:
        """A new entry."""
        secret = Secret(os.urandom(keyfiles.SIZE))
        try:
            self._keyring.set_password(self._service, name, secret.reveal().hex())
        except self._errors.KeyringError as e:
            raise self._away(e) from e
        if self.open(name, b"").reveal() != secret.reveal():
            raise UsageError("the keyring does not keep what it is given", f"Unset {SETTING} to use files.")
        return secret, b""

    def open(self, name: str, blob: bytes) -> Secret:
        """The key of an entry."""
        try:
            text = self._keyring.get_password(self._service, name)
        except self._errors.KeyringError as e:
            raise self._away(e) from e
        if text is None:
            raise missing(name, self.spec)
        return Secret(bytes.fromhex(text))

    def destroy(self, name: str) -> None:
        """Delete the entry."""
        try:
            if self._keyring.get_password(self._service, name) is not None:
                self._keyring.delete_password(self._service, name)
        except self._errors.KeyringError as e:
            raise self._away(e) from e

    def close(self) -> None:
        """Nothing is open."""

    @staticmethod
    def _away(e: Exception) -> LinkLost:
        return LinkLost(f"the keyring cannot be used: {e}", "Unlock it and try again.")


def missing(name: str, spec: str) -> UsageError:
    """The error for a key that is not in its store."""
    hint = "Restore it from its backup, unless it was destroyed by an erasure after this vault was copied."
    return UsageError(f"the vault key {name} is not in {spec}", hint)


def opened(spec: str, folder: Path) -> KeyStore:
    """The key store that a setting names: `file` (in `folder`), `file:FOLDER`, `keyring:SERVICE`,
    `pkcs11:LIBRARY?token=LABEL` (PIN in TASUKI_VAULT_PIN). UsageError for anything else."""
    kind, _, rest = spec.partition(":")
    if spec == "file":
        return FileKeyStore(folder)
    if kind == "file" and rest:
        return FileKeyStore(Path(rest), spec)
    if kind == "keyring" and rest:
        return KeyringStore(rest)
    if kind == "pkcs11" and rest:
        from tasuki.vault.pkcs11store import Pkcs11Store

        return Pkcs11Store(rest)
    raise UsageError(
        f"{spec!r} names no key store",
        "Give file, file:FOLDER, keyring:SERVICE or pkcs11:LIBRARY?token=LABEL.",
    )
