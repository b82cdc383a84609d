"""Reaching records of a file by their place, without reading what stands before them."""

import os
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from tasuki.capture import container
from tasuki.capture.container import Place, Record


def record_at(file: BinaryIO, place: Place) -> Record:
    """The record at a place; ValueError when no intact one is there. Does not move the file's position."""
    handle, at = file.fileno(), place.offset
    start = _start(handle, at)
    kind, length = (
        container.START.unpack(start)
        if len(start) == container.START.size
        else (0, container.MAX_PAYLOAD + 1)
    )
    if length > container.MAX_PAYLOAD:
        raise ValueError(f"no record at byte {at}")
    rest = os.pread(handle, length + container.CRC.size, at + container.START.size)
    payload, crc = rest[:length], rest[length:]
    if len(crc) < container.CRC.size or container.CRC.unpack(crc)[0] != zlib.crc32(
        payload, zlib.crc32(start)
    ):
        raise ValueError(f"no intact record at byte {at}")
    return Record(place.number, at, kind, payload)


def last_index(file: BinaryIO) -> Place:
    """The index record that the end record of a file of format 2 names; ValueError when it names none."""
    size = container.START.size + container.ENDS[2].size + container.CRC.size
    offset = os.fstat(file.fileno()).st_size - size
    end = record_at(file, Place(0, max(offset, 0)))
    if end.type != container.END or len(end.payload) != container.ENDS[2].size:
        raise ValueError("the file has no end that names an index")
    _, _, *link = container.ENDS[2].unpack(end.payload)
    return Place(*link)


def walk(file: BinaryIO, first: Place) -> Iterator[tuple[Place, int]]:
    """(place, type) of every record from one on, by their lengths alone: nothing is read but starts.

    Ends at the end of the file, at half a record, or where no record can be.
    """
    handle, (number, at) = file.fileno(), first
    size = os.fstat(handle).st_size
    while True:
        start = _start(handle, at)
        if len(start) < container.START.size:
            return
        kind, length = container.START.unpack(start)
        after = at + container.START.size + length + container.CRC.size
        if length > container.MAX_PAYLOAD or after > size:
            return
        yield Place(number, at), kind
        number, at = number + 1, after


def _start(handle: int, at: int) -> bytes:
    """The start of a record; short, or nothing, behind the end. A file may name places that no system has."""
    return os.pread(handle, container.START.size, at) if at < os.fstat(handle).st_size else b""
