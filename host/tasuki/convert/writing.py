"""What the writers of all formats share."""

import contextlib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple, Protocol

from tasuki.convert.beats import Beat
from tasuki.convert.signals import Gap, Piece, Signal
from tasuki.errors import UsageError

_LONGEST_GAP_S = 7 * 86_400.0


class Start(NamedTuple):
    """When the first block began: session, device time, and wall time where a time sync tells.

    speed: how many times faster than the wall's the hub's clock ran.
    """

    session: int
    device_us: int
    wall_ns: int | None
    speed: float


class Writer(Protocol):
    """Takes pieces in time's order and leaves files in a folder."""

    def add(self, piece: Piece) -> None:
        """Write a piece of one signal."""

    def add_beats(self, signal: Signal, beats: Iterable[Beat]) -> None:
        """Write beats of an ECG."""

    def close(self, statement: str) -> None:
        """Finish the files; the statement says how sure wall time is."""

    def abandon(self) -> None:
        """Close what is open; the folder is removed by others."""


def filled(gap: Gap, signal: Signal) -> int:
    """Samples to put in place of a gap where a format has no other way.

    UsageError when they would be more than a week's: rather part the recording there.
    """
    if gap.missing * signal.stream.period_us / 1e6 > _LONGEST_GAP_S:
        days = gap.missing * signal.stream.period_us / 86_400e6
        raise UsageError(
            f"{signal.name} has a gap of {days:.0f} days, and this format would fill it",
            "Convert a part with --since and --until, or to CSV, Parquet or NumPy.",
        )
    return gap.missing


def utc(wall_ns: int) -> datetime:
    """A wall time to the microsecond, UTC without a zone, as file headers want it."""
    return datetime(1970, 1, 1) + timedelta(microseconds=wall_ns // 1000)


def iso(wall_ns: int) -> str:
    """RFC 3339, to the microsecond; for a time that no calendar has, the number itself."""
    with contextlib.suppress(OverflowError, ValueError):
        return utc(wall_ns).replace(tzinfo=UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return str(wall_ns)


def named(folder: Path, name: str, signal: Signal, ending: str) -> Path:
    """File of one signal."""
    return folder / f"{name}_{signal.name}{ending}"
