"""Respiration and strain from the MCU's own ADC: its timer starts each scan, its DMA writes the rows.

The hub only takes over what has piled up, so a turn that is late by the time of
a signature loses nothing. A source is what the board makes of its peripherals:

    buffer     bytearray of `depth` rows of int16, little-endian, written round and round
    start()    power on and begin; the first row is sampled at once
    rows()     how many rows were written since then
    stop()     power off

nRF: SAADC with a timer over PPI and EasyDMA; STM32: ADC, timer and circular DMA; RP2: ADC in round
robin with a paced DMA channel.
"""

from tasuki_wire import codec


class TimedDriver:
    """One row a period, exactly; rows that were overwritten before they were taken are a counted gap."""

    def __init__(self, name, source, period_us, per_frame, site):
        self.kind = codec.number(name)
        size = codec.KINDS[self.kind].row_size
        self._depth = len(source.buffer) // size
        if self._depth < 4 or self._depth * size != len(source.buffer):
            raise ValueError("%s: a buffer of %d bytes" % (name, len(source.buffer)))
        self.site = site
        self.period_us = period_us
        self.per_frame = per_frame
        # the oldest row is already written over while it is the oldest
        self.deadline_us = (self._depth - 1) * period_us
        self._source = source
        view = memoryview(source.buffer)
        self._from = [view[i * size :] for i in range(self._depth)]  # made once, not at every poll

    def start(self, ring, now_us):
        """Power the ADC; its first row is taken now."""
        self._source.start()
        self._start_us = now_us
        self._taken = 0
        ring.restart(now_us)

    def poll(self, ring, now_us):
        """Move the rows that are complete; when half of the buffer will be full again."""
        n = self._source.rows() - self._taken
        if n >= self._depth:
            lost = n - self._depth + 1
            ring.overruns += lost
            self._taken += lost
            ring.restart(self._start_us + self._taken * self.period_us)
            n = self._depth - 1
        self._move(ring, n)
        return self._start_us + (self._taken + self._depth // 2) * self.period_us

    def _move(self, ring, n):
        while n > 0:
            at = self._taken % self._depth
            piece = min(n, self._depth - at)
            ring.push(self._from[at], piece)
            self._taken += piece
            n -= piece

    def stop(self):
        """Power the ADC down."""
        self._source.stop()


def respiration(source, site=1):
    """The default profile's respiration: one channel, 25 Hz."""
    return TimedDriver("respiration", source, 40_000, 25, site)


def strain(source, site=0):
    """The default profile's strain: 14 channels, 60 Hz."""
    return TimedDriver("strain", source, 16_667, 6, site)
