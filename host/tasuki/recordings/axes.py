"""Three columns that are the axes of one sensor."""

import math
import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tasuki.errors import UsageError
from tasuki.recordings.columns import Column

ACCEL_UNITS = {"m/s2": 1.0, "g": 9.80665, "mg": 0.00980665}
GYRO_UNITS = {"rad/s": 1.0, "deg/s": math.pi / 180}
_UNIT = r"(?:[ _]*[\[(]?(?:m[/_]?s(?:2|\^2|²)?|m?g|rad[/_]?s|deg[/_]?s|dps|u?T)[\])]?)?"


@dataclass(frozen=True)
class Sensor:
    """What its columns are called: words that may stand before or after the axis."""

    title: str
    words: str
    example: str

    def named(self, name: str, axis: str) -> bool:
        """Whether a column of that name is that axis."""
        either = rf"(?:(?:{self.words})[ _.-]?{axis}|{axis}[ _.-]?(?:{self.words}))"
        return re.fullmatch(either + _UNIT, name.strip(), re.I) is not None


ACCEL = Sensor("acceleration", "a|acc|accel|acceleration|linear_acceleration", "ax ay az")
GYRO = Sensor("gyroscope", "g|w|gyr|gyro|gyroscope|omega|angular_velocity", "gx gy gz")
MAG = Sensor("magnetometer", "m|mag|magnetometer", "mx my mz")


@dataclass(frozen=True)
class Axes:
    """One sensor.

    Attributes:
        samples: shape (n, 3), NaN where one is missing.
        rate_hz: None where the file does not say.
    """

    samples: NDArray[np.float64]
    rate_hz: float | None


def find_axes(columns: list[Column], sensor: Sensor, path: Path, optional: bool = False) -> Axes | None:
    """The sensor's columns by their names; None where it is optional and absent, else UsageError."""
    found = [next((c for c in columns if sensor.named(c.name, axis)), None) for axis in "xyz"]
    chosen = [column for column in found if column is not None]
    if optional and not chosen:
        return None
    if len(chosen) != 3 or len({len(column.samples) for column in chosen}) != 1:
        names = ", ".join(column.name for column in columns) or "none"
        raise UsageError(
            f"the {sensor.title} of {path} is not clear",
            f"Name its columns {sensor.example}; there are {names}.",
        )
    return Axes(np.stack([column.samples for column in chosen], axis=1), chosen[0].rate_hz)


def scaled(axes: Axes | None, unit: str | None, units: dict[str, float]) -> Axes:
    """In the first of the units."""
    assert axes is not None
    return replace(axes, samples=axes.samples * units[unit or next(iter(units))])
