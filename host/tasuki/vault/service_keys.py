"""The service's own keys: one key file each, made on first use, no wearer's."""

import hashlib
import hmac
import re
from pathlib import Path

from nacl.public import PrivateKey

from tasuki.vault import keyfiles, subjects
from tasuki.vault.secret import Secret, Signer
from tasuki.vault.subjects import PSEUDONYM_SIZE


class ServiceKeys:
    """A folder of key files.

    Attributes:
        tenant: whose service it is; part of every pseudonym. key_folder: where the files are.
    """

    def __init__(self, folder: Path, tenant: str) -> None:
        """Make the folder, or check that nobody else can enter it; UsageError."""
        self.tenant = tenant
        self.key_folder = keyfiles.folder(folder)
        self._names_key: Secret | None = None

    def signer(self, name: str) -> Signer:
        """The service's signing key `authority`, `attestation` or `audit`, made on first use."""
        if name not in ("authority", "attestation", "audit"):
            raise ValueError(f"no signing key {name}")
        return Signer(keyfiles.read_or_create(self.key_folder / f"{name}.key"))

    def private_key(self, name: str) -> PrivateKey:
        """The X25519 key `storage` or `destination-NAME`, made on first use."""
        if not re.fullmatch(r"storage|destination-[a-z0-9-]+", name):
            raise ValueError(f"no encryption key {name}")
        return PrivateKey(keyfiles.read_or_create(self.key_folder / f"{name}.key").reveal())

    def service_pseudonym(self, purpose: str, text: str) -> bytes:
        """A keyed name of something that is no wearer's, 16 bytes, under a secret of this service."""
        if self._names_key is None:
            self._names_key = keyfiles.read_or_create(self.key_folder / "names.key")
        plain = subjects.prefixed((self.tenant, purpose)) + text.encode()
        return hmac.new(self._names_key.reveal(), plain, hashlib.sha256).digest()[:PSEUDONYM_SIZE]
