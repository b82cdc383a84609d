"""The whole garment on simulated parts: buses, pins and the streams of the full profile."""

from scripted_board import Host, ScriptedBoard
from sensors.ads1115 import SimAds1115
from sensors.bus import Clock, I2c, Pin, Spi, SpiRegisterPart
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
from tasuki_hub.replay import StatusDriver

TURN_US = 2_000
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


class WatchedPin(Pin):
    """A pin that counts how often it is read."""

    reads = 0

    def __call__(self, level=None):
        self.reads += level is None
        return Pin.__call__(self, level)


class Garment(ScriptedBoard):
    """The board of a hub with real drivers; `sims` has the simulated parts by name."""

    name = "garment"
    packed = False

    def __init__(self, flash):
        self.time = Clock()
        ScriptedBoard.__init__(self, flash)
        time = self.time
        self.spi = Spi(time)
        self.i2c0 = I2c(time)
        self.i2c1 = I2c(time)
        self.ready = Pin()
        self.button = WatchedPin()
        self.alarms = []
        moving = lambda us: ((us % 1_000_000, 0, 1_000_000), (us % 100_000, 0, 0))  # noqa: E731
        sims = {
            "ecg": SimMax30003(time, lambda us: us // 1_000 % 1_000, self.ready),
            "chest": SimLsm6dso(time, moving),
            "left": SimLsm6dso(time, moving),
            "right": SimLsm6dso(time, moving),
            "heat": SimTmp117(time, lambda us: 33 * 128, SLEEPS),
            "breath": SimAds1115(time, lambda us, pin: 10_000 * pin),
            "gauge": SimMax17048(time, lambda us: (3_900_000, 77 << 8)),
        }
        self.sims = sims
        self.ecg_cs = self.spi.add("ecg", sims["ecg"])
        self.right_cs = self.spi.add("right", SpiRegisterPart(sims["right"]))
        self.places = {(0, 0x6A): "chest", (0, 0x6B): "left"}
        self.places.update({(1, 0x48): "heat", (1, 0x49): "breath", (1, 0x36): "gauge"})
        for address in STRAIN:
            name = "strain%x" % address
            sims[name] = SimAds1115(time, lambda us, pin: 100_000 * pin)
            self.places[(0, address)] = name
        for (bus, address), name in self.places.items():
            (self.i2c1 if bus else self.i2c0).add(address, sims[name])

    @property
    def clock(self):
        """Device time."""
        return self.time.now_us

    @clock.setter
    def clock(self, us):
        self.time.set(us)

    def drivers(self, hub):
        """The full profile, and the button."""
        status = StatusDriver(hub, 4_000_000)
        self.status = GaugedStatus(status, Max17048(self.i2c1), hub.log)
        strain = [(address, ALL_FOUR if address != 0x4B else ALL_FOUR[:2]) for address in STRAIN]
        return [
            (0, Max30003(self.spi, self.ecg_cs, self.ready)),
            (1, scan.respiration(ads1115.Ads1115Bank(self.i2c1, ((0x49, (ads1115.AIN1,)),)))),
            (2, Tmp117(self.i2c1)),
            (3, Lsm6dso(I2cRegisters(self.i2c0, 0x6A), 1)),
            (4, scan.strain(ads1115.Ads1115Bank(self.i2c0, strain))),
            (5, self.status),
            (6, Lsm6dso(I2cRegisters(self.i2c0, 0x6B), 3)),
            (7, Lsm6dso(SpiRegisters(self.spi, self.right_cs), 4)),
            (8, Button(self.button, 1, self.alarms.append)),
        ]

    def battery_mv(self):
        """As the gauge says."""
        return self.status.millivolts()

    def reset_cause(self):
        """power_on."""
        return 1

    def heap_free(self):
        """Not measured here."""
        return 0

    # -- what the buses saw --------------------------------------------------

    def traffic(self):
        """Transactions by part since clear(); a part without any is not there."""
        found = {}
        names = [name for _, name, _, _ in self.spi.trace]
        for bus, i2c in enumerate((self.i2c0, self.i2c1)):
            names += [self.places.get((bus, entry[1]), "nobody") for entry in i2c.trace]
        names += ["button"] * self.button.reads
        for name in names:
            found[name] = found.get(name, 0) + 1
        return found

    def clear(self):
        """Forget what was seen."""
        for bus in (self.spi, self.i2c0, self.i2c1):
            bus.trace[:] = []
        self.button.reads = 0

    def powered(self):
        """Names of the parts that draw more than their sleep current."""
        return sorted([name for name, sim in self.sims.items() if sim.powered])


class GarmentHost(Host):
    """The host of scripted_board.py, talking to the hub of this garment."""

    def __init__(self, flash):
        self.board = Garment(flash)
        self.boot()

    def pass_time(self, us):
        """Turns as short as the strain channels need."""
        for _ in range(us // TURN_US):
            self.turn(TURN_US)
