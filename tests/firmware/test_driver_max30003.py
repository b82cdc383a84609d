"""The ECG driver on a simulated MAX30003."""

from itertools import pairwise

import pytest
from bench import Bench, triangle
from sensors.bus import Pin, Spi
from sensors.max30003 import SimMax30003

from tasuki_hub.drivers.max30003 import Max30003

PERIOD = 4_000


class EcgBench(Bench):
    """One MAX30003 on SPI."""

    def __init__(self, signal=None, ready=True, **faults):
        super().__init__()
        self.line = Pin() if ready else None
        self.part = SimMax30003(self.clock, signal or triangle(1_000_000, 1_000), self.line)
        for name, value in faults.items():
            setattr(self.part, name, value)
        self.spi = Spi(self.clock)
        self.driver = Max30003(self.spi, self.spi.add("ecg", self.part), self.line)
        self.wire(self.driver)
        self.apply()


def test_the_microvolts_at_the_electrodes_arrive_with_their_times():
    """Within one step of 1 uV and one period of 4 ms, over half a minute."""
    wave = triangle(1_000_000, 1_000)  # 4000 uV/s: 16 uV in a period
    bench = EcgBench(wave)

    bench.run(30_000_000)

    records = bench.records()
    assert len(records) >= 29_900_000 // PERIOD
    assert set(bench.holes()) <= {0}
    assert max(abs(value - wave(us)) for us, (value,) in records) <= 4 * 6 + 1
    assert bench.ring.overruns == 0


@pytest.mark.parametrize(
    ("electrodes_uv", "expected"), [(32_767, 32_767), (40_000, 32_767), (60_000, 32_767), (-60_000, -32_768)]
)
def test_what_the_wire_cannot_hold_stays_at_its_limit(electrodes_uv, expected):
    """Beyond 32.8 mV the wire saturates, beyond 50 mV the part does."""
    bench = EcgBench(lambda us: electrodes_uv)

    bench.run(300_000)

    assert {value for _, (value,) in bench.records()} == {expected}


def test_another_part_is_refused_by_name():
    bench = EcgBench(info=0x110000)

    assert bench.logged == [(40, "stream 0 failed: max30003: INFO is 110000, not 5x3xxx")]
    assert not bench.sampler.streams[0].on


def test_no_part_at_all_is_refused():
    """An open MISO line reads as ones or zeros."""
    assert "ffffff" in EcgBench(info=0xFFFFFF).logged[0][1]
    assert "000000" in EcgBench(info=0).logged[0][1]


def test_a_clock_that_never_locks_ends_the_stream():
    bench = EcgBench(lock_us=None)

    bench.run(1_000_000)

    assert bench.logged == [(40, "stream 0 failed: max30003: clock does not lock")]


@pytest.mark.parametrize("hub_sleeps_us", [200_000, 1_500_000])
def test_an_overflowed_fifo_is_a_gap_and_counted(hub_sleeps_us):
    """32 samples are 128 ms; no frame holds records from both sides."""
    wave = triangle(1_000_000, 1_000)
    bench = EcgBench(wave)
    bench.run(1_000_000)
    before = len(bench.frames)

    bench.clock.pass_us(hub_sleeps_us)
    bench.run(1_000_000)

    holes = [hole for hole in bench.holes() if hole]
    assert len(holes) == 1
    assert hub_sleeps_us - 50_000 < holes[0] < hub_sleeps_us + 50_000
    assert abs(bench.ring.overruns - holes[0] // PERIOD) <= 2
    assert max(abs(value - wave(us)) for us, (value,) in bench.records()) <= 4 * 8 + 1
    assert len(bench.frames) > before + 5


@pytest.mark.parametrize("ppm", [-100, 100])
def test_a_crystal_that_runs_off_is_followed_without_a_gap(ppm):
    """100 ppm are 12 ms in two minutes; a host takes 2 ms between frames for a gap."""
    wave = triangle(1_000_000, 1_000)
    bench = EcgBench(wave, ppm=ppm)

    bench.run(120_000_000)

    assert all(abs(hole) < PERIOD // 2 for hole in bench.holes())
    assert any(bench.holes())
    assert max(abs(value - wave(us)) for us, (value,) in bench.records()) <= 4 * 8 + 1
    assert bench.ring.overruns == 0


def test_a_pause_of_the_part_without_an_overflow_is_a_gap():
    wave = triangle(1_000_000, 1_000)
    bench = EcgBench(wave)
    bench.run(500_000)
    bench.part.frozen = True
    bench.run(400_000)
    bench.part.frozen = False
    bench.run(500_000)

    assert [hole for hole in bench.holes() if abs(hole) > PERIOD]
    assert bench.ring.overruns >= 95
    assert max(abs(value - wave(us)) for us, (value,) in bench.records()) <= 4 * 8 + 1


def test_a_part_that_falls_silent_ends_the_stream():
    bench = EcgBench()
    bench.run(500_000)
    bench.part.frozen = True

    bench.run(2_000_000)

    assert bench.logged == [(40, "stream 0 failed: max30003: no samples")]


def test_an_interrupt_line_stuck_active_does_not_hang():
    """Every poll finds an empty FIFO or a few words, at most one burst more than there is data."""
    bench = EcgBench()
    bench.run(300_000)
    bench.part.stuck_ready = True
    bench.line(0)
    bench.spi.trace.clear()
    for _ in range(500):
        bench.driver._on_ready(bench.line)
        bench.turn()

    assert len(bench.spi.trace) <= 500 * 4
    assert set(bench.holes()) <= {0}
    assert bench.logged == []


def test_the_interrupt_fetches_eight_words_as_soon_as_they_are_there():
    """Every 32 ms, and nothing in between; without it the driver looks every 64 ms."""
    bench = EcgBench()
    bench.run(200_000)
    bench.spi.trace.clear()
    bench.run(3_200_000)

    bursts = [us for us, _, out, _ in bench.spi.trace if len(out) == 24]
    assert {b - a for a, b in pairwise(bursts)} == {32_000}
    assert len(bench.spi.trace) == 2 * len(bursts)


@pytest.mark.parametrize("broken", ["stuck", "not wired"])
def test_without_an_interrupt_the_fifo_is_emptied_all_the_same(broken):
    bench = EcgBench(ready=broken == "stuck")
    bench.part.stuck_ready = True

    bench.run(3_000_000)

    assert len(bench.records()) > 2_700_000 // PERIOD
    assert bench.ring.overruns == 0


def test_fast_recovery_words_tell_time_but_no_voltage():
    wave = triangle(1_000_000, 1_000)
    bench = EcgBench(wave)
    bench.run(500_000)
    bench.part.fast = 10
    bench.run(1_000_000)

    assert [hole for hole in bench.holes() if hole] == [10 * PERIOD]
    assert bench.ring.overruns == 10
    assert max(abs(value - wave(us)) for us, (value,) in bench.records()) <= 4 * 8 + 1


def test_a_bus_error_in_use_ends_the_stream():
    bench = EcgBench()
    bench.run(500_000)
    bench.spi.faults_of("ecg").broken = True

    bench.run(500_000)

    assert bench.logged[0] == (40, "stream 0 failed: [Errno 5] EIO") or "5" in bench.logged[0][1]
    assert not bench.sampler.streams[0].on


def test_stop_switches_channel_and_interrupt_off():
    bench = EcgBench()
    bench.run(500_000)
    assert bench.part.powered

    bench.apply(0)

    assert not bench.part.powered
    assert bench.line.handler is None
    bench.spi.trace.clear()
    bench.run(1_000_000)
    assert bench.spi.trace == []


def test_both_electrodes_are_biased_by_100_mohm():
    """What docs/drivers.md says; the part's 50 or 200 are as easily written."""
    bench = EcgBench()

    assert bench.part.bias_mohm() == (100, 100)
