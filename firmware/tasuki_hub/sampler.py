"""Measuring: which streams run, and what their drivers put into the rings.

A driver is any object with

    kind site period_us per_frame    what it measures, as layout's profile rows
    start(ring, now_us)              power the part, call ring.restart(time of first record)
    poll(ring, now_us)               move what is due into the ring
    stop()                           power the part down

A part that raises OSError is stopped and reported; the other streams go on.
It is started again with the next token, narrowing or start.
"""

from tasuki_hub.ring import SampleRing
from tasuki_wire import codec, items

_RING_FRAMES = 4


class Stream:
    """One numbered source with its ring."""

    def __init__(self, number, driver):
        kind = codec.KINDS[driver.kind]
        self.number = number
        self.driver = driver
        self.kind = driver.kind
        self.item = items.bit(kind.item)
        self.per_frame = driver.per_frame
        self.ring = SampleRing(kind.row_size, _RING_FRAMES * driver.per_frame, driver.period_us)
        self.seq = 0
        self.on = False


class Sampler:
    """All streams of a hub; only those that consent allows are even powered."""

    def __init__(self, drivers):
        self.streams = [Stream(number, driver) for number, driver in drivers]
        self.log = None  # called with (level, text)

    def apply(self, mask, now_us):
        """Run exactly the streams whose item is in mask; wipe the others."""
        for stream in self.streams:
            wanted = bool(stream.item & mask)
            if wanted and not stream.on:
                stream.on = True
                self._guard(stream, stream.driver.start, stream.ring, now_us)
            elif not wanted:
                if stream.on:
                    self._stop(stream)
                stream.ring.wipe()  # also what a part left that failed since

    def poll(self, now_us):
        """Let every running driver move what is due."""
        for stream in self.streams:
            if stream.on:
                self._guard(stream, stream.driver.poll, stream.ring, now_us)

    def _guard(self, stream, call, *args):
        try:
            call(*args)
        except OSError as e:
            if self.log:
                self.log(40, "stream %d failed: %s" % (stream.number, e))
            if stream.on:
                self._stop(stream)

    def _stop(self, stream):
        stream.on = False  # first, so that a part that cannot even stop is left at that
        self._guard(stream, stream.driver.stop)

    def overruns(self):
        """Records lost in the rings since boot."""
        return sum([stream.ring.overruns for stream in self.streams])
