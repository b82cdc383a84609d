"""What the hub says of itself: two streams that need no part, only the hub."""

import struct

from tasuki_wire import codec, layout
from tasuki_wire.constant import const

_STATUS_STREAM = const(5)
_STATUS_US = const(4_000_000)
_LOOK_US = const(500_000)  # a change of power is told as soon
_HEAP_US = const(8_000_000)  # counting what is free walks the whole heap: milliseconds, more than a report
_LONGEST_US = const(1 << 26)  # a period above this is "unknown"


def drivers(hub):
    """(number, driver) of the hub's reports, for the list that a board makes."""
    return [
        (_STATUS_STREAM, StatusDriver(hub, _STATUS_US)),
        (layout.STREAM_STATUS[0], StreamStatusDriver(hub)),
    ]


class StatusDriver:
    """The hub's state every few seconds, and soon when the power state changes.

    The first report after a start tells the state that has just ended, so that
    a host learns why the hub was idle.
    """

    kind = codec.number("device_status")
    site = 0
    per_frame = 1

    def __init__(self, hub, period_us):
        self.period_us = period_us
        self._hub = hub
        self._due_us = 0
        self._heap_free = 0
        self._heap_us = 0  # when it is counted again
        self._told = None  # (power state, reason) of the last report

    def start(self, ring, now_us):
        """The first report."""
        ring.restart(now_us)
        self._report(ring, now_us)

    def poll(self, ring, now_us):
        """One report each period, and one for each change; when to look again."""
        power = self._hub.power
        if (power.state, power.reason) != self._told and not ring.count:
            ring.restart(now_us)
            self._report(ring, now_us)
        while now_us >= self._due_us:
            self._report(ring, self._due_us)
        return min(self._due_us, now_us + _LOOK_US)

    def _report(self, ring, us):
        hub = self._hub
        self._told = (hub.power.state, hub.power.reason)
        self._due_us = us + self.period_us
        if us >= self._heap_us:
            self._heap_us = us + _HEAP_US
            self._heap_free = hub.board.heap_free()
        record = codec.pack_row(
            self.kind,
            hub.board.battery_mv(),
            hub.power.state,
            hub.power.reason,
            hub.board.reset_cause(),
            hub.sampler.overruns(),
            hub.ring.dropped + hub.link.dropped,
            hub.link.damaged,
            hub.epochs.given_up,
            hub.store.lost,
            self._heap_free,
        )
        ring.push(record, 1)

    def stop(self):
        """Nothing to power down."""


class StreamStatusDriver:
    """How each stream is sampled: one record each half second, about one stream after another."""

    _, kind, site, period_us, per_frame = layout.STREAM_STATUS

    def __init__(self, hub):
        self._hub = hub
        self._due_us = 0
        self._turn = 0
        self._record = bytearray(codec.KINDS[self.kind].row_size)

    def start(self, ring, now_us):
        """Begin with the first stream."""
        self._turn = 0
        self._due_us = now_us + self.period_us
        ring.restart(self._due_us)

    def poll(self, ring, now_us):
        """The report that is due; when the next is."""
        while now_us >= self._due_us:
            self._fill(self._next_stream())
            ring.push(self._record, 1)
            self._due_us += self.period_us
        return self._due_us

    def _next_stream(self):
        streams = self._hub.sampler.streams
        while True:
            stream = streams[self._turn % len(streams)]
            self._turn = (self._turn + 1) % len(streams)
            if stream.driver is not self:
                return stream

    def _fill(self, stream):
        """Put the stream's counts into the record and start them anew."""
        period = 0
        if stream.records:
            elapsed_us = stream.heard_us - stream.mark_us
            if elapsed_us < _LONGEST_US:
                period = elapsed_us * 16 // stream.records
            stream.mark_us = stream.heard_us
        struct.pack_into(
            "<BBIIII",
            self._record,
            0,
            stream.number,
            stream.state,
            period,
            stream.jitter_us,
            stream.late,
            stream.ring.overruns,
        )
        stream.count_anew()

    def stop(self):
        """Nothing to power down."""
