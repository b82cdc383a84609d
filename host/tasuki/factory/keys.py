"""Keys of root, factory, orders and station: what signs, wherever the key lies.

In a file it is PKCS#8, encrypted under a passphrase by PBES2 with scrypt and AES-256-CBC (RFC 8018 and
7914), which OpenSSL reads as well. `cryptography` reads that form and writes a weaker one (2048 rounds of
PBKDF2), so the wrapping is written here. In an HSM it never leaves it: `hsm`.
"""

import base64
import os
from pathlib import Path
from typing import NoReturn, Protocol, Self, runtime_checkable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from tasuki import durable
from tasuki.errors import UsageError
from tasuki.trust import der
from tasuki.vault import keyfiles
from tasuki.vault.secret import Signer
from tasuki_wire import epoch

_N, _R, _P = 2**14, 8, 4  # 16 MiB: the most that OpenSSL reads back without being asked to
_PBES2, _SCRYPT, _AES256_CBC = "1.2.840.113549.1.5.13", "1.3.6.1.4.1.11591.4.11", "2.16.840.1.101.3.4.1.42"
_BLOCK_BITS = 128
LEAST_PASSPHRASE = 12


@runtime_checkable
class Key(Protocol):
    """An Ed25519 key that signs bytes as they are."""

    @property
    def public(self) -> bytes:
        """Its public half, 32 bytes."""

    def sign(self, data: bytes) -> bytes:
        """Signature, 64 bytes (RFC 8032). LinkLost when where the key lies is away."""

    def close(self) -> None:
        """Give back what holds it."""


class FileKey:
    """A key in memory, from a file."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self._public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    @property
    def public(self) -> bytes:
        """Its public half."""
        return self._public

    def sign(self, data: bytes) -> bytes:
        """Signature, 64 bytes."""
        return self._private.sign(data)

    def close(self) -> None:
        """Nothing is open."""

    def __repr__(self) -> str:
        return f"<key {epoch.key_id(self._public).hex()}>"


def create(path: Path, passphrase: str) -> FileKey:
    """A new key in a new file, durable before it is returned; UsageError when a file is there."""
    if len(passphrase) < LEAST_PASSPHRASE:
        raise UsageError(
            "the passphrase is too short",
            f"Take {LEAST_PASSPHRASE} characters or more.",
        )
    if path.exists():
        raise UsageError(f"{path} is there", "A key is never replaced; give another folder.")
    private = Ed25519PrivateKey.generate()
    text = _armour(_wrapped(private, passphrase))
    keyfiles.folder(path.parent)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(handle, text)
        os.fsync(handle)
    finally:
        os.close(handle)
    durable.sync_folder(path.parent)
    return FileKey(private)


def open_file(path: Path, passphrase: str) -> FileKey:
    """The key of a file; UsageError when it is missing, damaged, or the passphrase is another."""
    try:
        key = load_pem_private_key(path.read_bytes(), passphrase.encode() or None)
    except OSError as e:
        raise UsageError(f"key file {path}: {e.strerror}", "Restore it from its backup.") from e
    except (ValueError, TypeError) as e:
        raise UsageError(
            f"key file {path} does not open", "Check the passphrase; if it is right, restore the file."
        ) from e
    if not isinstance(key, Ed25519PrivateKey):
        raise UsageError(f"{path} is no Ed25519 key", "Make one with `tasuki factory station init`.")
    return FileKey(key)


def _wrapped(private: Ed25519PrivateKey, passphrase: str) -> bytes:
    """EncryptedPrivateKeyInfo (RFC 5958)."""
    salt, iv = os.urandom(16), os.urandom(16)
    secret = Scrypt(salt=salt, length=32, n=_N, r=_R, p=_P).derive(passphrase.encode())
    padder = PKCS7(_BLOCK_BITS).padder()
    plain = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    cipher = Cipher(algorithms.AES256(secret), modes.CBC(iv)).encryptor()
    body = cipher.update(padder.update(plain) + padder.finalize()) + cipher.finalize()
    costs = [der.integer(n) for n in (_N, _R, _P, 32)]
    kdf = der.sequence(der.oid(_SCRYPT), der.sequence(der.octets(salt), *costs))
    scheme = der.sequence(der.oid(_AES256_CBC), der.octets(iv))
    return der.sequence(der.sequence(der.oid(_PBES2), der.sequence(kdf, scheme)), der.octets(body))


def _armour(data: bytes) -> bytes:
    lines = base64.b64encode(data)
    rows = b"".join(lines[at : at + 64] + b"\n" for at in range(0, len(lines), 64))
    return b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n" + rows + b"-----END ENCRYPTED PRIVATE KEY-----\n"


class KeySigner(Signer):
    """Signs bodies of our own formats, each under its domain, with a key that lies anywhere."""

    __slots__ = ("_holder",)

    def __init__(self, key: Key) -> None:
        self._holder = key
        self.public = key.public
        self.key_id = bytes(epoch.key_id(key.public))

    def sign(self, domain: str, body: bytes) -> bytes:
        """Signature, 64 bytes."""
        return self._holder.sign(epoch.signed(domain, body))


class ForX509(Ed25519PrivateKey):
    """A key as `cryptography` wants one for certificates: only what signing needs."""

    def __init__(self, key: Key) -> None:
        self._holder = key

    def public_key(self) -> Ed25519PublicKey:
        """Its public half."""
        return Ed25519PublicKey.from_public_bytes(self._holder.public)

    def sign(self, data: bytes) -> bytes:  # type: ignore[override]
        """Signature, 64 bytes."""
        return self._holder.sign(bytes(data))

    def private_bytes(self, *args: object) -> NoReturn:
        """Never."""
        raise TypeError("a key is not shown")

    def private_bytes_raw(self) -> NoReturn:
        """Never."""
        raise TypeError("a key is not shown")

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self
