"""Handing over: base images to the maker's tool, files to MicroPython's own installer."""

import json
import subprocess
import sys

import pytest

from tasuki.fleet import imaging
from tasuki.fleet.ports import Port

ESPTOOL = """#!/bin/sh
echo "esptool of the test: $*"
for n in 5 50 100; do printf 'Writing at 0x0... (%d %%)\\r' $n; done
echo
case "$2" in *1) echo 'A fatal error occurred: no chip'; exit 2;; esac
echo 'Hash of data verified.'
"""


@pytest.fixture
def tool(tmp_path, tasuki, monkeypatch):
    """A program that is called and talks as esptool does."""
    program = tmp_path / "bin" / "esptool"
    program.parent.mkdir()
    program.write_text(ESPTOOL)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    (tmp_path / "base.bin").write_bytes(b"image")
    return program


def test_an_image_goes_to_the_tool_with_progress_per_port_and_failures_are_told_of_their_port(tool, tasuki):
    done = tasuki("hub", "image", "base.bin", "-p", "/dev/ttyX0", "-p", "/dev/ttyX1", "--json")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    ends = {event["port"]: event for event in events if event["event"] == "end"}
    percents = [
        event["percent"] for event in events if event["event"] == "percent" and event["port"] == "/dev/ttyX0"
    ]

    assert done.returncode == 1
    assert percents == [5, 50, 100]
    assert ends["/dev/ttyX0"]["state"] == "installed"
    assert ends["/dev/ttyX1"]["state"] == "failed" and "no chip" in ends["/dev/ttyX1"]["reason"]
    assert "--port /dev/ttyX0 write_flash 0x0 base.bin" in done.stdout


def test_a_tool_that_is_not_installed_is_named_in_one_sentence(tasuki, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "base.uf2").write_bytes(b"image")

    done = tasuki("hub", "image", "base.uf2", "-p", "/dev/ttyX0")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("tasuki: picotool is not installed.")


@pytest.mark.parametrize(
    ("tool", "words"),
    [
        ("picotool", ["load", "-v", "-x", "-f", "--ser", "E66", "x.uf2"]),
        ("dfu-util", ["-a", "0", "-p", "1-1.4", "-D", "x.uf2"]),
    ],
)
def test_a_tool_is_told_which_of_several_boards_is_meant(tool, words, tmp_path):
    port = Port("/dev/ttyACM0", "1-1.4:1.0", "E66")

    assert [*imaging.TOOLS[tool].command(port, "x.uf2", "0x0")] == words


@pytest.mark.hub
def test_mip_installs_the_package_and_flash_finds_nothing_left_to_do(bench, tasuki):
    hub = bench.add()
    made = tasuki("hub", "package", "out", "--arch", "x64")

    mip = subprocess.run(
        [
            sys.executable,
            "-m",
            "mpremote",
            "connect",
            hub.port,
            "resume",
            "mip",
            "install",
            "out/package.json",
        ],
        cwd=tasuki.folder,
        capture_output=True,
        text=True,
        timeout=120,
    )
    done = tasuki("hub", "flash", "-p", hub.port)

    assert (made.returncode, mip.returncode) == (0, 0), mip.stderr
    assert done.stdout.splitlines()[-1] == "1 unchanged"
