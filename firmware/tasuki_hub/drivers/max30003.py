"""ECG front end MAX30003 on SPI: FIFO bursts, woken by its interrupt line.

Register numbers and bits are those of the data sheet (19-8558), "Register Map".
The part runs on a 32768-Hz crystal of its own; FMSTR = 01 makes 32000 Hz of it
and RATE = 01 then 250 samples a second.
"""

from tasuki_hub.drivers import kernels
from tasuki_wire import codec
from tasuki_wire.constant import const

_STATUS = const(0x01)
_EN_INT = const(0x02)
_MNGR_INT = const(0x04)
_MNGR_DYN = const(0x05)
_SW_RST = const(0x08)
_SYNCH = const(0x09)
_FIFO_RST = const(0x0A)
_INFO = const(0x0F)
_CNFG_GEN = const(0x10)
_CNFG_EMUX = const(0x14)
_CNFG_ECG = const(0x15)
_FIFO_BURST = const(0x20)

_PART = const(0xF03000)  # INFO: the bits that tell this part; the others are revision and serial number
_IDENTITY = const(0x503000)
_PLLINT = const(1 << 8)  # STATUS: the clock is not locked (yet)
_EINT = const(1 << 23)
_OPEN_DRAIN = const(3)  # INTB_TYPE: with the internal pull-up
_WORDS = const(8)  # EFIT: FIFO words that raise the interrupt, and words of a burst
_BURSTS = const(5)  # of them empty a FIFO of 32 words
# FMSTR 01, EN_ECG, EN_RBIAS 01, RBIASV 01 (100 Mohm), RBIASP, RBIASN
_GEN = const(1 << 20 | 1 << 19 | 1 << 4 | 1 << 2 | 1 << 1 | 1)
_EMUX = const(0)  # electrodes connected, polarity as printed
_ECG = const(1 << 22 | 1 << 14 | 1 << 12)  # RATE 01, gain 20 V/V, 0.5 Hz to 40 Hz

_TAG_FAST = const(1)
_TAG_END = const(2)
_TAG_FAST_END = const(3)
_TAG_EMPTY = const(6)
_FAST = const((_TAG_FAST, _TAG_FAST_END))
_LAST = const((_TAG_END, _TAG_FAST_END, _TAG_EMPTY))

_PERIOD_US = const(4_000)
_LOOK_US = const(2 * _WORDS * _PERIOD_US)  # look without an interrupt: the line may be broken
_LOCK_LOOK_US = const(5_000)
_LOCK_US = const(500_000)
_SILENT_US = const(1_000_000)
_STALL_US = const(16 * _PERIOD_US)
_STEP_US = const(_PERIOD_US // 10)  # a host takes more than half a period between frames for a gap


class Max30003:
    """The ECG as microvolts at the electrodes.

    `ready` is the pin of INTB, or None; it is called for its level and has
    irq(handler). `cs` is called with 0 and 1. OSError when the part does not say who it is, when its clock
    does not lock, or when it falls silent for a second.
    """

    kind = codec.number("ecg")
    period_us = _PERIOD_US
    per_frame = 25
    deadline_us = 32 * _PERIOD_US  # what the FIFO holds

    def __init__(self, spi, cs, ready=None, site=1):
        self.site = site
        self._spi = spi
        self._cs = cs
        self._ready = ready
        self._handler = self._on_ready  # made here: an interrupt may not allocate
        self._flag = False
        self.wake = None  # the sampler's
        self._command = bytearray(4)
        self._head = memoryview(self._command)[:1]
        self._word = bytearray(3)
        self._fifo = bytearray(3 * _WORDS)
        self._out = bytearray(2 * _WORDS * _BURSTS)

    def _on_ready(self, pin):
        if not pin():  # INTB is active low, and the handler hears both edges
            self._flag = True
            if self.wake:
                self.wake()

    def start(self, ring, now_us):
        """Identify, configure, and wait for the clock in poll(); the first record comes after that."""
        self._read(_INFO)  # not valid as the first command after power-up or SW_RST
        info = self._read(_INFO)
        if info & _PART != _IDENTITY:
            raise OSError("max30003: INFO is %06x, not 5x3xxx" % info)
        self._write(_SW_RST, 0)
        self._write(_CNFG_GEN, _GEN)
        self._write(_CNFG_EMUX, _EMUX)
        self._write(_CNFG_ECG, _ECG)
        self._write(_MNGR_INT, (_WORDS - 1) << 19 | 1 << 2)
        self._write(_MNGR_DYN, 0)  # no fast recovery: it would bend the signal unseen
        self._write(_EN_INT, _EINT | _OPEN_DRAIN)
        if self._read(_CNFG_GEN) != _GEN:
            raise OSError("max30003: does not keep its configuration")
        self._flag = False
        if self._ready:
            self._ready.irq(self._handler)
        self._locked = False
        self._look_us = now_us
        self._heard_us = now_us
        ring.restart(now_us)

    def poll(self, ring, now_us):
        """Empty the FIFO when the part asked for it, or when it should have; when to look again."""
        if not self._locked:
            self._lock(ring, now_us)
        elif self._flag or now_us >= self._look_us:
            self._flag = False
            self._look_us = now_us + _LOOK_US
            self._drain(ring, now_us)
            if now_us - self._heard_us > _SILENT_US:
                raise OSError("max30003: no samples")
        return now_us if self._flag else self._look_us

    def _lock(self, ring, now_us):
        """SYNCH when the clock is locked: sampling starts then, and so does our time."""
        if now_us < self._look_us:
            return
        self._look_us = now_us + _LOCK_LOOK_US
        if not self._read(_STATUS) & _PLLINT:
            self._write(_SYNCH, 0)
            self._locked = True
            self._resume(ring, now_us)
        elif now_us - self._heard_us > _LOCK_US:
            raise OSError("max30003: clock does not lock")

    def _resume(self, ring, now_us):
        """Records go on one period from now."""
        self._heard_us = now_us
        self._next_us = now_us + _PERIOD_US
        ring.restart(self._next_us)

    def _drain(self, ring, now_us):
        """Read until the part says that the FIFO is empty, or for all that it can hold."""
        n = 0
        for _ in range(_BURSTS):
            self._burst()
            i = 0
            while i < _WORDS:
                got = kernels.ecg_words(self._out, n, self._fifo, i, _WORDS)
                n += got & 255
                i += got & 255
                tag = got >> 8
                if tag in _FAST:
                    self._push(ring, now_us, n)
                    self._skip(ring)
                    n = 0
                    i += 1
                if tag in _LAST:
                    return self._drained(ring, now_us, n)
                if tag > _TAG_FAST_END:
                    self._push(ring, now_us, n)
                    return self._overflow(ring, now_us)
        self._push(ring, now_us, n)

    def _push(self, ring, now_us, n):
        if n:
            ring.push(self._out, n)
            self._next_us += n * _PERIOD_US
            self._heard_us = now_us

    def _skip(self, ring):
        """A word of the fast recovery tells time but no voltage."""
        ring.overruns += 1
        self._next_us += _PERIOD_US
        ring.restart(self._next_us)

    def _overflow(self, ring, now_us):
        """An overflowed FIFO stands still and its words are worthless until FIFO_RST."""
        self._write(_FIFO_RST, 0)
        ring.overruns += max(1, (now_us - self._next_us) // _PERIOD_US + 1)
        self._resume(ring, now_us)

    def _drained(self, ring, now_us, n):
        """The FIFO is empty, so the next sample lies ahead, by a period at most.

        The part's crystal and the hub's differ. Where the count says otherwise
        the records' time is moved, in steps so small that no host takes them for a
        gap; a late poll does not matter, hence the half period on top. Samples that are
        missing altogether, without an overflow, are a gap.
        """
        late = now_us - self._next_us - n * _PERIOD_US
        if late > _STALL_US:
            if n:
                ring.overruns += late // _PERIOD_US
                self._next_us += late
                ring.restart(self._next_us)
                self._push(ring, now_us, n)
            return
        self._push(ring, now_us, n)
        step = min(late, _STEP_US) if late > 0 else max(min(0, late + _PERIOD_US * 3 // 2), -_STEP_US)
        if step:
            ring.slew(step)
            self._next_us += step

    def stop(self):
        """Reset: the ECG channel, the clock and the interrupt line are off."""
        if self._ready:
            self._ready.irq(None)
        self._write(_SW_RST, 0)

    def _read(self, register):
        self._command[0] = register << 1 | 1
        self._cs(0)
        try:
            self._spi.write(self._head)
            self._spi.readinto(self._word)
        finally:
            self._cs(1)
        return self._word[0] << 16 | self._word[1] << 8 | self._word[2]

    def _write(self, register, value):
        self._command[0] = register << 1
        self._command[1] = value >> 16
        self._command[2] = value >> 8 & 255
        self._command[3] = value & 255
        self._cs(0)
        try:
            self._spi.write(self._command)
        finally:
            self._cs(1)

    def _burst(self):
        self._command[0] = _FIFO_BURST << 1 | 1
        self._cs(0)
        try:
            self._spi.write(self._head)
            self._spi.readinto(self._fifo)
        finally:
            self._cs(1)
