"""The container of captures and bundles: checked records after one another, append-only.

    head    8 bytes magic, format u8, content u8
    record  type u8, length u32, payload, CRC-32 of all three (little-endian)
    end     a record of type 255: records before it u32, SHA-256 of all bytes before it,
            and in format 2 the number u32 and the offset u64 of the last index record

What stands before a cut can be read; what is damaged, cut off or appended is named by its offset.
A capture is of format 2, or of 1 where it was written before there was an index; a bundle is of 1.
"""

import hashlib
import os
import struct
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

from tasuki.capture.encrypted import Encrypting
from tasuki.errors import UsageError

MAGIC = b"\x93tasuki\n"
CAPTURE, BUNDLE = 1, 2
FORMATS = {CAPTURE: (1, 2), BUNDLE: (1,)}
"""By content the formats that are read, the last of which is written."""
END = 255
MAX_PAYLOAD = 1 << 20

_HEAD = struct.Struct("<8sBB")
START = struct.Struct("<BI")
CRC = struct.Struct("<I")
ENDS = {1: struct.Struct("<I32s"), 2: struct.Struct("<I32sIQ")}
_SYNC_S = 3.0


class Place(NamedTuple):
    """Where a record stands: its number from 0, and the offset of its first byte."""

    number: int
    offset: int


NOWHERE = Place(0, 0)
"""Stands for no record; the first one is the header, at a higher offset."""


@dataclass(frozen=True)
class Record:
    """One intact record: its number from 0, where it starts, its type and payload."""

    number: int
    offset: int
    type: int
    payload: bytes


@dataclass(frozen=True)
class Damage:
    """Bytes that are not what was written: where, and what is wrong there."""

    offset: int
    what: str


class Writer:
    """Appends records to a new file that only its owner can read.

    recipient: X25519 public key, 32 bytes; with it only its holder can read the file.
    Raises UsageError when the file exists or cannot be made: what was recorded is never overwritten.
    """

    def __init__(self, path: Path, content: int, recipient: bytes = b"") -> None:
        self.path = path
        self.number = 0
        self.offset = 0
        self._format = FORMATS[content][-1]
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            raise UsageError(f"{path} exists", "Give another name, or move it away.") from None
        except OSError as e:
            raise UsageError(f"{path}: {e.strerror}", "Give a folder that you may write to.") from None
        raw = os.fdopen(handle, "wb")
        self._encrypting = Encrypting(raw, recipient) if recipient else None
        self._file = self._encrypting or raw
        self._hash = hashlib.sha256()
        self._synced = time.monotonic()
        self._write(_HEAD.pack(MAGIC, self._format, content))

    @property
    def digest(self) -> bytes:
        """SHA-256 of all bytes so far."""
        return self._hash.digest()

    def add(self, kind: int, payload: bytes) -> Place:
        """Append a record and say where; ValueError above MAX_PAYLOAD bytes."""
        if len(payload) > MAX_PAYLOAD:
            raise ValueError(f"record of {len(payload)} bytes")
        place = Place(self.number, self.offset)
        start = START.pack(kind, len(payload))
        self._write(start + payload + CRC.pack(zlib.crc32(payload, zlib.crc32(start))))
        self.number += 1
        return place

    def flush(self) -> None:
        """Give the bytes to the system, and every few seconds to the disk."""
        self._file.flush()
        if time.monotonic() - self._synced >= _SYNC_S:
            os.fsync(self._file.fileno())
            self._synced = time.monotonic()

    def close(self, index: Place = NOWHERE) -> None:
        """Write the end record, which names the last index record; the file is on disk afterwards."""
        link = index if self._format > 1 else ()
        self.add(END, ENDS[self._format].pack(self.number, self.digest, *link))
        if self._encrypting:
            self._encrypting.end()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def abandon(self) -> None:
        """Close the file as it stands, without an end record."""
        self._file.close()

    def _write(self, data: bytes) -> None:
        self._file.write(data)
        self._hash.update(data)
        self.offset += len(data)


def content_of(path: Path) -> int | None:
    """CAPTURE, BUNDLE or another byte by the head of a file; None for a file of another kind."""
    with path.open("rb") as file:
        head = file.read(_HEAD.size)
    if len(head) < _HEAD.size or head[: len(MAGIC)] != MAGIC:
        return None
    return head[-1]


class Scan:
    """Iterates over the intact records of a file and collects in `damage` what is wrong with the rest.

    After damage inside a payload the next record is tried; after a second one in a row nothing
    that follows can be trusted to be a record. Never holds more than one record.

    Attributes:
        damage: what was found so far. content: CAPTURE or BUNDLE, 0 when the head is damaged.
        format: of the file. index: what the end record names, once it was read.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.damage: list[Damage] = []
        self.content = 0
        self.format = 0
        self.index = NOWHERE
        self._file = file
        self._hash = hashlib.sha256()
        self._before = self._hash
        self._offset = 0
        self._number = 0
        self._lost = False

    @property
    def digest_before(self) -> bytes:
        """SHA-256 of the bytes before the record that was read last."""
        return self._before.digest()

    def __iter__(self) -> Iterator[Record]:
        if not self._head():
            return
        while (record := self._next()) is not None:
            if record.type == END:
                self._end(record)
                return
            yield record

    def _head(self) -> bool:
        head = self._read(_HEAD.size)
        if len(head) < _HEAD.size or head[: len(MAGIC)] != MAGIC:
            self._bad(0, "does not begin like a capture or bundle")
        elif head[9] not in FORMATS:
            self._bad(9, f"content {head[9]} is neither capture nor bundle")
        elif head[8] not in FORMATS[head[9]]:
            known = " and ".join(map(str, FORMATS[head[9]]))
            self._bad(8, f"format {head[8]}, this version reads {known}")
        else:
            self.format, self.content = head[8], head[9]
        return not self.damage

    def _next(self) -> Record | None:
        """The next intact record; None where reading ends."""
        while True:
            offset, before = self._offset, self._hash.copy()
            start = self._read(START.size)
            if not start:
                self._bad(offset, "cut: the end record is missing")
                return None
            kind, length = START.unpack(start) if len(start) == START.size else (0, 0)
            if length > MAX_PAYLOAD:
                self._bad(offset, f"record of {length} bytes; nothing after it can be read")
                return None
            payload = self._read(length)
            crc = self._read(CRC.size)
            if len(start) < START.size or len(payload) < length or len(crc) < CRC.size:
                self._bad(offset, "cut within a record")
                return None
            self._number += 1
            if CRC.unpack(crc)[0] == zlib.crc32(payload, zlib.crc32(start)):
                self._lost = False
                self._before = before
                return Record(self._number - 1, offset, kind, payload)
            if self._lost:
                self._bad(offset, "no record where one should start; nothing after it can be read")
                return None
            self._lost = True
            self._bad(offset, "damaged record")

    def _end(self, record: Record) -> None:
        end = ENDS[self.format]
        if len(record.payload) != end.size:
            self._bad(record.offset, "end record of another size")
            return
        count, digest, *link = end.unpack(record.payload)
        self.index = Place(*link) if link else NOWHERE
        if count != record.number or digest != self._before.digest():
            self._bad(record.offset, "the end record does not fit the bytes before it")
        at = self._offset
        if self._read(1):
            self._bad(at, "bytes after the end record")

    def _read(self, size: int) -> bytes:
        data = self._file.read(size)
        self._offset += len(data)
        self._hash.update(data)
        return data

    def _bad(self, offset: int, what: str) -> None:
        self.damage.append(Damage(offset, what))
