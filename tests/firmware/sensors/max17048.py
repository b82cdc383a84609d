"""MAX17048 from its data sheet (19-6171): registers of table 2, sleep of "MODE Register"."""

from sensors.bus import Words

_VCELL, _SOC, _MODE, _VERSION, _CONFIG, _STATUS = 0x02, 0x04, 0x06, 0x08, 0x0C, 0x1A
_EN_SLEEP, _SLEEP = 1 << 13, 1 << 7
_UPDATE_US = 250_000


class SimMax17048(Words):
    """`cell(us)` gives microvolts and charge in 1/256 %. Fault: version."""

    def __init__(self, clock, cell):
        self._clock = clock
        self._cell = cell
        self.version = 0x0012
        self.registers = {0x0A: 0x8030, _CONFIG: 0x971C, 0x14: 0x00FF, 0x16: 0, 0x18: 0x9600, _STATUS: 0x0100}
        self._mode = 0
        self._seen_us = clock.now_us

    @property
    def powered(self):
        """False in sleep mode: CONFIG.SLEEP where MODE.EnSleep allows it."""
        return not (self._mode & _EN_SLEEP and self.registers[_CONFIG] & _SLEEP)

    def get(self, register):
        """A register's value; voltage and charge are those of the latest update."""
        if self.powered:
            self._seen_us = self._clock.now_us // _UPDATE_US * _UPDATE_US
        if register == _VERSION:
            return self.version
        if register == _VCELL:
            return self._cell(self._seen_us)[0] * 64 // 5000
        if register == _SOC:
            return self._cell(self._seen_us)[1]
        return self.registers.get(register, 0)

    def put(self, register, value):
        """Write a register; MODE is write-only."""
        if register == _MODE:
            self._mode = value
        elif register in self.registers and register != 0x16:
            self.registers[register] = value
