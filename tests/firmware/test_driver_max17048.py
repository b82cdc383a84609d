"""The battery gauge on a simulated MAX17048, inside the hub's status stream."""

import struct

import pytest
from bench import Bench
from sensors.bus import I2c
from sensors.max17048 import SimMax17048

from tasuki_hub.drivers.max17048 import GaugedStatus, Max17048
from tasuki_wire import codec


class Status:
    """A status driver that reports nothing but the battery."""

    kind = codec.number("device_status")
    site = 0
    period_us = 4_000_000
    per_frame = 1

    def start(self, ring, now_us):
        self.due_us = now_us
        ring.restart(now_us)

    def poll(self, ring, now_us):
        while now_us >= self.due_us:
            ring.push(codec.pack_row(self.kind, self.millivolts(), 0, 0, 1, 0, 0, 0, 0, 0, 0), 1)
            self.due_us += self.period_us

    def stop(self):
        pass


class GaugeBench(Bench):
    """A gauge on I2C; the cell loses 1 mV a second."""

    def __init__(self, **faults):
        super().__init__(20_000)
        self.part = SimMax17048(self.clock, lambda us: (4_100_000 - us // 1_000, 80 << 8 | 128))
        for name, value in faults.items():
            setattr(self.part, name, value)
        self.i2c = I2c(self.clock)
        self.i2c.add(0x36, self.part)
        status = Status()
        self.driver = GaugedStatus(status, Max17048(self.i2c), lambda *line: self.logged.append(line))
        status.millivolts = self.driver.millivolts
        self.wire(self.driver)

    def millivolts(self):
        """What the reports said."""
        return [row[0] for _, row in self.records()]


def test_voltage_and_charge_are_reported():
    bench = GaugeBench()
    bench.apply()

    bench.run(21_000_000)

    assert len(bench.millivolts()) == 6
    assert all(abs(mv - (4100 - us // 1_000_000)) <= 1 for us, (mv, *_) in bench.records())
    assert bench.driver.percent() == 80


def test_more_than_full_is_full():
    bench = GaugeBench()
    bench.part._cell = lambda us: (4_200_000, 103 << 8)
    bench.apply()

    assert bench.driver.percent() == 100
    assert bench.driver.millivolts() in (4199, 4200)


@pytest.mark.parametrize("fault", ["identity", "absent", "broken in use"])
def test_without_a_gauge_the_rest_of_the_status_goes_on(fault):
    """The voltage is 0, "not measured", and one line says why."""
    bench = GaugeBench(version=0x0003 if fault == "identity" else 0x0012)
    if fault == "absent":
        del bench.i2c.parts[0x36]
    bench.apply()
    bench.i2c.faults[0x36].broken = fault == "broken in use"

    bench.run(21_000_000)

    assert set(bench.millivolts()) == {0}
    assert len(bench.millivolts()) == 6
    assert len(bench.logged) == 1 and bench.logged[0][1].startswith("battery gauge: ")
    assert bench.sampler.streams[0].on


def test_another_part_is_named():
    bench = GaugeBench(version=0x0003)
    bench.apply()

    assert bench.logged == [(40, "battery gauge: max17048: version is 0003, not 001x")]


def test_the_gauge_sleeps_unless_the_status_is_allowed():
    bench = GaugeBench()
    bench.run(5_000_000)
    assert bench.i2c.trace == []

    bench.apply()
    assert bench.part.powered
    bench.apply(0)

    assert not bench.part.powered
    bench.i2c.trace.clear()
    bench.run(5_000_000)
    assert bench.i2c.trace == []
    bench.apply()
    assert bench.part.powered
    assert struct.calcsize(codec.KINDS[7].row) == bench.ring.size
