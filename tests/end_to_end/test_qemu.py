"""The main job on a real Cortex-M image: what a hub does, and what its board promises."""

import json

import pytest

from end_to_end.conftest import SHARED
from qemu_board import needs_qemu
from tasuki import demo, recordings
from tasuki.errors import Refused
from tasuki.filters.score import compare
from tasuki.fleet import qemu
from tasuki.fleet.virtual import VirtualHub
from tasuki.session.enrolment import enroll
from tasuki.session.state import State

pytestmark = [pytest.mark.hub, needs_qemu]

WRAP_US = 1 << 30  # where ticks_us starts again on a 32-bit board


def assert_all_verified(found, epochs):
    assert found["epochs_verified"] >= epochs
    assert {key: found[key] for key in ("epochs_rejected", "gaps", "frames_bad", "unknown_tails")} == {
        "epochs_rejected": 0,
        "gaps": 0,
        "frames_bad": 0,
        "unknown_tails": 0,
    }


def test_the_demo_on_a_cortex_m_verifies_every_epoch_and_finds_the_beats(tasuki):
    """The same beats as with the unix hub, because the same samples arrive."""
    found = tasuki.json("demo", "--hub", "qemu", "--seconds", 32, "--speed", 4)
    other = tasuki.json("demo", "--hub", "unix", "--seconds", 32, "--speed", 4)

    assert found["hub_kind"] == "qemu"
    assert found["seconds"] > 30
    assert_all_verified(found, 8)
    assert found["frames"] >= 126 * 8
    assert found["beats"] == other["beats"] > 45
    assert found["blocks_uploaded"] == found["store_rows"] > 0


def test_beats_on_a_cortex_m_are_those_that_cardiologists_annotated(tmp_path):
    """Scored one to one as ANSI/AAMI EC57 does, within 150 ms."""
    path = SHARED / "mitdb" / "100"
    if not path.with_suffix(".atr").exists():
        pytest.skip("the MIT-BIH records are not beside this checkout")
    annotated = recordings.prepare(recordings.load(path), 32, tmp_path).beats

    found = demo.run(demo.Options(seconds=32, speed=4, hub="qemu", recording=path))

    score = compare(found["beat_times_s"], annotated, 0.15)
    assert_all_verified(found, 8)
    assert len(annotated) >= 39 and score.f1 > 0.97, score


def test_without_the_c_module_a_slow_signer_still_proves_every_epoch(tasuki):
    """The last record comes long after the last frame; the host waits for it."""
    viper = qemu.image().with_name("qemu-viper.elf")
    if not viper.exists():
        pytest.skip("qemu-viper.elf is not built")
    tasuki.env["TASUKI_IMAGE"] = str(viper)

    found = tasuki.json("demo", "--hub", "qemu", "--seconds", 15, "--speed", 2)

    assert_all_verified(found, 4)


def test_device_time_goes_on_where_the_counter_of_a_32_bit_board_wraps(tasuki):
    """The session crosses 2^30 microseconds of ticks_us in its sixth second."""
    folder = tasuki.folder / "kept" / "hub"
    folder.mkdir(parents=True)
    (folder / "hub.json").write_text(json.dumps({"start_us": WRAP_US - 6_000_000}))

    found = tasuki.json("demo", "--hub", "qemu", "--seconds", 16, "--state", folder.parent)

    assert json.loads((folder / "hub.json").read_text())["start_us"] == WRAP_US - 6_000_000
    assert_all_verified(found, 4)
    assert found["seconds"] > 15


def test_a_hub_that_lost_its_power_is_the_same_hub_afterwards(tmp_path, replay_folder):
    """Key and authority are in flash; another host takes it over only with another key."""
    with (
        VirtualHub("qemu", tmp_path / "hub", replay_folder) as hub,
        State(tmp_path / "state") as state,
        State(tmp_path / "stranger") as stranger,
    ):
        first = enroll(hub.port, state)
        hub.reset()

        again = enroll(hub.port, state)
        with pytest.raises(Refused, match="already_pinned"):
            enroll(hub.port, stranger)
        taken = enroll(hub.port, stranger, repin=True)
        after = enroll(hub.port, stranger)

    assert taken.public == after.public != first.public
    assert (again.device, again.public) == (first.device, first.public)
    assert again.board == "qemu"


def test_two_hubs_have_two_keys(tmp_path, replay_folder):
    """Entropy is the host's: an emulator alone starts the same each time."""
    keys = set()
    for name in ("one", "two"):
        with VirtualHub("qemu", tmp_path / name, replay_folder) as hub, State(tmp_path / "state") as state:
            keys.add(enroll(hub.port, state).public)

    assert len(keys) == 2


def test_spawn_prints_the_terminal_of_a_qemu_hub_that_answers(tasuki):
    process = tasuki.start("hub", "spawn", "--kind", "qemu", "--folder", "bench", "--json")
    try:
        row = json.loads(process.stdout.readline())
        done = tasuki("hub", "enroll", "--port", row["port"], "--json")
    finally:
        process.terminate()
        process.communicate()

    assert row["kind"] == "qemu"
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["board"] == "qemu"
