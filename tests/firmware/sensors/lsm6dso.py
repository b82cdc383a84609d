"""LSM6DSO from its data sheet (DS12140): registers of section 9, FIFO of section 6.5.

512 words of 7 bytes, gyroscope and accelerometer of one time slot one after the
other. In continuous mode the newest word overwrites the oldest.
"""

_DEPTH = 512
_FIFO_CTRL3, _FIFO_CTRL4 = 0x09, 0x0A
_WHO_AM_I, _CTRL1_XL, _CTRL2_G, _CTRL3_C = 0x0F, 0x10, 0x11, 0x12
_FIFO_STATUS1, _FIFO_STATUS2 = 0x3A, 0x3B
_WAKE_UP_SRC = 0x1B
_TAP_CFG0, _TAP_CFG2, _WAKE_UP_DUR, _FREE_FALL = 0x56, 0x58, 0x5C, 0x5D
_FALL_MG = (156, 219, 250, 312, 344, 406, 469, 500)  # FF_THS
_FREQ_FINE = 0x63
_DATA = 0x78
_SETTLING = 3  # words of noise from a gyroscope that was just switched on
_FULL_G = {0: 2, 1: 16, 2: 4, 3: 8}
_STEP_UDPS = {0: 8750, 1: 17500, 2: 35000, 3: 70000}  # per step, table 2


class SimLsm6dso:
    """`motion(us)` gives (ax, ay, az) in micro-g and (gx, gy, gz) in millidegrees per second.

    weightless takes its accelerations away. Faults: identity, fine
    (INTERNAL_FREQ_FINE), ppm (on top of it), frozen, lost_word (a word is left
    out, so the FIFO is out of step).
    """

    def __init__(self, clock, motion):
        self._clock = clock
        self._motion = motion
        self.identity = 0x6C
        self.fine = 0
        self.ppm = 0
        self.frozen = False
        self.weightless = False
        self.lost_word = False
        self._reset()
        clock.listeners.append(self._tick)

    def _reset(self):
        self.registers = dict([(n, 0) for n in list(range(0x01, 0x20)) + list(range(0x56, 0x60))])
        self.registers[_CTRL3_C] = 0x04
        self.registers[0x18] = 0xE0  # CTRL9_XL
        self._fifo = []
        self._current = None
        self._overrun = False
        self._latched = False
        self._falling = 0  # samples in a row with every axis below the threshold
        self._fell = False
        self._slot = 0
        self._taken = 0
        self._next = None

    @property
    def powered(self):
        """True while one of the sensors has an output data rate."""
        return bool(self.registers[_CTRL1_XL] >> 4 or self.registers[_CTRL2_G] >> 4)

    def after(self, register):
        """The register that the next byte of a transaction belongs to; sections 5.1.1 and 6.5.7."""
        if register == 0x7E:
            return _DATA
        return register + 1 if self.registers[_CTRL3_C] & 0x04 else register

    def read(self, register, n):
        """Bytes from a register on."""
        self._tick()
        out = []
        for _ in range(n):
            out.append(self._read(register))
            register = self.after(register)
        return bytes(out)

    def write(self, register, data):
        """Bytes to a register and those behind it."""
        self._tick()
        for byte in data:
            self._write(register, byte)
            register = self.after(register)

    def _read(self, register):
        if register == _WHO_AM_I:
            return self.identity
        if register == _WAKE_UP_SRC:
            value = self._fell << 5
            self._fell = False
            return value
        if register == _FREQ_FINE:
            return self.fine & 255
        if register == _FIFO_STATUS1:
            return len(self._fifo) & 255
        if register == _FIFO_STATUS2:
            value = len(self._fifo) >> 8 | self._overrun << 6 | (len(self._fifo) == _DEPTH) << 5
            value |= self._latched << 3
            self._latched = False
            return value
        if register == _DATA:
            self._current = self._fifo.pop(0) if self._fifo else bytes(7)
            self._overrun = False
        if _DATA <= register <= 0x7E:
            return self._current[register - _DATA] if self._current else 0
        return self.registers.get(register, 0)

    def _write(self, register, value):
        if register == _CTRL3_C and value & 1:
            self._reset()
            return
        was = self.powered
        if register != _WHO_AM_I and register in self.registers:
            self.registers[register] = value
        if register == _FIFO_CTRL4 and not value & 7:
            self._fifo = []
            self._overrun = self._latched = False
        if self.powered and not was:
            self._taken = 0
            self._next = self._clock.now_us * 1_000_000 + self._spacing()
        if not self.powered:
            self._next = None

    def _spacing(self):
        """Picoseconds at 104 Hz: 64 / 6667 s, 0.15 % shorter a step of INTERNAL_FREQ_FINE (table 144)."""
        assert self.registers[_CTRL1_XL] >> 4 == 4
        spacing = 64_000_000_000_000 * 2000 // (6667 * (2000 + 3 * self.fine))
        return spacing * 1_000_000 // (1_000_000 + self.ppm)

    def _tick(self):
        while self._next is not None and self._next <= self._clock.now_us * 1_000_000:
            if not self.frozen:
                self._take(self._next // 1_000_000)
            self._next += self._spacing()

    def _watch(self, accel):
        """Free fall (section 5.4 of AN5192): told while it lasts, or with LIR until it is read."""
        below = max([abs(v) for v in accel]) < _FALL_MG[self.registers[_FREE_FALL] & 7] * 1000
        self._falling = self._falling + 1 if below else 0
        lasts = self.registers[_FREE_FALL] >> 3 | (self.registers[_WAKE_UP_DUR] >> 7) << 5
        now = bool(self.registers[_TAP_CFG2] & 0x80) and self._falling > lasts
        self._fell = now or (self._fell and bool(self.registers[_TAP_CFG0] & 1))

    def _take(self, us):
        accel, gyro = self._motion(us)
        if self.weightless:
            accel = (0, 0, 0)
        self._watch(accel)
        if self.registers[_FIFO_CTRL4] & 7 != 6:
            return
        full = _FULL_G[self.registers[_CTRL1_XL] >> 2 & 3]
        step = _STEP_UDPS[self.registers[_CTRL2_G] >> 2 & 3]
        batch = self.registers[_FIFO_CTRL3]
        self._slot = (self._slot + 1) & 3
        if batch >> 4:
            steady = self._taken >= _SETTLING
            self._put(1, [v * 1000 // step for v in gyro] if steady else [32767] * 3)
        self._taken += 1
        if batch & 15 and not self.lost_word:
            self._put(2, [v * 32768 // (full * 1_000_000) for v in accel])
        self.lost_word = False

    def _put(self, sensor, values):
        if len(self._fifo) == _DEPTH:
            self._fifo.pop(0)
            self._overrun = self._latched = True
        tag = sensor << 3 | self._slot << 1
        parity = tag
        for shift in (4, 2, 1):
            parity ^= parity >> shift
        word = [tag | parity & 1]
        for value in values:
            value = max(-32768, min(32767, value)) & 0xFFFF
            word += [value & 255, value >> 8]
        self._fifo.append(bytes(word))
