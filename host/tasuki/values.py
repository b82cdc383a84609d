"""What a block's frames say: times and physical values, as NumPy arrays."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasuki.block import Block
from tasuki.frames import record_dtype, records_of
from tasuki_wire import codec, layout

_FIELDS = {row[0]: row[5] for row in layout.MESSAGES}
_TIME_AT = 8  # of the two time words in a header


@dataclass(frozen=True)
class Values:
    """The samples of one block.

    Attributes:
        times_us: shape (records,), device time, microseconds.
        fields: field name to physical values, shape (records,) or (records, count).
        units: field name to unit.
    """

    times_us: NDArray[np.float64]
    fields: dict[str, NDArray[np.float64]]
    units: dict[str, str]


def read(block: Block) -> Values:
    """Decode a block of fixed-size records; ValueError for a kind without (log lines).

    A record's time lies evenly between its frame's and the next frame's; in
    the last frame of a run between its frame's and the block's last sample.
    """
    dtype = record_dtype(block.kind)
    bodies = block.bodies()
    records = [records_of(body) for body in bodies]
    raw = np.frombuffer(b"".join(records), dtype)
    starts = [codec.time_us(*np.frombuffer(body, "<u4", 2, _TIME_AT).tolist()) for body in bodies]
    counts = [len(frame) // dtype.itemsize for frame in records]
    fields = {name: raw[name] / np.float64(scale) for name, _, _, _, scale, _ in _FIELDS[block.kind]}
    units = {name: unit for name, _, _, unit, _, _ in _FIELDS[block.kind]}
    return Values(_times(block, starts, counts), fields, units)


def _times(block: Block, starts: list[int], counts: list[int]) -> NDArray[np.float64]:
    records = sum(counts)
    places = block.places.tolist()
    out = np.empty(records)
    at = 0
    for i, (start, n) in enumerate(zip(starts, counts, strict=True)):
        if i + 1 < len(places) and places[i + 1] == places[i] + 1:
            step = (starts[i + 1] - start) / n
        elif places[i] == block.count - 1 and n > 1:
            step = (block.t1_us - start) / (n - 1)
        elif i:
            step = (start - starts[i - 1]) / counts[i - 1] / max(1, places[i] - places[i - 1])
        else:
            step = (block.t1_us - block.t0_us) / max(1, records)
        out[at : at + n] = start + step * np.arange(n)
        at += n
    return out
