"""Rows of a stored epoch, {size u16, body}: frames first, then what proves them (SPEC section 13)."""

import struct

from tasuki_wire import codec, epoch, layout
from tasuki_wire.constant import const

_TIME = const(8)  # of a frame
_ENTRIES = codec.KINDS[epoch.OPENING].head_size  # where the entries of an opening begin
_LEAVES = codec.number("leaf_hashes")
_LEAVES_AT_ONCE = const(64)  # a row fits any box of store.py


def put_row(buf, at, body):
    """Put {size u16, body} to buf[at]; return where it ends."""
    n = len(body)
    struct.pack_into("<H", buf, at, n)
    buf[at + 2 : at + 2 + n] = body
    return at + 2 + n


def tail_rows(nonce, closed, missing):
    """Bodies of the rows behind the frames: schema and life, record, opening, leaves of frames that are gone.

    missing: (stream, first index, count) of those.
    """
    kinds = [kind for kind in codec.KINDS.values() if kind.mode == layout.SAMPLES]
    seeds = b"".join([codec.pack_row(0, kind.number, kind.seed) for kind in kinds])
    hello = codec.pack(0, nonce, 0, len(kinds), rows=seeds)
    out = [
        bytes((0,)) + hello,
        bytes((epoch.RECORD,)) + closed.record,
        bytes((epoch.OPENING,)) + closed.opening,
    ]
    for stream, first, count in missing:
        for at in range(first, first + count, _LEAVES_AT_ONCE):
            leaves = closed.leaf_bytes(stream, at, min(_LEAVES_AT_ONCE, first + count - at))
            if leaves is not None:  # else newer ones have taken their place
                message = codec.pack(_LEAVES, 0, closed.number, stream, at, rows=leaves)
                out.append(bytes((_LEAVES,)) + message)
    return out


class Entries:
    """Which frames are an epoch's, and which of them were found."""

    def __init__(self, opening):
        self._spans = {}  # stream: [first seq, seq behind the last, seq looked for next]
        self._missing = []  # (stream, first index, count)
        self.found = 0
        self.wanted = 0
        self.end = (0, 0)  # time words of the last sample
        for at in range(_ENTRIES, len(opening), layout.ENTRY_SIZE):
            stream, _, first, count, _, _, hi, lo = struct.unpack_from("<BBIHIIII", opening, at)
            self._spans[stream] = [first, first + count, first]
            self.wanted += count
            self.end = max(self.end, (hi, lo))

    def _seq(self, body):
        """Seq of a frame of this epoch, None for any other."""
        span = self._spans.get(body[2])
        if span is None:
            return None
        (seq,) = struct.unpack_from("<I", body, 4)
        return seq if span[0] <= seq < span[1] else None

    def covers(self, body):
        """True when a frame is from this epoch's time, or from before it."""
        return struct.unpack_from("<II", body, _TIME) <= self.end

    def fill(self, ring, buf, at):
        """Put rows of frames not taken yet to buf[at:]; (where they end, True when none is left)."""
        for body in ring.held():
            seq = self._seq(body)
            if seq is None or seq < self._spans[body[2]][2]:
                continue
            if at + 2 + len(body) > len(buf):
                return at, False
            at = put_row(buf, at, body)
            span = self._spans[body[2]]
            self._miss(body[2], span, seq)
            span[2] = seq + 1
            self.found += 1
        return at, True

    def _miss(self, stream, span, seq):
        if seq > span[2]:
            self._missing.append((stream, span[2] - span[0], seq - span[2]))

    def missing(self):
        """(stream, first index, count) of the frames that the ring had no more."""
        for stream, span in self._spans.items():
            self._miss(stream, span, span[1])
        return self._missing
