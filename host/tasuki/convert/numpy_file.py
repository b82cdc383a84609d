"""NumPy: one .npz file, uncompressed, an array per column of each signal.

Arrays are named SIGNAL.time, SIGNAL.uncertainty_us, SIGNAL.device_us and SIGNAL.COLUMN. They wait in
files of their own until their length is known.
"""

import json
import shutil
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from tasuki.convert.beats import Beat
from tasuki.convert.signals import Piece, Signal
from tasuki.convert.tables import rows_of
from tasuki.convert.writing import Start

_NAT = np.datetime64("NaT", "us")


class NumpyWriter:
    """Writes arrays; a value that is not there is NaN, a time that nobody knows NaT."""

    def __init__(self, folder: Path, name: str, signals: Sequence[Signal], start: Start) -> None:
        self._path = folder / f"{name}.npz"
        self._parts = folder / "parts"
        self._parts.mkdir()
        self._files: dict[str, BinaryIO] = {}
        self._kinds: dict[str, np.dtype[Any]] = {}
        self._signals: dict[str, Signal] = {}

    def add(self, piece: Piece) -> None:
        """Append the rows of a piece."""
        signal, rows = piece.signal, rows_of(piece)
        self._signals[signal.name] = signal
        self._append(f"{signal.name}.time", np.where(rows.timed, rows.time_us.view("<M8[us]"), _NAT))
        self._append(f"{signal.name}.uncertainty_us", rows.uncertainty_us)
        self._append(f"{signal.name}.device_us", rows.device_us)
        for column, values in zip(signal.columns, rows.columns, strict=True):
            self._append(f"{signal.name}.{column.name}", values)

    def add_beats(self, signal: Signal, beats: Iterable[Beat]) -> None:
        """Append beats to arrays of their own."""
        rows = list(beats)
        times = [_NAT if one.wall_ns is None else np.datetime64(one.wall_ns // 1000, "us") for one in rows]
        self._append(f"{signal.name}.beats.time", np.array(times, "<M8[us]"))
        self._append(f"{signal.name}.beats.device_us", np.rint([one.device_us for one in rows]).astype("<i8"))
        self._append(f"{signal.name}.beats.rr_s", np.array([one.rr_s for one in rows], "<f8"))

    def close(self, statement: str) -> None:
        """Gather the arrays in one file, with `about`: units, scales and the statement, as JSON."""
        about = {
            "clock": statement,
            "signals": {
                signal.name: {
                    "period_us": signal.stream.period_us,
                    "columns": {one.name: {"unit": one.unit, "scale": one.scale} for one in signal.columns},
                }
                for signal in self._signals.values()
            },
        }
        self.abandon()
        with zipfile.ZipFile(self._path, "x", zipfile.ZIP_STORED) as out:
            with out.open("about.npy", "w") as entry:
                npy.write_array(entry, np.array(json.dumps(about, ensure_ascii=False)), allow_pickle=False)
            for name in self._files:
                self._gather(out, name)
        shutil.rmtree(self._parts)

    def abandon(self) -> None:
        """Close the files."""
        for file in self._files.values():
            file.close()

    def _append(self, name: str, values: NDArray[Any]) -> None:
        if name not in self._files:
            self._files[name] = (self._parts / name).open("xb")
            self._kinds[name] = values.dtype
        self._files[name].write(values.tobytes())

    def _gather(self, out: zipfile.ZipFile, name: str) -> None:
        kind, part = self._kinds[name], self._parts / name
        header = npy.header_data_from_array_1_0(np.zeros(0, kind))
        header["shape"] = (part.stat().st_size // kind.itemsize,)
        with out.open(f"{name}.npy", "w", force_zip64=True) as entry, part.open("rb") as data:
            npy.write_array_header_1_0(entry, header)
            shutil.copyfileobj(data, entry, 1 << 16)
