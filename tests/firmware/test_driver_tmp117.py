"""The thermometer's driver on a simulated TMP117."""

from itertools import pairwise

import pytest
from bench import Bench, saw
from sensors.bus import I2c
from sensors.tmp117 import SimTmp117

from tasuki_hub.drivers.tmp117 import Tmp117

SECOND = 1_000_000


class HeatBench(Bench):
    """One TMP117 at 0x48; by default its temperature counts milliseconds, so that it tells the time."""

    def __init__(self, temperature=None, **faults):
        super().__init__()
        self.part = SimTmp117(self.clock, temperature or saw(1_000))
        for name, value in faults.items():
            setattr(self.part, name, value)
        self.i2c = I2c(self.clock)
        self.i2c.add(0x48, self.part)
        self.wire(Tmp117(self.i2c))
        self.apply()


def test_each_second_one_conversion_in_the_register_s_own_format():
    """The value is that of the conversion which began at the record's time, 124 ms long."""
    bench = HeatBench()

    bench.run(30 * SECOND)

    records = bench.records()
    assert len(records) == 28  # seven frames of four
    assert [b[0] - a[0] for a, b in pairwise(records)] == [SECOND] * 27
    assert all((value * 1_000 - us - 124_000) % 8_192_000 <= 4_000 for us, (value,) in records)


def test_temperatures_below_zero_keep_their_sign():
    bench = HeatBench(lambda us: -25 * 128)

    bench.run(5 * SECOND)

    assert {value for _, (value,) in bench.records()} == {-3200}


def test_between_conversions_the_part_is_shut_down():
    bench = HeatBench()
    bench.run(2 * SECOND)
    on = 0
    for _ in range(500):
        bench.turn()
        on += bench.part.powered

    assert 50 < on * bench.turn_us // 1_000 < 140


def test_another_part_is_refused_by_name():
    """A TMP116 answers at the same address."""
    assert HeatBench(identity=0x1116).logged == [
        (40, "stream 0 failed: tmp117: device id is 1116, not x117"),
    ]


def test_a_later_revision_of_the_part_is_welcome():
    bench = HeatBench(identity=0x1117)

    assert bench.logged == [] and bench.sampler.streams[0].on


def test_a_busy_eeprom_is_waited_for_before_anything_is_written():
    bench = HeatBench(eeprom_us=60_000)

    bench.run(50_000)
    assert not [entry for entry in bench.i2c.trace if entry[2] == "w"]

    bench.run(10 * SECOND)
    assert len(bench.records()) == 8
    assert 60_000 <= bench.records()[0][0] <= 70_000


def test_an_eeprom_that_stays_busy_ends_the_stream():
    bench = HeatBench(eeprom_us=3600 * SECOND)

    bench.run(SECOND)

    assert bench.logged == [(40, "stream 0 failed: tmp117: eeprom stays busy")]


def test_a_conversion_that_does_not_end_is_a_gap():
    bench = HeatBench()
    bench.run(6 * SECOND)
    bench.part.frozen = True
    bench.run(SECOND)
    bench.part.frozen = False
    bench.run(8 * SECOND)
    bench.take()

    assert [hole for hole in bench.holes() if hole] == [SECOND]
    assert bench.ring.overruns == 1
    assert bench.logged == []


def test_a_part_that_never_has_data_ends_the_stream_after_three_tries():
    bench = HeatBench(frozen=True)

    bench.run(6 * SECOND)

    assert bench.logged == [(40, "stream 0 failed: tmp117: no data")]
    assert len([entry for entry in bench.i2c.trace if entry[2] == "w"]) <= 4


def test_a_data_ready_flag_that_is_stuck_brings_no_invented_temperature():
    """Before its first conversion the register says -256 degrees, which is nobody's skin."""
    bench = HeatBench(frozen=True, stuck_ready=True)

    bench.run(6 * SECOND)
    bench.take()

    assert bench.records() == []
    assert bench.logged == [(40, "stream 0 failed: tmp117: no data")]


def test_a_hub_that_sleeps_leaves_a_gap():
    bench = HeatBench()
    bench.run(6 * SECOND)
    bench.clock.pass_us(5 * SECOND)
    bench.run(6 * SECOND)
    bench.take()

    assert len([hole for hole in bench.holes() if hole]) == 1
    assert 4 <= bench.ring.overruns <= 5


@pytest.mark.parametrize("good", range(8))
def test_a_bus_error_at_any_transaction_ends_the_stream_and_says_so(good):
    bench = HeatBench()
    bench.i2c.faults[0x48].good_left = good

    bench.run(4 * SECOND)

    assert len([text for _, text in bench.logged if "stream 0 failed" in text]) >= 1
    assert not bench.sampler.streams[0].on


def test_stop_shuts_down_even_in_the_middle_of_a_conversion():
    bench = HeatBench()
    bench.run(50_000)
    assert bench.part.powered

    bench.apply(0)

    assert not bench.part.powered
    assert bench.part.registers[1] >> 10 & 3 == 1  # MOD: shutdown
    bench.i2c.trace.clear()
    bench.run(3 * SECOND)
    assert bench.i2c.trace == []
