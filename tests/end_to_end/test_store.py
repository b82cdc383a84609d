"""A host that vanishes and comes back, a hub that is killed meanwhile: no epoch is missing."""

import shutil
import sqlite3
import time

import pytest

from end_to_end.conftest import ROOT, WEARER, wait_for_blocks
from qemu_board import needs_qemu
from tasuki.fleet.virtual import VirtualHub

pytestmark = pytest.mark.hub
MODULE = ROOT / "build" / "cmodule" / "x64" / "_tasuki.mpy"
SPEED = 4


@pytest.fixture
def storing_hub(tmp_path, replay_folder):
    """A hub on the real interpreter with the C module, so that it can store."""
    if not MODULE.exists():
        pytest.skip("the C module is not built: make cmodule")
    (tmp_path / "hub" / "lib").mkdir(parents=True)
    shutil.copy(MODULE, tmp_path / "hub" / "lib")
    with VirtualHub("unix", tmp_path / "hub", replay_folder, SPEED) as hub:
        yield hub


def sessions(state):
    """{session: epochs that the ledger knows}."""
    with sqlite3.connect(f"file:{state}/outbox.db?mode=ro", uri=True) as db:
        rows = db.execute("select session, first, last from accepted_epochs").fetchall()
    out = {}
    for session, first, last in rows:
        out.setdefault(session, set()).update(range(first, last + 1))
    return out


def run_and_kill(tasuki, hub, speed=SPEED):
    """A host that is killed some time after its first blocks are stored."""
    process = tasuki.start("run", "--port", hub.port, "--consent", WEARER, "--speed", speed, "--json")
    wait_for_blocks(tasuki.state)
    time.sleep(2)
    process.kill()
    process.communicate()


def stored(hub):
    """Epochs on the hub's flash."""
    return sorted(path.name for path in (hub.folder / "flash" / "store").iterdir())


def until_stored(hub, least):
    """Wait until so many epochs are whole on the hub's flash."""
    deadline = time.monotonic() + 120
    while len([name for name in stored(hub) if name != "new"]) < least:
        assert time.monotonic() < deadline, stored(hub)
        time.sleep(0.1)


def test_a_host_that_vanishes_for_20_s_misses_no_epoch(tasuki, storing_hub):
    """Killed; 20 s of hub time later another process of the same host goes on."""
    assert tasuki("hub", "enroll", "--port", storing_hub.port).returncode == 0
    run_and_kill(tasuki, storing_hub)
    before = sessions(tasuki.state)
    time.sleep(20 / SPEED)
    until_stored(storing_hub, 4)

    found = tasuki.json(
        "run", "--port", storing_hub.port, "--consent", WEARER, "--speed", SPEED, "--seconds", 16
    )

    after = sessions(tasuki.state)
    assert list(before) == list(after) == [1]
    assert after[1] == set(range(max(after[1]) + 1))
    assert len(after[1]) >= len(before[1]) + 8
    assert found["epochs_recovered"] >= 3 and found["stored_refused"] == {}
    assert (found["epochs_rejected"], found["gaps"]) == (0, 0)
    assert stored(storing_hub) == []


def test_what_a_killed_hub_had_stored_comes_in_its_next_life(tasuki, storing_hub):
    """SIGKILL of the hub while the host is away: only the open epoch and the one that is written are lost."""
    assert tasuki("hub", "enroll", "--port", storing_hub.port).returncode == 0
    run_and_kill(tasuki, storing_hub)
    until_stored(storing_hub, 3)
    storing_hub.reset()
    kept = [int(name[8:], 16) for name in stored(storing_hub) if name != "new"]
    assert len(kept) >= 3

    found = tasuki.json(
        "run", "--port", storing_hub.port, "--consent", WEARER, "--speed", SPEED, "--seconds", 12
    )

    after = sessions(tasuki.state)
    assert set(after) == {1, 2}
    assert after[1] == set(range(max(kept) + 1))
    assert found["epochs_recovered"] == len(kept) and found["stored_refused"] == {}
    assert stored(storing_hub) == []


@needs_qemu
def test_a_cortex_m_stores_and_forwards(tasuki, replay_folder, tmp_path):
    """The same on the image: boxes by the C module, files on LittleFS."""
    # no faster than life: the emulator does not wait for a machine that is busy elsewhere
    with VirtualHub("qemu", tmp_path / "qemu", replay_folder, 1) as hub:
        assert tasuki("hub", "enroll", "--port", hub.port).returncode == 0
        run_and_kill(tasuki, hub, speed=1)
        time.sleep(14)

        found = tasuki.json("run", "--port", hub.port, "--consent", WEARER, "--speed", 1, "--seconds", 16)

    after = sessions(tasuki.state)
    assert list(after) == [1]
    assert after[1] == set(range(max(after[1]) + 1))
    print(found, after)
    assert found["epochs_recovered"] >= 3 and found["stored_refused"] == {}
    assert (found["epochs_rejected"], found["gaps"]) == (0, 0)
