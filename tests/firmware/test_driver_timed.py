"""Respiration and strain through the MCU's ADC, on a simulated timer and DMA."""

import pytest
from bench import Bench, saw
from sensors.timed_adc import SimTimedAdc

from tasuki_hub.drivers import timed
from tasuki_wire import items

STRAIN_US = 16_667
DEPTH = 16


class StrainBench(Bench):
    """Channel c of row n is n + 1000 c, so that a row out of its place or time is seen."""

    def __init__(self, turn_us=100_000):
        super().__init__(turn_us)
        number = saw(STRAIN_US)
        self.adc = SimTimedAdc(
            self.clock, STRAIN_US, 14, DEPTH, lambda us, channel: number(us) + 1_000 * channel
        )
        self.wire(timed.strain(self.adc))
        self.apply()


def rows(first, count):
    """What the channels show from a row number on."""
    return [tuple(n + 1_000 * channel for channel in range(14)) for n in range(first, first + count)]


@pytest.mark.parametrize("turn_us", [1_000, 16_667, 100_000, 249_000])
def test_rows_come_complete_in_order_and_with_their_times(turn_us):
    """Turns as far apart as the buffer is deep lose nothing and are not late."""
    bench = StrainBench(turn_us)

    bench.run(5_000_000)
    bench.take()

    found = bench.records()
    assert [row for _, row in found] == rows(0, len(found))
    assert [time for time, _ in found] == [n * STRAIN_US for n in range(len(found))]
    assert len(found) >= 5_000_000 // STRAIN_US - DEPTH
    assert (bench.ring.overruns, bench.sampler.streams[0].late) == (0, 0)


@pytest.mark.parametrize("stall_us", [300_000, 1_000_000, 10_000_000])
def test_a_longer_stall_is_a_counted_gap_and_the_times_behind_it_are_right(stall_us):
    bench = StrainBench()
    bench.run(1_000_000)
    bench.clock.pass_us(stall_us)
    bench.run(1_000_000)
    bench.take()

    found = bench.records()
    missing = found[-1][0] // STRAIN_US + 1 - len(found)
    assert missing == bench.ring.overruns > 0
    assert all(row[0] == time // STRAIN_US for time, row in found)


def test_without_consent_the_adc_has_no_power_and_a_new_start_begins_anew():
    bench = StrainBench()
    bench.run(1_000_000)
    bench.take()
    bench.apply(items.ALL_ITEMS & ~items.bit("body_motion"))
    assert not bench.adc.powered
    bench.run(1_000_000)
    bench.frames.clear()

    bench.apply()
    start = bench.clock.now_us
    bench.run(1_000_000)
    bench.take()

    assert bench.records()[0][0] == start
    assert all(row[0] == time // STRAIN_US for time, row in bench.records())
    assert bench.ring.overruns == 0


def test_a_timer_that_does_not_run_is_a_stalled_part():
    bench = StrainBench()
    bench.adc.stuck = True

    bench.run(3_000_000)

    assert (40, "stream 0 stalled") in bench.logged


def test_a_buffer_of_other_rows_is_refused():
    with pytest.raises(ValueError, match="strain: a buffer of 64 bytes"):
        timed.strain(SimTimedAdc(None, STRAIN_US, 2, DEPTH, None))


def test_respiration_is_one_channel_at_25_hz():
    bench = Bench(500_000)
    number = saw(40_000)
    bench.wire(timed.respiration(SimTimedAdc(bench.clock, 40_000, 1, DEPTH, lambda us, _: number(us))))
    bench.apply()
    bench.run(4_000_000)
    bench.take()

    assert [row for _, row in bench.records()] == [(n,) for n in range(len(bench.records()))]
    assert len(bench.records()) >= 100
