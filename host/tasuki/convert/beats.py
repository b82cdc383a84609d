"""Beats of a converted ECG, by the same detector as the live view."""

from collections import deque
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tasuki.convert.signals import Piece, Signal
from tasuki.filters import BeatDetector

LOWEST_HZ = 100.0
"""Below this rate there is no detector."""

_KEPT = 64  # pieces; a beat is decided within seconds


class Beat(NamedTuple):
    """One beat.

    sample: counted from the signal's first, gaps included at the nominal rate.
    wall_ns: None where no time sync tells. rr_s: NaN after a gap.
    """

    sample: int
    device_us: float
    wall_ns: int | None
    rr_s: float


class Beats:
    """Takes the pieces of one ECG and gives what was decided."""

    def __init__(self, signal: Signal) -> None:
        self._detector = BeatDetector(signal.rate_hz)
        self._next = 0
        self._runs: deque[tuple[int, NDArray[np.float64], NDArray[np.int64] | None]] = deque(maxlen=_KEPT)

    def feed(self, piece: Piece) -> list[Beat]:
        """The beats that this piece decides."""
        out = []
        (column,) = piece.signal.columns
        microvolts = piece.column(column)
        for gap, run in piece.runs():
            if gap:
                out += self._found(self._detector.gap(gap.missing))
                self._next += gap.missing
            wall = piece.wall_ns
            self._runs.append((self._next, piece.device_us[run], None if wall is None else wall[run]))
            self._next += run.stop - run.start
            out += self._found(self._detector.process(microvolts[run]))
        return out

    def end(self) -> list[Beat]:
        """The beats that only the end decides."""
        return self._found(self._detector.gap(1000))

    def _found(self, rows: NDArray[np.void]) -> list[Beat]:
        return [
            beat for row in rows if (beat := self._beat(int(row["sample"]), float(row["rr_s"]))) is not None
        ]

    def _beat(self, sample: int, rr_s: float) -> Beat | None:
        for first, device_us, wall in reversed(self._runs):
            at = sample - first
            if 0 <= at < len(device_us):
                return Beat(sample, float(device_us[at]), None if wall is None else int(wall[at]), rr_s)
        return None  # in a gap: no sample stands there
