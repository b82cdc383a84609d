"""Respiration and strain on simulated ADS1115s, and through a read function."""

import struct
from itertools import pairwise

import pytest
from bench import Bench, triangle
from sensors.ads1115 import SimAds1115
from sensors.bus import I2c

from tasuki_hub.drivers import ads1115, scan

ADDRESSES = (0x48, 0x49, 0x4A, 0x4B)
ALL_FOUR = (ads1115.AIN0, ads1115.AIN1, ads1115.AIN2, ads1115.AIN3)
TABLE = ((0x48, ALL_FOUR), (0x49, ALL_FOUR), (0x4A, ALL_FOUR), (0x4B, ALL_FOUR[:2]))


class StrainBench(Bench):
    """Fourteen channels on four parts; channel n has n * 100 mV and a little of its own."""

    def __init__(self, turn_us=1_500, **faults):
        super().__init__(turn_us)
        self.i2c = I2c(self.clock)
        self.parts = []
        for n, address in enumerate(ADDRESSES):
            part = SimAds1115(self.clock, lambda us, pin, n=n: (4 * n + pin) * 100_000)
            for name, value in faults.items():
                setattr(part, name, value)
            self.parts.append(self.i2c.add(address, part))
        self.wire(scan.strain(ads1115.Ads1115Bank(self.i2c, TABLE)))
        self.apply()


class BreathBench(Bench):
    """One difference at 25 Hz."""

    def __init__(self, voltage):
        super().__init__()
        self.i2c = I2c(self.clock)
        self.part = self.i2c.add(0x49, SimAds1115(self.clock, voltage))
        bank = ads1115.Ads1115Bank(self.i2c, ((0x49, (ads1115.AIN0_AIN1,)),), ads1115.FSR_256_MV)
        self.wire(scan.respiration(bank))
        self.apply()


@pytest.mark.parametrize("slow_permille", [-100, 0, 100])
def test_every_channel_has_its_place_in_the_row(slow_permille):
    """62.5 uV a step; the part's oscillator may be off by a tenth."""
    bench = StrainBench(slow_permille=slow_permille)

    bench.run(3_000_000)

    expected = tuple(min(32767, n * 100_000 * 32768 // 2_048_000) for n in range(14))
    assert {row for _, row in bench.records()} == {expected}
    assert len(bench.records()) >= 3_000_000 // 16_667 - 6
    assert set(bench.holes()) <= {0}
    assert bench.ring.overruns == 0


def test_four_milliseconds_between_turns_are_quick_enough_for_strain():
    """One turn ends a round of conversions and begins the next, also the next row's."""
    bench = StrainBench(turn_us=4_000)

    bench.run(10_000_000)

    assert len(bench.records()) >= 10_000_000 // 16_667 - 6
    assert (bench.ring.overruns, set(bench.holes())) == (0, {0})


@pytest.mark.parametrize(("stall_us", "rows"), [(12_000, 0), (24_000, 1), (60_000, 3)])
def test_a_stall_shorter_than_a_row_loses_none_and_a_longer_one_is_counted(stall_us, rows):
    """A signature in C takes 8.5 ms at 64 MHz; what a stall delays is made up for in the rows that follow."""
    bench = StrainBench(turn_us=2_000)
    bench.run(1_003_000)
    stalls = 20
    for _ in range(stalls):
        bench.clock.pass_us(stall_us)
        bench.run(997_000)

    assert stalls * max(0, rows - 1) <= bench.ring.overruns <= stalls * (rows + (rows > 0))
    lost = sum(round(hole / 16_667) for hole in bench.holes())
    assert lost == bench.ring.overruns


def test_turns_that_are_too_slow_for_four_rounds_are_counted_and_leave_gaps():
    """5 ms a turn are 20 ms a row, 3 ms more than there are."""
    bench = StrainBench(turn_us=5_000)

    bench.run(3_000_000)

    assert bench.ring.overruns > 20
    assert [hole for hole in bench.holes() if hole]
    assert len({row for _, row in bench.records()}) == 1


def test_respiration_follows_its_signal_within_a_turn():
    wave = triangle(4_000_000, 100_000)
    bench = BreathBench(lambda us, pin: wave(us) if pin == 0 else 0)

    bench.run(20_000_000)

    records = bench.records()
    assert len(records) == 500
    assert max(abs(value * 256_000 // 32768 - wave(us)) for us, (value,) in records) <= 6_000 // 10
    assert {b[0] - a[0] for a, b in pairwise(records)} == {40_000}


@pytest.mark.parametrize(("uv", "expected"), [(300_000, 32_767), (-300_000, -32_768)])
def test_what_exceeds_the_range_stays_at_its_limit(uv, expected):
    bench = BreathBench(lambda us, pin: uv if pin == 0 else 0)

    bench.run(2_000_000)

    assert {value for _, (value,) in bench.records()} == {expected}


def test_a_part_that_is_not_there_is_an_error_at_the_start():
    bench = StrainBench()
    bench.apply(0)
    del bench.i2c.parts[0x4A]

    bench.apply()

    assert bench.logged[0][1].startswith("stream 0 failed")
    assert not bench.sampler.streams[0].on


def test_a_part_that_does_not_keep_its_configuration_is_refused_by_name():
    assert "ads1115: config is 8583, not 45e3" in StrainBench(deaf=True).logged[0][1]


def test_a_conversion_that_never_ends_ends_the_stream():
    bench = StrainBench()
    bench.run(100_000)
    bench.parts[2].frozen = True

    bench.run(500_000)

    assert bench.logged[0] == (40, "stream 0 failed: ads1115: conversion does not end")


@pytest.mark.parametrize("good", [0, 1, 5, 9, 20])
def test_a_bus_error_on_one_part_ends_the_stream_and_says_so(good):
    bench = StrainBench()
    bench.i2c.faults[0x4B].good_left = good

    bench.run(500_000)

    assert bench.logged[0][1].startswith("stream 0 failed")
    assert not bench.sampler.streams[0].on


def test_a_hub_that_sleeps_leaves_a_gap():
    bench = BreathBench(lambda us, pin: 0)
    bench.run(2_000_000)
    bench.clock.pass_us(1_000_000)
    bench.run(2_000_000)

    holes = [hole for hole in bench.holes() if hole]
    assert len(holes) == 1 and 960_000 <= holes[0] <= 1_000_000
    assert 24 <= bench.ring.overruns <= 25


def test_between_rows_and_after_stop_the_parts_are_in_power_down():
    bench = StrainBench()
    bench.run(300_000)
    busy = sum(bench.turn() or any(part.powered for part in bench.parts) for _ in range(200))
    assert 20 < busy < 150

    bench.apply(0)
    bench.clock.pass_us(10_000)

    assert not any(part.powered for part in bench.parts)
    bench.i2c.trace.clear()
    bench.run(300_000)
    assert bench.i2c.trace == []


def test_a_read_function_serves_as_well_and_is_powered_only_in_between():
    """The MCU's own converter: fourteen channels at once."""
    power = []

    def read_into(row):
        struct.pack_into("<14h", row, 0, *range(-7, 7))

    bench = Bench(turn_us=5_000)
    bench.wire(scan.strain(scan.ReadNow(read_into, 14, power.append)))
    assert power == []
    bench.apply()
    bench.run(1_000_000)
    bench.apply(0)

    assert power == [True, False]
    assert {row for _, row in bench.records()} == {tuple(range(-7, 7))}
    assert bench.ring.overruns == 0
    assert len(bench.records()) >= 54


def test_a_source_of_another_width_is_refused():
    with pytest.raises(ValueError, match="strain of 13 channels"):
        scan.strain(scan.ReadNow(lambda row: None, 13))
