"""Measuring: which streams run, and what their drivers put into the rings.

A driver is any object with

    kind site period_us per_frame    what it measures, as layout's profile rows
    start(ring, now_us)              power the part, call ring.restart(time of first record)
    poll(ring, now_us)               move what is due into the ring; return when to be called
                                     again, or None for every turn
    stop()                           power the part down

and it may have

    deadline_us    how long a record may wait in the part before it is late: the depth of its
                   FIFO; else one period, since the next record overwrites it
    wake           None, in its place a function without arguments: the part has asked to be
                   polled now; for an interrupt, it allocates nothing
    silent_us      without a record for so long the part is stalled; 0 for events, which
                   may never come; else four periods and at least two seconds

A part that raises OSError is stopped and reported, a stalled one reported; the
other streams go on. Each is started again every ten seconds, and with the next
token, narrowing or start.
"""

from array import array

from tasuki_hub.emitting import took
from tasuki_hub.ring import SampleRing
from tasuki_wire import codec, items, layout
from tasuki_wire.constant import const

_RING_FRAMES = const(4)
_RETRY_US = const(10_000_000)
_SILENT_PERIODS = const(4)
_SILENT_US = const(2_000_000)
_LONGEST_US = const(1_000_000)  # every stream is looked at so often, whatever its driver says

# The C module's rings.h has the same indices.
_RECORDS = const(0)
_LONGEST = const(1)
_LATE = const(2)

OFF = layout.STREAM_STATES.index("off")
RUNNING = layout.STREAM_STATES.index("running")
MISSING = layout.STREAM_STATES.index("missing")
FAILED = layout.STREAM_STATES.index("failed")
STALLED = layout.STREAM_STATES.index("stalled")

_WARNING = const(30)
_ERROR = const(40)

_OWN_ITEM = items.bit("device_status")


class Stream:
    """One numbered source with its ring, its state and its counts."""

    def __init__(self, number, driver):
        kind = codec.KINDS[driver.kind]
        self.number = number
        self.driver = driver
        self.item = items.bit(kind.item)
        self.ring = SampleRing(kind.row_size, _RING_FRAMES * driver.per_frame, driver.period_us)
        self.on = False  # its part is powered
        self.woken = False  # its part has asked to be polled
        self.state = OFF
        deadline_us = getattr(driver, "deadline_us", driver.period_us)
        self.counts = array("I", (0, 0, 0, min(deadline_us, layout.WORD - 1)))
        silent_us = max(_SILENT_PERIODS * driver.period_us, _SILENT_US)
        self.silent_us = getattr(driver, "silent_us", silent_us)
        self.due_us = 0  # when its driver wants to be polled, or a failed part is tried again
        self.heard_us = 0  # when the newest records were taken over
        self.mark_us = 0  # when the newest records of the last report were taken over; 0: none yet

    # what follows from others is no attribute: each stream would hold a bigger table for it

    @property
    def kind(self):
        """Of its records."""
        return self.driver.kind

    @property
    def per_frame(self):
        """Records in a full frame."""
        return self.driver.per_frame

    @property
    def body(self):
        """True for a sensor, not the hub itself."""
        return self.item != _OWN_ITEM

    @property
    def records(self):
        """Taken over since the last report."""
        return self.counts[_RECORDS]

    @property
    def jitter_us(self):
        """Longest wait of one since the last report."""
        return self.counts[_LONGEST]

    @property
    def late(self):
        """Records that waited longer than allowed, since boot."""
        return self.counts[_LATE]

    def count_anew(self):
        """What was counted for a report has been reported."""
        self.counts[_RECORDS] = self.counts[_LONGEST] = 0

    @property
    def seq(self):
        """Number of the next frame."""
        return self.ring.seq

    @seq.setter
    def seq(self, seq):
        self.ring.seq = seq


class Sampler:
    """All streams of a hub; only those that consent allows are even powered."""

    def __init__(self, drivers):
        self.streams = [Stream(number, driver) for number, driver in drivers]
        for stream in self.streams:
            if hasattr(stream.driver, "wake"):
                stream.driver.wake = self._waker(stream)
        self.log = None  # called with (level, text)
        self.next_us = 0  # nothing is due before; 0: a part has asked
        self._latest_us = 0  # next_us is at most this
        self._woken = False  # some stream is
        self.powered = 0  # how many sensors of the body are on

    def apply(self, mask, now_us):
        """Run exactly the streams whose item is in mask; wipe the others."""
        self.next_us = now_us
        for stream in self.streams:
            wanted = bool(stream.item & mask)
            if wanted and not stream.on:
                self._start(stream, now_us)
            elif not wanted:
                if stream.on:
                    self._stop(stream)
                stream.state = OFF
                stream.ring.wipe()  # also what a part left that failed since

    def poll(self, now_us):
        """Let every driver that is due move what it has; True when one was due."""
        if now_us < self.next_us:
            return False
        if self._woken:
            self._obey_wakes()
        if now_us >= self._latest_us:
            self._latest_us = now_us + _LONGEST_US
        next_us = self._latest_us
        for stream in self.streams:
            if stream.state != OFF:
                due_us = stream.due_us
                if now_us >= due_us:
                    due_us = self._turn(stream, now_us)
                if due_us < next_us:
                    next_us = due_us
        self.next_us = next_us
        if self._woken:  # an interrupt came in the middle of this
            self.next_us = 0
        return True

    def _obey_wakes(self):
        self._woken = False
        for stream in self.streams:
            if stream.woken:
                stream.woken = False
                stream.due_us = 0

    def quiet(self):
        """Power every part down, also those that a life before this one may have left on."""
        for stream in self.streams:
            stream.on = False
            try:
                stream.driver.stop()
            except Exception:  # a part that cannot even stop is left at that
                pass

    def _waker(self, stream):
        def wake():
            stream.woken = self._woken = True
            self.next_us = 0

        return wake

    def overruns(self):
        """Records lost in the rings since boot."""
        return sum([stream.ring.overruns for stream in self.streams])

    # -- one stream ---------------------------------------------------------

    def _turn(self, stream, now_us):
        """Poll one driver, or try its part again; when the stream is due next."""
        if not stream.on:
            self._start(stream, now_us)
            return stream.due_us
        ring = stream.ring
        try:
            due_us = stream.driver.poll(ring, now_us)
        except OSError as e:
            self._lose(stream, FAILED, e, now_us)
            return stream.due_us
        stream.due_us = due_us = now_us if due_us is None else due_us
        n = ring.taken
        if n:
            ring.taken = 0
            stream.heard_us = now_us
            took(ring.state, stream.counts, n, now_us)
            if not stream.mark_us:
                stream.mark_us = now_us
                stream.counts[_RECORDS] = 0  # the first batch only says when the count begins
            if stream.state != RUNNING:
                self._runs_again(stream)
        elif stream.silent_us and now_us - stream.heard_us > stream.silent_us:
            self._stall(stream, now_us)
            return stream.due_us
        return due_us

    def _start(self, stream, now_us):
        """Power the part; after a failure the stream runs again only when records come."""
        stream.on = True  # first, so that a part that fails half way is powered down
        self.powered += stream.body
        stream.due_us = now_us
        stream.heard_us = now_us
        stream.mark_us = 0
        stream.counts[_RECORDS] = 0
        stream.ring.taken = 0
        try:
            stream.driver.start(stream.ring, now_us)
        except OSError as e:
            return self._lose(stream, MISSING, e, now_us)
        if stream.state == OFF:
            stream.state = RUNNING
        elif not stream.silent_us:
            self._runs_again(stream)

    def _runs_again(self, stream):
        stream.state = RUNNING
        self._say(_WARNING, "stream %d runs again" % stream.number)

    def _lose(self, stream, state, error, now_us):
        """A part is not there or died: power it down and try again later."""
        if stream.state != state:
            stream.state = state
            self._say(_ERROR, "stream %d failed: %s" % (stream.number, error))
        self._stop(stream)
        stream.due_us = now_us + _RETRY_US

    def _stall(self, stream, now_us):
        """A part that says nothing at all: say so, and start it anew some time later."""
        if stream.state != STALLED:
            stream.state = STALLED
            self._say(_ERROR, "stream %d stalled" % stream.number)
        if now_us - stream.heard_us > stream.silent_us + _RETRY_US:
            self._stop(stream)
            self._start(stream, now_us)

    def _stop(self, stream):
        stream.on = False  # first, so that a part that cannot even stop is left at that
        self.powered -= stream.body
        try:
            stream.driver.stop()
        except OSError as e:
            self._say(_ERROR, "stream %d failed to stop: %s" % (stream.number, e))

    def _say(self, level, text):
        if self.log:
            self.log(level, text)
