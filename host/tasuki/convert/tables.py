"""Pieces as rows of a table: time, its uncertainty, device time, values. A gap is a row without values.

Values are physical: raw / scale, which a float64 holds exactly for every integer of the wire.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasuki.convert.signals import Piece

TIMES = ("time", "uncertainty_us", "device_us")


@dataclass(frozen=True)
class Rows:
    """Attributes, each of shape (rows,):

    time_us: microseconds since 1970, 0 where unknown. timed: False where it is unknown.
    uncertainty_us, device_us: microseconds.
    absent: True for the row of a gap, which stands where the first missing sample was due.
    columns: by the signal's columns, float64, NaN in the row of a gap.
    """

    time_us: NDArray[np.int64]
    timed: NDArray[np.bool_]
    uncertainty_us: NDArray[np.int64]
    device_us: NDArray[np.int64]
    absent: NDArray[np.bool_]
    columns: tuple[NDArray[np.float64], ...]


def rows_of(piece: Piece) -> Rows:
    """The rows of a piece, those of its gaps among them."""
    places = [gap.at for gap in piece.gaps]
    device = np.rint(piece.device_us).astype(np.int64)
    wall = np.zeros(len(piece), np.int64) if piece.wall_ns is None else piece.wall_ns // 1000
    due_us = np.array([gap.due_us for gap in piece.gaps], np.float64)
    late = np.rint(piece.device_us[places] - due_us).astype(np.int64) if places else np.zeros(0, np.int64)
    timed = np.full(len(piece) + len(places), piece.wall_ns is not None)
    return Rows(
        _with(wall, places, wall[places] - late),
        timed,
        np.where(timed, -(-piece.uncertainty_ns // 1000), 0),
        _with(device, places, np.rint(due_us)),
        _with(np.zeros(len(piece), np.bool_), places, True),
        tuple(
            _with(piece.column(one) / np.float64(one.scale), places, np.nan) for one in piece.signal.columns
        ),
    )


def _with(values: NDArray[Any], places: list[int], what: Any) -> NDArray[Any]:
    return np.insert(values, places, what) if places else values
