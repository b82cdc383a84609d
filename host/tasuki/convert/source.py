"""From a capture to pieces of signals: only what is proved and may go, in time's order."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tasuki import values
from tasuki.capture.check import KeyOf
from tasuki.capture.timeline import UNKNOWN, Timed, Timeline
from tasuki.convert.signals import Gap, Piece, Signal
from tasuki.errors import Untrusted
from tasuki.frames import Stream
from tasuki.trust import proof
from tasuki_wire import codec

_LOG = codec.number("log")
_GAP = 1.5  # periods between two samples; less is jitter of the hub

Choose = Callable[[Timed], str]
"""Why a block stays back; empty when it may go."""


class Choice(NamedTuple):
    """What is asked for: streams (None: all), and blocks that overlap a time, nanoseconds since 1970."""

    streams: frozenset[int] | None = None
    start_ns: int | None = None
    end_ns: int | None = None


@dataclass
class Taken:
    """What came of the blocks: how many, and why others did not go; samples and gaps by signal.

    uncertainty_ns: the largest of any block. untimed: blocks without wall time.
    """

    blocks: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    unproved: Counter[str] = field(default_factory=Counter)
    samples: Counter[str] = field(default_factory=Counter)
    missing: Counter[str] = field(default_factory=Counter)
    gaps: Counter[str] = field(default_factory=Counter)
    uncertainty_ns: int = 0
    untimed: int = 0


class Source:
    """The signals of a capture.

    Args:
        timeline: where the blocks are. streams: the header's rows.
        key_of: public key of a device id; what it does not prove is left out.
        choose: what may go.
        choice: what is asked for.
        speed: how many times faster than life the hub's clock ran.

    Attributes:
        signals: by stream.
        total, seen: blocks that are asked for, and how many were looked at.
        taken: what came of them.
    """

    def __init__(
        self,
        timeline: Timeline,
        streams: tuple[Stream, ...],
        key_of: KeyOf,
        choose: Choose,
        choice: Choice,
        speed: float = 1.0,
    ) -> None:
        self._timeline = timeline
        self._key_of = key_of
        self._choose = choose
        self.choice = choice
        self._speed = speed
        rows = timeline.select(*choice)
        present = set(np.unique(rows["stream"]).tolist())
        self.total = len(rows)
        self.seen = 0
        self.signals = {row.stream: Signal(row) for row in streams if row.stream in present and _fixed(row)}
        self.taken = Taken()

    def pieces(self) -> Iterator[Piece]:
        """All pieces, by session and device time; `taken` counts meanwhile, anew each time."""
        self.taken = taken = Taken()
        self.seen = 0
        tracks = {number: _Track(signal, self._speed) for number, signal in self.signals.items()}
        for timed in self._timeline.blocks(*self.choice):
            self.seen += 1
            reason = self._refused(timed)
            if reason:
                continue
            signal = self.signals[timed.block.stream]
            piece = tracks[timed.block.stream].piece(timed)
            taken.blocks += 1
            taken.untimed += timed.t0_ns == UNKNOWN
            taken.uncertainty_ns = max(taken.uncertainty_ns, piece.uncertainty_ns)
            taken.samples[signal.name] += len(piece)
            taken.gaps[signal.name] += len(piece.gaps)
            taken.missing[signal.name] += sum(gap.missing for gap in piece.gaps)
            yield piece

    def _refused(self, timed: Timed) -> str:
        block = timed.block
        signal = self.signals.get(block.stream)
        if signal is None or signal.stream.kind != block.kind:
            reason = "log" if block.kind == _LOG else "no_signal"
            self.taken.left_out[reason] += 1
            return reason
        if reason := self._choose(timed):
            self.taken.left_out[reason] += 1
            return reason
        try:
            proof.check_by(block, self._key_of)
        except Untrusted as error:
            self.taken.unproved[error.reason] += 1
            return error.reason
        return "" if len(block.places) else "empty"


class _Track:
    """Where a signal stands, so that what is missing before the next piece shows."""

    def __init__(self, signal: Signal, speed: float) -> None:
        self._signal = signal
        self._speed = speed
        self._session = -1
        self._device_us = 0.0
        self._wall_ns = UNKNOWN

    def piece(self, timed: Timed) -> Piece:
        raw, device_us = values.records(timed.block)
        wall = _wall(timed, device_us)
        gaps = self._gaps(timed, device_us, wall)
        self._session = timed.block.session
        self._device_us = float(device_us[-1])
        self._wall_ns = UNKNOWN if wall is None else int(wall[-1])
        unsure = 0 if wall is None else timed.uncertainty_ns
        return Piece(self._signal, raw, device_us, wall, unsure, gaps, timed.block.session)

    def _gaps(
        self, timed: Timed, device_us: NDArray[np.float64], wall: NDArray[np.int64] | None
    ) -> tuple[Gap, ...]:
        period = self._signal.stream.period_us
        steps = np.diff(device_us)
        found = [
            Gap(i + 1, round(steps[i] / period) - 1, float(device_us[i]) + period)
            for i in np.flatnonzero(steps > _GAP * period).tolist()
        ]
        if self._session < 0:
            return tuple(found)
        if self._session == timed.block.session:
            step, due = float(device_us[0]) - self._device_us, self._device_us + period
        else:  # the hub was started again: only wall time tells how long it was away
            known = wall is not None and self._wall_ns != UNKNOWN
            away = (int(wall[0]) - self._wall_ns) / 1000 * self._speed if wall is not None and known else 0.0
            step, due = max(away, 2.0 * period), float(device_us[0]) - period
        if step > _GAP * period:
            found.insert(0, Gap(0, round(step / period) - 1, due))
        return tuple(found)


def _wall(timed: Timed, device_us: NDArray[np.float64]) -> NDArray[np.int64] | None:
    """Wall time of samples, on the line through those of the block's first and last."""
    if timed.t0_ns == UNKNOWN:
        return None
    t0_us, t1_us = timed.block.t0_us, timed.block.t1_us
    pace = (timed.t1_ns - timed.t0_ns) / (t1_us - t0_us) if t1_us > t0_us else 0.0
    return timed.t0_ns + np.rint((device_us - t0_us) * pace).astype(np.int64)


def _fixed(row: Stream) -> bool:
    kind = codec.KINDS.get(row.kind)
    return kind is not None and kind.item is not None and not kind.row_rest and row.period_us > 0
