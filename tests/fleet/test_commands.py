"""The commands for many hubs, as a person and as a script run them."""

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import tasuki_wire
from tasuki.pipeline.acquire import SerialLine

pytestmark = pytest.mark.hub


def events(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_list_shows_who_is_where_and_what_it_runs_without_changing_it(bench, tasuki):
    bench.add(bare=False)
    bench.add()
    held = bench.add()
    line = SerialLine(held.port)

    listed = {row["port"]: row for row in json.loads(tasuki("hub", "list", "--json").stdout)}
    line.close()
    rows = [listed[hub.port] for hub in bench.hubs]

    assert [row["state"] for row in rows] == ["blank", "repl", "in_use"]
    assert [row["location"] for row in rows] == [hub.location for hub in bench.hubs]
    assert [row["serial"] for row in rows] == [hub.unique_id.hex() for hub in bench.hubs]
    assert len(rows[0]["hub"]) == 16 and rows[0]["wire"] and rows[0]["firmware"].startswith("tasuki ")
    assert rows[1]["firmware"].startswith("MicroPython ")
    assert f"process {os.getpid()}" in rows[2]["reason"] and rows[2]["way_out"]


def test_an_enrolled_hub_is_listed_with_the_fingerprint_of_its_key(bench, tasuki):
    hub = bench.add(bare=False)
    tasuki("hub", "enroll", "-p", hub.port, "--key-file", "hub.pub")

    (row,) = json.loads(tasuki("hub", "list", "--json").stdout)

    assert row["state"] == "dev" and len(row["key"]) == 16


def test_a_hub_that_was_stopped_and_may_not_speak_unasked_is_found_and_leaves_for_its_prompt(
    bench, tasuki, wearer
):
    hub = bench.add(bare=False)
    tasuki("hub", "enroll", "-p", hub.port)
    tasuki("hub", "monitor", "-p", hub.port, "--consent", wearer, "--seconds", "1")

    (row,) = json.loads(tasuki("hub", "list", "--json").stdout)
    done = tasuki("hub", "exec", "print(6*7)", "-p", hub.port)

    assert row["state"] == "dev"
    assert done.stdout.strip() == "42", done.stderr


def test_list_of_an_empty_bench_says_so(tasuki):
    done = tasuki("hub", "list")

    assert done.returncode == 0 and "spawn" in done.stdout


def test_flash_tells_events_as_json_keeps_a_log_per_hub_and_ends_with_1_when_one_failed(bench, tasuki):
    bench.add()
    held = bench.add()
    line = SerialLine(held.port)

    done = tasuki("hub", "flash", "--all", "--only", "tasuki_wire/*", "--json")
    line.close()
    ends = {event["port"]: event for event in events(done) if event["event"] == "end"}
    logs = sorted(path.name for path in (tasuki.state / "logs").iterdir())
    wire = list(Path(tasuki_wire.__file__).parent.glob("*.py"))

    assert done.returncode == 1
    assert ends[bench.hubs[0].port]["state"] == "flashed"
    assert ends[bench.hubs[0].port]["files"] == len(wire)
    assert ends[held.port]["state"] == "in_use" and ends[held.port]["way_out"]
    assert logs == ["virtual_bench_hub0.log", "virtual_bench_hub1.log"]
    assert "state=flashed" in (tasuki.state / "logs" / logs[0]).read_text()


def test_flash_without_a_choice_among_several_hubs_touches_none(bench, tasuki):
    hubs = [bench.add(), bench.add()]

    done = tasuki("hub", "flash")

    assert done.returncode == 2 and "--all" in done.stderr
    assert not any(list((hub.folder / "lib").iterdir()) for hub in hubs)


def test_an_interrupted_flash_ends_with_3_and_the_same_command_goes_on(bench, tasuki):
    for _ in range(4):
        bench.add()
    process = tasuki.start("hub", "flash", "--all", "-j", "1", "--json")
    for line in process.stdout:
        if json.loads(line)["event"] == "file":
            process.send_signal(signal.SIGINT)
            break
    rest, errors = process.communicate(timeout=60)
    ends = [row["state"] for row in map(json.loads, rest.splitlines()) if row["event"] == "end"]

    again = tasuki("hub", "flash", "--all", "--json")

    assert (process.returncode, errors) == (3, "")
    assert ends == ["interrupted"] * 4
    assert again.returncode == 0


def test_files_go_to_the_hub_and_come_back_byte_for_byte(bench, tasuki):
    hub = bench.add()
    (tasuki.folder / "here" / "deep").mkdir(parents=True)
    content = bytes(range(256)) * 33
    (tasuki.folder / "here" / "deep" / "a b.bin").write_bytes(content)
    (tasuki.folder / "here" / "empty").write_bytes(b"")

    to_hub = tasuki("hub", "cp", "-p", hub.port, "-r", "here", f":{hub.folder}/there")
    again = tasuki("hub", "cp", "-p", hub.port, "-r", "here/deep", f":{hub.folder}/there")
    back = tasuki("hub", "cp", "-p", hub.port, "-r", f":{hub.folder}/there", "back")
    listed = tasuki("hub", "ls", "-p", hub.port, f":{hub.folder}/there")

    assert [done.returncode for done in (to_hub, again, back, listed)] == [0, 0, 0, 0]
    assert (tasuki.folder / "back" / "deep" / "a b.bin").read_bytes() == content
    assert (tasuki.folder / "back" / "empty").read_bytes() == b""
    assert "up to date" in again.stdout and "->" in to_hub.stdout
    assert {"deep/", "empty"} <= {line.split()[-1] for line in listed.stdout.splitlines()}


@pytest.mark.parametrize(
    ("paths", "message"),
    [
        (["nothing.py", ":"], "nothing.py"),
        ([":nothing.py", "."], "no :nothing.py"),
        (["a", "b"], "to the hub or from the hub"),
        ([":a", ":b"], "to the hub or from the hub"),
        (["."], "to the hub or from the hub"),
        ([".", ":"], "-r"),
    ],
)
def test_a_copy_that_cannot_be_is_refused_in_a_sentence(bench, tasuki, paths, message):
    hub = bench.add()

    done = tasuki("hub", "cp", "-p", hub.port, *paths)

    assert done.returncode == 2, done.stderr
    assert message in done.stderr and "Traceback" not in done.stderr


def test_code_runs_on_many_hubs_and_their_output_never_interleaves(bench, tasuki):
    hubs = [bench.add() for _ in range(3)]
    (tasuki.folder / "count.py").write_text("for n in range(50): print('line', n)\n")

    done = tasuki("hub", "run", "count.py", "--all")
    lines = done.stdout.splitlines()

    assert done.returncode == 0
    for at in range(0, len(lines), 51):
        assert lines[at].rstrip(":") in {hub.port for hub in hubs}
        assert lines[at + 1 : at + 51] == [f"line {n}" for n in range(50)]
    assert len(lines) == 3 * 51


def test_an_exception_on_the_hub_is_told_with_its_traceback_and_exit_code_1(bench, tasuki):
    hub = bench.add()

    done = tasuki("hub", "exec", "print('before')\n1/0", "-p", hub.port)

    assert (done.returncode, done.stdout.strip()) == (1, "before")
    assert "ZeroDivisionError" in done.stderr and 'File "<stdin>", line 2' in done.stderr


def test_what_is_started_without_following_goes_on(bench, tasuki):
    hub = bench.add()
    file = hub.folder / "late"

    done = tasuki(
        "hub", "exec", "--no-follow", f"import time\ntime.sleep(0.5)\nopen({str(file)!r},'w')", "-p", hub.port
    )
    deadline = time.monotonic() + 20
    while not file.exists() and time.monotonic() < deadline:
        time.sleep(0.05)

    assert done.returncode == 0 and file.exists()


def test_the_port_of_the_environment_is_taken(bench, tasuki):
    bench.add()
    tasuki.env["TASUKI_PORT"] = bench.add().port

    done = tasuki("hub", "exec", "import os; print(os.getcwd())")

    assert done.stdout.strip() == str(bench.hubs[1].folder)


def test_the_prompt_answers_what_is_typed_and_ctrl_bracket_leaves_it(bench, tasuki):
    hub = bench.add()
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "tasuki.cli", "hub", "repl", "-p", hub.port],
        stdin=theirs,
        stdout=theirs,
        stderr=subprocess.STDOUT,
        env=tasuki.env,
    )
    os.close(theirs)

    until(ours, b">>> ")
    os.write(ours, b"6 * 7\r")
    shown = until(ours, b"42")
    os.write(ours, b"\x1d")

    assert process.wait(30) == 0
    assert b"6 * 7" in shown
    os.close(ours)


def until(fd, word):
    got = b""
    deadline = time.monotonic() + 30
    while word not in got:
        assert time.monotonic() < deadline, got
        if select.select([fd], [], [], 1)[0]:
            got += os.read(fd, 4096)
    return got


def test_monitor_counts_frames_and_shows_values_only_under_consent(bench, tasuki, wearer):
    hub = bench.add(bare=False)
    tasuki("hub", "enroll", "-p", hub.port)

    watched = events(tasuki("hub", "monitor", "-p", hub.port, "--seconds", "1.5", "--json"))[-1]
    consented = events(
        tasuki("hub", "monitor", "-p", hub.port, "--consent", wearer, "--seconds", "3", "--json")
    )[-1]
    streams = {stream["kind"]: stream for stream in consented["streams"].values()}

    assert list(watched["streams"]) == ["255"]
    assert streams["ecg"]["frames"] > 5 and "uV" in streams["ecg"]["value"]
    assert streams["ecg"]["missing"] == 0 and consented["uncertainty_us"] > 0


def test_a_board_that_was_flashed_and_reset_runs_what_came_and_its_spawner_starts_it_again(tasuki):
    spawner = tasuki.start("hub", "spawn", "--bare", "--json")
    try:
        port = json.loads(spawner.stdout.readline())["port"]
        flashed = tasuki("hub", "flash", "-p", port, "--reset")
        runs = json.loads(tasuki("hub", "list", "--json").stdout)[0]["state"]
        tasuki("hub", "exec", "pass", "-p", port)
        reset = tasuki("hub", "reset", "-p", port)
        after = json.loads(tasuki("hub", "list", "--json").stdout)[0]["state"]
    finally:
        spawner.terminate()
        spawner.communicate(timeout=30)

    assert (flashed.returncode, reset.returncode) == (0, 0), flashed.stderr + reset.stderr
    assert (runs, after) == ("blank", "blank")
    assert tasuki("hub", "list").stdout.startswith("no hub")
