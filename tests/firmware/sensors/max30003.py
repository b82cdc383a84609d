"""MAX30003 from its data sheet (19-8558): registers, clock, FIFO, interrupt line.

Reset values: table "Register Map". FIFO of 32 words of 24 bits: 18 of voltage,
3 of ETAG, 3 zero (section "ECG FIFO"). The 33rd sample overflows it: it stands
still, every word reads ETAG 111, and EOVF stays until FIFO_RST or SYNCH.
"""

_POWER_ON = {
    0x02: 0x000003,  # EN_INT: no source, open drain with pull-up
    0x03: 0x000003,
    0x04: 0x780004,  # MNGR_INT: EFIT 16
    0x05: 0x3F0000,
    0x10: 0x000004,  # CNFG_GEN: everything off
    0x12: 0x004800,
    0x14: 0x300000,  # CNFG_EMUX: both inputs open
    0x15: 0x805000,  # CNFG_ECG: 128 sps, 20 V/V, 0.5 to 40 Hz
    0x1D: 0x3FA300,
    0x1E: 0x202400,
}
_INFO = 0x513000
_DEPTH = 32
_EINT, _EOVF, _PLLINT = 1 << 23, 1 << 22, 1 << 8
# (FMSTR, RATE) -> samples per second, table "CNFG_ECG"
_RATES = {(0, 0): 512, (0, 1): 256, (0, 2): 128, (1, 0): 500, (1, 1): 250, (1, 2): 125}


class SimMax30003:
    """`signal(us)` is the electrode voltage in microvolts; `ready` is the INTB line, or None.

    Faults: info (another part), ppm (its crystal), lock_us (time to lock, None
    never), stuck_ready (INTB does not move), frozen (makes no samples), fast
    (a count of samples that come as fast recovery).
    """

    def __init__(self, clock, signal, ready=None):
        self._clock = clock
        self._signal = signal
        self._ready = ready
        self.info = _INFO
        self.ppm = 0
        self.lock_us = 20_000
        self.stuck_ready = False
        self.frozen = False
        self.fast = 0
        self._command = None
        self._reset()
        clock.listeners.append(self._tick)

    def _reset(self):
        self.registers = dict(_POWER_ON)
        self._fresh = True  # since power-up or SW_RST no command has been executed
        self._fifo = []
        self._overflowed = False
        self._locked_from = None
        self._next_us = None

    def bias_mohm(self):
        """Bias resistors at the positive and the negative input, 0 for none; table "CNFG_GEN"."""
        gen = self.registers[0x10]
        if gen >> 4 & 3 != 1:
            return (0, 0)
        mohm = (50, 100, 200)[gen >> 2 & 3]
        return (mohm * (gen >> 1 & 1), mohm * (gen & 1))

    @property
    def powered(self):
        """True while the ECG channel is enabled (CNFG_GEN.EN_ECG)."""
        return bool(self.registers[0x10] >> 19 & 1)

    # -- SPI: 7 bits of address, 1 of reading, 24 of data; section "SPI" -----

    def select(self, active):
        """Chip select; a transaction that ends takes what was written."""
        if not active and self._command is not None and not self._command & 1 and len(self._in) == 3:
            self._write(self._command >> 1, self._in[0] << 16 | self._in[1] << 8 | self._in[2])
        self._command = None
        self._in = []
        self._out = []

    def exchange(self, byte):
        """One byte each way."""
        self._tick()
        if self._command is None:
            self._command = byte
            return 0
        if not self._command & 1:
            self._in.append(byte)
            return 0
        if not self._out:
            value = self._read(self._command >> 1)
            self._fresh = False
            self._out = [value >> 16, value >> 8 & 255, value & 255]
        return self._out.pop(0)

    def _read(self, register):
        if register in (0x20, 0x21):
            return self._word()
        if register == 0x01:
            return self._status()
        if register == 0x0F:
            return 0 if self._fresh else self.info  # table "INFO": not valid as the first command
        return self.registers.get(register, 0)

    def _write(self, register, value):
        self._fresh = False
        if register == 0x08:
            self._reset()
        elif register == 0x09:
            self._fifo = []
            self._overflowed = False
            self._next_us = self._clock.now_us * 1_000_000 + self._period()
        elif register == 0x0A:
            self._fifo = []
            self._overflowed = False
        elif register in self.registers:
            was = self.powered
            self.registers[register] = value
            if self.powered and not was:
                self._locked_from = self._clock.now_us
                self._next_us = self._clock.now_us * 1_000_000 + self._period()
            if not self.powered:
                self._next_us = None
        self._drive()

    # -- sampling -----------------------------------------------------------

    def _period(self):
        """Picoseconds, by the part's own crystal."""
        rate = _RATES[(self.registers[0x10] >> 20 & 3, self.registers[0x15] >> 22)]
        return 1_000_000_000_000 // rate * 1_000_000 // (1_000_000 + self.ppm)

    def _locked(self):
        return self.lock_us is not None and self._clock.now_us >= self._locked_from + self.lock_us

    def _tick(self):
        while self.powered and self._next_us is not None and self._next_us <= self._clock.now_us * 1_000_000:
            if not self.frozen and self._locked():
                self._take(self._next_us // 1_000_000)
            self._next_us += self._period()
        self._drive()

    def _take(self, us):
        if len(self._fifo) == _DEPTH or self._overflowed:
            self._overflowed = True
            return
        gain = 20 << (self.registers[0x15] >> 16 & 3)
        code = self._signal(us) * 131072 * gain // 1_000_000
        code = max(-131072, min(131071, code))
        tag = 0
        if self.fast:
            self.fast -= 1
            tag = 1
        self._fifo.append((code & 0x3FFFF) << 6 | tag << 3)

    def _word(self):
        if self._overflowed:
            return 7 << 3
        if not self._fifo:
            return 6 << 3
        word = self._fifo.pop(0)
        self._drive()
        return word if self._fifo else word | 2 << 3

    def _status(self):
        value = 0
        if len(self._fifo) > self.registers[0x04] >> 19:
            value |= _EINT
        if self._overflowed:
            value |= _EOVF
        if self.powered and not self._locked():
            value |= _PLLINT
        return value

    def _drive(self):
        if self._ready and not self.stuck_ready:
            self._ready(0 if self._status() & self.registers[0x02] & 0xFFFF00 else 1)
