"""Frames as they stand on the line: closed with their CRC, stuffed, delimited (SPEC sections 1 and 2)."""

import time

from cobs import cobs

from tasuki_wire import codec, layout


def stuffed(raw: bytes) -> bytes:
    """Bytes as tasuki_wire.cobs stuffs them, and the delimiter."""
    return bytes(cobs.encode(raw)) + b"\0"


def closed(body: bytes) -> bytes:
    """A frame of a body, which is header and payload."""
    return stuffed(codec.closed(body))


def link_frame(kind: int, payload: bytes, seq: int, time_us: int | None = None) -> bytes:
    """A link message that fits one frame; of this moment unless told."""
    hi, lo = codec.time_words(time.monotonic_ns() // 1000 if time_us is None else time_us)
    seq, hi = seq % layout.WORD, hi & layout.MAX_SEQ
    return stuffed(codec.frame(kind, layout.LINK_STREAM, 0, seq, hi, lo, payload))
