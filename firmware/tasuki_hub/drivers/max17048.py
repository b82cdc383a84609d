"""Battery gauge MAX17048 on I2C: cell voltage and charge for device_status.

Registers as in the data sheet (19-6171), table 2.
"""

from tasuki_hub.drivers.registers import I2cWords
from tasuki_wire.constant import const

_ADDRESS = const(0x36)
_VCELL = const(0x02)  # 78.125 uV a step
_SOC = const(0x04)  # 1/256 % a step
_MODE = const(0x06)
_VERSION = const(0x08)
_CONFIG = const(0x0C)

_IDENTITY = const(0x0010)  # VERSION is 0x001n
_EN_SLEEP = const(1 << 13)  # MODE: CONFIG.SLEEP may be used
_SLEEP = const(1 << 7)  # CONFIG
_COMPENSATION = const(0x9700)  # CONFIG: RCOMP as delivered, for a cell of room temperature
_ALERT = const(0x1C)  # CONFIG: alert threshold as delivered


class Max17048:
    """The gauge. It measures only between start() and stop(), when device_status is allowed."""

    def __init__(self, i2c):
        self._part = I2cWords(i2c, _ADDRESS)

    def start(self):
        """Identify and wake it; OSError when it is another part."""
        version = self._part.read(_VERSION)
        if version & 0xFFF0 != _IDENTITY:
            raise OSError("max17048: version is %04x, not 001x" % version)
        self._part.write(_CONFIG, _COMPENSATION | _ALERT)

    def millivolts(self):
        """Cell voltage."""
        return self._part.read(_VCELL) * 5 >> 6

    def percent(self):
        """Charge, 0 to 100; the gauge itself may say a little more than full."""
        return min(100, self._part.read(_SOC) >> 8)

    def stop(self):
        """Sleep: nothing is measured, nothing but the bus is looked at."""
        self._part.write(_MODE, _EN_SLEEP)
        self._part.write(_CONFIG, _COMPENSATION | _SLEEP | _ALERT)


class GaugedStatus:
    """The hub's status driver with a gauge that runs as long as it does.

    A gauge that fails is reported once, and the voltage is then 0, "not
    measured"; the rest of the status goes on. The board's battery_mv() is
    this object's millivolts().
    """

    def __init__(self, status, gauge, log):
        self.kind = status.kind
        self.site = status.site
        self.period_us = status.period_us
        self.per_frame = status.per_frame
        self._status = status
        self._gauge = gauge
        self._log = log  # called with (level, text)
        self._runs = False

    def start(self, ring, now_us):
        """Wake the gauge, then report."""
        self._runs = self._try(self._gauge.start) is not None
        self._status.start(ring, now_us)

    def poll(self, ring, now_us):
        """As the status driver does."""
        return self._status.poll(ring, now_us)

    def millivolts(self):
        """Cell voltage, 0 where it is not measured."""
        return self._read(self._gauge.millivolts)

    def percent(self):
        """Charge, 0 where it is not measured."""
        return self._read(self._gauge.percent)

    def stop(self):
        """Put the gauge to sleep."""
        self._status.stop()
        if self._runs:
            self._runs = False
            self._gauge.stop()

    def _read(self, call):
        value = self._try(call) if self._runs else None
        if value is None:
            self._runs = False
        return value or 0

    def _try(self, call):
        try:
            return call() or 0
        except OSError as e:
            self._log(40, "battery gauge: %s" % e)
            return None
