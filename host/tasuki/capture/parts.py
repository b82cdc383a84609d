"""What the records of a capture or bundle hold, read and written here and nowhere else."""

import json
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tasuki.block import Block
from tasuki.capture.container import Place
from tasuki.capture.index import Rows
from tasuki_wire import codec, epoch, items, layout

HEADER, EPOCH, BLOCK, CLOCK, EVENT, TAIL, COUNTS, ATTESTED, SIGNATURE, INDEX = range(1, 11)

RECORD_SIZE: int = codec.KINDS[epoch.RECORD].head_size
LEAVES_SIZE = layout.SLOTS * layout.NODE_SIZE

CALIBRATION = "calibration"  # event: the blocks from here on were corrected with this version of constants

_CLOCK = struct.Struct("<QQQQq")
_LENGTH = struct.Struct("<H")


@dataclass(frozen=True)
class Part:
    """Base of everything that a file holds; offset is where its record starts."""

    offset: int


@dataclass(frozen=True)
class EpochPart(Part):
    """A signed epoch record, and its 16 slot leaves (384 bytes) where the file has them.

    The leaves are salted, so they count the epoch without telling what its slots hold.
    """

    record: bytes
    leaves: bytes

    @property
    def fields(self) -> tuple[Any, ...]:
        """The record's fields in the order of layout."""
        values: tuple[Any, ...] = codec.unpack(epoch.RECORD, self.record)
        return values


@dataclass(frozen=True)
class BlockPart(Part):
    """A block as it was kept; not verified yet."""

    item: str
    block: Block


@dataclass(frozen=True)
class Unreadable(Part):
    """A block or tail whose item key is gone from the vault; size is that of its ciphertext."""

    item: str
    size: int


@dataclass(frozen=True)
class ClockPart(Part):
    """One time sync: host (monotonic) and device microseconds, and what made host time wall time."""

    t1_us: int
    rx_us: int
    tx_us: int
    t4_us: int
    wall_minus_host_us: int


@dataclass(frozen=True)
class EventPart(Part):
    """Something that happened: `event` names it."""

    value: dict[str, Any]


@dataclass(frozen=True)
class TailPart(Part):
    """Frame bodies of one item that no epoch record covers; nothing proves them."""

    item: str
    frames: tuple[bytes, ...]


@dataclass(frozen=True)
class CountsPart(Part):
    """The session's counts at its end, as the host stated them."""

    value: dict[str, Any]


@dataclass(frozen=True)
class IndexPart(Part):
    """Where blocks stand, those of items that can be read; tasuki.capture.index has the rows."""

    previous: Place
    blocks: dict[str, Rows]
    clocks: Rows


@dataclass(frozen=True)
class AttestedPart(Part):
    """A stripped block with the service's signature (tasuki.vault.attested)."""

    data: bytes


@dataclass(frozen=True)
class SignaturePart(Part):
    """The service's signature over the SHA-256 of all bytes before this record (domain `bundle`)."""

    signature: bytes


def read_epoch(offset: int, payload: bytes) -> EpochPart:
    """An epoch record; ValueError for another size."""
    if len(payload) not in (RECORD_SIZE, RECORD_SIZE + LEAVES_SIZE):
        raise ValueError(f"epoch of {len(payload)} bytes")
    return EpochPart(offset, payload[:RECORD_SIZE], payload[RECORD_SIZE:])


def item_byte(item: str) -> bytes:
    """An item as its place in the table."""
    return bytes((items.NAMES.index(item),))


def read_item(payload: bytes) -> tuple[str, bytes]:
    """(item, content); ValueError when the first byte is no item."""
    if not payload or payload[0] >= len(items.NAMES):
        raise ValueError("unknown item")
    return items.NAMES[payload[0]], payload[1:]


def read_block(offset: int, item: str, content: bytes) -> BlockPart:
    """A block; ValueError when the bytes are none, or of another item."""
    block = Block.from_bytes(content)
    kind = codec.KINDS.get(block.kind)
    if kind is None or kind.item != item:
        raise ValueError(f"block of kind {block.kind} under {item}")
    return BlockPart(offset, item, block)


def pack_event(name: str, **what: Any) -> bytes:
    """Payload of an event record."""
    return json.dumps({"event": name, **what}, separators=(",", ":")).encode()


def pack_clock(t1_us: int, rx_us: int, tx_us: int, t4_us: int, wall_minus_host_us: int) -> bytes:
    """Payload of a clock record, 40 bytes."""
    return _CLOCK.pack(t1_us, rx_us, tx_us, t4_us, wall_minus_host_us)


def read_clock(offset: int, payload: bytes) -> ClockPart:
    """A clock record; ValueError for another size."""
    if len(payload) != _CLOCK.size:
        raise ValueError(f"clock of {len(payload)} bytes")
    return ClockPart(offset, *_CLOCK.unpack(payload))


def pack_frames(frames: Iterable[bytes]) -> bytes:
    """Frame bodies, each after its length."""
    return b"".join(_LENGTH.pack(len(body)) + body for body in frames)


def read_frames(offset: int, item: str, content: bytes) -> TailPart:
    """A tail; ValueError when the lengths do not add up or a body has no header."""
    frames, at = [], 0
    while at < len(content):
        (size,) = _LENGTH.unpack_from(content[at : at + 2].ljust(2, b"\0"))
        body = content[at + 2 : at + 2 + size]
        if len(body) != size or size < layout.HEADER_SIZE:
            raise ValueError("tail does not add up")
        frames.append(body)
        at += 2 + size
    return TailPart(offset, item, tuple(frames))
