"""Writes a session to a capture: verified epochs, the clock, events, the unverified tail, counts."""

import json
import os
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tasuki.block import Block
from tasuki.capture import container, header, parts
from tasuki.capture.container import Place
from tasuki.capture.index import Gathered, row_of
from tasuki.capture.keys import FileKeys, Keys, make
from tasuki.errors import UsageError
from tasuki.frames import Stream
from tasuki_wire import codec, items

_TAIL_BYTES = 1 << 18
_INDEX_ROWS = (
    1000  # about two minutes of the full garment; a crash leaves no more to be read without an index
)


class CaptureWriter:
    """A capture in the making; `id` is that of its header.

    Every epoch is given to the system at once and to the disk every few seconds, so a crash of this
    process loses nothing, and one of the machine a few seconds.

    Args:
        path: a new file. UsageError when it exists or cannot be made.
        streams: rows (stream, kind, site, per_frame, period_us) of the hub's `streams` message.
        keys: the vault, and subject whose item keys wrap the file's keys; Refused("key_erased")
            when it does not know the subject.
        plaintext: must be True to write without keys.
        speed: how many times faster than life the hub's clock runs.
    """

    def __init__(
        self,
        path: Path,
        streams: Iterable[tuple[int, int, int, int, int]],
        *,
        keys: Keys | None = None,
        subject: str = "",
        plaintext: bool = False,
        speed: float = 1.0,
    ) -> None:
        if (keys is None or not subject) != plaintext:
            raise UsageError("a capture needs a vault and a wearer", "Give --plaintext to write without.")
        self.id = file_id = os.urandom(header.ID_SIZE)
        owner, wrapped = b"", dict[str, header.WrappedKey]()
        self._keys: FileKeys | None = None
        if keys is not None and not plaintext:
            owner, wrapped, self._keys = make(keys, subject, file_id)
        head = header.Header(
            header.CAPTURE,
            file_id,
            datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            speed,
            tuple(Stream(*row) for row in streams),
            owner,
            wrapped,
        )
        self._out = container.Writer(path, container.CAPTURE)
        self._out.add(parts.HEADER, head.to_bytes())
        self._index = Gathered()
        self._out.flush()

    def add_epoch(self, record: bytes, slot_leaves: bytes, blocks: Iterable[Block]) -> None:
        """Keep a verified epoch.

        record: with its signature, 161 bytes. slot_leaves: all 16, 384 bytes; they count the epoch
        where it keeps no block, or not all. blocks: what enforce let pass, nothing else.
        """
        if len(record) != parts.RECORD_SIZE or len(slot_leaves) != parts.LEAVES_SIZE:
            raise ValueError(f"record of {len(record)} bytes, slot leaves of {len(slot_leaves)}")
        self._out.add(parts.EPOCH, record + slot_leaves)
        for block in blocks:
            place = self._add(parts.BLOCK, block.item, block.to_bytes())
            self._index.add_block(block.item, row_of(*place, block))
        if self._index.count >= _INDEX_ROWS:
            self._write_index()
        self._out.flush()

    def add_clock(
        self, t1_us: int, rx_us: int, tx_us: int, t4_us: int, wall_minus_host_us: int | None = None
    ) -> None:
        """Keep a time sync: t1, t4 host monotonic, rx, tx device microseconds; None: wall time as of now."""
        if wall_minus_host_us is None:
            wall_minus_host_us = (time.time_ns() - time.monotonic_ns()) // 1000
        exchange = t1_us, rx_us, tx_us, t4_us, wall_minus_host_us
        place = self._out.add(parts.CLOCK, parts.pack_clock(*exchange))
        self._index.add_clock(place.offset, *exchange)
        if self._index.count >= _INDEX_ROWS:
            self._write_index()

    def add_event(self, name: str, **what: Any) -> None:
        """Keep that something happened: a token narrowed, a gap, an epoch rejected for a reason ..."""
        self._out.add(parts.EVENT, parts.pack_event(name, **what))

    def add_tail(self, item: str, frames: Iterable[bytes]) -> None:
        """Keep frame bodies (header and payload) of one item that no epoch record covered.

        Only what enforce let pass; ValueError for a frame of another item.
        """
        waiting: list[bytes] = []
        size = 0
        for body in frames:
            kind = codec.KINDS.get(body[1])
            if kind is None or kind.item != item:
                raise ValueError(f"frame of kind {body[1]} under {item}")
            if size + len(body) > _TAIL_BYTES:
                self._add(parts.TAIL, item, parts.pack_frames(waiting))
                waiting, size = [], 0
            waiting.append(body)
            size += len(body) + 2
        if waiting:
            self._add(parts.TAIL, item, parts.pack_frames(waiting))
        self._out.flush()

    def close(self, counts: Mapping[str, Any]) -> None:
        """Keep the session's counts (frames, bad ones by fault, gaps, dropped by reason); end the file."""
        if self._index.count:
            self._write_index()
        self._out.add(parts.COUNTS, _json(counts))
        self._out.close(self._index.last)

    def abandon(self) -> None:
        """Close the file without an end, as after a crash: readers will say that it was cut."""
        self._out.abandon()

    def _add(self, kind: int, item: str, plain: bytes) -> Place:
        if item not in items.NAMES:
            raise ValueError(f"no item {item}")
        return self._out.add(kind, parts.item_byte(item) + self._encrypt(item, plain))

    def _encrypt(self, item: str, plain: bytes) -> bytes:
        return self._keys.encrypt(item, self._out.number, plain) if self._keys else plain

    def _write_index(self) -> None:
        self._index.begin(self._out.add(parts.INDEX, self._index.pack(self._encrypt)))


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
