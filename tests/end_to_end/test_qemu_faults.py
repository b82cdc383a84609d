"""Things that go wrong in use, on the real image: each ends in a name that the host has."""

import json
from pathlib import Path

import pytest

from qemu_board import needs_qemu

pytestmark = [pytest.mark.hub, needs_qemu]

STAGED = Path(__file__).resolve().parent / "staged"


@pytest.fixture
def worn(tasuki):
    """Runs a hub whose ECG driver fails in a staged way; the summary of the session."""

    def run(fault, seconds=14, after_s=5, **more):
        folder = tasuki.folder / "kept" / "hub"
        folder.mkdir(parents=True)
        stage = {"path": [str(STAGED)], "fault": fault, "after_s": after_s, **more}
        (folder / "garment.json").write_text(json.dumps(stage))
        return tasuki.json("demo", "--hub", "qemu", "--seconds", seconds, "--state", folder.parent)

    return run


@pytest.mark.parametrize(
    ("fault", "cause", "line"),
    [
        ("hang", "watchdog", "crash: watchdog at "),
        ("hard", "crash", "crash: fault at "),
        ("supply", "brown_out", "crash: brown_out"),
        ("raise", "crash", "crash: ValueError after "),
    ],
)
def test_a_life_that_ends_suddenly_is_followed_by_one_that_says_why(worn, fault, cause, line):
    found = worn(fault)

    assert found["reboots"] == 1
    assert found["hub"]["reset_causes"] == ["power_on", cause]
    assert found["hub"]["log"][0].startswith(line)
    assert found["epochs_rejected"] == 0
    assert found["epochs_verified"] >= 2
    assert found["hub"]["power"] == "active"


def test_an_exception_tells_its_place_and_no_message(worn):
    log = worn("raise")["hub"]["log"]

    assert log[-1].split() == ["qemu_garment.py:" + log[-1].split(":")[1].split()[0], "_raise"]
    assert not [line for line in log if "pulse" in line]


def test_a_sensor_that_dies_is_named_and_the_others_go_on(worn):
    found = worn("dead", seconds=12)

    assert found["reboots"] == 0
    assert found["hub"]["streams"]["ecg"]["state"] == "failed"
    assert found["hub"]["streams"]["imu"]["state"] == "running"
    assert found["hub"]["log"] == ["stream 0 failed: [Errno 5] EIO"]


def test_a_crash_loop_ends_in_a_hub_that_answers_and_reports(worn):
    """After three quick lives the sensors are left alone for a minute; their faults are told then."""
    found = worn("raise", seconds=12, after_s=1, always=True)

    assert found["reboots"] == 3
    assert found["hub"]["reset_causes"][-1] == "crash"
    assert found["hub"]["streams"].keys() == {"device_status"}
    assert found["hub"]["log"][-4].startswith("crash: ValueError after ")


def test_a_battery_at_its_end_stops_signed_and_switches_off(tasuki):
    folder = tasuki.folder / "kept" / "hub"
    folder.mkdir(parents=True)
    (folder / "hub.json").write_text(json.dumps({"battery_mv": 3100}))

    done = tasuki("demo", "--hub", "qemu", "--seconds", 60, "--state", folder.parent, "--json")
    found = json.loads(done.stdout)

    assert found["hub"]["powers"][-1] == ["off", "battery"]
    assert found["hub"]["battery_mv"] == 3100
    assert found["unknown_tails"] == 0
    assert found["epochs_verified"] >= 1
