"""Which ports are there, and which of them a person means."""

import os
from types import SimpleNamespace

import pytest

from tasuki.errors import UsageError
from tasuki.fleet import announce, ports
from tasuki.fleet.ports import Port

THREE = [
    Port("/dev/ttyACM0", "1-1.2", "A1", "Tasuki Hub", 0x303A, 0x1001),
    Port("/dev/ttyACM1", "1-1.3", "A2", "Tasuki Hub", 0x303A, 0x1001),
    Port("/dev/ttyUSB0", "1-2", "FT9", "FTDI cable", 0x0403, 0x6001),
]


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ({"patterns": ["/dev/ttyACM*"]}, ["1-1.2", "1-1.3"]),
        ({"patterns": ["/dev/ttyUSB0", "/dev/ttyACM0"]}, ["1-2", "1-1.2"]),
        ({"patterns": ["/dev/ttyACM*", "/dev/ttyACM0"]}, ["1-1.2", "1-1.3"]),
        ({"filters": ["vid=0403"]}, ["1-2"]),
        ({"filters": ["vid=0x303a,serial=a2"]}, ["1-1.3"]),
        ({"filters": ["name=tasuki"], "patterns": ["*0"]}, ["1-1.2"]),
        ({"every": True}, ["1-1.2", "1-1.3", "1-2"]),
    ],
)
def test_globs_and_filters_choose_ports(choice, expected):
    chosen = ports.chosen(THREE, **choice)

    assert [port.location for port in chosen] == expected


def test_ports_stand_in_the_order_of_their_numbers(monkeypatch, tmp_path):
    names = ["/dev/ttyACM10", "/dev/ttyACM2", "/dev/ttyUSB0", "/dev/cu.hub"]
    rest = {"location": None, "serial_number": None, "product": None, "vid": 1, "pid": 2}
    there = [SimpleNamespace(device=name, **rest) for name in names]
    monkeypatch.setattr(ports.list_ports, "comports", lambda: there)

    found = [port.path for port in ports.found(tmp_path)]

    assert found == ["/dev/cu.hub", "/dev/ttyACM2", "/dev/ttyACM10", "/dev/ttyUSB0"]


def test_the_only_hub_needs_no_choice_and_several_are_never_taken_unasked():
    assert ports.chosen(THREE[:1]) == THREE[:1]

    with pytest.raises(UsageError, match="3 hubs are there"):
        ports.chosen(THREE)


@pytest.mark.parametrize(
    "choice",
    [
        {"patterns": ["/dev/ttyS*"]},
        {"filters": ["serial=none"]},
        {"filters": ["colour=red"]},
        {"filters": ["vid=hub"]},
        {"patterns": ["*"], "every": True},
    ],
)
def test_a_choice_that_means_nothing_is_said(choice):
    with pytest.raises(UsageError) as error:
        ports.chosen(THREE, **choice)

    assert error.value.hint


def test_a_path_that_nobody_found_is_taken_by_its_name():
    assert ports.chosen(THREE, ["/dev/pts/77"]) == [Port("/dev/pts/77", "/dev/pts/77")]


def test_a_hub_that_is_announced_is_found_and_keeps_its_place_when_its_terminal_changes(tmp_path):
    row = {"port": "/dev/pts/901", "kind": "unix", "location": "virtual:bench/hub0", "serial": "00ff"}
    with announce.announced(tmp_path, row):
        (before,) = [port for port in ports.found(tmp_path) if port.name == "unix"]
    gone = ports.again(before, tmp_path)
    with announce.announced(tmp_path, {**row, "port": "/dev/pts/902"}):
        after = ports.again(before, tmp_path)

    assert (before.path, before.serial) == ("/dev/pts/901", "00ff")
    assert gone is None
    assert after.path == "/dev/pts/902"


def test_what_a_dead_spawner_left_is_skipped_and_cleared_away(tmp_path):
    pid = os.fork()
    if not pid:
        with announce.announced(tmp_path, {"port": "/dev/pts/903", "kind": "unix"}):
            os._exit(0)  # as by SIGKILL: nothing is tidied
    os.waitpid(pid, 0)
    left = list((tmp_path / "hubs").iterdir())

    assert len(left) == 1
    assert announce.present(tmp_path) == []
    assert not list((tmp_path / "hubs").iterdir())
