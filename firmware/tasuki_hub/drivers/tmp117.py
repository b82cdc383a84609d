"""Skin temperature from a TMP117 on I2C, in the register format that the wire has.

Registers as in the data sheet (SNOSD82), section 7.6. The hub starts every
conversion itself (one-shot mode), so the records keep the hub's time, and the
part is in shutdown between them.
"""

from tasuki_hub.drivers.registers import I2cWords
from tasuki_wire import codec
from tasuki_wire.constant import const

_TEMP_RESULT = const(0x00)
_CONFIGURATION = const(0x01)
_DEVICE_ID = const(0x0F)

_IDENTITY = const(0x117)  # bits 11:0; the revision stands above them
_DATA_READY = const(1 << 13)  # cleared by reading the configuration or the result
_EEPROM_BUSY = const(1 << 12)
_ONE_SHOT = const(3 << 10 | 1 << 5)  # MOD 11, average of 8 conversions
_SHUTDOWN = const(1 << 10 | 1 << 5)
_CONVERSION_US = const(124_000)  # 8 of 15.5 ms, section 7.3.2
_RETRY_US = const(5_000)
_TOO_LATE_US = const(400_000)
_BUSY_US = const(100_000)
_NO_RESULT = const(0x8000)  # before the first conversion
_MAX_MISSED = const(3)


class Tmp117:
    """One thermometer; address 0x48 to 0x4B by its ADD0 pin.

    A conversion that does not end is a gap; after three in a row, an EEPROM
    that stays busy, or a wrong identity: OSError.
    """

    kind = codec.number("body_temperature")
    period_us = 1_000_000
    per_frame = 4

    def __init__(self, i2c, address=0x48, site=1):
        self.site = site
        self._part = I2cWords(i2c, address)
        self._record = bytearray(2)

    def start(self, ring, now_us):
        """Identify; the first conversion starts when the EEPROM has been read."""
        identity = self._part.read(_DEVICE_ID)
        if identity & 0xFFF != _IDENTITY:
            raise OSError("tmp117: device id is %04x, not x%03x" % (identity, _IDENTITY))
        self._waits_for_eeprom = True
        self._converting = False
        self._missed = 0
        self._start_us = now_us
        self._due_us = now_us
        ring.restart(now_us)

    def poll(self, ring, now_us):
        """Start a conversion each second and fetch its result when it is there; when something is due."""
        if now_us >= self._due_us:
            self._go_on(ring, now_us)
        return self._due_us

    def _go_on(self, ring, now_us):
        if self._waits_for_eeprom:
            self._wait(ring, now_us)
        if self._converting:
            self._fetch(ring, now_us)
        elif not self._waits_for_eeprom:
            self._begin(ring, now_us)

    def _wait(self, ring, now_us):
        if not self._part.read(_CONFIGURATION) & _EEPROM_BUSY:
            self._waits_for_eeprom = False
            self._record_us = now_us
            ring.restart(now_us)
        elif now_us - self._start_us > _BUSY_US:
            raise OSError("tmp117: eeprom stays busy")
        else:
            self._due_us = now_us + _RETRY_US

    def _begin(self, ring, now_us):
        """A record's time is when its conversion was due; a whole period late is a gap."""
        late = (now_us - self._record_us) // self.period_us
        if late > 0:
            self._gap(ring, late)
        self._part.write(_CONFIGURATION, _ONE_SHOT)
        self._converting = True
        self._begun_us = now_us
        self._due_us = now_us + _CONVERSION_US

    def _fetch(self, ring, now_us):
        value = _NO_RESULT
        if self._part.read(_CONFIGURATION) & _DATA_READY:
            value = self._part.read(_TEMP_RESULT)
        if value != _NO_RESULT:
            self._missed = 0
            self._record[0] = value & 255
            self._record[1] = value >> 8
            ring.push(self._record, 1)
            self._next(self._record_us + self.period_us)
        elif now_us - self._begun_us < _TOO_LATE_US:
            self._due_us = now_us + _RETRY_US
        else:
            self._miss(ring)

    def _miss(self, ring):
        self._missed += 1
        if self._missed == _MAX_MISSED:
            raise OSError("tmp117: no data")
        self._gap(ring, 1)
        self._next(self._record_us)

    def _next(self, us):
        self._converting = False
        self._record_us = us
        self._due_us = us

    def _gap(self, ring, records):
        ring.overruns += records
        self._record_us += records * self.period_us
        ring.restart(self._record_us)

    def stop(self):
        """Shutdown mode."""
        self._part.write(_CONFIGURATION, _SHUTDOWN)
