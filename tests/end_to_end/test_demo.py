"""The main job, from the hub's sensors to the store, on the real interpreter."""

import json
import os
import signal
from pathlib import Path

import pytest

from end_to_end.conftest import SHARED, WEARER, wait_for_blocks

KEYS = (
    "frames frames_bad epochs_verified epochs_rejected gaps beats beats_expected heart_rate_bpm "
    "blocks_uploaded blocks_refused refusals store_rows hub_public_key"
)


def test_the_demo_verifies_every_epoch_and_shows_what_consent_refused(tasuki):
    found = tasuki.json("demo", "--seconds", 60, "--speed", 10)

    assert set(KEYS.split()) <= set(found)
    assert found["epochs_verified"] >= 15
    assert (found["epochs_rejected"], found["gaps"], found["frames_bad"], found["unknown_tails"]) == (
        0,
        0,
        0,
        0,
    )
    assert found["frames"] >= 126 * 15
    assert found["beats_expected"] is None and found["beats"] > 90
    assert found["blocks_uploaded"] == found["store_rows"] > 0
    assert found["refusals"] and found["blocks_refused"] > 0
    assert found["outbox"] == 0
    assert len(bytes.fromhex(found["hub_public_key"])) == 32
    assert all(origin.startswith("synthetic_") for name, origin in found["channels"].items() if name != "ecg")
    assert (tasuki.folder / "tasuki-demo.html").exists()


@pytest.mark.parametrize(("record", "share"), [("100", 0.01), ("208", 0.05)])
def test_the_beats_of_a_recording_are_those_that_were_annotated(tasuki, record, share):
    path = SHARED / "mitdb" / record
    if not path.with_suffix(".hea").exists():
        pytest.skip("the MIT-BIH records are not beside this checkout")

    found = tasuki.json("demo", "--recording", path, "--seconds", 60, "--speed", 5)

    allowed = max(1, share * found["beats_expected"])
    assert abs(found["beats"] - found["beats_expected"]) <= allowed


def test_a_withheld_item_is_never_on_the_wire(tasuki):
    found = tasuki.json("demo", "--seconds", 8, "--speed", 8, "--withhold", "ecg")

    assert "ecg" not in found["frames_by_kind"] and found["frames_by_kind"]["imu"] > 0
    assert found["not_sampled"] == {"ecg": "not_in_token"}
    assert found["beats"] == 0 and found["heart_rate_bpm"] is None


def test_without_any_consent_nothing_is_sampled_and_the_summary_says_why(tasuki):
    file = tasuki.folder / "withdrawn.toml"
    text = WEARER.read_text().replace('decision = "granted"', 'decision = "withdrawn"')
    file.write_text(text)

    found = tasuki.json("demo", "--seconds", 8, "--speed", 8, "--consent", file)

    assert found["frames_by_kind"] == {}
    assert (found["blocks_uploaded"], found["store_rows"], found["epochs_verified"]) == (0, 0, 0)
    assert set(found["not_sampled"]) >= {"ecg", "respiration", "body_temperature", "body_motion"}
    assert set(found["not_sampled"].values()) == {"withdrawn"}
    assert found["refusals"]["withdrawn"] > 0


def test_a_simulated_hub_does_the_same_job(tasuki):
    found = tasuki.json("demo", "--seconds", 12, "--speed", 8, "--hub", "sim")

    assert found["hub_kind"] == "sim"
    assert found["epochs_verified"] >= 3
    assert (found["epochs_rejected"], found["gaps"]) == (0, 0)


def test_a_hub_that_dies_ends_the_demo_with_its_summary_and_exit_code_1(tasuki):
    """The virtual hub's process is killed from outside; what it sent before is counted."""
    process = tasuki.start("demo", "--seconds", 600, "--speed", 10, "--json", "--state", tasuki.state)
    wait_for_blocks(tasuki.state)
    for child in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split():
        os.kill(int(child), signal.SIGKILL)
    out, err = process.communicate(timeout=90)

    assert process.returncode == 1 and "Traceback" not in err
    found = json.loads(out)
    assert found["epochs_verified"] > 0 and "the virtual hub ended" in found["ended_by"]


def test_a_recording_that_is_none_is_said_in_one_sentence(tasuki):
    done = tasuki("demo", "--recording", tasuki.folder / "nothing")

    assert done.returncode == 2
    assert "Traceback" not in done.stderr and "nothing" in done.stderr
