"""Binding of the hashes, the frame window and the epoch check."""

from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tasuki._native import ffi, lib
from tasuki_wire import codec, layout

PORTABLE: int = lib.TSK_SHA_PORTABLE
BEST: int = lib.tsk_sha_best()
"""The fastest SHA-256 that this processor has; the result is the same."""

DONE: int = lib.TSK_EPOCH_DONE
INCOMPLETE: int = lib.TSK_EPOCH_INCOMPLETE
OPENING: int = lib.TSK_EPOCH_OPENING
BOUNDS: int = lib.TSK_EPOCH_BOUNDS

PROVED: int = lib.TSK_ENTRY_PROVED
MISSING: int = lib.TSK_ENTRY_MISSING
REFUSED: int = lib.TSK_ENTRY_REFUSED
ALTERED: int = lib.TSK_ENTRY_ALTERED
BAD_FRAME: int = lib.TSK_ENTRY_BAD_FRAME

ABSENT, HELD, DOUBTED, WITHHELD = range(4)
"""States of a frame in Window.look; WITHHELD was refused by consent."""

_SIZES = (layout.NODE_SIZE, layout.SECRET_SIZE, layout.META_SIZE, 0)
_SAMPLE_KINDS = bytes(n in codec.KINDS and codec.KINDS[n].item is not None for n in range(256))
_KEYS = layout.KEY_SIZE * layout.SLOTS
_STATUS = ffi.offsetof("struct tsk_epoch", "status")
_COUNTS = ffi.offsetof("struct tsk_epoch", "entries")
_ENTRY = Struct("=5I")
_RECORD = Struct("=IHBB")  # struct record in native/src/window.h; its body follows
_MOST_FRAMES = layout.STREAMS * layout.MAX_BLOCK_FRAMES


def sha256(data: bytes, sha: int = BEST) -> bytes:
    """SHA-256 of bytes."""
    out = bytearray(32)
    lib.tsk_sha256(sha, data, len(data), ffi.from_buffer("uint8_t[]", out))
    return bytes(out)


def leaves(key: bytes, frames: bytes, lengths: NDArray[np.uint16], sha: int = BEST) -> bytes:
    """Leaves, 24 bytes each, of frame bodies that lie joined in `frames`.

    ValueError when the lengths do not add up, or one is longer than a frame.
    """
    lengths = np.ascontiguousarray(lengths, np.uint16)
    if len(key) != layout.KEY_SIZE or int(lengths.sum(dtype=np.int64)) != len(frames):
        raise ValueError(f"{len(frames)} bytes are not the frames that the lengths tell")
    if len(lengths) and int(lengths.max()) > layout.MAX_FRAME:
        raise ValueError("a body longer than a frame")
    out = bytearray(layout.NODE_SIZE * len(lengths))
    lib.tsk_leaves(
        sha,
        key,
        frames,
        ffi.from_buffer("uint16_t[]", lengths),
        len(lengths),
        ffi.from_buffer("uint8_t[]", out),
    )
    return bytes(out)


def root(joined: bytes, sha: int = BEST) -> bytes:
    """Root over leaves of 24 bytes, joined; ValueError for none."""
    count, rest = divmod(len(joined), layout.NODE_SIZE)
    if rest or not count:
        raise ValueError(f"{len(joined)} bytes are no leaves")
    work = bytearray(joined)
    lib.tsk_root(sha, ffi.from_buffer("uint8_t[]", work), count)
    return bytes(work[: layout.NODE_SIZE])


class EntryResult(NamedTuple):
    """What a check found for one entry of an opening: counts of frames, and bytes held."""

    frames: int
    held: int
    missing: int
    doubted: int
    size: int


@dataclass(slots=True)
class Checked:
    """Copy of what a check found.

    status has a byte per entry: PROVED, MISSING, REFUSED, ALTERED or BAD_FRAME.
    frames, lengths and places (uint16 each, as bytes) follow the proved entries in order.
    """

    keys: bytes
    nodes: bytes
    status: bytes
    counts: bytes
    frames: bytes
    lengths: bytes
    places: bytes

    def entries(self) -> list[EntryResult]:
        """Counts of each entry."""
        return [EntryResult._make(entry) for entry in _ENTRY.iter_unpack(self.counts)]

    def slot_key(self, slot: int) -> bytes:
        """K_s of a slot."""
        return self.keys[layout.KEY_SIZE * slot : layout.KEY_SIZE * (slot + 1)]

    def path(self, slot: int) -> bytes:
        """The 4 nodes from a slot's leaf to the epoch root."""
        out, base, width = b"", 0, layout.SLOTS
        while width > 1:
            at = layout.NODE_SIZE * (base + (slot ^ 1))
            out += self.nodes[at : at + layout.NODE_SIZE]
            base, width, slot = base + width, width // 2, slot >> 1
        return out


class Window:
    """Bounded memory of recent frames, by stream and seq; see native/include/tasuki_window.h.

    ring_bytes: a power of two from 1,024, what the bodies may take.
    index_frames: a power of two from 1,024, how far apart in seq two held
    frames of a stream can be.
    """

    def __init__(self, ring_bytes: int = 1 << 20, index_frames: int = 2048, sha: int = BEST) -> None:
        for size in (ring_bytes, index_frames):
            if size < layout.MAX_BLOCK_FRAMES or size & (size - 1):
                raise ValueError(f"{size} is no power of two from {layout.MAX_BLOCK_FRAMES}")
        self.sha = sha
        self._ring = np.zeros(ring_bytes // 8, np.uint64)
        self._index = np.zeros(layout.STREAMS * index_frames, np.uint64)
        self._lengths = np.empty(_MOST_FRAMES, np.uint16)
        self._places = np.empty(_MOST_FRAMES, np.uint16)
        self._frames = np.empty(min(ring_bytes, _MOST_FRAMES * layout.MAX_FRAME), np.uint8)
        self._leaves = np.empty(layout.MAX_BLOCK_FRAMES * layout.NODE_SIZE, np.uint8)
        self._window = ffi.new("struct tsk_window *")
        self._window.ring = ffi.from_buffer("uint8_t[]", self._ring)
        self._window.ring_len = ring_bytes
        self._window.index = ffi.from_buffer("uint64_t[]", self._index)
        self._window.index_len = index_frames
        self._gather = self._new_gather()
        self._epoch = ffi.new("struct tsk_epoch *")
        self._found = ffi.buffer(self._epoch)
        self._lengths_bytes = ffi.buffer(self._gather.lengths, 2 * _MOST_FRAMES)
        self._places_bytes = ffi.buffer(self._gather.places, 2 * _MOST_FRAMES)
        self._frames_bytes = ffi.buffer(self._gather.frames, len(self._frames))
        self.clear()

    def _new_gather(self) -> Any:
        gather = ffi.new("struct tsk_gather *")
        gather.frames = ffi.from_buffer("uint8_t[]", self._frames)
        gather.frames_len = len(self._frames)
        gather.lengths = ffi.from_buffer("uint16_t[]", self._lengths)
        gather.places = ffi.from_buffer("uint16_t[]", self._places)
        gather.places_len = _MOST_FRAMES
        gather.leaves = ffi.from_buffer("uint8_t[]", self._leaves)
        return gather

    @property
    def counts(self) -> dict[str, int]:
        """Frames so far: evicted, duplicates, conflicts, refused."""
        w = self._window
        return {
            "evicted": w.evicted,
            "duplicates": w.duplicates,
            "conflicts": w.conflicts,
            "refused": w.refused,
        }

    def clear(self) -> None:
        """Forget and wipe all frames."""
        lib.tsk_window_clear(self._window)

    def put(
        self, arena: NDArray[np.uint8], rows: NDArray[Any], keep: NDArray[np.bool_] | None = None
    ) -> None:
        """Take the intact sample frames of a decoded batch.

        `keep`, shape (rows,), is False where consent refuses the frame: then
        only a marker stays, and its block is known as refused.
        """
        if keep is not None and len(keep) != len(rows):
            raise ValueError(f"{len(keep)} decisions for {len(rows)} rows")
        lib.tsk_window_put(
            self._window,
            ffi.from_buffer("struct tsk_row[]", rows),
            len(rows),
            ffi.from_buffer("uint8_t[]", arena),
            len(arena),
            ffi.NULL if keep is None else ffi.from_buffer("uint8_t[]", np.ascontiguousarray(keep, np.uint8)),
        )

    def check(
        self,
        root: bytes,
        secret: bytes,
        meta: bytes,
        entries: bytes,
        supplement: tuple[bytes, bytes] | None = None,
        final: bool = False,
    ) -> int:
        """Check an opening and the held frames against the signed root.

        supplement: leaves of 24 bytes for every frame of all entries in order,
        and one byte for each that is 1 where the leaf counts. final decides
        entries although frames are missing. Returns DONE, INCOMPLETE, OPENING
        or BOUNDS; `take` then tells the rest.
        """
        if (len(root), len(secret), len(meta), len(entries) % layout.ENTRY_SIZE) != _SIZES:
            raise ValueError("root, secret, meta or entries of another size than the layout's")
        leaf, given = supplement or (ffi.NULL, ffi.NULL)
        if supplement and len(leaf) != layout.NODE_SIZE * len(given):
            raise ValueError(f"{len(leaf)} bytes of leaves for {len(given)} frames")
        status: int = lib.tsk_epoch_check(
            self._window,
            self.sha,
            _SAMPLE_KINDS,
            root,
            secret,
            meta,
            entries,
            len(entries) // layout.ENTRY_SIZE,
            leaf,
            given,
            len(given) if supplement else 0,
            final,
            self._epoch,
            self._gather,
        )
        if status == lib.TSK_EPOCH_SPACE:
            raise ValueError("supplement of another length than the entries")
        return status

    def take(self, count: int) -> Checked:
        """Copy of what the last check proved, of `count` entries."""
        found = self._found[:]
        used = self._gather.places_used
        return Checked(
            found[:_KEYS],
            found[_KEYS:_STATUS],
            found[_STATUS : _STATUS + count],
            found[_COUNTS : _COUNTS + _ENTRY.size * count],
            self._frames_bytes[: self._gather.frames_used],
            self._lengths_bytes[: 2 * used],
            self._places_bytes[: 2 * used],
        )

    def look(self, stream: int, first_seq: int, count: int) -> bytes:
        """One byte per frame of a run: ABSENT, HELD, DOUBTED or WITHHELD."""
        out = bytearray(count)
        lib.tsk_window_look(self._window, stream, first_seq, count, ffi.from_buffer("uint8_t[]", out))
        return bytes(out)

    def drop(self, stream: int, first_seq: int, count: int, doubted_only: bool = False) -> None:
        """Forget a run of frames, or those of it that came with two contents."""
        lib.tsk_window_drop(self._window, stream, first_seq, count, doubted_only)

    def release(self, entries: bytes) -> None:
        """Forget the frames of an opening's entries."""
        lib.tsk_window_release(self._window, entries, len(entries) // layout.ENTRY_SIZE)

    def tail(self, following: list[int]) -> list[int]:
        """Frames per stream, 0 to 14, that are held from seq following[stream] on."""
        counts = ffi.new("uint32_t[15]")
        lib.tsk_window_tail(self._window, following, counts)
        return list(counts)

    def tail_bodies(self, following: list[int]) -> Iterator[bytes]:
        """Bodies of the frames that `tail` counts, by stream and seq."""
        ring = self._ring.tobytes()
        for stream, row in enumerate(self._index.reshape(layout.STREAMS, -1)):
            places = row[row > 0] & np.uint64(len(ring) - 1)
            found = [(_RECORD.unpack_from(ring, at), at + _RECORD.size) for at in places.tolist()]
            for (seq, length, _, _), at in sorted(found):
                if seq >= following[stream] and length:  # a refused frame has no bytes
                    yield ring[at : at + length]
