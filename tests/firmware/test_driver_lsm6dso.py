"""The motion sensor's driver on a simulated LSM6DSO, on I2C and on SPI."""

import pytest
from bench import Bench, triangle
from sensors.bus import I2c, Spi, SpiRegisterPart
from sensors.lsm6dso import SimLsm6dso

from tasuki_hub.drivers import kernels
from tasuki_hub.drivers.lsm6dso import Lsm6dso
from tasuki_hub.drivers.registers import I2cRegisters, SpiRegisters

PERIOD = 10_000
WAVE = triangle(2_000_000, 1_000_000)  # 2 g/s; at 16 g, one step in 244 us


def swing(us):
    """All six axes move, each in its own way; micro-g and millidegrees per second."""
    g = WAVE(us)
    return (g, -g, 1_000_000), (g // 10, -g // 10, 250_000)


def still(accel, gyro):
    """Constant motion."""
    return lambda us: (accel, gyro)


class ImuBench(Bench):
    """One LSM6DSO on I2C at 0x6A."""

    def __init__(self, motion=swing, **faults):
        super().__init__()
        self.part = SimLsm6dso(self.clock, motion)
        for name, value in faults.items():
            setattr(self.part, name, value)
        self.i2c = I2c(self.clock)
        self.i2c.add(0x6A, self.part)
        self.wire(Lsm6dso(I2cRegisters(self.i2c, 0x6A)))
        self.apply()


def worst_us(bench):
    """Largest error of a record's time, as the first axis tells it: 2 micro-g a microsecond."""
    return max(abs(row[0] * 1_000_000 // 2048 - WAVE(us)) for us, row in bench.records()) // 2


def test_all_axes_arrive_in_the_wire_s_units_on_the_hub_s_grid():
    bench = ImuBench()

    bench.run(20_000_000)

    records = bench.records()
    assert len(records) >= 1_980
    assert set(bench.holes()) <= {0}
    assert worst_us(bench) <= 12_000
    for _, row in records:
        g, minus_g, one_g, rate, minus_rate, turn = row
        assert abs(g + minus_g) <= 2 and abs(rate + minus_rate) <= 2
        assert abs(one_g - 2048) <= 1
        assert abs(turn - 250 * 16) <= 1
        assert abs(rate * 1000 * 2048 - g * 100_000 * 16) <= 3 * 1000 * 2048


@pytest.mark.parametrize(
    ("accel", "gyro", "expected"),
    [
        (20_000_000, 2_400_000, (32_767, 32_767)),
        (-20_000_000, -2_400_000, (-32_768, -32_768)),
        (0, 2_000_000, (0, 31_999)),
    ],
)
def test_what_part_or_wire_cannot_hold_stays_at_the_limit(accel, gyro, expected):
    """16 g is the limit of both; 2293 deg/s is that of the part, 2048 deg/s that of the wire."""
    bench = ImuBench(still((accel, 0, 0), (gyro, 0, 0)))

    bench.run(500_000)

    assert {(row[0], row[3]) for _, row in bench.records()} == {expected}


def test_what_a_gyroscope_says_while_it_starts_is_dropped():
    bench = ImuBench(still((0, 0, 0), (0, 0, 0)))

    bench.run(500_000)

    assert {row for _, row in bench.records()} == {(0,) * 6}


@pytest.mark.parametrize(("fine", "ppm"), [(40, 0), (-60, 0), (-128, 0), (0, 3_000), (0, -3_000)])
def test_another_rate_of_the_part_does_not_move_the_records(fine, ppm):
    """INTERNAL_FREQ_FINE says most of it, the rest is followed; the grid stays the hub's."""
    bench = ImuBench(fine=fine, ppm=ppm)

    bench.run(20_000_000)

    assert set(bench.holes()) <= {0}
    assert worst_us(bench) <= 15_000
    assert len(bench.records()) >= 1_970
    assert bench.ring.overruns == 0


def test_another_part_is_refused_by_name():
    bench = ImuBench(identity=0x69)

    assert bench.logged == [(40, "stream 0 failed: lsm6dso: WHO_AM_I is 69, not 6c")]


@pytest.mark.parametrize("asleep_us", [2_500_000, 4_000_000])
def test_an_overrun_fifo_is_a_gap_and_counted(asleep_us):
    """512 words are 2.46 s."""
    bench = ImuBench()
    bench.run(1_000_000)

    bench.clock.pass_us(asleep_us)
    bench.run(1_000_000)

    holes = [hole for hole in bench.holes() if hole]
    assert len(holes) == 1 and asleep_us - 100_000 < holes[0] < asleep_us + 200_000
    assert abs(bench.ring.overruns - asleep_us // PERIOD) <= 6
    assert worst_us(bench) <= 15_000


def test_a_hub_that_sleeps_for_a_second_loses_only_what_its_ring_cannot_hold():
    bench = ImuBench()
    bench.run(1_000_000)

    bench.clock.pass_us(1_000_000)
    bench.run(1_000_000)

    assert set(bench.holes()) <= {0}
    assert bench.ring.overruns == 0
    assert worst_us(bench) <= 15_000


def test_words_out_of_step_are_a_gap_not_a_mixture():
    bench = ImuBench(still((1_000_000, 0, 0), (0, 0, 0)))
    bench.run(500_000)
    bench.part.lost_word = True
    bench.run(1_000_000)

    assert len([hole for hole in bench.holes() if hole]) == 1
    assert bench.ring.overruns >= 1
    assert {row for _, row in bench.records()} == {(2048, 0, 0, 0, 0, 0)}


@pytest.mark.parametrize(
    ("first", "second", "taken"),
    [
        (0x08, 0x10, 1),  # gyroscope and accelerometer of slot 0
        (0x10, 0x08, 1),
        (0x0A, 0x13, 1),  # slot 1, whatever the parity bit
        (0x0A, 0x14, 0),  # of two slots
        (0x08, 0x08, 0),  # twice the same
        (0x10, 0x10, 0),
        (0x18, 0x10, 0),  # temperature
        (0x00, 0x00, 0),  # nothing
    ],
)
def test_only_the_two_words_of_one_time_slot_make_a_record(first, second, taken):
    words = bytearray(14)
    words[0] = first
    words[7] = second

    assert kernels.imu_pair(bytearray(12), words) == taken


def test_a_part_that_pauses_makes_a_gap_and_one_that_falls_silent_ends_the_stream():
    bench = ImuBench()
    bench.run(500_000)
    bench.part.frozen = True
    bench.run(600_000)
    bench.part.frozen = False
    bench.run(1_000_000)
    assert [hole for hole in bench.holes() if hole > 500_000]
    assert worst_us(bench) <= 15_000

    bench.part.frozen = True
    bench.run(2_000_000)

    assert bench.logged == [(40, "stream 0 failed: lsm6dso: no samples")]


def test_several_parts_share_a_bus_and_one_may_break():
    """Two by address and, beside them, one by chip select on SPI; each has its own values."""
    bench = Bench()
    i2c = I2c(bench.clock)
    spi = Spi(bench.clock)
    parts = [SimLsm6dso(bench.clock, still((n * 1_000_000, 0, 0), (0, 0, 0))) for n in (1, 2, 3)]
    i2c.add(0x6A, parts[0])
    i2c.add(0x6B, parts[1])
    cs = spi.add("thigh", SpiRegisterPart(parts[2]))
    bench.wire(
        Lsm6dso(I2cRegisters(i2c, 0x6A), 1),
        Lsm6dso(I2cRegisters(i2c, 0x6B), 3),
        Lsm6dso(SpiRegisters(spi, cs), 5),
    )
    bench.apply()
    bench.run(300_000)
    i2c.faults[0x6B].broken = True
    bench.run(300_000)

    for stream in (1, 2):
        bench.take(stream)
    found = {row[0] for _, row in bench.records()}
    assert found == {2048, 4096, 6144}
    assert [s.on for s in bench.sampler.streams] == [True, False, True]
    assert len(bench.logged) >= 1 and bench.logged[0][1].startswith("stream 1 failed")


def test_stop_powers_both_sensors_down():
    bench = ImuBench()
    bench.run(300_000)
    assert bench.part.powered

    bench.apply(0)

    assert not bench.part.powered
    bench.i2c.trace.clear()
    bench.run(500_000)
    assert bench.i2c.trace == []
