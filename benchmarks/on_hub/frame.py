"""Runs in the image: what one frame and the close of an epoch take."""

import gc

from counting import allocated, count, without_heap

from tasuki_hub.epochs import Epochs
from tasuki_hub.link import Link
from tasuki_hub.packer import LOG_SHAPE, Packer
from tasuki_hub.ring import FrameRing, SampleRing
from tasuki_wire import codec, layout

_START_US = 3_600_000_000  # an hour after the boot no time fits a small integer any more
_RECORDS = 40  # of ecg: with header and CRC a frame of 100 bytes
_TIMES = 20

gc.collect()
FRAMES = FrameRing(16 * 1024)  # once, because a heap in pieces has no place for two


class Stream:
    """A stream of the sampler without its driver, as far as a packer looks."""

    def __init__(self, row, per_frame=0):
        self.number, self.kind, _, self.period_us, self.per_frame = row
        self.per_frame = per_frame or self.per_frame
        self.driver = self
        self.ring = SampleRing(codec.KINDS[self.kind].row_size, 4 * self.per_frame, self.period_us)
        self.ring.restart(_START_US)
        # steps of up to seven bits, as sensors have them
        self.records = bytearray(4 * self.per_frame * self.ring.size)
        state = 7
        for i in range(0, len(self.records), 2):
            state = (state * 1103 + 12345) & 0xFFFFFF
            self.records[i] = state >> 10 & 63

    def fill(self):
        """Records for one frame."""
        self.ring.push(self.records, self.per_frame)


class Hub:
    """The parts of a hub that a frame passes, and one epoch."""

    def __init__(self, streams, packed):
        self.streams = streams
        self.frames = FRAMES
        FRAMES.wipe()
        self.epochs = Epochs(streams, (LOG_SHAPE,))
        self.packer = Packer(self.frames, packed)
        self.link = Link(self.frames)
        self.begin()

    def begin(self):
        """Open an epoch."""
        self.epochs.begin(bytes(16), bytes(16), 63, _START_US)

    def pack(self):
        """Pack what the rings hold, as each turn does."""
        self.packer.pack(self.streams, self.epochs.open, _START_US, False)

    def send(self):
        """Send it; the line costs nothing."""
        self.link.pump(len, _START_US, 4096)


def of_one(packed):
    """(instructions of pack and leaf, of CRC and COBS, of hashed nodes) of one frame of 100 bytes.

    What a turn without a frame takes is not in it. Every second frame has
    nodes hashed behind it, the share of the epoch's tree.
    """
    stream = Stream(layout.DEFAULT_PROFILE[0], _RECORDS)
    hub = Hub([stream], packed)

    def twice():
        stream.fill()
        hub.pack()
        hub.send()

    hub.pack()
    idle = count(hub.pack), count(hub.send)
    made = []
    for _ in range(_TIMES // 2):
        # even frames have no node behind them
        pair = []
        for _ in range(2):
            stream.fill()
            pair.append((count(hub.pack) - idle[0], count(hub.send) - idle[1]))
        made.append(pair)
    pack = sum([pair[0][0] for pair in made]) // len(made)
    node = sum([pair[1][0] - pair[0][0] for pair in made]) // len(made) // 2
    send = sum([first[1] + second[1] for first, second in made]) // len(made) // 2
    return pack, send, node


def heap(packed):
    """(bytes that a batch of samples takes from the heap, bytes that a frame takes)."""
    stream = Stream(layout.DEFAULT_PROFILE[0], _RECORDS)
    hub = Hub([stream], packed)
    stream.fill()
    hub.pack()
    hub.send()
    none = allocated(hub.pack) + allocated(hub.send)
    samples = allocated(stream.fill)
    if without_heap(stream.fill) != (samples == 0):
        raise ValueError("a locked heap knows better")
    stream.ring.wipe()
    stream.ring.restart(_START_US)
    stream.fill()
    return samples, allocated(hub.pack) + allocated(hub.send) - none


def close(profile):
    """Instructions that closing a full epoch of a profile takes, without the signature."""
    streams = [Stream(row) for row in profile]
    hub = Hub(streams, True)
    for stream in streams:
        for _ in range(max(1, layout.DEFAULT_EPOCH_US // (stream.period_us * stream.per_frame))):
            stream.fill()
            hub.pack()
            hub.send()
    taken = count(lambda: hub.epochs.close(1, "length"))
    return taken, count(hub.begin)
