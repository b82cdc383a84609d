"""CSV (RFC 4180): a file per signal, a line per record; units stand in the header line."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from tasuki.convert.beats import Beat
from tasuki.convert.signals import Column, Piece, Signal
from tasuki.convert.tables import TIMES, rows_of
from tasuki.convert.writing import Start, iso, named


class CsvWriter:
    """Writes tables as text; a value that is not there is an empty cell."""

    def __init__(self, folder: Path, name: str, signals: Sequence[Signal], start: Start) -> None:
        self._folder = folder
        self._name = name
        self._files: dict[str, TextIO] = {}

    def add(self, piece: Piece) -> None:
        """Append the rows of a piece."""
        rows = rows_of(piece)
        absent, untimed = np.flatnonzero(rows.absent).tolist(), np.flatnonzero(~rows.timed).tolist()
        stamps = np.datetime_as_string(rows.time_us.view("<M8[us]"), unit="us").tolist()
        cells: list[list[Any]] = [[f"{stamp}Z" for stamp in stamps], rows.uncertainty_us.tolist()]
        for cell in cells:
            _clear(cell, untimed)
        cells.append(rows.device_us.tolist())
        for column, values in zip(piece.signal.columns, rows.columns, strict=True):
            cell = _plain(column, values)
            _clear(cell, absent)
            cells.append(cell)
        header = [*TIMES, *map(_title, piece.signal.columns)]
        csv.writer(self._file(piece.signal, "", header), lineterminator="\n").writerows(
            zip(*cells, strict=True)
        )

    def add_beats(self, signal: Signal, beats: Iterable[Beat]) -> None:
        """Append beats to a file of their own."""
        file = self._file(signal, "_beats", ["time", "device_us", "rr_s"])
        rows = (
            (
                "" if one.wall_ns is None else iso(one.wall_ns),
                round(one.device_us),
                "" if one.rr_s != one.rr_s else one.rr_s,
            )
            for one in beats
        )
        csv.writer(file, lineterminator="\n").writerows(rows)

    def close(self, statement: str) -> None:
        """Close the files; each row has its uncertainty."""
        self.abandon()

    def abandon(self) -> None:
        """Close the files."""
        for file in self._files.values():
            file.close()

    def _file(self, signal: Signal, ending: str, header: list[str]) -> TextIO:
        key = signal.name + ending
        if key not in self._files:
            path = named(self._folder, self._name, signal, f"{ending}.csv")
            self._files[key] = path.open("x", newline="", encoding="utf-8")
            csv.writer(self._files[key], lineterminator="\n").writerow(header)
        return self._files[key]


def _title(column: Column) -> str:
    return f"{column.name} [{column.unit}]" if column.unit else column.name


def _plain(column: Column, values: Any) -> list[Any]:
    whole = column.scale == 1
    cells: list[Any] = (np.nan_to_num(values).astype(np.int64) if whole else values).tolist()
    return cells


def _clear(cells: list[Any], places: list[int]) -> None:
    for i in places:
        cells[i] = ""
