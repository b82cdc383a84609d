"""Packing: records from the sampling rings into frames, each hashed into its epoch."""

from tasuki_hub.emitting import emit, ready
from tasuki_hub.ring import SampleRing
from tasuki_wire import codec, items, layout

_LOG = codec.number("log")
LOG_STREAM = 14
_LOG_FRAMES = 16
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
        """Pack what was sampled before until_us; with flush also what does not fill a frame."""
        self.full = False
        hi = -1
        for stream in streams:
            state = stream.ring.state
            if state[1] >= stream.per_frame or state[2] or flush:
                if hi < 0:
                    hi, lo = codec.time_words(until_us)
                if not self._pack(stream, open_epoch, hi, lo, flush):
                    self.full = True

    def _pack(self, stream, open_epoch, hi, lo, flush):
        """All frames of one stream that can be made; False when the epoch takes no more of them."""
        ring = stream.ring
        frames = self.ring
        number = stream.number
        slot = open_epoch.slots[number]
        leaves = open_epoch.leaves[number]
        n = 1
        while n > 0:
            if self.calibration:
                self._correct(stream, open_epoch, hi, lo, flush)
            n = emit(
                frames.state,
                frames.buf,
                ring.state,
                ring.buf,
                slot,
                leaves,
                stream.kind,
                number,
                stream.seq,
                stream.per_frame,
                hi,
                lo,
                flush,
            )
            if n > 0:
                stream.seq += 1
        return not n

    def _correct(self, stream, open_epoch, hi, lo, flush):
        """Give the records of the next frame this unit's constants, where they stand."""
        ring = stream.ring
        n = ready(ring.state, stream.per_frame, hi, lo, flush)
        if n and not open_epoch.full(stream.number):
            head = ring.state[0]
            first = min(n, ring.capacity - head)
            self.calibration.apply(stream.number, ring.buf, head * ring.size, first)
            if n > first:
                self.calibration.apply(stream.number, ring.buf, 0, n - first)

    def log(self, open_epoch, now_us, level, text, allowed):
        """One line on the log stream; it counts as device_status."""
        if not allowed & items.bit("device_status") or open_epoch.full(LOG_STREAM):
            return
        text = _cut(text.encode(), layout.MAX_PAYLOAD - 1)
        line = SampleRing(1 + len(text), 1, 1)
        line.restart(now_us)
        line.push(bytes((level,)) + text, 1)
        stream = _Line(line, self.log_seq)
        hi, lo = codec.time_words(now_us + 1)
        self._pack(stream, open_epoch, hi, lo, False)
        self.log_seq = stream.seq


class _Line:
    """One log line as a stream."""

    number = LOG_STREAM
    kind = _LOG
    per_frame = 1

    def __init__(self, ring, seq):
        self.ring = ring
        self.seq = seq


def _cut(text, size):
    """At most size bytes of UTF-8, never half of a character."""
    if len(text) <= size:
        return text
    while text[size] & 0xC0 == 0x80:
        size -= 1
    return text[:size]
