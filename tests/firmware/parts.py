"""The garment's electronics, simulated: buses, pins, parts, and the streams of the full profile on them."""

from sensors.ads1115 import SimAds1115
from sensors.bus import I2c, Pin, Spi, SpiRegisterPart
from sensors.lsm6dso import SimLsm6dso
from sensors.max17048 import SimMax17048
from sensors.max30003 import SimMax30003
from sensors.tmp117 import SimTmp117

from tasuki_hub.drivers import ads1115, scan
from tasuki_hub.drivers.button import Button
from tasuki_hub.drivers.lsm6dso import Lsm6dso
from tasuki_hub.drivers.max17048 import GaugedStatus, Max17048
from tasuki_hub.drivers.max30003 import Max30003
from tasuki_hub.drivers.registers import I2cRegisters, SpiRegisters
from tasuki_hub.drivers.tmp117 import Tmp117

STRAIN = (0x48, 0x49, 0x4A, 0x4B)
ALL_FOUR = (ads1115.AIN0, ads1115.AIN1, ads1115.AIN2, ads1115.AIN3)
SLEEPS = 0x0620  # what production writes into a TMP117's EEPROM
# part -> item whose consent it needs
ITEM_OF = {
    "ecg": "ecg",
    "breath": "respiration",
    "heat": "body_temperature",
    "chest": "body_motion",
    "left": "body_motion",
    "right": "body_motion",
    "strain48": "body_motion",
    "strain49": "body_motion",
    "strain4a": "body_motion",
    "strain4b": "body_motion",
    "button": "subjective",
    "gauge": "device_status",
}


def heart(us):
    """A saw of 1 mV each second, in microvolts."""
    return us // 1_000 % 1_000


def moving(us):
    """1 g downwards and something on the other axes."""
    return ((us % 1_000_000, 0, 1_000_000), (us % 100_000, 0, 0))


class WatchedPin(Pin):
    """A pin that counts how often it is read."""

    reads = 0

    def __call__(self, level=None):
        self.reads += level is None
        return Pin.__call__(self, level)


class Parts:
    """`sims` has the simulated parts by name; `time` is the Clock that they live by.

    ecg(us) is the voltage at the electrodes in microvolts. Without `trace` the
    buses count transactions and keep none.
    """

    def __init__(self, time, ecg=heart, trace=True):
        self.time = time
        self.spi = Spi(time, trace)
        self.i2c0 = I2c(time, trace)
        self.i2c1 = I2c(time, trace)
        self.ready = Pin()
        self.button = WatchedPin()
        self.alarms = []
        self.sims = {
            "ecg": SimMax30003(time, ecg, self.ready),
            "chest": SimLsm6dso(time, moving),
            "left": SimLsm6dso(time, moving),
            "right": SimLsm6dso(time, moving),
            "heat": SimTmp117(time, lambda us: 33 * 128, SLEEPS),
            "breath": SimAds1115(time, lambda us, pin: 10_000 * pin),
            "gauge": SimMax17048(time, lambda us: (3_900_000, 77 << 8)),
        }
        self.places = {(0, 0x6A): "chest", (0, 0x6B): "left"}
        self.places.update({(1, 0x48): "heat", (1, 0x49): "breath", (1, 0x36): "gauge"})
        for address in STRAIN:
            name = "strain%x" % address
            self.sims[name] = SimAds1115(time, lambda us, pin: 100_000 * pin)
            self.places[(0, address)] = name
        self._wire()

    def _wire(self):
        self.ecg_cs = self.spi.add("ecg", self.sims["ecg"])
        self.right_cs = self.spi.add("right", SpiRegisterPart(self.sims["right"]))
        for (bus, address), name in self.places.items():
            self._bus(bus).add(address, self.sims[name])

    def _bus(self, number):
        return self.i2c1 if number else self.i2c0

    def streams(self, status, log, alarm=None):
        """(number, driver) of the full profile and the button.

        `status` is the hub's status driver, alarm(name) what button and chest call.
        """
        self._alarm = alarm
        self.status = GaugedStatus(status, Max17048(self.i2c1), log)
        strain = [(address, ALL_FOUR if address != 0x4B else ALL_FOUR[:2]) for address in STRAIN]
        return [
            (0, Max30003(self.spi, self.ecg_cs, self.ready)),
            (1, scan.respiration(ads1115.Ads1115Bank(self.i2c1, ((0x49, (ads1115.AIN1,)),)))),
            (2, Tmp117(self.i2c1)),
            (3, Lsm6dso(I2cRegisters(self.i2c0, 0x6A), 1, self._on_alarm)),
            (4, scan.strain(ads1115.Ads1115Bank(self.i2c0, strain))),
            (5, self.status),
            (6, Lsm6dso(I2cRegisters(self.i2c0, 0x6B), 3)),
            (7, Lsm6dso(SpiRegisters(self.spi, self.right_cs), 4)),
            (8, Button(self.button, 1, self._on_alarm)),
        ]

    def _on_alarm(self, name):
        self.alarms.append(name)
        if self._alarm:
            self._alarm(name)

    def faults_of(self, name):
        """What can go wrong on the way to a part."""
        for (bus, address), part in self.places.items():
            if part == name:
                return self._bus(bus).faults[address]
        return self.spi.faults_of(name)

    def traffic(self):
        """Transactions by part since clear(); a part without any is not there."""
        found = dict(self.spi.counts)
        for bus in (0, 1):
            for address, count in self._bus(bus).counts.items():
                found[self.places.get((bus, address), "nobody")] = count
        if self.button.reads:
            found["button"] = self.button.reads
        return found

    def clear(self):
        """Forget what was seen."""
        for bus in (self.spi, self.i2c0, self.i2c1):
            bus.clear()
        self.button.reads = 0

    def powered(self):
        """Names of the parts that draw more than their sleep current."""
        return sorted([name for name, sim in self.sims.items() if sim.powered])
