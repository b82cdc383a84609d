"""Packing: records from the sampling rings into frames, each hashed into its epoch."""

import struct

from tasuki_hub.fast import copy_into
from tasuki_hub.packing import pack_into
from tasuki_wire import codec, items, layout

_LOG = codec.number("log")
LOG_STREAM = 14
_LOG_FRAMES = 32
LOG_SHAPE = (LOG_STREAM, _LOG, _LOG_FRAMES)


class Packer:
    """Makes frame bodies in one buffer and keeps them in the frame ring.

    With `packed` a frame goes packed wherever that makes it shorter.
    """

    def __init__(self, ring, packed):
        self.ring = ring
        self.full = False  # an epoch has no place for a further frame
        self.calibration = None  # corrects records in place before they are packed
        self._buf = bytearray(layout.MAX_FRAME)
        self._view = memoryview(self._buf)
        self._raw = bytearray(layout.MAX_PAYLOAD) if packed else None
        self.log_seq = 0

    def pack(self, streams, open_epoch, until_us, flush):
        """Pack what was sampled before until_us; with flush also what does not fill a frame."""
        self.full = False
        for stream in streams:
            ring = stream.ring
            while not open_epoch.full(stream.number):
                n = ring.ready(stream.per_frame, until_us, flush)
                if not n:
                    break
                t0 = ring.first_us
                t1 = t0 + (n - 1) * ring.period_us
                size = self._pull(stream, n)
                flags = layout.FLAG_PACKED if size < n * ring.size else 0
                self._emit(open_epoch, stream.number, stream.kind, flags, stream.seq, t0, t1, size)
                stream.seq += 1
            else:
                self.full = True

    def _pull(self, stream, n):
        """Move the n oldest records behind the header; return the bytes there, fewer when packed."""
        at = layout.HEADER_SIZE
        columns = codec.KINDS[stream.kind].columns
        if not self._raw or not columns:
            return self._measured(stream, self._buf, at, n)
        size = self._measured(stream, self._raw, 0, n)
        packed = pack_into(self._buf, at, self._raw, 0, n, columns)
        if not packed:
            copy_into(self._buf, at, self._raw, 0, size)
        return packed or size

    def _measured(self, stream, buf, at, n):
        """The n oldest records at buf[at:], with this unit's constants; return the bytes."""
        size = stream.ring.pull_into(buf, at, n)
        if self.calibration:
            self.calibration.apply(stream.number, buf, at, n)
        return size

    def log(self, open_epoch, now_us, level, text, allowed):
        """One line on the log stream; it counts as device_status."""
        if not allowed & items.bit("device_status") or open_epoch.full(LOG_STREAM):
            return
        text = _cut(text.encode(), layout.MAX_PAYLOAD - 1)
        at = layout.HEADER_SIZE
        struct.pack_into("<B", self._buf, at, level)
        self._buf[at + 1 : at + 1 + len(text)] = text
        self._emit(open_epoch, LOG_STREAM, _LOG, 0, self.log_seq, now_us, now_us, 1 + len(text))
        self.log_seq += 1

    def _emit(self, open_epoch, stream, kind, flags, seq, t0_us, t1_us, size):
        t0 = codec.time_words(t0_us)
        n = codec.body_into(self._buf, kind, stream, flags, seq, t0[0], t0[1], size)
        body = self._view[:n]
        open_epoch.add(stream, seq, t0, codec.time_words(t1_us), body)
        self.ring.add(body, n)


def _cut(text, size):
    """At most size bytes of UTF-8, never half of a character."""
    if len(text) <= size:
        return text
    while text[size] & 0xC0 == 0x80:
        size -= 1
    return text[:size]
