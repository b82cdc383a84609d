"""`tasuki filter motion` and `falls`: a file in, rows out."""

import csv
import io
import json

import numpy as np
import pytest

from motion_signals import fallen, waved_arm
from tasuki.filters import FallDetector, Orientation


def table(text):
    return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture
def imu_csv(tmp_path):
    """Made-up movement of 10 s at 100 Hz in g and deg/s."""
    gyro, accel, mag, _ = waved_arm(10)
    rows = np.hstack([np.arange(1000)[:, None] / 100, np.degrees(gyro), accel / 9.80665, mag])
    path = tmp_path / "imu.csv"
    head = "time_s,gx,gy,gz,ax_g,ay_g,az_g,mag_x,mag_y,mag_z"
    np.savetxt(path, rows, "%.7f", ",", header=head, comments="")
    return path


def test_motion_of_a_table_is_that_of_the_filter(tasuki, imu_csv):
    gyro, accel, mag, _ = waved_arm(10)
    expected = Orientation(100, True).process(gyro, accel, mag).quaternion

    code, out, _ = tasuki("filter", "motion", imu_csv, "--gyro-unit", "deg/s", "--accel-unit", "g")

    found = np.array([[float(row[axis]) for axis in "wxyz"] for row in table(out)])
    assert code == 0
    assert found == pytest.approx(expected, abs=1e-3)
    assert table(out)[-1]["time_s"] == "9.99"
    assert {row["activity"] for row in table(out)} >= {"still", "moving"}


def test_a_summary_says_what_was_found(tasuki, imu_csv, tmp_path):
    code, out, _ = tasuki(
        "filter",
        "motion",
        imu_csv,
        "--gyro-unit",
        "deg/s",
        "--accel-unit",
        "g",
        "-o",
        tmp_path / "m.csv",
        "--json",
    )

    said = json.loads(out)
    assert code == 0
    assert (said["seconds"], said["magnetometer"], said["rate_hz"]) == (10.0, True, 100.0)
    assert 0 < said["at_rest"] < 0.6
    assert len(table((tmp_path / "m.csv").read_text())) == 1000


def test_falls_of_an_npz_are_those_of_the_detector(tasuki, tmp_path):
    np.savez(tmp_path / "wrist.npz", acc=fallen(), fs=100.0)

    code, out, _ = tasuki("filter", "falls", tmp_path / "wrist.npz")

    expected = FallDetector(100).process(fallen())
    assert code == 0
    assert [int(row["sample"]) for row in table(out)] == expected["sample"].tolist()
    assert float(table(out)[0]["confidence"]) == pytest.approx(expected["confidence"][0], abs=1e-5)


def test_a_fall_at_the_very_end_is_reported_with_less_quality(tasuki, tmp_path):
    np.savez(tmp_path / "wrist.npz", acc=fallen()[:900], fs=100.0)

    _, out, _ = tasuki("filter", "falls", tmp_path / "wrist.npz", "--least", 0)

    assert len(table(out)) == 1
    assert float(table(out)[0]["quality"]) < 0.7


def test_the_plot_marks_the_fall_where_it_is(tasuki, tmp_path):
    np.savez(tmp_path / "wrist.npz", acc=fallen(), fs=100.0)

    code, out, _ = tasuki("filter", "falls", tmp_path / "wrist.npz", "--plot")

    marks = next(line for line in out.splitlines() if "▲" in line)
    assert code == 0
    assert marks.index("▲") - 8 == pytest.approx(8 / 30 * 96, abs=1)


def test_the_plot_of_motion_shows_the_posture(tasuki, imu_csv):
    code, out, _ = tasuki("filter", "motion", imu_csv, "--gyro-unit", "deg/s", "--accel-unit", "g", "--plot")

    assert code == 0
    assert "0 s _" in out  # the sensor's y lies level at first


@pytest.mark.parametrize(
    ("head", "words", "reason"),
    [
        ("time_s,ax,ay", ["falls"], "acceleration"),
        ("time_s,ax,ay,az", ["motion"], "gyroscope"),
        ("ax,ay,az", ["falls"], "--rate"),
        ("time_s,ax,ay,az", ["falls", "--rate", "5"], "40 to 2000 Hz"),
    ],
)
def test_what_is_missing_is_said(tasuki, tmp_path, head, words, reason):
    path = tmp_path / "a.csv"
    rows = np.arange(500)[:, None] * np.ones(len(head.split(","))) / 100
    np.savetxt(path, rows, "%.3f", ",", header=head, comments="")

    code, _, err = tasuki("filter", words[0], path, *words[1:])

    assert code == 2
    assert reason in err
