"""What is converted: signals with their columns, and pieces of them with their gaps."""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tasuki.frames import Stream
from tasuki_wire import layout

_MESSAGES = {row[0]: row for row in layout.MESSAGES}
_AXES = ("x", "y", "z")
_DEFAULT_SITES = ("unspecified", "chest")


class Column(NamedTuple):
    """One number of a record: physical value = raw / scale, in unit; at is None in a field of one."""

    name: str
    unit: str
    scale: int
    field: str
    at: int | None


class Gap(NamedTuple):
    """Samples that are not there.

    at: which sample of the piece follows it. missing: how many there would be at the nominal rate.
    due_us: device time when the first of them was due.
    """

    at: int
    missing: int
    due_us: float


@dataclass(frozen=True)
class Signal:
    """One stream of a capture; name is that of its kind, and its place on the body where it is another."""

    stream: Stream

    @cached_property
    def name(self) -> str:
        """Such as ecg, imu or imu_left_wrist."""
        kind = str(_MESSAGES[self.stream.kind][1])
        site = self.stream.site
        place = layout.SITES[site] if site < len(layout.SITES) else f"site{site}"
        return kind if place in _DEFAULT_SITES else f"{kind}_{place}"

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The numbers of a record, in order."""
        out = []
        for name, _, count, unit, scale, _ in _MESSAGES[self.stream.kind][5]:
            for i in range(count):
                ending = "" if count == 1 else f"_{_AXES[i]}" if count == len(_AXES) else f"_{i + 1}"
                out.append(Column(name + ending, unit, scale, name, i if count > 1 else None))
        return tuple(out)

    @property
    def sampled(self) -> bool:
        """True for what is measured at a steady rate in 16-bit integers, as WFDB and EDF+ hold it."""
        rows = _MESSAGES[self.stream.kind][5]
        return self.stream.period_us > 0 and all(row[1] == "h" for row in rows)

    @property
    def rate_hz(self) -> float:
        """Nominal rate."""
        return 1e6 / self.stream.period_us


@dataclass(frozen=True)
class Piece:
    """The records of one block.

    Attributes:
        raw: shape (n,), structured, as the hub measured them.
        device_us: shape (n,), device time.
        wall_ns: shape (n,), nanoseconds since 1970; None where no time sync tells.
        uncertainty_ns: half-width of the interval that wall time surely lies in, 0 without it.
        gaps: rising.
        session: the hub's, to tell its lives apart.
    """

    signal: Signal
    raw: NDArray[Any]
    device_us: NDArray[np.float64]
    wall_ns: NDArray[np.int64] | None
    uncertainty_ns: int
    gaps: tuple[Gap, ...]
    session: int

    def __len__(self) -> int:
        return len(self.raw)

    def integers(self) -> NDArray[np.int16]:
        """Shape (n, columns), of a sampled signal."""
        return np.ascontiguousarray(self.raw).view("<i2").reshape(len(self.raw), -1)

    def column(self, column: Column) -> NDArray[Any]:
        """Raw numbers of a column, shape (n,)."""
        values = self.raw[column.field]
        return values if column.at is None else values[:, column.at]

    def runs(self) -> list[tuple[Gap | None, slice]]:
        """The unbroken stretches, each with the gap before it."""
        starts = [gap.at for gap in self.gaps]
        first: list[Gap | None] = [] if starts[:1] == [0] else [None]
        bounds = [0, *(at for at in starts if at), len(self)]
        gaps = [*first, *self.gaps]
        return [(gap, slice(*bound)) for gap, bound in zip(gaps, pairwise(bounds), strict=True)]
