"""Free fall: the motion sensor notices it, and the driver says so once its records are in the ring."""

import pytest
from bench import Bench
from sensors.bus import I2c
from sensors.lsm6dso import SimLsm6dso

from tasuki_hub.drivers.lsm6dso import Lsm6dso
from tasuki_hub.drivers.registers import I2cRegisters

AT_US = 1_000_000
STANDING, FALLING = (0, 0, 1_000_000), (150_000, -200_000, 250_000)


class FallBench(Bench):
    """A chest that falls for a while at AT_US; micro-g on three axes."""

    def __init__(self, us, accel=FALLING, watched=True):
        super().__init__()
        self.alarms = []
        self.i2c = I2c(self.clock)
        self.part = SimLsm6dso(
            self.clock, lambda now: (accel if AT_US <= now < AT_US + us else STANDING, (0, 0, 0))
        )
        self.i2c.add(0x6A, self.part)
        self.wire(Lsm6dso(I2cRegisters(self.i2c, 0x6A), 1, self.on_alarm if watched else None))
        self.apply()

    def on_alarm(self, name):
        """What the hub would hear, when, and the newest record then."""
        self.take()
        self.alarms.append((name, self.clock.now_us, self.records()[-1][0]))


@pytest.mark.parametrize("us", [130_000, 400_000, 1_500_000])
def test_a_fall_is_told_once_and_soon_with_its_records_in_the_ring(us):
    bench = FallBench(us)
    bench.run(AT_US + us + 2_000_000)

    names = [name for name, _, _ in bench.alarms]
    told_us, newest_us = bench.alarms[0][1:]
    assert set(names) == {"fall"}
    assert 115_000 <= told_us - AT_US <= 115_000 + 60_000
    assert newest_us >= AT_US + 100_000
    # one that lasts is told again and again; the hub closes an epoch for it once a second at most
    assert len(names) <= 1 + us // 40_000


@pytest.mark.parametrize(
    ("us", "accel"),
    [
        (100_000, FALLING),  # a step
        (1_000_000, (0, 0, 330_000)),  # one axis at a third of g: a lift, a ride
        (1_000_000, (0, -330_000, 0)),
        (1_000_000, STANDING),
    ],
)
def test_what_is_no_free_fall_is_not_told(us, accel):
    bench = FallBench(us, accel)
    bench.run(3_000_000)

    assert bench.alarms == []


def test_two_falls_are_two():
    bench = FallBench(200_000)
    bench.run(2_000_000)
    count = len(bench.alarms)
    bench.part._motion = lambda us: (FALLING if us > 3_000_000 else STANDING, (0, 0, 0))
    bench.run(1_300_000)

    assert count >= 1
    assert bench.alarms[count][1] > 3_000_000


def test_a_part_that_nobody_asked_to_watch_is_not_asked():
    """No register of the event functions is touched, and its source is never read."""
    bench = FallBench(500_000, watched=False)
    bench.run(2_000_000)

    touched = {entry[3] for entry in bench.i2c.trace}
    assert not touched & {0x1B, 0x56, 0x58, 0x5C, 0x5D, 0x5E}
    assert bench.alarms == []
