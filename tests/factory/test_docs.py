"""Every command of docs/factory.md works, in its order, by the hands of a newcomer."""

import re
import shlex
import time
from pathlib import Path

import pytest

from end_to_end.conftest import Command

ROOT = Path(__file__).resolve().parents[2]
# tests/factory/test_production.py gives those of the production order
TEXT = re.sub(
    r"\n## A production order\n.*?(?=\n## )", "", (ROOT / "docs" / "factory.md").read_text(), flags=re.S
)
LINES = [
    line for block in re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL) for line in block.splitlines() if line
]


def test_the_page_has_the_commands_of_a_line():
    groups = {shlex.split(line)[2] for line in LINES}

    assert {"root", "station", "order", "run", "audit", "report", "revoke", "rotate", "export"} <= groups


@pytest.mark.hub
def test_every_command_of_the_page_works_in_its_order(tmp_path):
    tasuki = Command(tmp_path)
    tasuki.env["TASUKI_SECRET"] = "correct horse battery"
    tray = None
    try:
        for line in LINES:
            words = shlex.split(line)[1:]
            if words[:2] == ["hub", "spawn"]:
                tray = tasuki.start(*words)
                assert [tray.stdout.readline()[:5] for _ in range(2)] == ["/dev/"] * 2
                time.sleep(1.0)
                continue
            done = tasuki(*words)
            assert done.returncode == 0, f"{line}: {done.stdout}{done.stderr}"
            if "import" in words:
                assert done.stdout == "2 hubs are known here\n"
            if words[:3] == ["factory", "audit", "verify"]:
                assert done.stdout.startswith("2 units built, 2 certificates issued, 2 labels printed")
    finally:
        if tray:
            tray.terminate()
            tray.communicate(timeout=30)
    assert tray is not None
