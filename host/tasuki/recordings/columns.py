"""Columns of numbers from files that people have: WFDB records, CSV, NPZ.

A file has named columns and, where it tells, a sampling rate; everything that is
odd about it is a UsageError that says what to give instead.
"""

import csv
import re
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tasuki.errors import UsageError
from tasuki.recordings import wfdb_files

_TIME = re.compile(r"(t|time|seconds?|zeit|timestamp)([_ ]?[(\[]?m?s[)\]]?)?", re.I)
_UNIT = re.compile(r"^(.*?)[ _]*[\[(]?(nV|uV|µV|μV|mV|V|degC|°C)[\])]?$")
_RATE_NAMES = ("rate_hz", "sampling_rate", "fs", "hz")
_JITTER = 0.02


@dataclass(frozen=True)
class Column:
    """One signal.

    Attributes:
        name: as the file has it, without its unit.
        unit: empty where the file does not say.
        samples: shape (n,), NaN where one is missing.
        rate_hz: None where the file does not say.
    """

    name: str
    unit: str
    samples: NDArray[np.float64]
    rate_hz: float | None


def read(path: Path) -> list[Column]:
    """All columns of a file, chosen by its ending; anything that is not CSV or NPZ is a WFDB record.

    Raises:
        UsageError: the file is absent, of another kind, or damaged.
    """
    if path.suffix.lower() in (".csv", ".tsv", ".txt"):
        return _read_csv(_present(path))
    if path.suffix.lower() == ".npz":
        return _read_npz(_present(path))
    return _read_wfdb(path)


def choose(columns: list[Column], wanted: str | None, likely: tuple[re.Pattern[str], ...]) -> Column:
    """The column of that name or number (from 1); without one the likeliest by name, else the only one."""
    names = ", ".join(column.name for column in columns) or "none"
    if wanted is not None:
        for number, column in enumerate(columns, 1):
            if wanted in (column.name, str(number)):
                return column
        raise UsageError(f"there is no channel {wanted}", f"The channels are: {names}.")
    for pattern in likely:
        for column in columns:
            if pattern.fullmatch(column.name.strip()):
                return column
    if len(columns) != 1:
        raise UsageError("which channel is meant is not clear", f"Give --channel, one of: {names}.")
    return columns[0]


def _present(path: Path) -> Path:
    if not path.is_file():
        raise UsageError(f"there is no file {path}", "Check the path.")
    return path


def _read_csv(path: Path) -> list[Column]:
    with path.open(newline="", encoding="utf-8-sig", errors="replace") as text:
        first = text.readline()
        delimiter = max(",;\t", key=first.count)
        heads = [head.strip() for head in next(csv.reader([first], delimiter=delimiter), [])]
        named = not all(_is_number(head) for head in heads)
        text.seek(0)
        if not first.strip():
            raise UsageError(f"{path} holds no numbers", "Give a table with one row a sample.")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # an empty table is told below
                table = np.genfromtxt(text, delimiter=delimiter, skip_header=int(named), ndmin=2)
        except ValueError as error:
            reason = str(error).splitlines()[0]
            raise UsageError(
                f"{path} is not a table: {reason}", "Each line needs as many columns."
            ) from error
    if not table.size or np.isnan(table).all():
        raise UsageError(f"{path} holds no numbers", "Give a table with one row a sample.")
    heads = heads if named else [str(number) for number in range(1, table.shape[1] + 1)]
    timed = named and _TIME.fullmatch(heads[0]) is not None
    rate = _rate_of(table[:, 0] * (1e-3 if "ms" in heads[0].lower() else 1), path) if timed else None
    return [
        Column(*_name_and_unit(head), np.ascontiguousarray(values), rate)
        for head, values in list(zip(heads, table.T, strict=True))[int(timed) :]
    ]


def _read_npz(path: Path) -> list[Column]:
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except Exception as error:
        reason = str(error).partition(". ")[0]  # NumPy goes on to recommend loading it unsafely
        raise UsageError(f"{path} cannot be read as NPZ: {reason}", "Save it with numpy.savez.") from error
    rates = [float(arrays[name]) for name in _RATE_NAMES if name in arrays and arrays[name].ndim == 0]
    numbers = {name: a for name, a in arrays.items() if a.dtype.kind in "fiu" and a.ndim and len(a) > 1}
    lines = {name: a for name, a in numbers.items() if a.ndim == 1}
    for name, a in numbers.items():  # a sensor's three axes in one array
        if a.ndim == 2 and a.shape[1] == 3:
            lines.update({f"{name}_{axis}": a[:, i] for i, axis in enumerate("xyz")})
    return [
        Column(*_name_and_unit(name), line.astype(np.float64), rates[0] if rates else None)
        for name, line in lines.items()
    ]


def _read_wfdb(path: Path) -> list[Column]:
    base = wfdb_files.find(path)
    header = wfdb_files.read_header(base)
    signals = wfdb_files.read_signals(base, list(range(len(header.names))))
    return [Column(*each) for each in zip(header.names, header.units, signals, header.rates_hz, strict=True)]


def _name_and_unit(head: str) -> tuple[str, str]:
    found = _UNIT.match(head)
    return (found[1], found[2]) if found and found[1] else (head, "")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return not text
    return True


def _rate_of(time_s: NDArray[np.float64], path: Path) -> float:
    steps = np.diff(time_s)
    step = float(np.median(steps)) if len(steps) else 0.0
    if not step > 0:
        raise UsageError(f"the times of {path} do not rise", "Give seconds, one row a sample.")
    if np.isnan(steps).any() or (np.abs(steps - step) > 0.5 * step).mean() > _JITTER:
        raise UsageError(f"the times of {path} are uneven", "Resample it to a constant rate first.")
    span = float(time_s[-1] - time_s[0])
    return round((len(time_s) - 1) / span, 3)
