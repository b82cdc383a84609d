"""A SIMULATED ADC that a timer starts and whose DMA writes rows round and round, as MCUs have it."""

import struct


class SimTimedAdc:
    """`value(us, channel)` is what is sampled at a moment, int16; rows are written whole, at their times."""

    def __init__(self, clock, period_us, channels, depth, value):
        self.buffer = bytearray(2 * channels * depth)
        self.powered = False
        self.stuck = False  # the timer does not run
        self._clock = clock
        self._period_us = period_us
        self._channels = channels
        self._depth = depth
        self._value = value
        self._written = 0

    def start(self):
        """Power on; the first row at once."""
        self.powered = True
        self._since_us = self._clock.now_us
        self._written = 0

    def rows(self):
        """Rows written since the start."""
        if not self.powered:
            raise AssertionError("an ADC without power was asked")
        if not self.stuck:
            due = (self._clock.now_us - self._since_us) // self._period_us + 1
            while self._written < due:
                self._write(self._since_us + self._written * self._period_us)
        return self._written

    def _write(self, us):
        at = self._written % self._depth * 2 * self._channels
        for channel in range(self._channels):
            struct.pack_into("<h", self.buffer, at + 2 * channel, self._value(us, channel))
        self._written += 1

    def stop(self):
        """Power off."""
        self.powered = False
