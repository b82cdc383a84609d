"""What a block's frames say: times and physical values, as NumPy arrays."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasuki.block import Block
from tasuki.frames import record_dtype, records_of
from tasuki_wire import codec, layout

_FIELDS = {row[0]: row[5] for row in layout.MESSAGES}
_TIME_AT = 8  # of the two time words in a header
_GAP = 1.5  # times the usual step


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

    A record's time lies evenly between its frame's and the next frame's, unless
    a gap is between them; in the last frame of a run between its frame's and the
    block's last sample.
    """
    raw, times = records(block)
    fields = {name: raw[name] / np.float64(scale) for name, _, _, _, scale, _ in _FIELDS[block.kind]}
    units = {name: unit for name, _, _, unit, _, _ in _FIELDS[block.kind]}
    return Values(times, fields, units)


def records(block: Block) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """The records as the hub measured them, and their device times as in `read`; ValueError likewise."""
    dtype = record_dtype(block.kind)
    bodies = block.bodies()
    held = [records_of(body) for body in bodies]
    starts = [codec.time_us(*np.frombuffer(body, "<u4", 2, _TIME_AT).tolist()) for body in bodies]
    counts = [len(frame) // dtype.itemsize for frame in held]
    return np.frombuffer(b"".join(held), dtype), _times(block, starts, counts)


def _times(block: Block, starts: list[int], counts: list[int]) -> NDArray[np.float64]:
    steps = _steps(block, starts, counts)
    known = [step for step in steps if step is not None]
    usual = float(np.median(known)) if known else (block.t1_us - block.t0_us) / max(1, sum(counts))
    out = np.empty(sum(counts))
    at = 0
    for start, n, step in zip(starts, counts, steps, strict=True):
        if step is None or step > _GAP * usual:  # a pause of the source lies behind this frame
            step = usual
        out[at : at + n] = start + step * np.arange(n)
        at += n
    return out


def _steps(block: Block, starts: list[int], counts: list[int]) -> list[float | None]:
    """Time between the records of each frame, as far as the frames' own times tell it."""
    places = block.places.tolist()
    steps: list[float | None] = []
    for i, (start, n) in enumerate(zip(starts, counts, strict=True)):
        if i + 1 < len(places) and places[i + 1] == places[i] + 1:
            steps.append((starts[i + 1] - start) / n)
        elif places[i] == block.count - 1 and n > 1:
            steps.append((block.t1_us - start) / (n - 1))
        elif i:
            steps.append((start - starts[i - 1]) / counts[i - 1] / max(1, places[i] - places[i - 1]))
        else:
            steps.append(None)
    return steps
