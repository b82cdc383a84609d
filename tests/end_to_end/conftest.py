"""Real virtual hubs on terminals, a state folder, and the command as a process."""

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tasuki import recordings
from tasuki.fleet.virtual import VirtualHub

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "data"
WEARER = ROOT / "host" / "tasuki" / "consent" / "demo-wearer.toml"


@pytest.fixture(scope="session")
def replay_folder(tmp_path_factory):
    """The bundled recording as a hub plays it, over and over."""
    folder = tmp_path_factory.mktemp("replay")
    return recordings.prepare(recordings.load(None), 60, folder, loop=True).path.parent


@pytest.fixture
def unix_hub(tmp_path, replay_folder):
    """A hub on the real interpreter whose clock runs ten times as fast."""
    with VirtualHub("unix", tmp_path / "hub", replay_folder, 10) as hub:
        yield hub


class Command:
    """The command `tasuki` as a process of its own, on a state folder of its own."""

    def __init__(self, folder):
        self.state = folder / "state"
        self.env = {**os.environ, "TASUKI_STATE": str(self.state), "LANG": "C.UTF-8"}
        self.folder = folder

    def start(self, *args):
        """Start it; the caller ends it."""
        return subprocess.Popen(
            [sys.executable, "-m", "tasuki.cli", *map(str, args)],
            env=self.env,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __call__(self, *args, timeout=120):
        """Run it to its end."""
        process = self.start(*args)
        out, err = process.communicate(timeout=timeout)
        return subprocess.CompletedProcess(args, process.returncode, out, err)

    def json(self, *args, timeout=120):
        """Run it; what it printed, which must be one JSON object and nothing else."""
        done = self(*args, "--json", timeout=timeout)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture
def tasuki(tmp_path):
    """The command."""
    return Command(tmp_path)


def stored_blocks(state):
    """How many blocks the embedded store has."""
    with (
        contextlib.suppress(sqlite3.Error),
        contextlib.closing(sqlite3.connect(f"file:{state}/store.db?mode=ro", uri=True)) as db,
    ):
        return int(db.execute("select count(*) from block").fetchone()[0])
    return 0


def wait_for_blocks(state, before=0):
    """Until more blocks are stored than before."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if stored_blocks(state) > before:
            return
        time.sleep(0.1)
    raise AssertionError("nothing was stored")
