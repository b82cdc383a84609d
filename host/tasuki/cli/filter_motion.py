"""`tasuki filter motion` and `falls`: how a sensor turned and what its wearer did, from a file."""

from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from tasuki.cli.filter_answer import FILE, INPUT, JSON, RATE, answer, made_for, rate_of, with_options
from tasuki.errors import UsageError
from tasuki.recordings.axes import ACCEL, ACCEL_UNITS, GYRO, GYRO_UNITS, MAG, Axes, find_axes, scaled
from tasuki.recordings.columns import read
from tasuki.view.motion_strips import fall_strips, motion_strips

MOTION = np.dtype(
    [
        ("time_s", "<f8"),
        *((name, "<f8") for name in "wxyz"),
        ("rest", "?"),
        ("quality", "<u1"),
        ("posture", "<U8"),
        ("activity", "<U7"),
        ("steps", "<i4"),
    ]
)
"""A row a sample of `tasuki filter motion`."""
_SHARED = (
    INPUT,
    RATE,
    click.option(
        "--accel-unit", type=click.Choice(sorted(ACCEL_UNITS)), help="Of the acceleration, if not m/s2."
    ),
    click.option("-o", "--output", type=FILE, help="Write the rows to this CSV file instead."),
    click.option("--plot", is_flag=True, help="Show the acceleration with what was found in it."),
    JSON,
)


@click.command()
@with_options(_SHARED)
@click.option("--gyro-unit", type=click.Choice(sorted(GYRO_UNITS)), help="Of the gyroscope, if not rad/s.")
def motion(
    file: Path, rate_hz: float | None, accel_unit: str | None, gyro_unit: str | None, **rest: Any
) -> int:
    """Find orientation, posture, activity and steps.

    INPUT has columns such as ax ay az, gx gy gz and, if there is a magnetometer, mx my mz.
    A row a sample: quaternion from the sensor to east-north-up, rest, quality (0 is good),
    posture (sensor at the chest, y up, z front), activity, steps.

    \b
    Examples:
      tasuki filter motion imu.csv --gyro-unit deg/s --accel-unit g -o motion.csv
      tasuki filter motion walk.npz --rate 100 --plot
    """
    columns = read(file)
    accel = scaled(find_axes(columns, ACCEL, file), accel_unit, ACCEL_UNITS)
    gyro = scaled(find_axes(columns, GYRO, file), gyro_unit, GYRO_UNITS)
    mag = find_axes(columns, MAG, file, optional=True)
    rate = rate_of(accel.rate_hz, rate_hz, file)
    rows = made_for(lambda: _motion_rows(rate, gyro, accel, mag), file)
    summary = {
        "rate_hz": rate,
        "seconds": round(len(rows) / rate, 3),
        "magnetometer": mag is not None,
        "steps": int(rows["steps"][-1]) if len(rows) else 0,
        "at_rest": _share(rows["rest"]),
        "doubtful": _share(rows["quality"] != 0),
        **{
            f"{key}_{name}": _share(rows[key] == name)
            for key in ("posture", "activity")
            for name in _seen(rows[key])
        },
    }
    _table_only(rest["output"])
    return answer(rows, summary, file, rate, "", rest, lambda: motion_strips(rows, accel.samples, rate))


def _motion_rows(rate: float, gyro: Axes, accel: Axes, mag: Axes | None) -> NDArray[np.void]:
    from tasuki.filters import Activity, Orientation, Posture
    from tasuki.filters.activity import ACTIVITIES
    from tasuki.filters.posture import POSTURES

    turned = Orientation(rate, mag is not None).process(
        gyro.samples, accel.samples, None if mag is None else mag.samples
    )
    moved = Activity(rate).process(accel.samples)
    held = Posture().process(turned, moved)
    rows = np.empty(len(moved), MOTION)
    rows["time_s"] = np.arange(len(rows)) / rate
    for i, name in enumerate("wxyz"):
        rows[name] = turned.quaternion[:, i]
    rows["rest"], rows["quality"], rows["steps"] = turned.rest, turned.quality, moved["steps"]
    rows["posture"] = np.array(POSTURES)[held["posture"]]
    rows["activity"] = np.array(ACTIVITIES)[moved["activity"]]
    return rows


@click.command()
@with_options(_SHARED)
@click.option(
    "--least", type=click.FloatRange(0, 1), default=0.5, show_default=True, help="Confidence to report from."
)
def falls(file: Path, rate_hz: float | None, accel_unit: str | None, least: float, **rest: Any) -> int:
    """Find falls in an acceleration, with gravity or without.

    INPUT has columns such as ax ay az. A row a fall: sample and time of the impact, confidence
    from 0 to 1, its size without gravity, share of good samples around it.

    \b
    Examples:
      tasuki filter falls wrist.csv --accel-unit g
      tasuki filter falls chest.npz --rate 100 --least 0.2 --plot
    """
    from tasuki.filters import FallDetector

    accel = scaled(find_axes(read(file), ACCEL, file), accel_unit, ACCEL_UNITS)
    rate = rate_of(accel.rate_hz, rate_hz, file)
    after = round(3 * rate)  # the end of the file decides what still waits, as a gap does
    padded = np.concatenate([accel.samples, np.full((after, 3), np.nan)])
    found = made_for(lambda: FallDetector(rate, least).process(padded), file)
    names = ["sample", "time_s", "confidence", "impact_m_s2", "quality"]
    rows = np.empty(len(found), [(name, found.dtype[name]) for name in names])
    for name in names:
        rows[name] = found[name]
    summary = {
        "rate_hz": rate,
        "seconds": round(len(accel.samples) / rate, 3),
        "falls": len(rows),
        "most_confidence": round(float(rows["confidence"].max()), 3) if len(rows) else None,
    }
    _table_only(rest["output"])
    return answer(
        rows, summary, file, rate, "", rest, lambda: fall_strips(accel.samples, rate, rows["time_s"])
    )


def _share(which: NDArray[np.bool_]) -> float:
    return round(float(np.mean(which)), 3) if len(which) else 0.0


def _seen(words: NDArray[np.str_]) -> list[str]:
    return [str(word) for word in np.unique(words)]


def _table_only(output: Path | None) -> None:
    if output is not None and output.suffix.lower() != ".csv":
        raise UsageError(f"{output} is no CSV file", "Give a name that ends in .csv.")
