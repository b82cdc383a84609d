"""Respiration and strain: rows of analog inputs at the hub's pace, from a converter that is handed in.

A source has start(), begin(now_us), step(now_us) -> True when its `row` of
int16 is complete, else `next_us` tells when to go on, and stop(). Ads1115Bank
is one, ReadNow below another.
"""

from tasuki_wire import codec


class ReadNow:
    """A source around read_into(row), which fills int16 little-endian at once: the MCU's own ADC.

    `power`, when given, is called with True and False.
    """

    def __init__(self, read_into, channels, power=None):
        self.channels = channels
        self.row = bytearray(2 * channels)
        self._read_into = read_into
        self._power = power

    def start(self):
        """Power on."""
        if self._power:
            self._power(True)

    def begin(self, now_us):
        """Read all channels."""
        self._read_into(self.row)

    def step(self, now_us):
        """The row is there at once."""
        return True

    def stop(self):
        """Power off."""
        if self._power:
            self._power(False)


class ScanDriver:
    """One row a period. A row that could not be started in its period is a gap.

    A row is stamped with the time that it was due. When it is complete later
    than one period after that, which is the deadline of this driver, it is late.
    """

    def __init__(self, name, source, period_us, per_frame, site):
        self.kind = codec.number(name)
        if 2 * source.channels != codec.KINDS[self.kind].row_size:
            raise ValueError("%s of %d channels" % (name, source.channels))
        self.site = site
        self.period_us = period_us
        self.per_frame = per_frame
        self._source = source

    def start(self, ring, now_us):
        """Power the source; the first row is due at once."""
        self._source.start()
        self._due_us = now_us
        self._busy = False
        ring.restart(now_us)

    def poll(self, ring, now_us):
        """Move the row that is complete and start the next that is due; when to go on."""
        while True:
            if not self._busy:
                if now_us < self._due_us:
                    return self._due_us
                self._begin(ring, now_us)
            if not self._source.step(now_us):
                return self._source.next_us
            self._busy = False
            ring.push(self._source.row, 1)
            self._due_us += self.period_us

    def _begin(self, ring, now_us):
        missed = (now_us - self._due_us) // self.period_us
        if missed:
            ring.overruns += missed
            self._due_us += missed * self.period_us
            ring.restart(self._due_us)
        self._source.begin(now_us)
        self._busy = True

    def stop(self):
        """Power the source down."""
        self._source.stop()


def respiration(source, site=1):
    """The default profile's respiration: one channel, 25 Hz."""
    return ScanDriver("respiration", source, 40_000, 25, site)


def strain(source, site=0):
    """The default profile's strain: 14 channels, 60 Hz."""
    return ScanDriver("strain", source, 16_667, 6, site)
