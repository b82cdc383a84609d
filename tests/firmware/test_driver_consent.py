"""Consent at the source: a part whose item the token does not allow sees nothing on its bus."""

import pytest
from garment import ITEM_OF, TURN_US, GarmentHost
from scripted_board import fresh_folder
from sensors.bus import EIO

from tasuki_wire import codec, items

KINDS_OF = {
    "ecg": {"ecg"},
    "respiration": {"respiration"},
    "body_temperature": {"body_temperature"},
    "body_motion": {"imu", "strain"},
    "subjective": set(),
    "device_status": {"device_status"},
}


@pytest.fixture
def host(tmp_path, monkeypatch):
    """An enrolled hub in its garment, without a token."""
    monkeypatch.setenv("TASUKI_SCRATCH", str(tmp_path))
    host = GarmentHost(fresh_folder("garment"))
    host.enroll()
    host.sequence = 0
    return host


def allow(host, mask):
    """A new token, put in force."""
    host.sequence += 1
    assert host.give(host.sequence, mask) == "ok"


def parts_of(mask):
    """Names of the parts that a mask allows."""
    return {part for part, item in ITEM_OF.items() if items.bit(item) & mask}


def kinds(host):
    """Names of the sample kinds in the frames so far."""
    return {codec.KINDS[frame[0]].name for frame in host.samples()}


def test_without_a_token_no_part_is_spoken_to(host):
    host.pass_time(2_000_000)
    assert host.status("start") == "no_token"
    host.pass_time(2_000_000)

    assert host.parts.traffic() == {}


def test_for_each_of_the_64_masks_only_the_allowed_parts_are_spoken_to_and_sampled(host):
    """From the token on, through start and 0.4 s of sampling; and after stop only what switches off."""
    host.parts.sims["gauge"].put(0x06, 1 << 13)  # awake from power-up on; asleep since an earlier run
    host.parts.sims["gauge"].put(0x0C, 0x979C)
    for mask in range(64):
        host.parts.clear()
        allow(host, mask)
        assert host.parts.traffic() == {}, mask
        host.frames = []
        assert host.status("start") == "ok"
        host.pass_time(400_000)

        allowed = parts_of(mask)
        assert set(host.parts.traffic()) == allowed, mask
        assert set(host.parts.powered()) <= allowed, mask
        found = kinds(host)
        assert host.status("stop") == "ok"
        host.turn()
        found |= kinds(host)
        expected = set().union(*(KINDS_OF[name] for name in items.names(mask)))
        assert found == expected, mask

        host.parts.clear()
        host.pass_time(300_000)
        assert host.parts.traffic() == {}, mask
        assert host.parts.powered() == [], mask


@pytest.mark.parametrize("item", items.NAMES)
def test_narrowing_switches_the_parts_of_an_item_off_at_once(host, item):
    """No signature is needed, and what follows on the bus is the switching off alone."""
    allow(host, items.ALL_ITEMS)
    host.status("start")
    host.pass_time(300_000)
    gone = {part for part, of in ITEM_OF.items() if of == item}
    host.parts.clear()

    host.status("narrow", items.ALL_ITEMS & ~items.bit(item))
    last = {part: n for part, n in host.parts.traffic().items() if part in gone}
    host.parts.clear()
    host.pass_time(4_200_000)

    assert not gone & set(host.parts.traffic())
    assert not gone & set(host.parts.powered())
    assert set(host.parts.traffic()) == set(ITEM_OF) - gone
    assert all(n <= 40 for n in last.values())


def test_a_bus_that_fails_in_use_stops_its_streams_only_and_the_log_says_which(host):
    allow(host, items.ALL_ITEMS)
    host.status("start")
    host.pass_time(1_000_000)
    broken_us = host.board.clock
    host.parts.i2c0.faults[0x6A].broken = True
    host.pass_time(300_000)
    host.parts.clear()

    host.pass_time(9_000_000)

    newest = {frame[1]: codec.time_us(frame[4], frame[5]) for frame in host.samples()}
    assert {n for n, us in newest.items() if us > broken_us} >= {0, 1, 2, 4, 5, 6, 7}
    assert newest[3] < broken_us
    assert "chest" not in host.parts.traffic()
    assert any(frame[6][1:].startswith(b"stream 3 failed: ") for frame in host.of_kind("log"))


@pytest.mark.parametrize(
    ("part", "wrong", "message"),
    [
        ("ecg", {"info": 0}, "stream 0 failed: max30003: INFO is 000000, not 5x3xxx"),
        ("heat", {"identity": 0x1116}, "stream 2 failed: tmp117: device id is 1116, not x117"),
        ("left", {"identity": 0x69}, "stream 6 failed: lsm6dso: WHO_AM_I is 69, not 6c"),
        ("strain4a", {"deaf": True}, "stream 4 failed: ads1115: config is 8583, not 45e3"),
        ("gauge", {"version": 3}, "battery gauge: max17048: version is 0003, not 001x"),
    ],
)
def test_a_part_that_is_another_one_is_named_to_the_host(host, part, wrong, message):
    for name, value in wrong.items():
        setattr(host.parts.sims[part], name, value)
    allow(host, items.ALL_ITEMS)
    host.status("start")

    host.pass_time(500_000)

    lines = [frame[6][1:].decode() for frame in host.of_kind("log")]
    assert message in lines


def test_what_a_part_says_of_itself_stays_here_when_device_status_is_not_allowed(host):
    host.parts.sims["ecg"].info = 0
    allow(host, items.ALL_ITEMS & ~items.bit("device_status"))
    host.status("start")

    host.pass_time(500_000)

    assert host.of_kind("log") == []


def test_a_press_reaches_the_host_and_the_alarm(host):
    allow(host, items.bit("subjective"))
    host.status("start")
    host.pass_time(200_000)
    pressed_us = host.board.clock
    host.parts.button(0)
    host.pass_time(100_000)

    (frame,) = host.of_kind("subjective")
    assert frame[6] == b"\x01\x00\x01\x00"
    assert 0 <= codec.time_us(frame[4], frame[5]) - pressed_us <= 10_000 + TURN_US
    assert host.parts.alarms == ["button"]


def test_the_battery_s_voltage_reaches_the_host(host):
    allow(host, items.bit("device_status"))
    host.status("start")
    host.pass_time(100_000)

    voltage = int.from_bytes(host.of_kind("device_status")[0][6][:2], "little")
    assert abs(voltage - 3_900) <= 1


def test_the_error_of_a_bus_is_that_of_the_ports():
    """MicroPython's machine.I2C raises OSError(EIO)."""
    assert EIO == 5
