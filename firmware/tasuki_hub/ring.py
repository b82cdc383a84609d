"""Rings that are made once and never grow.

What their inner functions (emitting.py) need stands in arrays of u32, so that
the C module and viper read and write it without an object for each number.
"""

import struct
from array import array

from tasuki_hub import emitting
from tasuki_hub.emitting import push
from tasuki_hub.fast import wipe
from tasuki_wire import codec, layout
from tasuki_wire.constant import const

# The C module's rings.h has the same indices.
_HEAD = const(0)  # record that is the oldest
_COUNT = const(1)
_CUT = const(2)  # records that stand before a gap
_HI = const(3)  # time of the oldest record, in the wire's two words
_LO = const(4)
_AFTER_HI = const(5)  # time of the first record behind the gap
_AFTER_LO = const(6)
_KIND = const(10)
_STREAM = const(11)
_PER_FRAME = const(12)
_SEQ = const(13)

_END = const(0)  # where the next frame goes
_FIRST = const(1)  # the oldest frame
_HELD = const(2)
_NEXT = const(3)  # the oldest that was not sent
_PACKED = const(4)
_SENT = const(5)
_DROPPED = const(6)
_PACK_KINDS = const(7)  # bit k: frames of kind k go packed; behind it the wire's version and the ring's bytes
_GONE = const(255)  # in place of the stream of a frame that was forgotten


def _put_time(state, at, us):
    """A time as two words, without the tuple of codec.time_words: drivers call for it between samples."""
    state[at] = us >> 30
    state[at + 1] = us & layout.MAX_SEQ


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
        self.state = array("I", [0] * 7 + [record_size, capacity, period_us] + [0] * 4)
        self.overruns = 0
        self.taken = 0  # records pushed since the sampler looked last
        self.wipe()

    @property
    def count(self):
        """Records that wait."""
        return self.state[_COUNT]

    def bind(self, kind, stream, per_frame):
        """Say what its frames are; before that none is made."""
        self.state[_KIND] = kind
        self.state[_STREAM] = stream
        self.state[_PER_FRAME] = per_frame

    @property
    def seq(self):
        """Number of the next frame."""
        return self.state[_SEQ]

    @seq.setter
    def seq(self, seq):
        self.state[_SEQ] = seq

    @property
    def first_us(self):
        """Time of the oldest record."""
        return codec.time_us(self.state[_HI], self.state[_LO])

    def wipe(self):
        """Forget and overwrite every record; overruns stay counted."""
        wipe(self.buf)
        for i in range(_AFTER_LO + 1):
            self.state[i] = 0

    def restart(self, us):
        """The next record is taken at us: at the start, and after a gap in the source."""
        state = self.state
        if not state[_COUNT]:
            _put_time(state, _HI, us)
            return
        if state[_CUT]:
            self.overruns += state[_COUNT] - state[_CUT]
            state[_COUNT] = state[_CUT]
        state[_CUT] = state[_COUNT]
        _put_time(state, _AFTER_HI, us)

    def slew(self, us):
        """The source's clock has run off by us: its next records are that much later, without a gap."""
        state = self.state
        at = _AFTER_HI if state[_CUT] else _HI
        _put_time(state, at, codec.time_us(state[at], state[at + 1]) + us)

    def push(self, src, n):
        """Append n records from the bytes of src."""
        self.taken += n
        lost = push(self.state, self.buf, src, n)
        if lost:
            self.overruns += lost

    def ready(self, until_us, flush):
        """How many records the next frame takes, 0 for none yet.

        Only records taken before until_us, never across a gap; fewer than a
        full frame only before a gap or when flush is set.
        """
        hi, lo = codec.time_words(until_us)
        return emitting.ready(self.state, hi, lo, flush)


class FrameRing:
    """Frame bodies (header and payload) that were packed: to be sent, then kept for resends.

    One buffer of bytes; each frame stands in one piece behind its length. When
    a new frame needs room the oldest go, sent or not; unsent ones are counted.
    """

    def __init__(self, size):
        self.buf = bytearray(size)
        self.view = memoryview(self.buf)
        self.state = array("I", [0] * 8 + [layout.VERSION, size])

    @property
    def packed(self):
        """Frames ever added."""
        return self.state[_PACKED]

    @property
    def sent(self):
        """Frames ever sent, dropped or forgotten."""
        return self.state[_SENT]

    @property
    def dropped(self):
        """Frames that had to make room before they were sent."""
        return self.state[_DROPPED]

    def pack(self, kinds):
        """From now on frames of these kinds go packed where that is shorter."""
        for kind in kinds:
            self.state[_PACK_KINDS] |= 1 << kind

    def add(self, src, n):
        """Keep the body src[:n]."""
        emitting.keep(self.state, self.buf, src, n)

    def _body(self, place):
        n = self.buf[place] | self.buf[place + 1] << 8
        return self.view[place + 2 : place + 2 + n]

    def next(self):
        """The oldest unsent body, or None."""
        state = self.state
        return self._body(state[_NEXT]) if state[_PACKED] != state[_SENT] else None

    def mark_sent(self):
        """The body that next() gave has been sent."""
        emitting.go_on(self.state, self.buf)

    def _places(self):
        """Offsets of the frames held, oldest first."""
        place = self.state[_FIRST]
        for _ in range(self.state[_HELD]):
            yield place
            place = emitting.behind(self.buf, place)

    @property
    def gone(self):
        """Frames that had to make room, sent or not."""
        return self.state[_PACKED] - self.state[_HELD]

    def held(self):
        """All bodies that are here, sent or not, oldest first."""
        for place in self._places():
            yield self._body(place)

    def find(self, stream, first_seq, count):
        """The sent bodies of a stream with these seqs, as far as they are held, in order."""
        state = self.state
        for place in self._places():
            if place == state[_NEXT] and state[_PACKED] != state[_SENT]:
                return
            if self.buf[place + 4] == stream != _GONE:
                (seq,) = struct.unpack_from("<I", self.buf, place + 6)
                if first_seq <= seq < first_seq + count:
                    yield self._body(place)

    def forget(self, streams):
        """Overwrite the frames of these streams, sent or not."""
        state = self.state
        unsent = False
        first = -1  # unsent frame that is left
        for place in self._places():
            unsent = unsent or (place == state[_NEXT] and state[_PACKED] != state[_SENT])
            if self.buf[place + 4] in streams:
                wipe(self._body(place))
                self.buf[place + 4] = _GONE
                state[_SENT] += unsent
            elif unsent and first < 0 and self.buf[place + 4] != _GONE:
                first = place
        if first >= 0:
            state[_NEXT] = first

    def wipe(self):
        """Forget and overwrite everything."""
        wipe(self.buf)
        state = self.state
        state[_SENT] = state[_PACKED]
        state[_HELD] = state[_END] = 0
