"""The self-test of a hub: what is measured, what fails it, and what a virtual hub never passes."""

import json
import os
from xml.etree import ElementTree as Xml

import pytest

from qemu_board import needs_qemu
from tasuki.fleet import crew, selftest
from tasuki.fleet.selftest import product, virtual, wire_items

pytestmark = pytest.mark.hub

SHOWN_BY_UNIX = {
    "signature.vector",
    "identity.board",
    "identity.firmware",
    "streams",
    "link.errors",
}
SILENT_LOOP = b"while 1: pass\r\n\r\n\r\n"
SHOWN_BY_QEMU = SHOWN_BY_UNIX | {"memory.free", "flash.free", "flash.file"}


def outcomes(found, outcome):
    return {item for item, result in found.items() if result.outcome == outcome}


@pytest.mark.parametrize(
    ("kind", "shown", "echoed"),
    [
        ("unix", SHOWN_BY_UNIX, [None, None]),
        pytest.param("qemu", SHOWN_BY_QEMU, [0.0, 0.0], marks=needs_qemu),
    ],
)
def test_a_good_virtual_hub_passes_what_it_can_show_and_never_what_it_cannot(
    virtual_hub, kind, shown, echoed
):
    hub = virtual_hub(kind)

    found = hub.selftest()

    assert outcomes(found, "pass") == shown
    assert outcomes(found, "fail") == set()
    assert {"clock.drift", "sensor.0.noise", "rate.115200.errors"} < outcomes(found, "not_applicable")
    assert all(result.reason for result in found.values() if result.outcome == "not_applicable")
    assert [found[f"rate.{rate}.errors"].value for rate in (115_200, 921_600)] == echoed
    assert not list(hub.virtual.folder.glob("flash/selftest*"))


@pytest.mark.parametrize(
    ("file", "old", "new", "item"),
    [
        ("tasuki_hub/ed25519.py", "(r + k * scalar)", "(r + k * scalar + 1)", "signature.vector"),
        ("tasuki_hub/link.py", "out.append((frame[0], frame[6]))",
         "self.seq % 10 and out.append((frame[0], frame[6]))", "link.errors"),
        ("tasuki_hub/replay.py", 'row["period_us"]', 'row["period_us"] + 1', "streams"),
        ("tasuki_hub/replay.py", "def start(self, ring, now_us):",
         "def start(self, ring, now_us):\n        if self.kind == 3:\n            raise OSError('no part')",
         "sensor.2.identity"),
        ("tasuki_hub/board_unix.py", 'name = "unix"', 'name = "other"', "identity.board"),
    ],
)  # fmt: skip
def test_one_fault_fails_the_item_that_shows_it(bench, monkeypatch, file, old, new, item):
    monkeypatch.setitem(virtual._NOT_SHOWN, "other", virtual._NOT_SHOWN["unix"])
    hub = bench.add(bare=False, kept=True)
    bench.spoil(hub, file, old, new)

    found = bench.selftest()

    assert outcomes(found, "fail") == {item}
    assert found[item].reason


def test_on_a_board_parts_clock_and_memory_have_figures_beside_the_products_limits(bench, everything_shows):
    bench.add(bare=False, kept=True)
    few = [vars(sensor) | {"records": min(sensor.records, 10)} for sensor in product.read().sensors]
    sensors = tuple(product.SensorLimits(**{**row, "noise": product.Limit(most=1e4)}) for row in few[:2])

    found = bench.selftest(drift_s=0.5, sensors=sensors)

    assert found["sensor.0.noise"].outcome == "pass" and 1 < found["sensor.0.noise"].value < 1e4
    assert found["sensor.0.noise"].limit == "at most 10000" and found["sensor.0.noise"].unit == "uV"
    assert found["sensor.0.sample_time"].value > 0
    assert abs(found["clock.drift"].value) < 20_000
    assert found["memory.cells"].value == 0 and found["memory.free"].value > 100_000
    assert found["start.time"].outcome == "pass"


def test_a_noise_above_its_limit_and_a_part_that_is_another_fail(bench, everything_shows):
    bench.add(bare=False, kept=True)
    sensor = product.SensorLimits(
        0, "ecg", "chest", 4000, "Max30003", product.Limit(most=0.5), product.Limit(most=1e9), 20
    )

    found = bench.selftest(drift_s=0.1, sensors=(sensor,))

    assert found["sensor.0.noise"].outcome == "fail" and "above 0.5" in found["sensor.0.noise"].reason
    assert found["sensor.0.identity"].reason == "is ReplayDriver, not Max30003"


def test_a_bare_board_has_nothing_to_test_and_says_so(bench):
    bench.add()

    (turn,) = crew.work(
        bench.ports, lambda port, say, stop: {"state": selftest.run(port)}, lambda event: None
    )

    assert turn.state == "no_firmware" and "flash" in turn.way_out


def test_the_command_reports_exactly_the_hub_that_failed_as_table_json_and_junit(bench, tasuki):
    good = bench.add(bare=False, kept=True)
    bad = bench.add(bare=False, kept=True)
    bench.spoil(bad, "tasuki_hub/ed25519.py", "(r + k * scalar)", "(r + k * scalar + 1)")

    table = tasuki("hub", "test", "--all", "--junit", "results.xml")
    done = tasuki("hub", "test", "-p", bad.port, "--json")
    suites = {suite.get("hostname"): suite for suite in Xml.parse(tasuki.folder / "results.xml").getroot()}
    end = json.loads(done.stdout.splitlines()[-1])

    assert (table.returncode, done.returncode) == (1, 1)
    assert f"{good.port}  passed" in table.stdout and f"{bad.port}  test_failed" in table.stdout
    assert "another signature" in table.stdout and "1 passed, 1 test_failed" in table.stdout
    assert [suites[hub.port].get("failures") for hub in (good, bad)] == ["0", "1"]
    assert end["state"] == "test_failed" and end["reason"] == "failed: signature.vector" and end["way_out"]
    assert {row["item"]: row["outcome"] for row in end["results"]}["signature.vector"] == "fail"


def test_bare_boards_are_flashed_and_tested_in_one_command(bench, tasuki):
    hubs = [bench.add(kept=True), bench.add(kept=True)]

    done = tasuki("hub", "flash", "--all", "--test", "--json")
    ends = [event for event in map(json.loads, done.stdout.splitlines()) if event["event"] == "end"]

    assert done.returncode == 0, done.stderr
    assert {(end["port"], end["state"]) for end in ends} == {(hub.port, "passed") for hub in hubs}
    assert all(end["files"] > 50 and end["results"] for end in ends)


def test_limits_without_a_test_are_wrong_usage(bench, tasuki):
    bench.add()

    done = tasuki("hub", "flash", "--all", "--junit", "results.xml")

    assert done.returncode == 2 and "--test" in done.stderr


def test_a_hub_that_vanishes_during_its_test_and_comes_back_is_tested_from_the_beginning(bench):
    bench.add("walker", bare=False, kept=True)
    items = []

    def job(port, say, stop):
        results = selftest.run(port, None, say, stop)
        return {"state": selftest.state_of(results), "results": results}

    def told(event):
        if event.name == "item":
            items.append(event.values["item"])
            if len(items) == 2:
                bench.unplug(bench.hubs[0])
                bench.add("walker", bare=False, kept=True)

    (turn,) = crew.work(bench.ports, job, told, state=bench.state)

    assert turn.state == "passed", turn.reason
    assert len(bench.hubs) == 2 and items[2:] == [result.item for result in turn.values["results"]]


def test_a_hub_that_vanishes_and_stays_away_is_gone_and_the_other_passes(bench):
    goes, stays = (bench.add(bare=False, kept=True) for _ in range(2))

    def job(port, say, stop):
        return {"state": selftest.state_of(selftest.run(port, None, say, stop))}

    def told(event):
        if event.name == "item" and event.port.path == goes.port and goes in bench.hubs:
            bench.hubs.remove(goes)
            bench.unplug(goes)

    turns = crew.work(bench.ports, job, told, patience_s=0.2, state=bench.state)

    assert [turn.state for turn in turns] == ["gone", "passed"]
    assert turns[0].way_out and turns[1].port.path == stays.port


def test_a_hub_that_vanishes_among_the_questions_is_gone_and_has_failed_nothing(bench, monkeypatch):
    hub = bench.add(bare=False, kept=True)
    asked, outcomes = wire_items._answers, []

    def unplugged(connection, numbers, *rest):
        if 5 in numbers:
            bench.hubs.remove(hub)
            bench.unplug(hub)
        return asked(connection, numbers, *rest)

    def job(port, say, stop):
        return {"state": selftest.state_of(selftest.run(port, None, say, stop))}

    def told(event):
        outcomes.append(event.values.get("outcome"))

    monkeypatch.setattr(wire_items, "_answers", unplugged)
    (turn,) = crew.work(bench.ports, job, told, patience_s=0.2, state=bench.state)

    assert turn.state == "gone", turn
    assert "pass" in outcomes and "fail" not in outcomes


def test_a_hub_in_a_silent_loop_is_said_to_be_silent_and_the_other_passes(bench, tasuki):
    good, looping = bench.add(bare=False, kept=True), bench.add()
    fd = os.open(looping.port, os.O_RDWR | os.O_NOCTTY)
    os.write(fd, SILENT_LOOP)
    os.close(fd)

    done = tasuki("hub", "test", "--all", "--json")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    ends = {row["port"]: row for row in rows if row["event"] == "end"}

    assert done.returncode == 1
    assert (ends[good.port]["state"], ends[looping.port]["state"]) == ("passed", "silent")
    assert "off and on" in ends[looping.port]["way_out"]
