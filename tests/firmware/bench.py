"""A driver on the real Sampler and its ring, with simulated time, on either interpreter."""

import struct

from sensors.bus import Clock

from tasuki_hub._portable_rings import pull_into
from tasuki_hub.sampler import Sampler
from tasuki_wire import codec, items


class Bench:
    """Polls every `turn_us` as the hub does; `frames` has (time, [values, ...]) of each frame."""

    def __init__(self, turn_us=2_000):
        self.clock = Clock()
        self.turn_us = turn_us
        self.frames = []
        self.logged = []

    def wire(self, *drivers):
        """Streams 0, 1, ... in this order."""
        self.sampler = Sampler(list(enumerate(drivers)))
        self.sampler.log = lambda level, text: self.logged.append((level, text))
        self.ring = self.sampler.streams[0].ring

    def apply(self, mask=items.ALL_ITEMS):
        """What consent allows from now on."""
        self.sampler.apply(mask, self.clock.now_us)

    def run(self, us, stream=0):
        """Turns, with what fills a frame of the stream taken out after each."""
        end = self.clock.now_us + us
        while self.clock.now_us < end:
            self.turn(stream)

    def turn(self, stream=0):
        """One turn."""
        self.clock.pass_us(self.turn_us)
        self.sampler.poll(self.clock.now_us)
        self.take(stream, False)

    def take(self, stream=0, flush=True):
        """What the packer would make of the ring now."""
        source = self.sampler.streams[stream]
        ring = source.ring
        ring.bind(source.kind, stream, source.per_frame)
        row = codec.KINDS[source.kind].row
        while True:
            n = ring.ready(self.clock.now_us + 10_000_000, flush)
            if not n:
                return
            t0 = ring.first_us
            buf = bytearray(n * ring.size)
            pull_into(ring.state, ring.buf, buf, 0, n)
            rows = [struct.unpack_from(row, buf, i * ring.size) for i in range(n)]
            self.frames.append((t0, rows))

    def records(self):
        """(time, values) of every record so far."""
        period = self.ring.period_us
        return [(t0 + i * period, row) for t0, rows in self.frames for i, row in enumerate(rows)]

    def holes(self):
        """Differences from one period between neighbouring frames, in microseconds."""
        period = self.ring.period_us
        ends = [t0 + len(rows) * period for t0, rows in self.frames]
        return [self.frames[i + 1][0] - ends[i] for i in range(len(ends) - 1)]


def triangle(period_us, size):
    """A wave between -size and size, in integers, that tells its time."""

    def wave(us):
        quarter = period_us // 4
        at = us % period_us
        if at < quarter:
            return at * size // quarter
        if at < 3 * quarter:
            return (2 * quarter - at) * size // quarter
        return (at - 4 * quarter) * size // quarter

    return wave


def saw(step_us):
    """A count of steps, held in 13 bits: 0 to 8191 and again."""
    return lambda us: us // step_us % 8192
