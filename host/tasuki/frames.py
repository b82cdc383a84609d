"""What a decoder gives: tables of frames, and the samples and messages in them."""

from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tasuki.native import wire
from tasuki.native.wire import ROW
from tasuki_wire import codec, layout
from tasuki_wire.errors import error

__all__ = ["ROW", "Batch", "Link", "Samples", "Stream", "record_dtype", "records_of"]

_NUMBERS = {"B": "u1", "b": "i1", "H": "<u2", "h": "<i2", "I": "<u4", "i": "<i4"}
_ROWS = {row[0]: row[5] for row in layout.MESSAGES}
_FLAGS_AT = 3


class Stream(NamedTuple):
    """One row of the hub's `streams` message."""

    stream: int
    kind: int
    site: int
    per_frame: int
    period_us: int


@cache
def record_dtype(kind: int) -> np.dtype[Any]:
    """Structured dtype of one record of a sample kind; ValueError when its size is not fixed."""
    if codec.KINDS[kind].row_rest or codec.KINDS[kind].mode != layout.SAMPLES:
        raise ValueError(f"{codec.KINDS[kind].name} has no records of fixed size")
    fields = [(name, _NUMBERS[code], (count,)) for name, code, count, _, _, _ in _ROWS[kind]]
    return np.dtype([(name, code, size if size != (1,) else ()) for name, code, size in fields])


def records_of(body: bytes) -> bytes:
    """The records of a sample frame's body (header and payload), unpacked if it was packed.

    Malformed("length") for a packed payload that is none, Malformed("flags")
    for a packed frame of a kind that never is.
    """
    payload = body[layout.HEADER_SIZE :]
    if not body[_FLAGS_AT] & layout.FLAG_PACKED:
        return payload
    kind = codec.KINDS[body[1]]
    if not kind.columns:
        raise error("flags", f"{kind.name} is never packed")
    return wire.unpack(payload, kind.columns)


@dataclass(frozen=True, slots=True)
class Samples:
    """The records of one stream in a batch.

    Attributes:
        times_us: shape (records,), uint64, device time. The first record of a
            frame has the frame's time, the others follow at the nominal period.
        raw: shape (records,), structured: a field per field of the kind.
    """

    stream: int
    kind: int
    times_us: NDArray[np.uint64]
    raw: NDArray[Any]

    def physical(self, name: str) -> NDArray[np.float64]:
        """A field in its unit, shape (records,) or (records, count): raw / scale."""
        scale = next(row[4] for row in _ROWS[self.kind] if row[0] == name)
        return self.raw[name] / np.float64(scale)


class Link(NamedTuple):
    """An intact link frame: its row in the batch, its kind and payload."""

    row: int
    kind: int
    time_us: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Batch:
    """The frames of one read, good and bad, in the order of arrival.

    Attributes:
        arena: shape (bytes,), uint8: bodies (header and payload) of the good frames.
        rows: shape (frames,) of ROW; status is an index of layout.FAULTS, and a
            good frame's body is arena[offset : offset + length].
    """

    arena: NDArray[np.uint8]
    rows: NDArray[Any]

    def __len__(self) -> int:
        return len(self.rows)

    def good(self) -> NDArray[np.bool_]:
        """Which frames are intact, shape (frames,)."""
        good: NDArray[np.bool_] = self.rows["status"] == 0
        return good

    def bodies(self, chosen: NDArray[Any]) -> list[bytes]:
        """Bodies of the good frames among the chosen rows (mask or indices)."""
        rows = self.rows[chosen]
        rows = rows[rows["status"] == 0]
        data = self.arena.data
        spans = zip(rows["offset"].tolist(), rows["length"].tolist(), strict=True)
        return [bytes(data[at : at + size]) for at, size in spans]

    def links(self) -> list[Link]:
        """The intact link frames, in order."""
        # A damaged frame's stream is 0; one with another fault has no length.
        found = (self.rows["stream"] == layout.LINK_STREAM).nonzero()[0].tolist()
        data, rows = self.arena.data, self.rows.view(np.uint8).data
        out = []
        for i in found:
            time_us, at, size, kind = wire.link_of(rows, ROW.itemsize * i)
            if size:
                out.append(Link(i, kind, time_us, bytes(data[at + layout.HEADER_SIZE : at + size])))
        return out

    def part(self, start: int, stop: int | None = None) -> "Batch":
        """The rows from start to stop, on the same arena: what came before or after a hello."""
        return Batch(self.arena, self.rows[start:stop])

    def samples(self, stream: Stream) -> Samples:
        """The records of one stream; those of damaged frames and of other kinds are left out."""
        dtype = record_dtype(stream.kind)
        data, times = wire.samples(
            self.arena, self.rows, stream.stream, stream.kind, dtype.itemsize, stream.period_us
        )
        return Samples(stream.stream, stream.kind, times, np.frombuffer(data, dtype))
