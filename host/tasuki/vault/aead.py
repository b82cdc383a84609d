"""XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha, libsodium's IETF form) with a random nonce in front."""

import os

from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt as _decrypt,
)
from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_encrypt as _encrypt,
)
from nacl.exceptions import CryptoError

NONCE_SIZE = 24
KEY_SIZE = 32


def encrypt(key: bytes, plain: bytes, tags: bytes) -> bytes:
    """Nonce and ciphertext of `plain`, bound to `tags` (associated data)."""
    nonce = os.urandom(NONCE_SIZE)
    return nonce + _encrypt(plain, tags, nonce, key)


def decrypt(key: bytes, data: bytes, tags: bytes) -> bytes | None:
    """The plain bytes; None when key, bytes or tags are not those of the encryption."""
    try:
        return _decrypt(data[NONCE_SIZE:], tags, data[:NONCE_SIZE], key)
    except (CryptoError, ValueError):
        return None
