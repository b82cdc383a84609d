"""Binding of the wire decoder: lengths checked and memory given here, rules in C."""

from functools import cache, lru_cache
from struct import Struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasuki._native import ffi, lib
from tasuki_wire import codec, layout
from tasuki_wire.errors import error

# Anything with a contiguous buffer of bytes.
Bytes = bytes | bytearray | memoryview | NDArray[np.uint8]

_ROW_CODES = {
    "time_us": "<u8",
    "seq": "<u4",
    "offset": "<u4",
    "length": "<u2",
    "status": "u1",
    "version": "u1",
    "kind": "u1",
    "stream": "u1",
    "flags": "u1",
}

ROW = np.dtype(
    {
        "names": list(_ROW_CODES),
        "formats": list(_ROW_CODES.values()),
        "offsets": [ffi.offsetof("struct tsk_row", name) for name in _ROW_CODES],
        "itemsize": ffi.sizeof("struct tsk_row"),
    }
)
"""One frame, good or bad; see struct tsk_row in native/include/tasuki_frame.h."""

# time_us, offset, length and kind of a row: what a link message needs.
link_of = Struct("=QxxxxIHxxBxxx").unpack_from

_LEAST_STUFFED = layout.HEADER_SIZE + layout.CRC_SIZE + 2
_SPARE = 2 * (layout.MAX_FRAME + 1)


def parameters() -> Any:
    """Fresh decoder parameters for this version's kinds, no seeds announced."""
    params = ffi.new("struct tsk_wire_params *")
    _copy(params, _of_this_version())
    return params


def _copy(params: Any, source: Any) -> None:
    ffi.memmove(params, source, ffi.sizeof("struct tsk_wire_params"))


@lru_cache(maxsize=8)  # the hubs of a line announce the same
def _announcing(seeds: tuple[tuple[int, int], ...]) -> Any:
    params = parameters()
    for number, seed in seeds:
        row = params.kinds[number]
        row.announced, row.announced_seed = 1, seed
    return params


@cache
def _of_this_version() -> Any:
    params = ffi.new("struct tsk_wire_params *")
    lib.tsk_wire_init(params)
    params.oldest_version = layout.OLDEST_VERSION
    params.version = layout.VERSION
    params.known_flags = layout.KNOWN_FLAGS
    for number, kind in codec.KINDS.items():
        _fill(params.kinds[number], kind)
    return params


def _fill(row: Any, kind: codec.Kind) -> None:
    row.known = 1
    row.seed = kind.seed
    row.head = kind.head_size
    row.row = kind.row_size
    row.mode = kind.mode
    row.link = kind.item is None
    row.head_rest = kind.head_rest
    row.row_rest = kind.row_rest
    row.open_tail = not kind.number
    row.columns = kind.columns


class WireDecoder:
    """The C decoder with its state: bytes in, rows and bodies out, any split alike."""

    def __init__(self) -> None:
        self._params = parameters()
        self._state = ffi.new("struct tsk_wire_state *")
        self._used = ffi.new("size_t[2]")

    def announce(self, seeds: dict[int, int]) -> None:
        """Set the CRC seeds that the hub's hello gave, {kind: seed}; replaces earlier ones."""
        _copy(self._params, _announcing(tuple(seeds.items())))

    def reset(self) -> None:
        """Forget a partial frame and the counts."""
        lib.tsk_wire_reset(self._state)

    def counts(self) -> tuple[int, ...]:
        """Frames so far, by index of layout.FAULTS."""
        return tuple(self._state.counts)

    def decode(self, data: Bytes) -> tuple[NDArray[np.uint8], NDArray[Any]]:
        """Arena of frame bodies, shape (bytes,), and rows, shape (frames,) of ROW, of all frames in data."""
        source = ffi.from_buffer("uint8_t[]", data)
        size = len(source)
        arena = np.empty(size + _SPARE, np.uint8)
        done, used, rows = self._call(source, 0, size, arena, 0)
        if done == size:
            return arena[:used], rows
        # Many short damaged frames need more rows than good frames would.
        parts = [rows]
        while done < size:
            more, added, rows = self._call(source, done, size, arena, used)
            rows["offset"] += used
            parts.append(rows)
            done += more
            used += added
        return arena[:used], np.concatenate(parts)

    def _call(
        self, source: Any, done: int, size: int, arena: NDArray[np.uint8], used: int
    ) -> tuple[int, int, NDArray[Any]]:
        rows = np.empty((size - done) // _LEAST_STUFFED + 2, ROW)
        count = self._used
        consumed = lib.tsk_wire_decode(
            self._params,
            self._state,
            source + done,
            size - done,
            ffi.from_buffer("struct tsk_row[]", rows),
            len(rows),
            count,
            ffi.from_buffer("uint8_t[]", arena) + used,
            len(arena) - used,
            count + 1,
        )
        return consumed, count[1], rows[: count[0]]


def unpack(payload: bytes, columns: int) -> bytes:
    """Records of a packed payload, as tasuki_wire.packing.unpack; Malformed("length") for any other bytes."""
    records = ffi.new("uint8_t[]", layout.MAX_PAYLOAD)
    size = lib.tsk_unpack(payload, len(payload), columns, records)
    if not size:
        raise error("length", f"{len(payload)} bytes are no packed records")
    return bytes(ffi.buffer(records, size))


def pack(records: bytes, columns: int) -> bytes:
    """Packed payload of records of `columns` i16, b"" where that is not smaller; up to MAX_PAYLOAD bytes."""
    if len(records) > layout.MAX_PAYLOAD or len(records) % (2 * columns):
        raise ValueError(f"{len(records)} bytes of records")
    packed = ffi.new("uint8_t[]", max(1, len(records)))
    size = lib.tsk_pack(records, len(records) // (2 * columns), columns, packed)
    return bytes(ffi.buffer(packed, size))


def samples(
    arena: NDArray[np.uint8], rows: NDArray[Any], stream: int, kind: int, record: int, period_us: int
) -> tuple[bytes, NDArray[np.uint64]]:
    """Records of one stream's frames of one kind, joined and unpacked, and the device time of each.

    `record` is the size of a record in bytes, `period_us` the nominal time
    between two of them. Frames that are damaged, or of another kind, are left out.
    """
    table = ffi.from_buffer("struct tsk_row[]", np.ascontiguousarray(rows))
    source = ffi.from_buffer("uint8_t[]", arena)
    size = lib.tsk_wire_sample_bytes(table, len(rows), source, len(arena), stream, kind, record)
    out = np.empty(size, np.uint8)
    times = np.empty(size // record, np.uint64)
    lib.tsk_wire_samples(
        table,
        len(rows),
        source,
        len(arena),
        stream,
        kind,
        record,
        period_us,
        ffi.from_buffer("uint8_t[]", out),
        len(out),
        ffi.from_buffer("uint64_t[]", times),
        len(times),
    )
    return out.tobytes(), times
