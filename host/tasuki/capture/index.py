"""The index of a capture: where its blocks stand and what time they cover, for readers that seek.

An index record tells of all blocks and time syncs since the one before it, and names that one, so
the records form a chain from the last to the first. Rows of an item are encrypted as its blocks
are: they tell no more to a stranger, and are erased with them. An index is a hint. A reader that
finds none, or a wrong one, reads the blocks themselves; `tasuki verify` compares the two.
"""

import struct
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasuki.block import Block
from tasuki.capture.container import NOWHERE, Place
from tasuki_wire import items

BLOCKS = np.dtype(
    [
        ("number", "<u4"),
        ("offset", "<u8"),
        ("stream", "u1"),
        ("session", "<u4"),
        ("epoch", "<u4"),
        ("t0_us", "<u8"),
        ("t1_us", "<u8"),
    ]
)
"""A block: place of its record, what it is of, device time of its first and last sample."""

CLOCKS = np.dtype(
    [
        ("offset", "<u8"),
        ("t1_us", "<u8"),
        ("rx_us", "<u8"),
        ("tx_us", "<u8"),
        ("t4_us", "<u8"),
        ("wall_minus_host_us", "<i8"),
    ]
)
"""A time sync: place of its record, and all that it says."""

CLOCK_SECTION = 255
"""Stands where a section of blocks has its item."""

Rows = NDArray[Any]
Row = tuple[int, int, int, int, int, int, int]
Coder = Callable[[str, bytes], bytes | None]
"""Encrypts or decrypts the rows of an item; None when that cannot be done."""

_LINK = struct.Struct("<IQ")
_SECTION = struct.Struct("<BI")


def row_of(number: int, offset: int, block: Block) -> Row:
    """A block's row."""
    return number, offset, block.stream, block.session, block.epoch, block.t0_us, block.t1_us


class Gathered:
    """Rows since the last index record, by item, and how the record of them begins.

    Attributes:
        last: place of the index record before.
    """

    def __init__(self) -> None:
        self.last = NOWHERE
        self.blocks: dict[str, list[Row]] = {}
        self.clocks: list[tuple[int, ...]] = []

    @property
    def count(self) -> int:
        """Rows that no index record holds yet."""
        return len(self.clocks) + sum(map(len, self.blocks.values()))

    def add_block(self, item: str, row: Row) -> None:
        """A block of an item was written or read."""
        self.blocks.setdefault(item, []).append(row)

    def add_clock(self, offset: int, *exchange: int) -> None:
        """A time sync was written or read."""
        self.clocks.append((offset, *exchange))

    def begin(self, last: Place) -> None:
        """An index record with all rows so far stands at this place."""
        self.last = last
        self.blocks, self.clocks = {}, []

    def pack(self, encrypt: Coder) -> bytes:
        """Payload of the index record of these rows."""
        out = [_LINK.pack(*self.last)]
        for item, rows in self.blocks.items():
            data = encrypt(item, np.array(rows, BLOCKS).tobytes()) or b""
            out += [_SECTION.pack(items.NAMES.index(item), len(data)), data]
        data = np.array(self.clocks, CLOCKS).tobytes()
        return b"".join([*out, _SECTION.pack(CLOCK_SECTION, len(data)), data])

    def agrees(self, previous: Place, blocks: Mapping[str, Rows], clocks: Rows) -> bool:
        """True when an index record says what was gathered; both lack items that cannot be read."""
        told = {item: rows.tolist() for item, rows in blocks.items()}
        return previous == self.last and clocks.tolist() == self.clocks and told == self.blocks


def read(payload: bytes, decrypt: Coder) -> tuple[Place, dict[str, Rows], Rows]:
    """(place of the index record before, rows of blocks by item, rows of time syncs).

    Items whose rows cannot be decrypted are left out. ValueError when the bytes are no index record.
    """
    if len(payload) < _LINK.size:
        raise ValueError(f"index of {len(payload)} bytes")
    blocks: dict[str, Rows] = {}
    clocks = np.zeros(0, CLOCKS)
    at, seen = _LINK.size, set[int]()
    while at < len(payload):
        code, length = _SECTION.unpack_from(payload[at : at + _SECTION.size].ljust(_SECTION.size, b"\0"))
        data = payload[at + _SECTION.size : at + _SECTION.size + length]
        at += _SECTION.size + length
        if at > len(payload) or code in seen or (code != CLOCK_SECTION and code >= len(items.NAMES)):
            raise ValueError("index does not add up")
        seen.add(code)
        if code == CLOCK_SECTION:
            clocks = _rows(data, CLOCKS)
        elif (plain := decrypt(items.NAMES[code], data)) is not None:
            blocks[items.NAMES[code]] = _rows(plain, BLOCKS)
    return Place(*_LINK.unpack_from(payload)), blocks, clocks


def _rows(data: bytes, dtype: np.dtype[Any]) -> Rows:
    if len(data) % dtype.itemsize:
        raise ValueError("index does not add up")
    return np.frombuffer(data, dtype)
