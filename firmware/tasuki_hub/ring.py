"""Rings that are made once and never grow."""

import struct

from tasuki_hub.fast import copy_into, wipe


class SampleRing:
    """Records of one size between a driver and the packer.

    A full ring drops the oldest record and counts it. The time of the oldest
    record is known, so no frame is ever stamped with a guess.
    """

    def __init__(self, record_size, capacity, period_us):
        self.size = record_size
        self.capacity = capacity
        self.period_us = period_us
        self.buf = bytearray(record_size * capacity)
        self.overruns = 0
        self.wipe()

    def wipe(self):
        """Forget and overwrite every record; overruns stay counted."""
        wipe(self.buf)
        self.head = 0
        self.count = 0
        self.first_us = 0
        self._cut = 0  # records that stand before a gap
        self._after_us = 0  # time of the first record behind it

    def restart(self, us):
        """The next record is taken at us: at the start, and after a gap in the source."""
        if not self.count:
            self.first_us = us
            return
        if self._cut:
            self.overruns += self.count - self._cut
            self.count = self._cut
        self._cut = self.count
        self._after_us = us

    def slew(self, us):
        """The source's clock has run off by us: its next records are that much later, without a gap."""
        if self._cut:
            self._after_us += us
        else:
            self.first_us += us

    def push(self, src, n):
        """Append n records from the bytes of src."""
        size = self.size
        for i in range(n):
            if self.count == self.capacity:
                self._advance(1)
                self.overruns += 1
            at = (self.head + self.count) % self.capacity * size
            copy_into(self.buf, at, src, i * size, size)
            self.count += 1

    def ready(self, per_frame, until_us, flush):
        """How many records the next frame takes, 0 for none yet.

        Only records taken before until_us, never across a gap; fewer than a
        full frame only before a gap or when flush is set.
        """
        n = self._cut or self.count
        period = self.period_us
        n = min(n, (until_us - self.first_us + period - 1) // period)
        if n >= per_frame:
            return per_frame
        return max(n, 0) if flush or self._cut else 0

    def pull_into(self, dst, at, n):
        """Move the n oldest records to dst[at:]; return the bytes written."""
        size = self.size
        first = min(n, self.capacity - self.head)
        start = self.head * size
        copy_into(dst, at, self.buf, start, first * size)
        copy_into(dst, at + first * size, self.buf, 0, (n - first) * size)
        self._advance(n)
        return n * size

    def _advance(self, n):
        self.head = (self.head + n) % self.capacity
        self.count -= n
        self.first_us += n * self.period_us
        if self._cut:
            self._cut -= n
            if not self._cut:
                self.first_us = self._after_us


class FrameRing:
    """Frame bodies (header and payload) that were packed: to be sent, then kept for resends.

    One buffer of bytes; each frame stands in one piece behind its length. When
    a new frame needs room the oldest go, sent or not; unsent ones are counted.
    """

    def __init__(self, size):
        self.buf = bytearray(size)
        self.view = memoryview(self.buf)
        self.dropped = 0
        self.packed = 0  # frames ever added
        self.sent = 0  # frames ever sent or dropped
        self._places = []  # offsets of the frames held, oldest first
        self._end = 0

    def add(self, src, n):
        """Keep the body src[:n]."""
        size = len(self.buf)
        if self._end + 2 + n > size:
            self._evict(self._end, size)
            self._end = 0
        self._evict(self._end, self._end + 2 + n)
        at = self._end
        self.buf[at] = n & 255
        self.buf[at + 1] = n >> 8
        copy_into(self.buf, at + 2, src, 0, n)
        self._places.append(at)
        self._end = at + 2 + n
        self.packed += 1

    def _evict(self, start, end):
        while self._places and start <= self._places[0] < end:
            self._drop()

    def _drop(self):
        if self.packed - self.sent == len(self._places):
            self.sent += 1
            self.dropped += 1
        self._places.pop(0)

    def _body(self, place):
        n = self.buf[place] | self.buf[place + 1] << 8
        return self.view[place + 2 : place + 2 + n]

    def next(self):
        """The oldest unsent body, or None."""
        waiting = self.packed - self.sent
        return self._body(self._places[-waiting]) if waiting else None

    def mark_sent(self):
        """The body that next() gave has been sent."""
        self.sent += 1

    def find(self, stream, first_seq, count):
        """The sent bodies of a stream with these seqs, as far as they are held, in order."""
        for place in self._places[: len(self._places) - (self.packed - self.sent)]:
            if self.buf[place + 4] == stream:
                (seq,) = struct.unpack_from("<I", self.buf, place + 6)
                if first_seq <= seq < first_seq + count:
                    yield self._body(place)

    def forget(self, streams):
        """Overwrite the frames of these streams, sent or not."""
        unsent = len(self._places) - (self.packed - self.sent)
        kept = []
        for i, place in enumerate(self._places):
            if self.buf[place + 4] not in streams:
                kept.append(place)
                continue
            wipe(self._body(place))
            if i >= unsent:
                self.sent += 1
        self._places = kept

    def wipe(self):
        """Forget and overwrite everything."""
        wipe(self.buf)
        self._places = []
        self.sent = self.packed
        self._end = 0
