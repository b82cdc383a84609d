"""Found events as a CSV table or as WFDB annotations."""

import csv
import math
import sys
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

from tasuki.errors import UsageError
from tasuki.recordings import wfdb_files


def write_events(path: Path | None, rows: NDArray[np.void], rate_hz: float, symbol: str) -> None:
    """Write rows to a new file, CSV or (by any other ending) WFDB annotations; None: CSV on stdout."""
    if path is None:
        _write_csv(sys.stdout, rows)
        return
    if path.exists():
        raise UsageError(f"{path} exists already", "Choose another name, or remove it first.")
    if path.suffix.lower() == ".csv":
        with path.open("x", newline="", encoding="utf-8") as text:
            _write_csv(text, rows)
        return
    wfdb_files.write_annotations(path, rows["sample"], symbol, rate_hz)


def _write_csv(text: TextIO, rows: NDArray[np.void]) -> None:
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(rows.dtype.names or ())
    writer.writerows([_cell(value) for value in row] for row in rows.tolist())


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.6f}".rstrip("0").rstrip(".")
    return value
