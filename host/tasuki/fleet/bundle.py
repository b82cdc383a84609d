"""Firmware bundles: a signed manifest and the files that it names (docs/formats.md).

Bytes in, bytes out; what goes into a bundle is for the caller to read. The
hub has a parser of its own, tasuki_hub.bundle, and tests hold both to the
same bundles.
"""

import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

import nacl.bindings as sodium
from nacl.exceptions import BadSignatureError

from tasuki.errors import Untrusted, UsageError
from tasuki.vault.secret import Signer
from tasuki_hub import anchors
from tasuki_wire import epoch, layout

MAGIC = b"tasukiB1"
MAX_SIZE = 64 * 1024
_MAX_MANIFEST = 8192
_MAX_FILES = 96
_MAX_NAME = 48
_HEAD = struct.Struct("<8sBHI16s16sH")
_ROW = struct.Struct("<I32s")
_NAME = re.compile(r"tasuki_(hub|wire)/([a-z0-9_]+/)*[a-z0-9_]+\.m?py")
_SIGNATURE = layout.SIGNATURE_SIZE


@dataclass(frozen=True)
class Release:
    """What a bundle is for.

    counter: rises with every version, 1 to 2**30 - 1. image: number of the
    frozen image over whose files these go. wire: version of the wire they speak.
    """

    board: str
    counter: int
    firmware: str
    image: int = anchors.IMAGE
    wire: int = layout.VERSION


@dataclass(frozen=True)
class Bundle:
    """A bundle that was read: well-formed, and every file as the manifest says."""

    release: Release
    files: Mapping[str, bytes]
    manifest: bytes
    signature: bytes

    @property
    def signed(self) -> bool:
        """True when somebody signed it; `verify` says who."""
        return any(self.signature)


def build(release: Release, files: Mapping[str, bytes]) -> bytes:
    """An unsigned bundle; UsageError for names and sizes that no hub takes."""
    rows = b""
    for name in sorted(files):
        if not _NAME.fullmatch(name) or len(name) > _MAX_NAME:
            raise UsageError(
                f"{name} cannot be in a bundle", "Names are like tasuki_hub/link.py or tasuki_hub/link.mpy."
            )
        rows += bytes([len(name)]) + name.encode() + _ROW.pack(len(files[name]), sha256(files[name]).digest())
    if not 0 < release.counter <= layout.MAX_SEQ:
        raise UsageError(f"counter {release.counter} is out of range", "Give 1 to 2**30 - 1.")
    head = _HEAD.pack(
        MAGIC,
        release.wire,
        release.image,
        release.counter,
        _text(release.firmware),
        _text(release.board),
        len(files),
    )
    whole = head + rows + bytes(_SIGNATURE) + b"".join(files[name] for name in sorted(files))
    if not 0 < len(files) <= _MAX_FILES or len(head + rows) > _MAX_MANIFEST or len(whole) > MAX_SIZE:
        raise UsageError(
            f"{len(files)} files of {len(whole)} bytes in all do not fit",
            f"A bundle has 1 to {_MAX_FILES} files and at most {MAX_SIZE} bytes; give only what changed.",
        )
    return whole


def _text(value: str) -> bytes:
    data = value.encode("ascii", "replace")
    if not 0 < len(data) <= 16:
        raise UsageError(f"{value!r} is not 1 to 16 characters long", "Give a shorter name.")
    return data


def read(data: bytes) -> Bundle:
    """Take a bundle apart, without looking at its signature; Untrusted says what is wrong."""
    if not _HEAD.size <= len(data) <= MAX_SIZE or not data.startswith(MAGIC):
        raise Untrusted("malformed", "this is no firmware bundle")
    _, wire, image, counter, firmware, board, count = _HEAD.unpack_from(data)
    rows, at = _rows(data, count)
    if not 0 < counter <= layout.MAX_SEQ or at > _MAX_MANIFEST:
        raise Untrusted("malformed", "the manifest is out of bounds")
    place = at + _SIGNATURE
    files = {}
    for name, size, digest in rows:
        files[name] = data[place : place + size]
        place += size
        if sha256(files[name]).digest() != digest:
            raise Untrusted("mismatch", f"{name} is not what the manifest says")
    if place != len(data):
        raise Untrusted("malformed", f"{len(data)} bytes, {place} expected")
    release = Release(_printed(board), counter, _printed(firmware), image, wire)
    return Bundle(release, files, data[:at], data[at : at + _SIGNATURE])


def _rows(data: bytes, count: int) -> tuple[list[tuple[str, int, bytes]], int]:
    """The manifest's rows and where it ends."""
    at = _HEAD.size
    found: list[tuple[str, int, bytes]] = []
    if not 0 < count <= _MAX_FILES:
        raise Untrusted("malformed", f"{count} files")
    for _ in range(count):
        length = data[at] if at < len(data) else 0
        name = data[at + 1 : at + 1 + length].decode("ascii", "replace")
        at += 1 + length
        if not _NAME.fullmatch(name) or length > _MAX_NAME or (found and name <= found[-1][0]):
            raise Untrusted("malformed", f"file name {name!r}")
        if at + _ROW.size > len(data):
            raise Untrusted("malformed", "the manifest is cut short")
        found.append((name, *_ROW.unpack_from(data, at)))
        at += _ROW.size
    return found, at


def _printed(field: bytes) -> str:
    """Fit for a terminal: whoever signs a bundle looks at this."""
    text = field.rstrip(b"\0").decode("ascii", "replace")
    return "".join(c if c.isprintable() else "?" for c in text)


def sign(data: bytes, release_key: Signer) -> bytes:
    """The bundle with the release key's signature in place of what was there."""
    manifest = read(data).manifest
    at = len(manifest)
    return manifest + release_key.sign("firmware", manifest) + data[at + _SIGNATURE :]


def verify(data: bytes, public: bytes) -> Bundle:
    """The bundle when the release key signed it and every file is whole; else Untrusted."""
    found = read(data)
    try:
        sodium.crypto_sign_open(found.signature + epoch.signed("firmware", found.manifest), public)
    except (BadSignatureError, ValueError):
        raise Untrusted("bad_signature", "no signature of this release key") from None
    return found
