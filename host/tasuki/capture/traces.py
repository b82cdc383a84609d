"""The last seconds of each stream of a replay, one number per record."""

from collections import Counter, deque
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tasuki.frames import Samples, Stream
from tasuki_wire import layout

Floats = NDArray[np.float64]

_WINDOW_S = 12.0
_FIELD = {row[0]: row[5][0] for row in layout.MESSAGES if row[2] is not None}


class Trace(NamedTuple):
    """One stream: values, shape (n,), in unit, the newest last; frames so far."""

    stream: Stream
    unit: str
    values: Floats
    frames: int


class Traces:
    """Keeps one number per record and the frames so far; memory is bounded by the window."""

    def __init__(self, streams: dict[int, Stream]) -> None:
        self._streams = {n: row for n, row in streams.items() if row.kind in _FIELD}
        self._values = {n: deque[float](maxlen=_samples(row)) for n, row in self._streams.items()}
        self._records: Counter[int] = Counter()
        self.start_us = -1.0
        self.now_us = 0.0

    @property
    def elapsed_s(self) -> float:
        """Hub time since the first sample."""
        return max(0.0, self.now_us - self.start_us) / 1e6 if self.start_us >= 0 else 0.0

    def add(self, found: list[Samples]) -> None:
        """Take decoded samples."""
        for part in found:
            first, last = float(part.times_us[0]), float(part.times_us[-1])
            self.start_us = first if self.start_us < 0 else self.start_us
            self.now_us = max(self.now_us, last)
            if part.stream in self._values:
                self._values[part.stream].extend(_one_number(part).tolist())
                self._records[part.stream] += len(part.raw)

    def recent(self) -> list[Trace]:
        """The newest values of every stream."""
        return [self._recent(number, row) for number, row in self._streams.items()]

    def _recent(self, number: int, row: Stream) -> Trace:
        values = np.array(self._values[number], np.float64)
        return Trace(row, _FIELD[row.kind][3], values, self._records[number] // max(row.per_frame, 1))


def _samples(row: Stream) -> int:
    return int(min(_WINDOW_S * 1e6 / max(row.period_us, 1), 100_000)) + 1


def _one_number(part: Samples) -> Floats:
    """A record's value, the length of its vector, or the mean of its channels."""
    name, _, count, unit, _, _ = _FIELD[part.kind]
    values = part.physical(name)
    if count == 1:
        return values
    return np.asarray(np.linalg.norm(values, axis=1) if unit == "g" else values.mean(axis=1))
