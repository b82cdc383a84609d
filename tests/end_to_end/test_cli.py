"""The command: help for everything, one sentence with a way out for every mistake, stable exit codes."""

import json
import os
import pty
import re
import signal
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from end_to_end.conftest import WEARER, wait_for_blocks
from tasuki.cli import cli


def commands(group, path=()):
    """All commands below a group, with their words."""
    ctx = click.Context(group)
    for name in group.list_commands(ctx):
        command = group.get_command(ctx, name)
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


ALL = dict(commands(cli))


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_every_command_has_help_that_ends_with_an_example(words):
    done = CliRunner().invoke(cli, [*words, "--help"])

    assert done.exit_code == 0
    example = re.split(r"Examples?:", ALL[words].help)
    assert len(example) == 2, "no example"
    assert f"tasuki {words[0]}" in example[1]


MISTAKES = {
    "missing port": (("run", "--port", "/dev/nothing", "--consent", WEARER), 2, "there is no port"),
    "port is no terminal": (("run", "--port", WEARER, "--consent", WEARER), 2, "no serial port"),
    "missing consent file": (("run", "--port", "/dev/null", "--consent", "nothing.toml"), 2, "nothing.toml"),
    "consent file is none": (("run", "--port", "/dev/null", "--consent", __file__), 2, "test_cli.py"),
    "missing capture": (("verify", "nothing.tsk", "--key", "00" * 32), 2, "nothing.tsk"),
    "unknown option": (("demo", "--nothing"), 2, "--nothing"),
    "enroll without port": (("hub", "enroll"), 2, "--port"),
    "enroll at a missing port": (("hub", "enroll", "--port", "/dev/nothing"), 2, "there is no port"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_sentence_with_a_way_out(tasuki, name):
    args, code, words = MISTAKES[name]

    done = tasuki(*args)

    assert done.returncode == code
    assert words in done.stderr
    assert "Traceback" not in done.stderr and not done.stdout


def test_a_busy_port_is_said_so(tasuki):
    import serial

    master, slave = pty.openpty()
    with serial.Serial(os.ttyname(slave), exclusive=True):
        done = tasuki("hub", "enroll", "--port", os.ttyname(slave))
    os.close(master)
    os.close(slave)

    assert done.returncode == 2
    assert "in use" in done.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open every port")
def test_a_port_without_permission_is_said_so(tasuki):
    master, slave = pty.openpty()
    Path(os.ttyname(slave)).chmod(0)
    done = tasuki("hub", "enroll", "--port", os.ttyname(slave))
    os.close(master)
    os.close(slave)

    assert done.returncode == 2
    assert "permission" in done.stderr


def test_a_silent_port_is_given_up_after_a_while(tasuki):
    master, slave = pty.openpty()
    done = tasuki("hub", "enroll", "--port", os.ttyname(slave), timeout=60)
    os.close(master)
    os.close(slave)

    assert done.returncode == 1
    assert "no hub says hello" in done.stderr


@pytest.mark.hub
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_a_run_cleanly_with_its_summary(tasuki, unix_hub, number):
    tasuki("hub", "enroll", "--port", unix_hub.port)
    process = tasuki.start("run", "--port", unix_hub.port, "--consent", WEARER, "--speed", 10, "--json")
    wait_for_blocks(tasuki.state)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)

    assert process.returncode == 0, err
    assert '"epochs_verified"' in out and '"unknown_tails": 0' in out


@pytest.mark.hub
def test_record_decode_verify_and_export_work_on_what_was_recorded(tasuki, unix_hub):
    """The way of a firmware engineer: a capture, its proof, and an export without one item."""
    enrolled = tasuki.json("hub", "enroll", "--port", unix_hub.port)
    key = enrolled["public_key"]
    tasuki.json(
        "record",
        "--port",
        unix_hub.port,
        "--consent",
        WEARER,
        "--speed",
        10,
        "--seconds",
        14,
        "-o",
        "walk.tsk",
    )

    whole = tasuki.json("verify", "walk.tsk", "--key", key)
    assert whole["epochs_verified"] >= 3
    assert (whole["epochs_rejected"], whole["frames_bad"], whole["gaps"]) == (0, 0, 0)
    done = tasuki("export", "walk.tsk", "--without", "ecg", "-o", "walk.tsb")
    assert done.returncode == 0, done.stderr
    rest = tasuki.json("verify", "walk.tsb", "--key", key)
    assert rest["epochs_verified"] == whole["epochs_verified"]
    assert (rest["epochs_rejected"], rest["frames_bad"], rest["gaps"]) == (0, 0, 0)
    assert "ecg" not in str(rest)
    assert tasuki("verify", "walk.tsb", "--key", "00" * 32).returncode == 1
    assert tasuki("decode", "walk.tsk", "--limit", "5").returncode == 0


@pytest.mark.hub
def test_a_hub_that_dies_ends_the_run_with_its_summary_and_exit_code_1(tasuki, unix_hub):
    """One JSON object on stdout, the reason in it and on stderr; the capture is whole."""
    key = tasuki.json("hub", "enroll", "--port", unix_hub.port)["public_key"]
    words = ("--consent", WEARER, "--speed", 10, "--patience", 0, "--json", "--capture", "walk.tsk")
    process = tasuki.start("run", "--port", unix_hub.port, *words)
    wait_for_blocks(tasuki.state)
    unix_hub.close()
    out, err = process.communicate(timeout=60)

    assert process.returncode == 1 and "Traceback" not in err
    found = json.loads(out)
    assert found["epochs_verified"] > 0 and found["ended_by"] and found["ended_by"] in err
    done = tasuki("verify", "walk.tsk", "--key", key, "--json")
    assert json.loads(done.stdout)["epochs_verified"] == found["epochs_verified"]
