"""The sensor drivers on their simulated parts; on MicroPython also that a poll allocates nothing."""

import gc
import struct
import sys

from bench import Bench, triangle
from sensors.ads1115 import SimAds1115
from sensors.bus import I2c, Pin, Spi, SpiRegisterPart
from sensors.lsm6dso import SimLsm6dso
from sensors.max17048 import SimMax17048
from sensors.max30003 import SimMax30003
from sensors.tmp117 import SimTmp117

from tasuki_hub.drivers import _portable, ads1115, kernels, scan
from tasuki_hub.drivers.button import Button
from tasuki_hub.drivers.lsm6dso import Lsm6dso
from tasuki_hub.drivers.max17048 import Max17048
from tasuki_hub.drivers.max30003 import Max30003
from tasuki_hub.drivers.registers import I2cRegisters, SpiRegisters
from tasuki_hub.drivers.tmp117 import Tmp117

DEVICE = sys.implementation.name == "micropython"

# ECG: values and times, an overflow, a bus that fails, power-down
wave = triangle(1_000_000, 1_000)
bench = Bench()
line = Pin()
ecg = SimMax30003(bench.clock, wave, line)
spi = Spi(bench.clock)
bench.wire(Max30003(spi, spi.add("ecg", ecg), line))
bench.apply()
bench.run(1_000_000)
bench.clock.pass_us(300_000)
bench.run(500_000)
assert max([abs(row[0] - wave(us)) for us, row in bench.records()]) <= 33
assert len([hole for hole in bench.holes() if hole]) == 1
assert 70 <= bench.ring.overruns <= 80
spi.faults_of("ecg").broken = True
bench.run(200_000)
assert bench.logged and bench.logged[0][1].startswith("stream 0 failed")
spi.faults_of("ecg").broken = False
bench.sampler.streams[0].driver.stop()
assert not ecg.powered and line.handler is None

# IMU: on both kinds of bus, with a clock that is 0.3 % off
swing = triangle(2_000_000, 1_000_000)
for kind in ("i2c", "spi"):
    bench = Bench()
    imu = SimLsm6dso(bench.clock, lambda us: ((swing(us), 0, 0), (0, 0, 250_000)))
    imu.ppm = 3_000
    if kind == "i2c":
        bus = I2c(bench.clock)
        bus.add(0x6B, imu)
        registers = I2cRegisters(bus, 0x6B)
    else:
        bus = Spi(bench.clock)
        registers = SpiRegisters(bus, bus.add("imu", SpiRegisterPart(imu)))
    bench.wire(Lsm6dso(registers))
    bench.apply()
    bench.run(3_000_000)
    assert len(bench.records()) >= 280
    assert not [hole for hole in bench.holes() if hole]
    for us, row in bench.records():
        assert abs(row[0] * 1_000_000 // 2048 - swing(us)) <= 30_000, (us, row)
        assert abs(row[5] - 4_000) <= 1

# temperature, respiration, strain, button, gauge
bench = Bench()
i2c = I2c(bench.clock)
i2c.add(0x48, SimTmp117(bench.clock, lambda us: -5 * 128))
bench.wire(Tmp117(i2c))
bench.apply()
bench.run(5_000_000)
assert bench.records() == [(us, (-640,)) for us in range(2_000, 4_000_000, 1_000_000)]

bench = Bench(1_500)
i2c = I2c(bench.clock)
table = ((0x48, (4, 5, 6, 7)), (0x49, (4, 5, 6, 7)), (0x4A, (4, 5, 6, 7)), (0x4B, (4, 5)))
for n in range(4):
    i2c.add(0x48 + n, SimAds1115(bench.clock, lambda us, pin, n=n: (4 * n + pin) * 10_000))
bench.wire(scan.strain(ads1115.Ads1115Bank(i2c, table)))
bench.apply()
bench.run(1_000_000)
assert {row for _, row in bench.records()} == {tuple([n * 160 for n in range(14)])}

bench = Bench(5_000)
bench.wire(scan.respiration(scan.ReadNow(lambda row: struct.pack_into("<h", row, 0, -7), 1)))
bench.apply()
bench.run(2_100_000)
assert [row for _, row in bench.records()] == [(-7,)] * 50

bench = Bench()
pin = Pin()
alarms = []
bench.wire(Button(pin, 3, alarms.append))
bench.apply()
bench.run(100_000)
pin(0)
bench.run(100_000)
assert [row for _, row in bench.records()] == [(3, 1)] and len(alarms) == 1

bench = Bench()
i2c = I2c(bench.clock)
i2c.add(0x36, SimMax17048(bench.clock, lambda us: (3_700_000, 42 << 8)))
gauge = Max17048(i2c)
gauge.start()
assert (gauge.millivolts(), gauge.percent()) == (3_700, 42)

# machine code and plain Python agree, and refuse places outside of their buffers
for seed in range(200):
    fifo = bytearray([(seed * 89 + 57 * i * i + i) & 255 for i in range(24)])
    mine = bytearray(16)
    theirs = bytearray(16)
    got = kernels.ecg_words(mine, 0, fifo, seed % 8, 8)
    assert got == _portable.ecg_words(theirs, 0, fifo, seed % 8, 8) and mine == theirs
    words = bytearray([(seed * 31 + 73 * i) & 255 for i in range(14)])
    words[0] = 8 | (seed & 1) << 4
    words[7] = 16
    mine = bytearray(12)
    theirs = bytearray(12)
    assert kernels.imu_pair(mine, words) == _portable.imu_pair(theirs, words) and mine == theirs
    kernels.imu_mix(mine, 0, fifo, words, seed * 20)
    _portable.imu_mix(theirs, 0, fifo, words, seed * 20)
    assert mine == theirs
for call, args in (
    (kernels.ecg_words, (bytearray(15), 0, bytearray(24), 0, 8)),
    (kernels.ecg_words, (bytearray(16), 0, bytearray(23), 0, 8)),
    (kernels.imu_pair, (bytearray(12), bytearray(13))),
    (kernels.imu_mix, (bytearray(12), 1, bytearray(12), bytearray(12), 0)),
):
    refused = False
    try:
        call(*args)
    except IndexError:
        refused = True
    assert refused, args


class CannedI2c:
    """Always four words in the FIFO of an LSM6DSO, a ready ADS1115; allocates nothing itself."""

    def __init__(self):
        self.count = 0
        self.config = bytearray(2)
        self.pair = bytes((0x08, 1, 2, 3, 4, 5, 6, 0x10, 1, 2, 3, 4, 5, 6))

    def readfrom_mem_into(self, address, register, buf):
        self.count += 1
        if register == 0x78:
            for i in range(14):
                buf[i] = self.pair[i]
            return
        value = 0x6C if register == 0x0F else 4 if register == 0x3A else 0
        buf[0] = self.config[0] | 0x80 if register == 1 else value
        if len(buf) == 2:
            buf[1] = self.config[1] if register == 1 else 0

    def writeto_mem(self, address, register, buf):
        self.count += 1
        if register == 1:
            self.config[0] = buf[0] & 0x7F
            self.config[1] = buf[1]


class CannedSpi:
    """A MAX30003 whose FIFO always has seven words and the last one."""

    def __init__(self):
        self.count = 0
        self.register = 0

    def write(self, buf):
        self.count += 1
        self.register = buf[0] >> 1

    def readinto(self, buf):
        for i in range(len(buf)):
            buf[i] = 0
        if self.register == 0x0F:
            buf[0] = 0x51
            buf[1] = 0x30
        if self.register == 0x10:
            buf[0] = 0x18
            buf[2] = 0x17
        if len(buf) == 24:
            buf[23] = 0x10


def no_cs(level):
    """A chip select that leads nowhere."""


if DEVICE:
    from tasuki_hub.ring import SampleRing
    from tasuki_wire import codec

    i2c = CannedI2c()
    canned_spi = CannedSpi()
    drivers = (
        Max30003(canned_spi, no_cs),
        Lsm6dso(I2cRegisters(i2c, 0x6A)),
        Lsm6dso(I2cRegisters(i2c, 0x6B), 1, no_cs),
        scan.respiration(ads1115.Ads1115Bank(i2c, ((0x49, (5,)),))),
        Button(Pin(), 1),
    )
    for driver in drivers:
        kind = codec.KINDS[driver.kind]
        ring = SampleRing(kind.row_size, 4 * driver.per_frame, driver.period_us)
        driver.start(ring, 0)
        for now in range(0, 400_000, 10_000):
            driver.poll(ring, now)
        gc.collect()
        gc.disable()
        before = gc.mem_alloc()
        now = 400_000
        while now < 1_400_000:
            driver.poll(ring, now)
            now += 10_000
        after = gc.mem_alloc()
        gc.enable()
        assert after == before, (driver, after - before)
    assert canned_spi.count > 20 and i2c.count > 100
