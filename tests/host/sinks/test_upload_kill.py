"""SIGKILL at any moment loses nothing that was acknowledged and doubles nothing in the store."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tasuki.sinks.embedded import open_row
from worlds import World

ROOT = Path(__file__).resolve().parents[3]
WORKER = ROOT / "tests" / "upload_worker.py"
EPOCHS = 5
POINTS = [n / 16 for n in range(16)]


def start(folder, first, kill_at):
    paths = [str(ROOT / part) for part in ("host", "protocol", "firmware", "tests")]
    return subprocess.Popen(
        [sys.executable, str(WORKER), str(folder), str(first), str(EPOCHS), str(kill_at)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
    )


def acknowledged(output):
    whole = output[: output.rfind("\n") + 1]  # a kill may cut the last line
    acks = [int(line.split()[1]) for line in whole.splitlines() if line.startswith("ack")]
    return max(acks, default=-1)


def check(folder):
    """Every block of every epoch is in the store, once, and opens; nothing waits any more."""
    world = World(folder)
    rows = list(world.store.rows("store"))
    found = sorted((block.epoch, block.stream) for block in (open_row(row, world.vault) for row in rows))
    assert found == [(epoch, stream) for epoch in range(EPOCHS) for stream in (0, 1, 5)]
    improvement = [row.delivery.number for row in world.store.rows("improvement")]
    assert sorted(improvement) == list(range(min(improvement), min(improvement) + EPOCHS))
    for stream in (0, 1, 5):
        numbers = [row.delivery.number for row in rows if row.delivery.stream == stream]
        assert sorted(numbers) == list(range(EPOCHS))
    assert world.outbox.size() == (0, 0)
    assert world.outbox.ended() == {
        ("store", "confirmed", ""): 3 * EPOCHS,
        ("improvement", "confirmed", ""): EPOCHS,
    }


@pytest.fixture(scope="module")
def steps(tmp_path_factory):
    """Steps of a whole run that nobody kills."""
    output, _ = start(tmp_path_factory.mktemp("whole"), 0, 0).communicate(timeout=120)
    return int(output.split()[-1])


def test_a_run_that_nobody_kills_delivers_everything(tmp_path, steps):
    assert steps > len(POINTS)
    process = start(tmp_path, 0, 0)
    process.communicate(timeout=120)

    assert process.returncode == 0
    check(tmp_path)


@pytest.mark.parametrize("point", POINTS)
def test_killed_at_any_step_and_started_again_nothing_is_lost_or_doubled(tmp_path, steps, point):
    killed = start(tmp_path, 0, 1 + int(point * steps))
    output, _ = killed.communicate(timeout=120)
    assert killed.returncode == -signal.SIGKILL

    again = start(tmp_path, acknowledged(output) + 1, 0)
    again.communicate(timeout=120)

    assert again.returncode == 0
    check(tmp_path)


def test_killed_again_and_again_at_no_chosen_moment_nothing_is_lost_or_doubled(tmp_path):
    done = -1
    for turn in range(8):
        process = start(tmp_path, done + 1, 0)
        try:
            output, _ = process.communicate(timeout=0.2 + turn * 0.03)
        except subprocess.TimeoutExpired:
            process.kill()
            output, _ = process.communicate()
        done = max(done, acknowledged(output))
    start(tmp_path, done + 1, 0).communicate(timeout=120)

    check(tmp_path)
