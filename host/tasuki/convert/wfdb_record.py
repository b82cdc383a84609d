"""WFDB: a record per signal, samples as the hub measured them in format 16, gaps as invalid samples.

The file of samples is written as it comes; its header and the annotations of beats go through
wfdb when it is complete. Format 16 keeps -32768 for invalid samples. A signal that measures
-32768 itself goes on in format 24, which has room for both.
"""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from tasuki.convert.beats import Beat
from tasuki.convert.signals import Piece, Signal
from tasuki.convert.writing import Start, filled, iso, named, utc
from tasuki.errors import UsageError
from tasuki.recordings import wfdb_files
from tasuki.recordings.wfdb_files import Channel

_NAME = re.compile(r"[-\w]+")
_INVALID = {16: -(1 << 15), 24: -(1 << 23)}
_CHUNK = 1 << 16  # samples that are put in place of a gap, or widened, at once


class WfdbWriter:
    """Writes one record per sampled signal."""

    def __init__(self, folder: Path, name: str, signals: Sequence[Signal], start: Start) -> None:
        if not _NAME.fullmatch(name):
            raise UsageError(f"{name!r} is no name of a WFDB record", "Use letters, digits, _ and - alone.")
        self._folder = folder
        self._name = name
        self._records: dict[str, _Record] = {}
        self._beats: dict[str, list[int]] = {}

    def add(self, piece: Piece) -> None:
        """Append samples, and invalid ones in place of gaps."""
        signal = piece.signal
        if signal.name not in self._records:
            path = named(self._folder, self._name, signal, ".dat")
            self._records[signal.name] = _Record(
                path, signal, None if piece.wall_ns is None else int(piece.wall_ns[0])
            )
        record, samples = self._records[signal.name], piece.integers()
        for gap, run in piece.runs():
            if gap:
                record.skip(filled(gap, signal))
            record.append(samples[run])

    def add_beats(self, signal: Signal, beats: Iterable[Beat]) -> None:
        """Keep beats for the annotations; a number each."""
        self._beats.setdefault(signal.name, []).extend(one.sample for one in beats)

    def close(self, statement: str) -> None:
        """Write headers, with the statement as a comment, and annotations by the annotator `qrs`."""
        self.abandon()
        for name, record in self._records.items():
            record.describe(statement)
            if self._beats.get(name):
                samples = np.array(self._beats[name], np.int64)
                path = record.path.with_suffix(".qrs")
                wfdb_files.write_annotations(path, samples, "N", record.signal.rate_hz)

    def abandon(self) -> None:
        """Close the files."""
        for record in self._records.values():
            record.file.close()


class _Record:
    """The samples of one record, and what its header says of them."""

    def __init__(self, path: Path, signal: Signal, start_ns: int | None) -> None:
        self.path = path
        self.signal = signal
        self.file: BinaryIO = path.open("x+b")
        self._start_ns = start_ns
        self._bits = 16
        self._length = 0
        self._first: list[int] = []
        self._sums = np.zeros(len(signal.columns), np.int64)
        self._skipped = 0

    def append(self, samples: NDArray[np.int16]) -> None:
        """Shape (n, columns)."""
        if self._bits == 16 and (samples == _INVALID[16]).any():
            self._widen()
        self._write(samples)
        self._sums += samples.sum(axis=0, dtype=np.int64)
        if not self._first:
            self._first = samples[0].tolist()

    def skip(self, count: int) -> None:
        """Invalid samples."""
        self._skipped += count
        for left in range(count, 0, -_CHUNK):
            self._write(np.full((min(left, _CHUNK), len(self._sums)), _INVALID[self._bits], np.int32))

    def describe(self, statement: str) -> None:
        """Write the header."""
        sums = self._sums + self._skipped * _INVALID[self._bits]
        channels = [
            Channel(column.name, column.unit or "NU", column.scale, first, int(total))
            for column, first, total in zip(self.signal.columns, self._first, sums.tolist(), strict=True)
        ]
        start = None if self._start_ns is None else utc(self._start_ns)
        told = (
            [statement] if self._start_ns is None else [f"first sample at {iso(self._start_ns)}", statement]
        )
        base = self.path.with_suffix("")
        wfdb_files.write_header(
            base, str(self._bits), self.signal.rate_hz, self._length, start, channels, told
        )

    def _write(self, samples: NDArray[np.int16] | NDArray[np.int32]) -> None:
        self.file.write(_packed(samples, self._bits))
        self._length += len(samples)

    def _widen(self) -> None:
        """Go on in format 24: what was written so far has -32768 only where it means invalid."""
        self._bits = 24
        narrow = self.path.with_suffix(".dat16")
        self.file.close()
        self.path.rename(narrow)
        self.file = self.path.open("x+b")
        with narrow.open("rb") as old:
            while data := old.read(2 * _CHUNK):
                samples = np.frombuffer(data, "<i2").astype(np.int32)
                samples[samples == _INVALID[16]] = _INVALID[24]
                self.file.write(_packed(samples, 24))
        narrow.unlink()


def _packed(samples: NDArray[np.int16] | NDArray[np.int32], bits: int) -> bytes:
    """Little-endian two's complement, a record after the other (WFDB signal(5), formats 16 and 24)."""
    if bits == 16:
        return samples.astype("<i2").tobytes()
    return np.ascontiguousarray(samples, "<i4").view(np.uint8).reshape(-1, 4)[:, :3].tobytes()
