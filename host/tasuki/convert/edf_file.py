"""EDF+ through pyedflib: one file with all sampled signals, gaps and beats as annotations.

EDF+ has no value that means "no sample", and the library writes continuous files only (EDF+C). In
place of a gap stands the smallest digital value, and an annotation "gap SIGNAL" with the time and
duration of it, to be taken for what it says: nothing was measured there.
"""

import warnings
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasuki.convert.beats import Beat
from tasuki.convert.extras import pyedflib
from tasuki.convert.signals import Column, Piece, Signal
from tasuki.convert.writing import Start, filled, utc
from tasuki.errors import UsageError

_LOW, _HIGH = -(1 << 15), (1 << 15) - 1
_RECORD_S = (1, 2, 4, 5, 8, 10, 20, 30, 60)  # durations to choose from
_CLOSE = 1e-4  # what a crystal may be off by anyway
_SILENT_S = 30.0  # behind the others by more than this, a signal is not waited for
FEW_NOTES, _MOST = 8, 64  # signals for annotations: each has room for one in every record
_NOBODY = datetime(1985, 1, 1)
_WIDTH, _NOTE = 8, 40  # characters of a number in the header, of an annotation
GAP = "gap"
BEAT = "beat"


class Crowded(Exception):
    """More annotations than the file has room for: write it again with `signals` of them."""

    def __init__(self, signals: int) -> None:
        super().__init__(signals)
        self.signals = signals


class EdfWriter:
    """Writes data records as soon as all signals have their samples for them."""

    def __init__(
        self,
        folder: Path,
        name: str,
        signals: Sequence[Signal],
        start: Start,
        annotation_signals: int = FEW_NOTES,
    ) -> None:
        self._lines = {one.name: _Line(one) for one in signals}
        self._start = start
        self._room = annotation_signals
        self._seconds = _record_seconds(signals)
        self._records = 0
        self._notes: list[tuple[float, float, str]] = []
        edf = pyedflib()
        columns = [(one, column) for one in signals for column in one.columns]
        self._edf = edf.EdfWriter(str(folder / f"{name}.edf"), len(columns), edf.FILETYPE_EDFPLUS)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it is forced because the rates ask for it
            self._edf.setDatarecordDuration(self._seconds)
        self._edf.set_number_of_annotation_signals(annotation_signals)
        began = _NOBODY if start.wall_ns is None else utc(start.wall_ns)
        self._edf.setStartdatetime(began.replace(microsecond=0))
        self._edf.setEquipment("tasuki")
        self._edf.setSignalHeaders([self._header(signal, column) for signal, column in columns])
        # setStartdatetime gives the library ten times the microseconds (0.1.42), so they go there directly
        edf.set_starttime_subsecond(self._edf.handle, began.microsecond * 10)

    def add(self, piece: Piece) -> None:
        """Take samples; write the records that are complete."""
        signal, line = piece.signal, self._lines[piece.signal.name]
        if not line.begun:
            self._begin(line, piece)
        samples = piece.integers()
        for gap, run in piece.runs():
            if gap:
                line.skip(filled(gap, signal))
            line.append(samples[run])
        for other in self._lines.values():
            behind = line.seconds - other.seconds
            if behind > _SILENT_S:
                other.pad(round((behind - _SILENT_S / 2) * other.signal.rate_hz))
        self._write()

    def add_beats(self, signal: Signal, beats: Iterable[Beat]) -> None:
        """Annotate beats."""
        line = self._lines[signal.name]
        for one in beats:
            self._notes.append(((line.first + one.sample) / signal.rate_hz, -1.0, BEAT))

    def close(self, statement: str) -> None:
        """Fill the last record, write the annotations, the statement first.

        Raises Crowded when they have no room.
        """
        needed = max(one.per_record(self._seconds, True) for one in self._lines.values())
        for line in self._lines.values():
            line.pad(needed * self._size(line) - line.waiting)
        self._write()
        notes = [(0.0, -1.0, statement.partition(";")[0][:_NOTE]), *sorted(self._notes + self._gaps())]
        room = self._records * self._room
        if len(notes) > room:
            self.abandon()
            wanted = -(-len(notes) // max(self._records, 1))
            if wanted > _MOST:
                raise UsageError(
                    f"{len(notes)} gaps and beats are more than EDF+ has room for",
                    "Convert to another format, or without --beats.",
                )
            raise Crowded(wanted)
        for onset, duration, text in notes:
            self._edf.writeAnnotation(onset, duration, text)
        self._edf.close()

    def abandon(self) -> None:
        """Close the file."""
        self._edf.close()

    def _header(self, signal: Signal, column: Column) -> dict[str, Any]:
        name = column.name if signal.name == column.field or len(signal.columns) > 1 else signal.name
        place = signal.name.partition("_")[2] if "_" in signal.name and len(signal.columns) > 1 else ""
        return {
            "label": f"{name} {place}".strip()[:16],
            "dimension": column.unit[:8],
            "sample_frequency": round(self._seconds * signal.rate_hz) / self._seconds,
            "physical_min": _eight(_LOW / column.scale),
            "physical_max": _eight(_HIGH / column.scale),
            "digital_min": _LOW,
            "digital_max": _HIGH,
            "transducer": f"stream {signal.stream.stream}, raw / {column.scale}",
            "prefilter": "",
        }

    def _begin(self, line: "_Line", piece: Piece) -> None:
        """Where a signal begins in the file, by device time within its first life, else by wall time."""
        start = self._start
        seconds = (float(piece.device_us[0]) - start.device_us) / 1e6
        if piece.session != start.session:
            seconds = 0.0
            if piece.wall_ns is not None and start.wall_ns is not None:
                seconds = (int(piece.wall_ns[0]) - start.wall_ns) / 1e9 * start.speed
        line.begin(max(0, round(seconds * line.signal.rate_hz)))

    def _size(self, line: "_Line") -> int:
        return round(self._seconds * line.signal.rate_hz)

    def _write(self) -> None:
        """All records that every signal has its samples for."""
        ready = min(one.per_record(self._seconds, False) for one in self._lines.values())
        if ready < 1:
            return
        taken = [one.take(ready * self._size(one)) for one in self._lines.values()]
        for i in range(ready):
            columns = [
                block[i * len(block) // ready : (i + 1) * len(block) // ready].T.ravel() for block in taken
            ]
            self._edf.blockWriteDigitalShortSamples(np.concatenate(columns))
        self._records += ready

    def _gaps(self) -> list[tuple[float, float, str]]:
        return [
            (first / line.signal.rate_hz, count / line.signal.rate_hz, f"{GAP} {name}")
            for name, line in self._lines.items()
            for first, count in line.gaps
        ]


class _Line:
    """The samples of one signal that wait for their record, and where its gaps are.

    Attributes:
        first: sample of the file at which the signal begins.
        gaps: [first sample, samples] of each.
    """

    def __init__(self, signal: Signal) -> None:
        self.signal = signal
        self.first = 0
        self.begun = False
        self.gaps: list[list[int]] = []
        self._held: list[NDArray[np.int16]] = []
        self._written = 0
        self.waiting = 0
        self._padded = 0

    @property
    def seconds(self) -> float:
        """Where in the file the signal stands."""
        return (self._written + self.waiting) / self.signal.rate_hz

    def begin(self, sample: int) -> None:
        """Nothing was measured before this sample of the file."""
        self.begun = True
        self.skip(sample)
        self.first = self._written + self.waiting

    def append(self, samples: NDArray[np.int16]) -> None:
        """Shape (n, columns)."""
        self._padded = 0
        self._held.append(samples)
        self.waiting += len(samples)

    def skip(self, count: int) -> None:
        """A gap, part of which may have been filled while the signal was silent."""
        self._fill(max(0, count - self._padded))
        self._padded = 0

    def pad(self, count: int) -> None:
        """Fill while nothing comes."""
        self._fill(count)
        self._padded += count

    def _fill(self, count: int) -> None:
        if count <= 0:
            return
        at = self._written + self.waiting
        if self.gaps and sum(self.gaps[-1]) == at:
            self.gaps[-1][1] += count
        else:
            self.gaps.append([at, count])
        self._held.append(np.broadcast_to(np.int16(_LOW), (count, len(self.signal.columns))))
        self.waiting += count

    def per_record(self, seconds: float, up: bool) -> int:
        """How many records the samples that wait are enough for; `up` counts one that is not full."""
        size = round(seconds * self.signal.rate_hz)
        return -(-self.waiting // size) if up else self.waiting // size

    def take(self, count: int) -> NDArray[np.int16]:
        """The oldest samples, shape (count, columns)."""
        out: list[NDArray[np.int16]] = []
        while count:
            head = self._held[0]
            out.append(head[:count])
            if len(head) <= count:
                self._held.pop(0)
            else:
                self._held[0] = head[count:]
            count -= len(out[-1])
            self.waiting -= len(out[-1])
            self._written += len(out[-1])
        return np.concatenate(out)


def _eight(value: float) -> float:
    """The nearest number that eight characters hold, as the header has no more for it."""
    return next(float(text) for n in range(7, -1, -1) if len(text := f"{value:.{n}f}") <= _WIDTH)


def _record_seconds(signals: Sequence[Signal]) -> int:
    """The shortest duration of a data record in which every signal has a whole number of samples."""

    def off(seconds: int) -> float:
        counts = [seconds * one.rate_hz for one in signals]
        return max(abs(count - round(count)) / count if round(count) else 1.0 for count in counts)

    return next((seconds for seconds in _RECORD_S if off(seconds) <= _CLOSE), min(_RECORD_S, key=off))
