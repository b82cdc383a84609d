"""A bundle encrypted to whoever gets it: a stream of authenticated chunks under a fresh key.

    magic 8, format u8, sealed box (X25519) of the key 80, stream header 24,
    chunks: XChaCha20-Poly1305 secretstream (libsodium) of up to 64 KiB each, 17 bytes longer;
    the last one carries the final tag, so a cut shows. Magic and format are authenticated.

Only the holder of the private key opens it, and who wrote it is the bundle's own signature to say.
"""

import os
import struct
from collections.abc import Iterator
from io import RawIOBase
from pathlib import Path
from typing import BinaryIO

from nacl import bindings
from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox

from tasuki.errors import Untrusted, UsageError

_TAG_MESSAGE = bindings.crypto_secretstream_xchacha20poly1305_TAG_MESSAGE
_TAG_FINAL = bindings.crypto_secretstream_xchacha20poly1305_TAG_FINAL
_HEADER_SIZE = bindings.crypto_secretstream_xchacha20poly1305_HEADERBYTES
_LONGER = bindings.crypto_secretstream_xchacha20poly1305_ABYTES
_new_state = bindings.crypto_secretstream_xchacha20poly1305_state
_begin_push = bindings.crypto_secretstream_xchacha20poly1305_init_push
_begin_pull = bindings.crypto_secretstream_xchacha20poly1305_init_pull
_push = bindings.crypto_secretstream_xchacha20poly1305_push
_pull = bindings.crypto_secretstream_xchacha20poly1305_pull

MAGIC = b"\x93tasukiE"
FORMAT = 1
CHUNK = 1 << 16

_HEAD = struct.Struct("<8sB")
_KEY_SIZE = 32
_BOX_SIZE = _KEY_SIZE + 48  # an ephemeral public key and a tag


class Encrypting(RawIOBase):
    """A file to write plain bytes into; what reaches the disk is encrypted. Close it to end the stream."""

    def __init__(self, file: BinaryIO, public: bytes) -> None:
        self._file = file
        self._state = _new_state()
        self._waiting = bytearray()
        self._tags = _HEAD.pack(MAGIC, FORMAT)
        key = os.urandom(_KEY_SIZE)
        file.write(self._tags + SealedBox(PublicKey(public)).encrypt(key) + _begin_push(self._state, key))

    def writable(self) -> bool:
        """Always."""
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        """Take bytes; whole chunks go on at once."""
        self._waiting += data
        while len(self._waiting) > CHUNK:
            self._chunk(bytes(self._waiting[:CHUNK]), _TAG_MESSAGE)
            del self._waiting[:CHUNK]
        return len(data)

    def flush(self) -> None:
        """Give the chunks so far to the system."""
        if not self._file.closed:
            self._file.flush()

    def fileno(self) -> int:
        """Of the file below."""
        return self._file.fileno()

    def end(self) -> None:
        """Write the last chunk; nothing can be added afterwards."""
        self._chunk(bytes(self._waiting), _TAG_FINAL)
        self._waiting.clear()

    def close(self) -> None:
        """Close the file below as it stands; without `end` it reads as cut."""
        super().close()
        self._file.close()

    def _chunk(self, plain: bytes, tag: int) -> None:
        self._file.write(_push(self._state, plain, self._tags, tag))


def is_encrypted(path: Path) -> bool:
    """True for a file that begins as ours do."""
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def decrypt(path: Path, private: PrivateKey, out: Path) -> None:
    """Write the bundle of an encrypted file to a new file that only its owner can read.

    UsageError when it is none or is for another key, Untrusted("envelope") when it was altered or cut;
    `out` is there only when all of it was good.
    """
    draft = out.with_name(f".{out.name}.{os.urandom(4).hex()}")
    if out.exists():
        raise UsageError(f"{out} exists", "Give another name, or move it away.")
    try:
        with path.open("rb") as source, _new(draft) as target:
            for plain in _plain(source, private, path):
                target.write(plain)
            target.flush()
            os.fsync(target.fileno())
        draft.replace(out)
    finally:
        draft.unlink(missing_ok=True)


def _new(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _plain(source: BinaryIO, private: PrivateKey, path: Path) -> Iterator[bytes]:
    head, box, start = source.read(_HEAD.size), source.read(_BOX_SIZE), source.read(_HEADER_SIZE)
    if head != _HEAD.pack(MAGIC, FORMAT):
        raise UsageError(f"{path} is no encrypted bundle", "`tasuki verify` reads a plain one as it is.")
    state, tag = _new_state(), _TAG_MESSAGE
    try:
        _begin_pull(state, start, SealedBox(private).decrypt(box))
    except (CryptoError, ValueError, TypeError):
        raise UsageError(f"{path} is for another key, or damaged", "Give the recipient's own.") from None
    while chunk := source.read(CHUNK + _LONGER):
        if tag == _TAG_FINAL:
            raise Untrusted("envelope", f"{path} goes on after its end")
        try:
            plain, tag = _pull(state, chunk, head)
        except (CryptoError, ValueError, TypeError):
            raise Untrusted("envelope", f"{path} was altered or cut") from None
        yield plain
    if tag != _TAG_FINAL:
        raise Untrusted("envelope", f"{path} was cut")
