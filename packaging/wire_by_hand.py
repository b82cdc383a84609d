"""The wire once more, in plain struct, zlib, hashlib and PyNaCl, for the vectors.

Written from SPEC.md, not from tasuki_wire: of that package only the tables of
layout.py are read. Two writings that agree are worth more than one.
"""

import hashlib
import struct
import zlib

from cobs import cobs
from nacl.signing import SigningKey

from tasuki_wire import layout

VERSION = 0x10
LINK = 255
NUMBERS = {row[1]: row[0] for row in layout.MESSAGES}

DEVICE_KEY = SigningKey(b"\x01" * 32)
AUTHORITY_KEY = SigningKey(b"\x02" * 32)
OTHER_KEY = SigningKey(b"\x03" * 32)
DEVICE_ID = bytes.fromhex("7461737500000001")


def noise(label: str, size: int) -> bytes:
    """Bytes that look random and are the same in every run."""
    return hashlib.shake_256(label.encode()).digest(size)


def schema(kind: str) -> bytes:
    """Canonical text of a kind."""
    head, rows = next(row[4:] for row in layout.MESSAGES if row[1] == kind)
    text = ""
    for mark, fields in [("", head), ("*", rows)]:
        for field in fields:
            text += mark + "|".join(str(part) for part in field[:5]) + "\n"
    return text.encode()


def seed(kind: str) -> int:
    """What the frame CRC of a kind starts from; 0 for hello."""
    return zlib.crc32(schema(kind)) if kind != "hello" else 0


def words(us: int) -> tuple[int, int]:
    """A time as it stands on the wire."""
    return us // 2**30, us % 2**30


def body(kind: str | int, stream: int, seq: int, us: int, payload: bytes) -> bytes:
    """Header and payload."""
    number = NUMBERS[kind] if isinstance(kind, str) else kind
    return struct.pack("<BBBBIII", VERSION, number, stream, 0, seq, *words(us)) + payload


def close(frame_body: bytes, start: int) -> bytes:
    """A frame: the body and its CRC from a seed."""
    return frame_body + struct.pack("<I", zlib.crc32(frame_body, start))


def stuff(frame: bytes) -> bytes:
    """A frame as it goes over the line, with its delimiter (PyPI cobs)."""
    return cobs.encode(frame) + b"\0"


def sha256(*parts: bytes) -> bytes:
    """SHA-256 of joined parts."""
    return hashlib.sha256(b"".join(parts)).digest()


def tree(leaves: list[bytes]) -> bytes:
    """MTH of RFC 9162 section 2.1.1, with nodes of 24 bytes and salted leaves that are hashed already."""
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return sha256(b"\1", tree(leaves[:k]), tree(leaves[k:]))[:24]


def path(leaves: list[bytes], slot: int) -> list[bytes]:
    """PATH of RFC 9162 section 2.1.3.1: siblings from the leaf up."""
    if len(leaves) == 1:
        return []
    half = len(leaves) // 2
    if slot < half:
        return [*path(leaves[:half], slot), tree(leaves[half:])]
    return [*path(leaves[half:], slot - half), tree(leaves[:half])]


def sign(key: SigningKey, domain: str, signed_body: bytes) -> bytes:
    """Ed25519 (RFC 8032) over the domain's prefix and the body."""
    return key.sign(b"tasuki/" + domain.encode() + b"/v1\0" + signed_body).signature


def key_id(key: SigningKey) -> bytes:
    """Key id of the public half."""
    return sha256(key.verify_key.encode())[:8]
