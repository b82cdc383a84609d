"""Time, pins and buses as MicroPython's machine module has them, with a trace and faults."""

EIO = 5
ENODEV = 19


class Clock:
    """Simulated microseconds. Parts that drive a pin are told when time passes."""

    def __init__(self):
        self.now_us = 0
        self.listeners = []

    def set(self, us):
        """Move to a later time."""
        self.now_us = us
        for listener in self.listeners:
            listener()

    def pass_us(self, us):
        """Let time pass."""
        self.set(self.now_us + us)


class Pin:
    """A line; an edge calls the handler, as Pin.irq() on both edges does."""

    def __init__(self, level=1):
        self.level = level
        self.handler = None
        self.changed = None  # called with the level, for chip selects

    def __call__(self, level=None):
        if level is None:
            return self.level
        if level != self.level:
            self.level = level
            if self.changed:
                self.changed(level)
            if self.handler:
                self.handler(self)
        return None

    def irq(self, handler=None):
        """Set or remove the handler."""
        self.handler = handler


class Faults:
    """What goes wrong on the way to a part: `broken` for all, or after a count of good transactions."""

    def __init__(self):
        self.broken = False
        self.good_left = None

    def check(self):
        """Raise what a port's driver raises for a bus that does not work."""
        if self.good_left is not None:
            if not self.good_left:
                self.broken = True
                self.good_left = None
            else:
                self.good_left -= 1
        if self.broken:
            raise OSError(EIO)


class I2c:
    """machine.I2C for parts with read(register, n) -> bytes and write(register, data).

    `trace` has (time, address, "r" or "w", register, bytes) of everything that
    the hub sends, answered or not, and `counts` their number by address. With
    keep=False there is no trace: it grows.
    """

    def __init__(self, clock, keep=True):
        self._clock = clock
        self.parts = {}
        self.faults = {}
        self.trace = [] if keep else None
        self.counts = {}

    def clear(self):
        """Forget what was seen."""
        self.counts.clear()
        if self.trace:
            self.trace[:] = []

    def add(self, address, part):
        """Wire a part."""
        self.parts[address] = part
        self.faults[address] = Faults()
        return part

    def readfrom_mem_into(self, address, register, buf):
        """Registers into buf."""
        self._open(address, "r", register, b"")
        data = self.parts[address].read(register, len(buf))
        assert len(data) == len(buf)
        for i in range(len(buf)):
            buf[i] = data[i]
        if self.trace is not None:
            self.trace[-1] = self.trace[-1][:4] + (bytes(data),)

    def writeto_mem(self, address, register, buf):
        """Bytes of buf to registers."""
        self._open(address, "w", register, bytes(buf))
        self.parts[address].write(register, bytes(buf))

    def _open(self, address, way, register, data):
        self.counts[address] = self.counts.get(address, 0) + 1
        if self.trace is not None:
            self.trace.append((self._clock.now_us, address, way, register, data))
        if address not in self.parts:
            raise OSError(ENODEV)
        self.faults[address].check()


class Spi:
    """machine.SPI; the part whose chip select is low answers each byte with exchange(byte).

    `trace` has (time, part's name, bytes out, bytes in), `counts` their number by name; as of I2c.
    """

    def __init__(self, clock, keep=True):
        self._clock = clock
        self.parts = []
        self.trace = [] if keep else None
        self.counts = {}

    def clear(self):
        """Forget what was seen."""
        self.counts.clear()
        if self.trace:
            self.trace[:] = []

    def add(self, name, part):
        """Wire a part; its chip select."""
        cs = Pin(1)
        entry = (name, part, cs, Faults())
        cs.changed = lambda level: part.select(not level)
        self.parts.append(entry)
        return cs

    def faults_of(self, name):
        """The Faults of a part."""
        return [faults for n, _, _, faults in self.parts if n == name][0]

    def write(self, buf):
        """Bytes out; what comes in is dropped."""
        self._exchange(bytes(buf))

    def readinto(self, buf, write=0):
        """Bytes in, while the same byte goes out."""
        data = self._exchange(bytes((write,)) * len(buf))
        for i in range(len(buf)):
            buf[i] = data[i]

    def _exchange(self, out):
        selected = [entry for entry in self.parts if not entry[2].level]
        assert len(selected) < 2, "two parts drive the line"
        if not selected:
            return b"\xff" * len(out)
        name, part, _, faults = selected[0]
        self.counts[name] = self.counts.get(name, 0) + 1
        if self.trace is not None:
            self.trace.append((self._clock.now_us, name, out, b""))
        faults.check()
        answer = bytes([part.exchange(byte) for byte in out])
        if self.trace is not None:
            self.trace[-1] = self.trace[-1][:3] + (answer,)
        return answer


class SpiRegisterPart:
    """An I2C part's read and write behind SPI: bit 7 of the first byte means reading (ST's way)."""

    def __init__(self, part):
        self._part = part
        self._command = None

    def select(self, active):
        """Chip select: the next byte is a command."""
        self._command = None

    def exchange(self, byte):
        """One byte each way."""
        if self._command is None:
            self._command = byte
            return 0
        register = self._command & 0x7F
        if self._command & 0x80:
            data = self._part.read(register, 1)
            self._command = 0x80 | self._part.after(register)
            return data[0]
        self._part.write(register, bytes((byte,)))
        self._command = self._part.after(register)
        return 0


class Words:
    """Pointer and 16-bit registers, high byte first, as TI's and Maxim's I2C parts have them."""

    def read(self, register, n):
        """Bytes of a register; the parts simulated here do not go on to the next."""
        assert n == 2
        value = self.get(register)
        return bytes((value >> 8, value & 255))

    def write(self, register, data):
        """A register is written as a whole."""
        assert len(data) == 2
        self.put(register, data[0] << 8 | data[1])
