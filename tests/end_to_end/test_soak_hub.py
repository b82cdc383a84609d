"""Twenty seconds of the soak that `make soak-hub` runs for ten minutes."""

import importlib.util
import json
from pathlib import Path

import pytest

from qemu_board import needs_qemu
from tasuki.fleet import qemu

pytestmark = [pytest.mark.hub, needs_qemu]

ROOT = Path(__file__).resolve().parents[2]
_WITH_THE_WALL = "shift=4,sleep=on"  # a busy machine slows the hub down, and is not outrun by it


def soak_hub():
    """benchmarks/soak_hub.py, which is no package."""
    spec = importlib.util.spec_from_file_location("soak_hub", ROOT / "benchmarks" / "soak_hub.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_short_soak_loses_nothing(tmp_path, monkeypatch):
    """All epochs verify, no ring runs over, nothing waits for the signer, and no sample is late."""
    monkeypatch.setenv("TASUKI_IMAGE", str(qemu.image()))

    found = soak_hub().soak(qemu.image(), 20, tmp_path, _WITH_THE_WALL)

    assert found.hub_seconds >= 20 and found.epochs_verified >= 5
    assert found.flaws() == []
    assert found.heap_free_first > 0


def test_the_readme_has_the_recorded_soak():
    """make soak-hub writes both."""
    module = soak_hub()

    assert module.written() == module.page(json.loads(module.RESULT.read_text()))


def test_flaws_are_named():
    """A run in which something was lost fails, and says what."""
    module = soak_hub()
    good = {"epochs_verified": 150, "heap_free_first": 70_000, "heap_free_last": 69_000}

    assert module.Found("qemu.elf", **good).flaws() == []
    assert module.Found("qemu.elf", **{**good, "gaps": 1, "late": 2}).flaws() == ["gaps", "late"]
    leaking = {**good, "heap_free_last": 60_000}
    assert module.Found("qemu.elf", **leaking).flaws() == ["heap_free_last"]
