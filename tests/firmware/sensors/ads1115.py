"""ADS1115 from its data sheet (SBAS444): registers of section 8.1, timing of 6.5."""

from sensors.bus import Words

_CONVERSION, _CONFIG = 0x00, 0x01
_OS, _MODE = 1 << 15, 1 << 8
_RATES = (8, 16, 32, 64, 128, 250, 475, 860)
_FULL_UV = (6_144_000, 4_096_000, 2_048_000, 1_024_000, 512_000, 256_000, 256_000, 256_000)
_INPUTS = ((0, 1), (0, 3), (1, 3), (2, 3), (0, None), (1, None), (2, None), (3, None))
_WAKE_US = 25


class SimAds1115(Words):
    """`voltage(us, pin)` is in microvolts.

    Faults: slow_permille (its oscillator, up to 100 by the data sheet), frozen
    (a conversion never ends), deaf (does not take what is written).
    """

    def __init__(self, clock, voltage):
        self._clock = clock
        self._voltage = voltage
        self.slow_permille = 0
        self.frozen = False
        self.deaf = False
        self.registers = {_CONVERSION: 0, _CONFIG: 0x0583, 0x02: 0x8000, 0x03: 0x7FFF}
        self._ends_us = None

    @property
    def powered(self):
        """True while it converts; else it is in power-down (section 7.4.2)."""
        self._tick()
        return self._ends_us is not None

    def get(self, register):
        """A register's value; OS reads 0 while a conversion is under way."""
        self._tick()
        value = self.registers.get(register & 3)
        if register == _CONFIG and self._ends_us is None:
            value |= _OS
        return value

    def put(self, register, value):
        """Write a register; OS starts a conversion, and has no effect on one under way."""
        self._tick()
        if self.deaf or register == _CONVERSION:
            return
        self.registers[register] = value & ~_OS if register == _CONFIG else value
        if register == _CONFIG and self._ends_us is None and (value & _OS or not value & _MODE):
            self._ends_us = self._clock.now_us + _WAKE_US + self._time_us()

    def _time_us(self):
        return 1_000_000 * (1000 + self.slow_permille) // 1000 // _RATES[self.registers[_CONFIG] >> 5 & 7]

    def _tick(self):
        while self._ends_us is not None and self._clock.now_us >= self._ends_us and not self.frozen:
            config = self.registers[_CONFIG]
            plus, minus = _INPUTS[config >> 12 & 7]
            uv = self._voltage(self._ends_us, plus)
            if minus is not None:
                uv -= self._voltage(self._ends_us, minus)
            code = uv * 32768 // _FULL_UV[config >> 9 & 7]
            self.registers[_CONVERSION] = max(-32768, min(32767, code)) & 0xFFFF
            self._ends_us = None if config & _MODE else self._ends_us + self._time_us()
