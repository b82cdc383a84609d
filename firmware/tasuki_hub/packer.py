"""Packing: records from the sampling rings into frames, each hashed into its epoch."""

from tasuki_hub.emitting import emit, ready
from tasuki_hub.ring import SampleRing
from tasuki_wire import codec, items, layout
from tasuki_wire.constant import const

_LOG = codec.number("log")
LOG_STREAM = 14
_LOG_FRAMES = const(16)
_ANY = const(1000)  # frames of one stream in one turn
LOG_SHAPE = (LOG_STREAM, _LOG, _LOG_FRAMES)


class Packer:
    """Makes frame bodies and keeps them in the frame ring.

    With `packed` a frame goes packed wherever that makes it shorter.
    """

    def __init__(self, ring, packed):
        self.ring = ring
        self.full = False  # an epoch has no place for a further frame
        self.calibration = None  # corrects records in place before they are packed
        self.log_seq = 0
        if packed:
            ring.pack(layout.PACKED_KINDS)

    def pack(self, streams, open_epoch, until_us, flush):
        """Pack what fills a frame of the epoch; with flush all that was sampled before until_us."""
        hi, lo = codec.time_words(until_us) if flush else open_epoch.end
        ring = self.ring
        if self.calibration and self.calibration.version:
            for stream, row in zip(streams, open_epoch.rows):
                self._correct(stream, open_epoch, row, hi, lo, flush)
        self.full = emit(ring.state, ring.view, open_epoch.rows, _ANY, hi, lo, flush) < 0

    def _correct(self, stream, open_epoch, row, hi, lo, flush):
        """Pack one stream, whose records first get this unit's constants, where they stand."""
        ring = stream.ring
        frames = self.ring
        n = ready(ring.state, hi, lo, flush)
        while n and not open_epoch.full(stream.number):
            head = ring.state[0]
            first = min(n, ring.capacity - head)
            self.calibration.apply(stream.number, ring.buf, head * ring.size, first)
            if n > first:
                self.calibration.apply(stream.number, ring.buf, 0, n - first)
            emit(frames.state, frames.view, (row,), 1, hi, lo, flush)
            n = ready(ring.state, hi, lo, flush)

    def log(self, open_epoch, now_us, level, text, allowed):
        """One line on the log stream; it counts as device_status."""
        if not allowed & items.bit("device_status") or open_epoch.full(LOG_STREAM):
            return
        text = _cut(text.encode(), layout.MAX_PAYLOAD - 1)
        line = SampleRing(1 + len(text), 1, 1)
        line.bind(_LOG, LOG_STREAM, 1)
        line.seq = self.log_seq
        line.restart(now_us)
        line.push(bytes((level,)) + text, 1)
        row = (line.state, line.buf, open_epoch.slots[LOG_STREAM], open_epoch.leaves[LOG_STREAM])
        hi, lo = codec.time_words(now_us + 1)
        emit(self.ring.state, self.ring.view, (row,), 1, hi, lo, False)
        self.log_seq = line.seq


def _cut(text, size):
    """At most size bytes of UTF-8, never half of a character."""
    if len(text) <= size:
        return text
    while text[size] & 0xC0 == 0x80:
        size -= 1
    return text[:size]
