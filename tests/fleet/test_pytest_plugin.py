"""The pytest plugin, as a firmware team meets it: the documentation's example, and several hubs at once."""

import re
import subprocess
import sys

import pytest

from end_to_end.conftest import ROOT

pytestmark = pytest.mark.hub

(EXAMPLE,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "pytest.md").read_text(), re.DOTALL)
TALKS = """
from tasuki.fleet.hub_at_test import on_all

def test_talk(hubs):
    on_all(hubs, lambda hub: hub.run("for n in range(50): print('line', n)"))
    assert False
"""


def run(folder, text, *options):
    (folder / "test_hub.py").write_text(text)
    plugin = ["-p", "tasuki.fleet.pytest_plugin", "-p", "no:cacheprovider", "-rs"]
    command = [sys.executable, "-m", "pytest", "--strict-markers", *plugin, *options, "test_hub.py"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)


def test_the_documentations_example_runs_on_virtual_hubs_and_says_what_it_skips(tmp_path):
    done = run(tmp_path, EXAMPLE)

    assert done.returncode == 0, done.stdout
    assert "2 passed, 1 skipped" in done.stdout and "for hubs of kind real; this one is unix" in done.stdout


def test_the_same_example_runs_unchanged_on_what_is_at_a_port(tmp_path, virtual_hub):
    done = run(tmp_path, EXAMPLE, "--tasuki-port", virtual_hub().port, "-k", "not alike")

    # a virtual hub stands at the port: its parts are not real, and the test that wants them fails
    assert "1 passed" in done.stdout or "1 failed, 1 passed" in done.stdout, done.stdout
    assert "not_applicable" in done.stdout


def test_what_several_hubs_say_at_once_stands_whole_by_hub(tmp_path):
    done = run(tmp_path, TALKS, "--tasuki-hubs", "3")
    sections = re.findall(r"-+ hub /dev/\S+ -+\n((?:line \d+\n)+)", done.stdout)

    assert done.returncode == 1
    assert sections == ["".join(f"line {n}\n" for n in range(50))] * 3, done.stdout


def test_a_marker_of_an_unknown_kind_fails(tmp_path):
    text = "import pytest\n@pytest.mark.tasuki_kind('moon')\ndef test_it(): pass\n"

    assert "moon" in run(tmp_path, text).stdout
