"""Constants of one unit: read from a file, made into the signed blob that its hub takes (SPEC section 8.2).

The file is TOML:

    version = 3            # above the one before
    [[column]]
    stream = 4             # as `describe` numbers it
    column = 0             # of the stream's record
    offset = -12           # raw, taken off first
    gain = 1.0213          # multiplies the rest; in steps of 1/16384, below 4
"""

import struct
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from tasuki.errors import UsageError
from tasuki.vault.secret import Signer
from tasuki_wire import codec, layout

_HEAD = struct.Struct(codec.struct_format(layout.CALIBRATION))
_ROW = struct.Struct(codec.struct_format(layout.CALIBRATION_ROW))
_ONE = layout.CALIBRATION_ROW[3][4]  # steps of the gain in 1
_MAX_ROWS = 64  # what a hub keeps
_HINT = "host/tasuki/fleet/calibration.py shows the form of the file."


@dataclass(frozen=True, order=True)
class Column:
    """One corrected column: (raw - offset) * gain / 16384."""

    stream: int
    column: int
    offset: int
    gain: int


@dataclass(frozen=True)
class Constants:
    """What applies to one unit; columns without a row stay raw."""

    version: int
    columns: tuple[Column, ...]

    def blob(self, device: bytes, order: Signer) -> bytes:
        """The blob for this device id, signed by the order key."""
        body = _HEAD.pack(layout.CALIBRATION_FORMAT, device, self.version)
        body += b"".join(_ROW.pack(c.stream, c.column, c.offset, c.gain) for c in self.columns)
        return body + order.sign("calibration", body)


def read(path: Path) -> Constants:
    """Constants from a file; UsageError says what in it cannot be."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path}: {error}", _HINT) from error
    unknown = set(content) - {"version", "column"}
    if unknown:
        raise UsageError(f"{path}: {', '.join(sorted(unknown))} is no part of it", _HINT)
    version = _whole(path, "version", content.get("version"), 1, 0xFFFF)
    rows = content.get("column", [])
    if not isinstance(rows, list) or len(rows) > _MAX_ROWS:
        raise UsageError(f"{path}: at most {_MAX_ROWS} tables [[column]]", _HINT)
    columns = tuple(sorted(_column(path, row) for row in rows))
    _refuse_twice(path, columns)
    return Constants(version, columns)


def _column(path: Path, row: Any) -> Column:
    if not isinstance(row, dict) or set(row) - {"stream", "column", "offset", "gain"}:
        raise UsageError(f"{path}: a column has stream, column, offset and gain, not {row}", _HINT)
    return Column(
        _whole(path, "stream", row.get("stream"), 0, layout.STREAMS - 1),
        _whole(path, "column", row.get("column"), 0, 255),
        _whole(path, "offset", row.get("offset", 0), -0x8000, 0x7FFF),
        _gain(path, row.get("gain", 1)),
    )


def _whole(path: Path, name: str, value: Any, least: int, most: int) -> int:
    if type(value) is not int or not least <= value <= most:
        raise UsageError(f"{path}: {name} is {value!r}, not a whole number from {least} to {most}", _HINT)
    return value


def _gain(path: Path, value: Any) -> int:
    if type(value) not in (int, float) or not 0 <= value < 4:
        raise UsageError(f"{path}: gain is {value!r}, not from 0 to below 4", _HINT)
    steps = round(Fraction(value) * _ONE)
    return min(steps, 0xFFFF)


def _refuse_twice(path: Path, columns: Iterable[Column]) -> None:
    seen: set[tuple[int, int]] = set()
    for c in columns:
        if (c.stream, c.column) in seen:
            raise UsageError(f"{path}: column {c.column} of stream {c.stream} is there twice", _HINT)
        seen.add((c.stream, c.column))
