"""A bench of hubs from empty to updated in one run, with three faults that show on exactly their three hubs.

TASUKI_FLEET=all is `make fleet`: 16 unix and 2 qemu hubs. Else there are fewer.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from importlib import resources

import pytest

from end_to_end.hub_care import ORDER, RELEASE, enrolled, image_of, talk
from qemu_board import needs_qemu
from tasuki.fleet import conformance, keeping, troubles
from tasuki.pipeline.acquire import SerialLine
from tasuki.session import care

pytestmark = [pytest.mark.hub, needs_qemu, pytest.mark.timeout(900)]

ALL = os.environ.get("TASUKI_FLEET") == "all"
UNIX, QEMU = (16, 2) if ALL else (5, 1)
GOOD = b"VERSION = 2\n"
BAD = b"raise ValueError('this version does not start')\n"


def ends(done):
    """How each port's turn ended."""
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return {row["port"]: row for row in rows if row["event"] == "end"}


def spoil(hub, file, old, new):
    """Change a file on a flashed hub: its source goes in place of the compiled one."""
    package, name = file.split("/", 1)
    text = (resources.files(package) / name).read_text()
    assert old in text
    (hub.folder / "lib" / file).with_suffix(".mpy").unlink()
    (hub.folder / "lib" / file).write_text(text.replace(old, new))
    hub.reset()


def broken(hub):
    """Clauses that a hub breaks."""
    line = SerialLine(hub.port)
    try:
        found = conformance.run(line, patience_s=10)
    finally:
        line.close()
    return {finding.clause for finding in found if finding.outcome == "broken"}


def test_sixteen_hubs_are_listed_flashed_tested_updated_rolled_back_and_hold_the_specification(bench, tasuki):
    """One test, because each step needs what the ones before it left."""
    unix = [bench.add() for _ in range(UNIX)]
    qemu = [bench.add(kind="qemu", bare=False, speed=4) for _ in range(QEMU)]
    with keeping.kept(unix):
        listed = json.loads(tasuki("hub", "list", "--json").stdout)
        assert Counter(row["state"] for row in listed) == {"repl": UNIX, "blank": QEMU}

        where = [word for hub in unix for word in ("-p", hub.port)]
        flashed = tasuki("hub", "flash", *where, "--test", "--json")
        assert {end["state"] for end in ends(flashed).values()} == {"passed"}, flashed.stdout[-2000:]
        again = tasuki("hub", "flash", *where, "--reset", "--json")
        assert {(end["state"], end["bytes"]) for end in ends(again).values()} == {("unchanged", 0)}
        tested = tasuki("hub", "test", *[word for hub in qemu for word in ("-p", hub.port)])
        assert tested.returncode == 0, tested.stdout

        signer, clause, stuck = unix[:3]
        spoil(signer, "tasuki_hub/ed25519.py", "(r + k * scalar)", "(r + k * scalar + 1)")
        spoil(clause, "tasuki_hub/commands.py", "request, hi, lo, rx[0]", "request, 0, 0, rx[0]")
        stuck.kill()
        tested = ends(tasuki("hub", "test", *where, "--json"))
        failed = {port: row["state"] for port, row in tested.items() if row["state"] != "passed"}
        assert failed == {signer.port: "test_failed", stuck.port: "silent"}
        assert tested[signer.port]["reason"] == "failed: signature.vector"

        alive = [hub for hub in (*unix, *qemu) if hub is not stuck]
        with ThreadPoolExecutor(8) as pool:
            found = dict(zip(alive, pool.map(broken, alive), strict=True))
        assert {hub.port: clauses for hub, clauses in found.items() if clauses} == {clause.port: {"4"}}

    for number, hub in enumerate(qemu):
        updated(hub, tasuki, number)


def after_its_trial(tasuki, *words):
    """Run a command again while the hub's newest version is on trial, which is ten seconds."""
    deadline = time.monotonic() + 120
    while "on trial" in (done := tasuki(*words)).stderr and time.monotonic() < deadline:
        time.sleep(0.5)
    return done


def updated(hub, tasuki, number):
    """A signed version comes and stays; one that does not start is rolled back by the hub itself."""
    enrolled(hub, tasuki.folder / f"host{number}")
    for name, files, counter in (("good", GOOD, 7), ("bad", BAD, 8)):
        target = "tasuki_hub/extra.py" if name == "good" else "tasuki_hub/app.py"
        (tasuki.folder / f"{name}.bundle").write_bytes(image_of({target: files}, counter))
    assert tasuki("hub", "update", "good.bundle", "-p", hub.port).returncode == 0
    rejected = after_its_trial(tasuki, "hub", "update", "bad.bundle", "-p", hub.port)

    assert rejected.returncode == 1 and "did not start version 8" in rejected.stderr
    with talk(hub) as (_, identity):
        assert identity.counter == 7


@pytest.mark.parametrize("command", [("test",), ("flash",)])
def test_two_processes_on_one_port_and_a_hub_in_a_loop_do_not_stop_the_others(bench, tasuki, command):
    good = bench.add(bare=command == ("flash",), kept=True)
    held, looping = bench.add(), bench.add()
    line = SerialLine(held.port)
    fd = os.open(looping.port, os.O_RDWR | os.O_NOCTTY)
    os.write(fd, b"while 1: print('x' * 200)\r\n\r\n\r\n")
    os.close(fd)

    done = tasuki("hub", *command, "--all", "--json")
    line.close()
    states = {port: row["state"] for port, row in ends(done).items()}

    assert done.returncode == 1
    assert states[held.port] == "in_use" and states[looping.port] == "flooding"
    assert states[good.port] in ("passed", "flashed")
    assert all(row["way_out"] for row in ends(done).values() if row["state"] in troubles.WAYS_OUT)


def test_an_interrupted_test_ends_with_3_and_the_same_command_passes(bench, tasuki):
    for _ in range(2):
        bench.add(bare=False, kept=True)
    process = tasuki.start("hub", "test", "--all", "-j", "1", "--json")
    for line in process.stdout:
        if json.loads(line)["event"] == "item":
            process.send_signal(signal.SIGINT)
            break
    rest, errors = process.communicate(timeout=120)
    again = tasuki("hub", "test", "--all", "--json")

    assert (process.returncode, errors) == (3, ""), rest
    assert again.returncode == 0, again.stdout


def test_an_unsigned_or_downgraded_version_does_not_come_in(bench, tasuki):
    hub = bench.add(kind="qemu", bare=False, speed=4)
    enrolled(hub, tasuki.folder / "host")
    versions = {"other_key": (9, ORDER), "nine": (9, RELEASE), "eight": (8, RELEASE)}
    for name, (counter, key) in versions.items():
        made = image_of({"tasuki_hub/extra.py": GOOD}, counter, key)
        (tasuki.folder / f"{name}.bundle").write_bytes(made)

    done = {
        name: after_its_trial(tasuki, "hub", "update", f"{name}.bundle", "-p", hub.port) for name in versions
    }

    assert [one.returncode for one in done.values()] == [1, 0, 1]
    assert "bad_signature" in done["other_key"].stderr and "stale" in done["eight"].stderr


def mpremote(port):
    """What unmodified mpremote gets from a port, or nothing."""
    command = [sys.executable, "-m", "mpremote", "connect", port, "resume", "exec", "print(6*7)"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    except subprocess.TimeoutExpired:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def test_unmodified_mpremote_works_on_every_development_hub_afterwards_and_on_no_locked_one(bench, tasuki):
    unix, dev, locked = (
        bench.add(kept=True),
        bench.add(kind="qemu", bare=False),
        bench.add("l", "qemu", False),
    )
    assert tasuki("hub", "flash", "-p", unix.port, "--test").returncode == 0
    enrolled(locked, tasuki.folder / "host")
    with talk(locked) as (connection, _):
        care.lock(connection)
    for hub in (unix, dev):
        assert tasuki("hub", "exec", "pass", "-p", hub.port).returncode == 0

    assert [mpremote(hub.port) for hub in (unix, dev, locked)] == ["42", "42", ""]
    shown = tasuki("hub", "test", "-p", locked.port)
    assert shown.returncode == 0 and "a locked hub has no prompt" in shown.stdout
