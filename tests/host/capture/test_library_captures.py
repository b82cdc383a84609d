"""tasuki.open on a capture: only what is proved, in order, and the page's example as it stands."""

import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import tasuki
from host import capture_examples as example
from host import garments
from tasuki.errors import Refused, UsageError
from tasuki.trust.register import Hub, HubRegister

PAGE = Path(__file__).parents[3] / "docs" / "captures.md"


@pytest.fixture
def walk(tmp_path, monkeypatch):
    """A capture of three epochs in a folder whose register knows its hub; the garment."""
    monkeypatch.setenv("TASUKI_STATE", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    hub = Hub(example.DEVICE.hex(), example.PUBLIC.hex(), "2026-11-22")
    (tmp_path / "state").mkdir()
    HubRegister(tmp_path / "state" / "register.json").add(hub)
    return garments.record(tmp_path / "walk.tsk", 3)


def test_the_readings_of_a_capture_are_its_blocks_with_values_and_times(walk):
    readings = list(tasuki.open("walk.tsk"))

    assert len(readings) == 18
    begun = datetime.fromtimestamp(garments.WALL_US / 1e6, UTC)
    ecg = [one for one in readings if one.item == "ecg"]
    for number, one in enumerate(ecg):
        assert abs(one.start - begun - timedelta(seconds=4 * number)) < timedelta(microseconds=5)
        assert 0.001 <= one.uncertainty_s < 0.01
        assert (one.values().fields["ecg"] == walk.measured[0][number][1]["ecg"]).all()


def test_items_and_times_are_chosen(walk):
    since = datetime.fromtimestamp(garments.WALL_US / 1e6 + 8.5, UTC)

    readings = list(tasuki.open(Path("walk.tsk"), items=["ecg", "body_motion"], since=since))

    assert [one.block.stream for one in readings] == [0, 3, 4]
    assert {one.block.epoch for one in readings} == {2}


def test_what_is_not_proved_is_not_read(walk):
    assert not list(tasuki.open("walk.tsk", public_key=example.OTHER))
    Path("state/register.json").unlink()
    with pytest.raises(Refused):
        next(tasuki.open("walk.tsk"))
    assert len(list(tasuki.open("walk.tsk", public_key=example.PUBLIC))) == 18


def test_a_file_that_is_no_capture_is_refused_in_a_sentence(walk):
    Path("notes.txt").write_text(f"no capture, {time.time()}")
    with pytest.raises(UsageError, match="no capture"):
        next(tasuki.open("notes.txt"))


def test_the_example_of_the_page_runs_as_it_stands(walk, capsys):
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.S)

    exec(code, {})

    assert len(capsys.readouterr().out.splitlines()) == 3
