"""Apache Parquet through pyarrow: a file per signal; units, scales and the clock's statement as metadata."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tasuki.convert.beats import Beat
from tasuki.convert.extras import pyarrow
from tasuki.convert.signals import Piece, Signal
from tasuki.convert.tables import TIMES, Rows, rows_of
from tasuki.convert.writing import Start, named

_ROW_GROUP = 1 << 16


class ParquetWriter:
    """Writes row groups of about 65,000 rows; a value that is not there is null."""

    def __init__(self, folder: Path, name: str, signals: Sequence[Signal], start: Start) -> None:
        self._pa, self._pq = pyarrow()
        self._folder = folder
        self._name = name
        self._files: dict[str, Any] = {}
        self._waiting: dict[str, list[Rows]] = {}
        self._signals: dict[str, Signal] = {}

    def add(self, piece: Piece) -> None:
        """Take the rows of a piece."""
        name = piece.signal.name
        self._signals[name] = piece.signal
        waiting = self._waiting.setdefault(name, [])
        waiting.append(rows_of(piece))
        if sum(len(rows.absent) for rows in waiting) >= _ROW_GROUP:
            self._flush(piece.signal)

    def add_beats(self, signal: Signal, beats: Iterable[Beat]) -> None:
        """Write beats to a file of their own."""
        pa = self._pa
        rows = list(beats)
        if not rows:
            return
        schema = pa.schema(
            [("time", pa.timestamp("us", "UTC")), ("device_us", pa.int64()), ("rr_s", pa.float64())]
        )
        times = [None if one.wall_ns is None else one.wall_ns // 1000 for one in rows]
        device = [round(one.device_us) for one in rows]
        between = pa.array([one.rr_s for one in rows], pa.float64(), from_pandas=True)
        columns = [pa.array(times, pa.timestamp("us", "UTC")), pa.array(device, pa.int64()), between]
        self._file(signal, "_beats", schema).write_table(pa.table(columns, schema=schema))

    def close(self, statement: str) -> None:
        """Write what waits, and the statement into each file."""
        for signal in self._signals.values():
            self._flush(signal)
        for file in self._files.values():
            file.add_key_value_metadata({"clock": statement})
        self.abandon()

    def abandon(self) -> None:
        """Close the files."""
        for file in self._files.values():
            file.close()

    def _flush(self, signal: Signal) -> None:
        waiting = self._waiting.pop(signal.name, [])
        if not waiting:
            return
        pa = self._pa
        timed, absent = (
            np.concatenate([getattr(one, name) for one in waiting]) for name in ("timed", "absent")
        )
        time, unsure, device = (
            np.concatenate([getattr(one, name) for one in waiting])
            for name in ("time_us", "uncertainty_us", "device_us")
        )
        arrays = [
            pa.array(time, pa.int64(), mask=~timed).cast(pa.timestamp("us", "UTC")),
            pa.array(unsure, pa.int64(), mask=~timed),
            pa.array(device, pa.int64()),
        ]
        for i in range(len(signal.columns)):
            values = np.concatenate([one.columns[i] for one in waiting])
            arrays.append(pa.array(values, pa.float64(), mask=absent))
        schema = self._schema(signal)
        self._file(signal, "", schema).write_table(pa.table(arrays, schema=schema), row_group_size=len(time))

    def _schema(self, signal: Signal) -> Any:
        pa = self._pa
        fields = [
            pa.field(TIMES[0], pa.timestamp("us", "UTC")),
            pa.field(TIMES[1], pa.int64()),
            pa.field(TIMES[2], pa.int64()),
        ]
        for column in signal.columns:
            about = {"unit": column.unit, "scale": str(column.scale)}
            fields.append(pa.field(column.name, pa.float64(), metadata=about))
        stream = {name: value for name, value in signal.stream._asdict().items() if name != "per_frame"}
        return pa.schema(fields, metadata={"signal": signal.name, "stream": json.dumps(stream)})

    def _file(self, signal: Signal, ending: str, schema: Any) -> Any:
        key = signal.name + ending
        if key not in self._files:
            path = named(self._folder, self._name, signal, f"{ending}.parquet")
            self._files[key] = self._pq.ParquetWriter(path, schema, compression="zstd")
        return self._files[key]
