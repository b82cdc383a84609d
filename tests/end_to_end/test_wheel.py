"""What a user installs is the wheel, not this tree: it holds all that the main job needs."""

import json
import subprocess
import sys
import zipfile

import pytest

from end_to_end.conftest import ROOT


@pytest.mark.hub
def test_the_wheel_runs_the_demo_without_the_tree(tmp_path):
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    source = tmp_path / "source"
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in tracked.stdout.splitlines():
        if name.split("/")[0] not in ("tests", "benchmarks", "docs") and (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    subprocess.run([*pip, "--wheel-dir", tmp_path, source], check=True)
    (wheel,) = tmp_path.glob("tasuki-*.whl")
    installed = tmp_path / "installed"
    zipfile.ZipFile(wheel).extractall(installed)

    env = {"PYTHONPATH": str(installed), "PATH": "/usr/bin:/bin"}
    where = [sys.executable, "-c", "import tasuki; print(tasuki.__file__)"]
    found = subprocess.run(where, env=env, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert found.stdout.startswith(str(installed))
    done = subprocess.run(
        [sys.executable, "-m", "tasuki.cli", "demo", "--seconds", "6", "--speed", "6", "--json"],
        env=env,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["epochs_verified"] >= 1
    assert "abi3" in wheel.name
