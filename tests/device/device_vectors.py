"""Vectors for the device checks, made by CPython from other people's code.

One case a line, fields in hex with colons between, an empty field as "-":

  ed25519.txt  seed:public:message:signature; every 16th case of cryptography-vectors'
               asymmetric/Ed25519/sign.input, and random ones signed by PyNaCl
  many.txt     the same fields; all cases of cryptography-vectors and 10,000 random ones
               signed by PyNaCl, for the C module alone
  edges.txt    public:message:signature:verdict of PyNaCl (01 holds), from edge_cases.py
  sha512.txt   message:digest by hashlib, of every length around the ends of blocks
  cobs.txt     plain:stuffed by PyPI's cobs
"""

import hashlib
import random
import tempfile
from pathlib import Path

import cryptography_vectors
import nacl.signing
from cobs import cobs

from device import edge_cases

SEED = 20261122
_FOLDER = []


def folder(config):
    """The folder with the vectors, written once a test run."""
    if not _FOLDER:
        temporary = tempfile.TemporaryDirectory(prefix="tasuki-vectors-")
        config.add_cleanup(temporary.cleanup)
        path = Path(temporary.name)
        _write(path / "ed25519.txt", signatures())
        _write(path / "edges.txt", edge_cases.rows())
        _write(path / "sha512.txt", digests())
        _write(path / "cobs.txt", stuffed())
        _FOLDER.append(path)
    return _FOLDER[0]


def add_many(config):
    """Write many.txt, too, which only fast code can work through."""
    path = folder(config) / "many.txt"
    if not path.exists():
        _write(path, [*published(), *signed_by_nacl([n % 300 for n in range(10_000)])])


def _write(path, rows):
    """Rows of bytes as lines of hex."""
    path.write_text("".join(":".join(field.hex() or "-" for field in row) + "\n" for row in rows))


def signatures():
    """Rows for ed25519.txt."""
    yield from list(published())[::16]
    yield from signed_by_nacl((0, 1, 31, 96, 168, 1000) * 2)


def published():
    """Cases of cryptography-vectors' asymmetric/Ed25519/sign.input."""
    root = Path(cryptography_vectors.__file__).parent
    for line in (root / "asymmetric" / "Ed25519" / "sign.input").read_text().splitlines():
        seed, public, message, signed, _ = line.split(":")
        yield tuple(bytes.fromhex(field) for field in (seed[:64], public, message, signed[:128]))


def signed_by_nacl(lengths):
    """A case with a random key and a random message for each length."""
    rng = random.Random(SEED)
    for length in lengths:
        key = nacl.signing.SigningKey(rng.randbytes(32))
        message = rng.randbytes(length)
        yield bytes(key), bytes(key.verify_key), message, key.sign(message).signature


def digests():
    """Rows for sha512.txt."""
    rng = random.Random(SEED)
    for length in (*range(3), *range(109, 131), *range(237, 259), 1000, 4096):
        message = rng.randbytes(length)
        yield message, hashlib.sha512(message).digest()


def stuffed():
    """Rows for cobs.txt: random frames with few and many zeros, and runs around 254."""
    rng = random.Random(SEED)
    for length in (*range(1, 20), 100, *range(250, 260), 507, 508, 509, 762):
        for alphabet in (bytes(256), bytes(range(256)), b"\x00\x01", b"\x55", b"\x00" + b"\xff" * 40):
            plain = bytes(rng.choice(alphabet) for _ in range(length))
            yield plain, cobs.encode(plain)
