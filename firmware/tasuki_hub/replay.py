"""Drivers that need no sensor: a recording read from files."""

import json

from tasuki_wire import codec

_CHUNK = 32  # records read at once

# Of parts that hold several: records moved at once, records held, as with MAX30003, LSM6DSO and an
# ADC with timer and DMA (drivers/timed.py). The others overwrite a record with the next.
_FIFO = {
    codec.number("ecg"): (8, 32),
    codec.number("imu"): (4, 256),
    codec.number("respiration"): (8, 15),
    codec.number("strain"): (8, 15),
}


class Replay:
    """One folder of prepared channels (replay.json names them), all on one time base.

    The recording starts when the first channel is started; a channel that is
    started later joins where the recording then is.
    """

    def __init__(self, folder):
        with open(folder + "/replay.json") as f:
            table = json.load(f)
        self.loop = bool(table.get("loop"))
        self.origin_us = None
        self.channels = [
            (row["stream"], ReplayDriver(self, folder + "/" + row["file"], row)) for row in table["channels"]
        ]


class ReplayDriver:
    """One channel of a recording, delivered when the board's clock says that it is due."""

    def __init__(self, replay, path, row):
        self.kind = row["kind"]
        self.site = row["site"]
        self.period_us = row["period_us"]
        self.per_frame = row["per_frame"]
        batch, depth = _FIFO.get(self.kind, (1, 1))
        self.deadline_us = depth * self.period_us
        self._ahead_us = (batch - 1) * self.period_us
        self._replay = replay
        self._path = path
        self._file = None
        self._size = codec.KINDS[self.kind].row_size
        self._buf = bytearray(self._size * _CHUNK)

    def start(self, ring, now_us):
        """Open the file at the place that is due next."""
        if self._replay.origin_us is None:
            self._replay.origin_us = now_us
        self._file = open(self._path, "rb")
        length = self._file.seek(0, 2) // self._size
        self._next = -((self._replay.origin_us - now_us) // self.period_us)
        self._length = length
        self._file.seek(self._next % length * self._size)
        ring.restart(self._replay.origin_us + self._next * self.period_us)

    def poll(self, ring, now_us):
        """Move the records that are due by now into the ring; when to be called again."""
        due = (now_us - self._replay.origin_us) // self.period_us + 1
        while self._next < due:
            at = self._next % self._length
            if self._next >= self._length and not self._replay.loop:
                return None
            if not at:
                self._file.seek(0)
            n = min(due - self._next, _CHUNK, self._length - at)
            view = memoryview(self._buf)[: n * self._size]
            self._file.readinto(view)
            ring.push(view, n)
            self._next += n
        return self._replay.origin_us + self._next * self.period_us + self._ahead_us

    def stop(self):
        """Close the file."""
        if self._file:
            self._file.close()
            self._file = None
