"""TMP117 from its data sheet (SNOSD82): registers of section 7.6, conversions of 7.3.2 and 7.4."""

from sensors.bus import Words

_TEMP, _CONFIG, _ID = 0x00, 0x01, 0x0F
_READY, _BUSY, _RESET = 1 << 13, 1 << 12, 1 << 1
_ONE_US = 15_500
_AVERAGES = {0: 1, 1: 8, 2: 32, 3: 64}
# cycle time in microseconds by CONV, without averaging; table 7-7
_CYCLES = (15_500, 125_000, 250_000, 500_000, 1_000_000, 4_000_000, 8_000_000, 16_000_000)


class SimTmp117(Words):
    """`temperature(us)` is in 1/128 degC; `power_on` is the configuration in its EEPROM (section 7.5.1).

    As delivered it converts once a second from power-up on; a garment's are programmed to sleep.
    Faults: identity, eeprom_us (busy until then), frozen (no conversion ends),
    stuck_ready (Data_Ready reads 1 for ever).
    """

    def __init__(self, clock, temperature, power_on=0x0220):
        self._clock = clock
        self._temperature = temperature
        self.identity = 0x0117
        self.eeprom_us = 0
        self.frozen = False
        self.stuck_ready = False
        self._power_on = power_on
        self.registers = {_CONFIG: power_on, 0x02: 0x6000, 0x03: 0x8000, 0x04: 0, 0x07: 0}
        self._result = 0x8000
        self._ready = False
        self._begun_us = None if power_on >> 10 & 3 == 1 else clock.now_us

    @property
    def powered(self):
        """True in continuous mode and while a conversion is under way; else it is shut down."""
        self._tick()
        return self._begun_us is not None

    def get(self, register):
        """A register's value, with what reading clears."""
        self._tick()
        if register == _ID:
            return self.identity
        if register == _TEMP:
            self._ready = False
            return self._result
        value = self.registers.get(register, 0)
        if register == _CONFIG:
            value |= _READY if self._ready or self.stuck_ready else 0
            value |= _BUSY if self._clock.now_us < self.eeprom_us else 0
            self._ready = False
        return value

    def put(self, register, value):
        """Write a register; a configuration that is written starts a conversion by its mode."""
        self._tick()
        if register in (_TEMP, _ID) or self._clock.now_us < self.eeprom_us:
            return
        if register == _CONFIG and value & _RESET:
            value = self._power_on
            self._result = 0x8000
        self.registers[register] = value & 0x0FFC if register == _CONFIG else value
        if register == _CONFIG:
            self._begun_us = None if value >> 10 & 3 == 1 else self._clock.now_us

    def _tick(self):
        config = self.registers[_CONFIG]
        active = _ONE_US * _AVERAGES[config >> 5 & 3]
        once = config >> 10 & 3 == 3
        while (
            self._begun_us is not None and self._clock.now_us >= self._begun_us + active and not self.frozen
        ):
            self._result = self._temperature(self._begun_us + active) & 0xFFFF
            self._ready = True
            if once:
                self._begun_us = None
                self.registers[_CONFIG] = config & ~0x0C00 | 0x0400
            else:
                self._begun_us += max(active, _CYCLES[config >> 7 & 7])
