"""Runs in the image: a whole hub on a board without buses, so that what is counted is the hub.

Records are there when they are due and cost nothing, the line takes every
byte at once, and time passes only in wait(). Everything else is the hub's own
code: turns, rings, frames, epochs, signatures, acks, the collector of garbage.
"""

import gc
import struct

from counting import count, spent, ticks

from tasuki_hub import app, status
from tasuki_hub.fast import since
from tasuki_wire import cobs, codec, epoch, items, layout

_START_US = 3_600_000_000  # an hour after the boot no time fits a small integer any more
_LONGEST = 64  # records that one poll moves
_BURST_US = 100_000  # how often a part hands over what it has: once a frame of the fast streams


class Numbers:
    """The same numbers in every run: the counts have to repeat."""

    def __init__(self):
        self._state = 1

    def next(self):
        """From 0 to 65535."""
        self._state = (self._state * 1103 + 12345) & 0xFFFFFF
        return self._state >> 8

    def bytes(self, n):
        """So many bytes."""
        return bytes([self.next() & 255 for _ in range(n)])


def _wave():
    """Records of any kind, with steps of up to seven bits, as sensors have them."""
    numbers = Numbers()
    out = bytearray(_LONGEST * 28)
    for at in range(0, len(out), 2):
        struct.pack_into("<h", out, at, (numbers.next() & 63) - 32)
    return out


RECORDS = _wave()


class FreeDriver:
    """A part whose records are there when they are due; how often it was polled is counted."""

    polls = 0

    def __init__(self, row):
        _, self.kind, self.site, self.period_us, self.per_frame = row
        self._wait_us = max(self.period_us, _BURST_US)
        self.deadline_us = 2 * self._wait_us

    def start(self, ring, now_us):
        """The first record is taken now."""
        self._start_us = now_us
        self._due = 0  # from the start on, so that it is no object
        ring.restart(now_us)

    def poll(self, ring, now_us):
        """Move what is due."""
        FreeDriver.polls += 1
        n = (since(now_us, self._start_us) - self._due) // self.period_us + 1
        self._due += n * self.period_us
        ring.push(RECORDS, n)
        return now_us + self._wait_us

    def stop(self):
        """Nothing to power down."""


class NoRing:
    """Stands for a ring to see what a free driver itself takes, which is not the hub's."""

    def restart(self, us):
        """Nothing."""

    def push(self, src, n):
        """Nothing."""


def _cost(now_us):
    """Instructions of one poll without what the ring does."""
    driver = FreeDriver(layout.DEFAULT_PROFILE[0])
    ring = NoRing()
    driver.start(ring, now_us)
    return count(lambda: driver.poll(ring, now_us)) - count(lambda: ring.push(RECORDS, 1))


class Garment:
    """A board without a bus, worn after `warm` seconds of sampling for `seconds`, then the hub ends."""

    name = "bench"
    flash = "/flash"

    def __init__(self, profile, warm, seconds):
        self._profile = profile
        self._now = _START_US
        self._from = _START_US + warm * 1_000_000
        self._until = self._from + seconds * 1_000_000
        self._seconds = seconds
        self._numbers = Numbers()
        self._hub = None
        self._start = None
        self._acked = self._seen = -1
        self._ack = bytearray(32)
        self._sent = 0
        self.result = None

    def unique_id(self):
        """Stands for the serial number."""
        return b"bench"

    def entropy(self, n):
        """Not random: the counts have to repeat."""
        return self._numbers.bytes(n)

    def ticks_us(self):
        """What slices of work are measured with."""
        return ticks() // 25

    def now_us(self):
        """Device time."""
        return self._now

    def drivers(self, hub):
        """The profile's streams, the hub's own reports among them."""
        self._hub = hub
        own = status.drivers(hub)
        numbers = [row[0] for row in own]
        return [(row[0], FreeDriver(row)) for row in self._profile if row[0] not in numbers] + own

    def read_into(self, buf):
        """The host's ack of each epoch that came whole."""
        hub = self._hub
        if hub.epochs.next_number == self._seen or not hub.jobs.idle():
            return 0
        closed = hub.epochs.closed
        if not closed or not closed[-1].record or closed[-1].number <= self._acked or not hub.link.idle():
            return 0
        self._acked = closed[-1].number
        self._seen = hub.epochs.next_number
        kind = codec.number("ack")
        raw = codec.frame(kind, layout.LINK_STREAM, 0, 0, 0, 0, codec.pack(kind, hub.session, self._acked))
        n = cobs.encode_into(self._ack, raw, len(raw))
        buf[:n] = self._ack[:n]
        buf[n] = 0
        return n + 1

    def write(self, data):
        """A line that takes all."""
        n = len(data)
        self._sent += n
        return n

    def battery_mv(self):
        """Some voltage."""
        return 3700

    def reset_cause(self):
        """Power on."""
        return 1

    def heap_free(self):
        """Bytes left on the heap."""
        return gc.mem_free()

    def power_off(self):
        """Not here."""

    def wait(self, ms):
        """Time passes."""
        self._now += ms * 1000
        hub = self._hub
        if not hub.sampling:
            self._put_on()
        elif self._start is None:
            if self._now >= self._from:
                self._turns = self._sent = 0
                self._packed = hub.ring.packed
                FreeDriver.polls = 0
                self._start = ticks()
        elif self._now >= self._until:
            self._take_off(spent(self._start), FreeDriver.polls)
        if self._start is not None:
            self._turns += 1

    def _put_on(self):
        """A token as if its signature had been checked, and sampling starts."""
        hub = self._hub
        values = [1, bytes(8), hub.device, bytes(16), items.ALL_ITEMS, 1, hub.nonce, 3600]
        token = codec.pack(epoch.TOKEN, 0, *values, bytes(32), bytes(32), bytes(64))[2:]
        hub.consent.accept(token, self._now)
        hub.start(self._now)

    def _take_off(self, instructions, polls):
        hub = self._hub
        instructions -= polls * _cost(self._now)
        frames = hub.ring.packed - self._packed
        gc.collect()
        heap = gc.mem_alloc()
        lost = hub.ring.dropped + hub.sampler.overruns() + hub.epochs.given_up
        n = self._seconds
        self.result = (instructions // n, frames // n, self._turns // n, self._sent // n, heap, lost)
        hub.leaving = "maintenance"


def worn(profile, warm, seconds):
    """Per second: (instructions, frames, turns, bytes sent); then bytes of heap that stay, and losses."""
    gc.collect()
    board = Garment(profile, warm, seconds)
    app.run(board)
    if board.result is None:
        raise RuntimeError("the hub crashed: see /flash")
    return board.result
