"""Motion sensor LSM6DSO on I2C or SPI: FIFO bursts, brought to the wire's 100 Hz.

Registers as in the data sheet (DS12140), section 9. The part samples at about
104 Hz on a clock of its own, so its records are interpolated onto the hub's
10-ms grid; docs/drivers.md says what that does to the signal. Several parts
share a bus by address (0x6A, 0x6B) or by chip select.
"""

from tasuki_hub.drivers import kernels
from tasuki_wire import codec
from tasuki_wire.constant import const

_FIFO_CTRL3 = const(0x09)
_FIFO_CTRL4 = const(0x0A)
_WHO_AM_I = const(0x0F)
_WAKE_UP_SRC = const(0x1B)
_CTRL1_XL = const(0x10)
_CTRL2_G = const(0x11)
_CTRL3_C = const(0x12)
_FIFO_STATUS1 = const(0x3A)
_TAP_CFG0 = const(0x56)
_TAP_CFG2 = const(0x58)
_FREE_FALL = const(0x5D)
_INTERNAL_FREQ_FINE = const(0x63)
_FIFO_DATA_OUT_TAG = const(0x78)

_IDENTITY = const(0x6C)
_RESET = const(0x01)  # CTRL3_C: SW_RESET
_BDU_IF_INC = const(0x44)  # CTRL3_C: block data update, address increments
_ACCEL = const(0x44)  # CTRL1_XL: 104 Hz, 16 g
_GYRO = const(0x4C)  # CTRL2_G: 104 Hz, 2000 deg/s
_BATCH = const(0x44)  # FIFO_CTRL3: both at 104 Hz
_CONTINUOUS = const(0x06)  # FIFO_CTRL4: the newest overwrite the oldest
_BYPASS = const(0x00)  # FIFO_CTRL4: off and empty
_LATCHED = const(0x41)  # TAP_CFG0: INT_CLR_ON_READ, LIR: an event stays until it is read
_EVENTS = const(0x80)  # TAP_CFG2: INTERRUPTS_ENABLE
_FALLING = const(12 << 3 | 3)  # FREE_FALL: 12 samples (115 ms) with every axis below 312 mg
_FF_IA = const(0x20)  # WAKE_UP_SRC
_OVERRUN = const(0x48)  # FIFO_STATUS2: FIFO_OVR_IA and its latch

_SETTLE = const(4)  # sets that are dropped while the gyroscope starts
_SETS = const(24)  # moved in one poll at most
_LOOK_US = const(40_000)
_SILENT_US = const(1_000_000)
_PERIOD_US = const(10_000)
_GRID = const(_PERIOD_US * 16)  # times inside a poll are in 1/16 us


class Lsm6dso:
    """Accelerometer and gyroscope of one site; `registers` is an I2cRegisters or SpiRegisters.

    With `alarm` the part looks for free fall, and alarm("fall") is called once the
    records up to then are in the ring. A jump is one, too: what it was, the host
    tells from the signal.

    OSError when the part does not say who it is, or falls silent for a second.
    """

    kind = codec.number("imu")
    period_us = _PERIOD_US
    per_frame = 10
    deadline_us = 256 * _PERIOD_US  # what the FIFO holds: 512 words of 6 bytes

    def __init__(self, registers, site=1, alarm=None):
        self.site = site
        self._alarm = alarm
        self._part = registers
        self._status = bytearray(2)
        self._byte = bytearray(1)
        self._words = bytearray(14)
        self._old = bytearray(12)
        self._new = bytearray(12)
        self._out = bytearray(12 * 2 * _SETS)

    def start(self, ring, now_us):
        """Identify, configure and start both sensors."""
        identity = self._get(_WHO_AM_I)
        if identity != _IDENTITY:
            raise OSError("lsm6dso: WHO_AM_I is %02x, not %02x" % (identity, _IDENTITY))
        self._part.write(_CTRL3_C, _RESET)
        for _ in range(100):  # 50 us by the data sheet
            if not self._get(_CTRL3_C) & _RESET:
                break
        else:
            raise OSError("lsm6dso: reset does not end")
        self._part.write(_CTRL3_C, _BDU_IF_INC)
        # table 144: the true rate is 6667 Hz / 64, finer by 0.15 % a step
        fine = self._get(_INTERNAL_FREQ_FINE)
        fine -= (fine & 128) << 1
        self._spacing = 64 * 16 * 1_000_000 * 2000 // (6667 * (2000 + 3 * fine))
        self._part.write(_FIFO_CTRL3, _BATCH)
        if self._alarm:
            self._part.write(_FREE_FALL, _FALLING)
            self._part.write(_TAP_CFG0, _LATCHED)
            self._part.write(_TAP_CFG2, _EVENTS)
        self._part.write(_CTRL1_XL, _ACCEL)
        self._part.write(_CTRL2_G, _GYRO)
        self._begin(ring, now_us)

    def _begin(self, ring, now_us):
        """An empty FIFO, and the first record as soon as the gyroscope is steady."""
        self._part.write(_FIFO_CTRL4, _BYPASS)
        self._part.write(_FIFO_CTRL4, _CONTINUOUS)
        self._skip = _SETTLE
        self._first = True  # there is no old set yet
        self._phase = 0  # from the old set to the next record
        self._next_us = now_us
        self._look_us = now_us + _LOOK_US
        self._heard_us = now_us
        ring.restart(now_us)

    def poll(self, ring, now_us):
        """Every 40 ms: move what the FIFO holds, at most 24 sets; when to look again."""
        if now_us >= self._look_us:
            self._look(ring, now_us)
            if self._alarm and self._get(_WAKE_UP_SRC) & _FF_IA:
                self._alarm("fall")
        return self._look_us

    def _look(self, ring, now_us):
        self._look_us = now_us + _LOOK_US
        self._part.read_into(_FIFO_STATUS1, self._status)
        sets = (self._status[0] | (self._status[1] & 3) << 8) >> 1
        if self._status[1] & _OVERRUN or self._paused(sets, now_us):
            self._lose(ring, now_us)
        elif sets:
            self._heard_us = now_us
            if sets > _SETS:
                self._look_us = now_us
            self._move(ring, now_us, min(sets, _SETS), sets)
        elif now_us - self._heard_us > _SILENT_US:
            raise OSError("lsm6dso: no samples")

    def _paused(self, sets, now_us):
        """True when there are fewer sets than time has passed, though none was overwritten."""
        if self._first or not sets:
            return False
        newest_us = self._next_us - (self._phase >> 4) + (sets * self._spacing >> 4)
        return now_us - newest_us > 2 * _LOOK_US

    def _move(self, ring, now_us, n, held):
        out = 0
        for i in range(n):
            self._part.read_into(_FIFO_DATA_OUT_TAG, self._words)
            if not kernels.imu_pair(self._new, self._words):
                self._push(ring, out)
                self._lose(ring, now_us)
                return
            if self._skip:
                self._skip -= 1
                continue
            if self._first:
                self._open(ring, now_us, held - 1 - i)
            else:
                while self._phase < self._spacing:
                    part = (self._phase << 12) // self._spacing
                    kernels.imu_mix(self._out, 12 * out, self._old, self._new, part)
                    out += 1
                    self._phase += _GRID
                self._phase -= self._spacing
            self._old, self._new = self._new, self._old
        self._push(ring, out)
        if n == held and not self._first:
            self._keep_time(now_us)

    def _open(self, ring, now_us, after):
        """The first set; `after` sets are newer. The records' grid starts with it."""
        self._first = False
        self._phase = 0
        self._next_us = now_us - (after * self._spacing >> 4)
        ring.restart(self._next_us)

    def _push(self, ring, n):
        ring.push(self._out, n)
        self._next_us += n * _PERIOD_US

    def _keep_time(self, now_us):
        """The FIFO is empty, so the next set lies ahead, by one spacing at most.

        The grid of the records is the hub's. Where the part's clock drifts
        against it, the place between two sets that a record is taken from
        moves; a late poll does not matter, hence the half spacing on top.
        """
        spacing_us = self._spacing >> 4
        ahead = self._next_us - (self._phase >> 4) + spacing_us - now_us
        over = ahead - spacing_us * 3 // 2
        if ahead < 0:
            self._phase = max(0, self._phase + (max(ahead, -(spacing_us >> 2)) << 4))
        elif over > 0:
            self._phase += min(over, spacing_us >> 2) << 4

    def _lose(self, ring, now_us):
        """Start over behind a gap: the FIFO overran, or is out of step."""
        ring.overruns += max(1, (now_us - self._next_us) // _PERIOD_US)
        self._begin(ring, now_us)

    def stop(self):
        """Both sensors and the FIFO off."""
        self._part.write(_CTRL1_XL, 0)
        self._part.write(_CTRL2_G, 0)
        self._part.write(_FIFO_CTRL4, _BYPASS)

    def _get(self, register):
        self._part.read_into(register, self._byte)
        return self._byte[0]
