"""`tasuki fuzz`: a hub at a port is plagued, and what it breaks is kept as few commands."""

import json
import signal
import time

import pytest

from end_to_end.hub_care import talk

pytestmark = pytest.mark.hub

FOUND = "kept = self._hub.epochs.find(number)\n        leaves"
SILENT = ("tasuki_hub/commands.py", FOUND, "return\n        leaves")


def test_a_hub_that_keeps_its_promises_is_plagued_at_its_port_and_nobodys_afterwards(bench, tasuki):
    hub = bench.add(bare=False, speed=10, kept=True)

    done = tasuki("fuzz", "-p", hub.port, "--seed", "3", "--count", "300", "--json")
    told = json.loads(done.stdout)

    assert done.returncode == 0, (done.stdout, done.stderr)
    assert (told["sent"], told["seed"], told["fault"], told["reproducer"]) == (300, 3, None, None)
    assert not {"lock", "order"} & {name for name, n in told["reached"].items() if n > 5}
    with talk(hub) as (_, identity):
        assert identity.life == "dev"


def test_a_hub_with_a_key_is_plagued_only_by_leave(bench, tasuki):
    hub = bench.add(bare=False, speed=10, kept=True)
    tasuki("hub", "enroll", "-p", hub.port)

    refused = tasuki("fuzz", "-p", hub.port, "--seed", "3", "--count", "50")
    given = tasuki("fuzz", "-p", hub.port, "--seed", "3", "--count", "50", "--repin")

    assert refused.returncode == 1 and "--repin" in refused.stderr
    assert given.returncode == 0, given.stdout


def test_what_breaks_a_hub_is_kept_as_few_commands_that_break_it_again(bench, tasuki):
    hub = bench.add(bare=False, speed=10, kept=True)
    bench.spoil(hub, *SILENT)
    base = ("fuzz", "-p", hub.port, "--patience", "1.5", "--json")

    found = tasuki(*base, "--seed", "3", "--count", "40", "-o", "found.json")
    again = tasuki(*base, "--replay", "found.json", "--repin", "--no-shrink", "-o", "again.json")

    assert (found.returncode, again.returncode) == (1, 1), (found.stderr, again.stderr)
    assert "leaves_request" in json.loads(found.stdout)["fault"]
    assert json.loads(found.stdout)["needed"] <= 4
    assert "leaves_request" in json.loads(again.stdout)["fault"]


def test_ctrl_c_ends_with_3_and_the_file_goes_on_with_what_was_not_sent(bench, tasuki):
    hub = bench.add(bare=False, speed=10, kept=True)
    process = tasuki.start("fuzz", "-p", hub.port, "--seed", "3", "--count", "500", "-o", "rest.json")
    deadline = time.monotonic() + 60
    while not (hub.folder / "flash" / "seed").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    told, errors = process.communicate(timeout=120)
    assert process.returncode == 3, (told, errors)
    ((first, end),) = json.loads((tasuki.folder / "rest.json").read_text())["numbers"]
    again = tasuki("fuzz", "--replay", "rest.json", "-p", hub.port, "--repin", "--json")

    assert "--replay rest.json --repin" in errors, errors
    assert 0 <= first < end == 500
    assert again.returncode == 0, (again.stdout, again.stderr)
    assert json.loads(again.stdout)["sent"] == end - first


def test_a_file_that_is_no_run_and_two_hubs_at_once_are_wrong_usage(tasuki):
    (tasuki.folder / "run.json").write_text("{}")

    assert tasuki("fuzz", "--replay", "run.json").returncode == 2
    assert tasuki("fuzz", "--replay", "nothing.json").returncode == 2
    assert tasuki("fuzz", "--port", "/dev/x", "--hub", "sim").returncode == 2
