"""The self-test of a hub: what is measured, what fails it, and what a virtual hub never passes."""

import json
import os
from xml.etree import ElementTree as Xml

import pytest

from end_to_end.hub_care import talk
from qemu_board import needs_qemu
from tasuki.fleet import crew, selftest, using
from tasuki.fleet.selftest import hub_code, product, report, virtual
from tasuki.fleet.selftest.results import Result

pytestmark = pytest.mark.hub

SHOWN_BY_UNIX = {
    "signature.vector",
    "identity.board",
    "identity.firmware",
    "streams",
    "link.errors",
}
SILENT_LOOP = b"while 1: pass\r\n\r\n\r\n"
DIVIDER = "__import__('machine').mem32[0x40004010]"
SHOWN_BY_QEMU = SHOWN_BY_UNIX | {"memory.free", "flash.free", "flash.file"}


def results_of(bench, **changed):
    """Results of the newest hub by item."""
    garment = product.read()
    garment = type(garment)(**{**vars(garment), **changed})
    return {result.item: result for result in selftest.run(bench.ports[-1], garment)}


def outcomes(found, outcome):
    return {item for item, result in found.items() if result.outcome == outcome}


@pytest.fixture
def everything_shows(monkeypatch):
    """As on a board: nothing is put aside because the hub is virtual."""
    monkeypatch.setattr(virtual, "_NOT_SHOWN", {})


@pytest.mark.parametrize(
    ("kind", "shown", "echoed"),
    [
        ("unix", SHOWN_BY_UNIX, [None, None]),
        pytest.param("qemu", SHOWN_BY_QEMU, [0.0, 0.0], marks=needs_qemu),
    ],
)
def test_a_good_virtual_hub_passes_what_it_can_show_and_never_what_it_cannot(bench, kind, shown, echoed):
    bench.add(kind=kind, bare=False, kept=True)

    found = results_of(bench)

    assert outcomes(found, "pass") == shown
    assert outcomes(found, "fail") == set()
    assert {"clock.drift", "sensor.0.noise", "rate.115200.errors"} < outcomes(found, "not_applicable")
    assert all(result.reason for result in found.values() if result.outcome == "not_applicable")
    assert [found[f"rate.{rate}.errors"].value for rate in (115_200, 921_600)] == echoed


def test_afterwards_the_hub_runs_and_nothing_of_the_test_is_on_it(bench):
    hub = bench.add(bare=False, kept=True)

    results_of(bench)

    with talk(hub) as (_, identity):
        assert identity.life == "blank"
    with using.prompt_of(bench.ports[0]) as prompt:
        assert prompt.eval("[n for n in globals() if n in ('memory', '_board', 'sensors')]") == []
    assert not list((hub.folder / "flash").glob("selftest*"))


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

    found = results_of(bench)

    assert outcomes(found, "fail") == {item}
    assert found[item].reason


def test_on_a_board_parts_clock_and_memory_have_figures_beside_the_products_limits(bench, everything_shows):
    bench.add(bare=False, kept=True)
    few = [vars(sensor) | {"records": min(sensor.records, 10)} for sensor in product.read().sensors]
    sensors = tuple(product.SensorLimits(**{**row, "noise": product.Limit(most=1e4)}) for row in few[:2])

    found = results_of(bench, drift_s=0.5, sensors=sensors)

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

    found = results_of(bench, drift_s=0.1, sensors=(sensor,))

    assert found["sensor.0.noise"].outcome == "fail" and "above 0.5" in found["sensor.0.noise"].reason
    assert found["sensor.0.identity"].reason == "is ReplayDriver, not Max30003"


LINE_RATE = '''    line_rates = (115_200, 921_600)

    def line_rate(self, baud):
        """Stands for a UART's rate."""

    def battery_mv(self):'''
NOISY = LINE_RATE.replace(
    'UART\'s rate."""',
    'UART\'s rate."""\n        self.write = lambda data: self._out.write(bytes([data[0] ^ 1]))',
)


@pytest.mark.parametrize(("board", "outcome"), [(LINE_RATE, "pass"), (NOISY, "fail")], ids=["clean", "noisy"])
def test_a_board_that_can_change_its_rate_shows_the_errors_at_each(bench, everything_shows, board, outcome):
    hub = bench.add(bare=False, kept=True)
    bench.spoil(hub, "tasuki_hub/board_unix.py", "    def battery_mv(self):", board)

    found = results_of(bench, drift_s=0.1, sensors=(), rates=(115_200, 921_600))

    assert found["rate.115200.errors"].outcome == found["rate.921600.errors"].outcome == outcome


@needs_qemu
def test_the_emulated_uart_is_set_to_each_of_its_rates_and_back(bench):
    """BAUDDIV of a UART that runs at 25 MHz; 16 is what the image starts with."""
    bench.add(kind="qemu", bare=False)
    with using.prompt_of(bench.ports[0]) as prompt:
        prompt.exec(hub_code.board("qemu"))
        rates = prompt.eval("_board.line_rates")
        dividers = [prompt.eval(f"[_board.line_rate({rate}), {DIVIDER}][1]") for rate in (*rates, 0)]

    assert [round(25e6 / divider, -3) for divider in dividers[:-1]] == pytest.approx(rates, rel=0.02)
    assert dividers[-1] == 16


def test_a_rate_of_the_product_that_the_boards_line_does_not_have_fails(bench, everything_shows):
    hub = bench.add(bare=False, kept=True)
    bench.spoil(hub, "tasuki_hub/board_unix.py", "    def battery_mv(self):", LINE_RATE)

    found = results_of(bench, drift_s=0.1, sensors=(), rates=(115_200, 3_000_000))

    assert found["rate.115200.errors"].outcome == "pass"
    assert found["rate.3000000.errors"].outcome == "fail"
    assert found["rate.3000000.errors"].reason == "the board's line has no such rate"


def test_a_board_that_cannot_change_its_rate_shows_none(bench, everything_shows):
    bench.add(bare=False, kept=True)

    found = results_of(bench, drift_s=0.1, sensors=())

    assert found["rate.115200.errors"].outcome == "not_applicable"
    assert "cannot change" in found["rate.115200.errors"].reason


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


EXAMPLE = product.example().read_text()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("format = 1", "format = 2", "format is 2"),
        ('"clock.drift" = { min = -100, max = 100 }', "", "clock.drift"),
        ('"clock.drift" = { min = -100, max = 100 }', '"clock.drift" = {}', "clock.drift"),
        ('"memory.free"', '"memory.fre"', "memory.fre"),
        ("max = 0.05", 'max = "low"', "noise of stream 2"),
        ('kind = "ecg"', 'kind = "hello"', "no kind of samples"),
        ('site = "chest"', 'site = "knee"', "no site"),
        ("number = 1", "number = 0", "twice"),
        ("questions = 100", "questions = 0", "above 0"),
        ("boards = [", "boards = [7, ", "no text"),
        ('product = "demo-garment"', "", "'product' is missing"),
        ("[limits]", "[limits", "no product file"),
    ],
)
def test_a_product_file_that_leaves_a_limit_open_is_refused_in_a_sentence(tasuki, old, new, message):
    assert old in EXAMPLE
    (tasuki.folder / "product.toml").write_text(EXAMPLE.replace(old, new))

    done = tasuki("hub", "test", "--product", "product.toml")

    assert done.returncode == 2 and message in done.stderr and "docs/selftest.md" in done.stderr


def test_a_limit_names_the_side_that_was_broken_and_takes_no_number_that_is_none():
    limit = product.Limit(-1, 1)

    assert [bool(limit.broken_by(value)) for value in (-1, 1, -1.01, 1.01, float("nan"))] == [
        False, False, True, True, True,
    ]  # fmt: skip


def test_results_that_show_nothing_do_not_pass():
    nothing = [Result("a", "not_applicable")]

    assert selftest.state_of(nothing) == "test_failed"
    assert list(report.lines([Result("a", "pass")]))[1].split() == ["a", "pass"]


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
