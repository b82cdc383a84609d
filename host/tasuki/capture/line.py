"""A capture as it stood on the line: proved frames in time's order, each epoch's record behind them."""

import heapq
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tasuki.capture.check import KeyOf
from tasuki.capture.timeline import UNKNOWN, Timeline
from tasuki.errors import Untrusted
from tasuki.framing import closed
from tasuki.pipeline.decode import Decoder
from tasuki.trust import proof
from tasuki_wire import codec, layout

_CHUNK = 2048


class Piece(NamedTuple):
    """Bytes of the line, stuffed and delimited; or an epoch record, which whoever sends link frames numbers.

    session: the hub's, UNKNOWN in a dump. time_us: device time of what they hold, UNKNOWN before a
    dump's first sample.
    """

    session: int
    time_us: int
    data: bytes
    record: bytes = b""


class _Waiting(NamedTuple):
    """A piece in the order of the line: by time, records behind frames, else as they came."""

    time_us: int
    record: bool
    arrival: int
    piece: Piece


def time_of(body: bytes) -> int:
    """Device time of a frame body, microseconds."""
    hi, lo = int.from_bytes(body[8:12], "little"), int.from_bytes(body[12:16], "little")
    return int(codec.time_us(hi, lo))


def of_capture(timeline: Timeline, key_of: KeyOf) -> Iterator[Piece]:
    """The frames of all blocks that are proved, by session and device time, then each epoch's record.

    Memory is bounded by the frames of a few epochs: blocks come by the time of their first frame.
    """
    ends: dict[tuple[int, int], int] = {}
    for row in timeline.rows:
        place = int(row["session"]), int(row["epoch"])
        ends[place] = max(ends.get(place, 0), int(row["t1_us"]))
    waiting: list[_Waiting] = []
    count, session = 0, -1
    for timed in timeline.blocks():
        block = timed.block
        try:
            proof.check_by(block, key_of)
        except Untrusted:
            continue
        yield from _due(waiting, block.t0_us if block.session == session else None)
        session = block.session
        end_us = ends.pop((session, block.epoch), None)
        if end_us is not None:  # its first block
            record = Piece(session, end_us, b"", block.record)
            heapq.heappush(waiting, _Waiting(end_us, True, count, record))
            count += 1
        for body in block.bodies():
            piece = Piece(session, time_of(body), closed(body))
            heapq.heappush(waiting, _Waiting(piece.time_us, False, count, piece))
            count += 1
    yield from _due(waiting, None)


def _due(waiting: list[_Waiting], until_us: int | None) -> Iterator[Piece]:
    """What stands before a time, or all of it."""
    while waiting and (until_us is None or waiting[0].time_us < until_us):
        yield heapq.heappop(waiting).piece


def of_dump(path: Path) -> Iterator[Piece]:
    """The bytes of a raw dump as they are, each chunk at the latest device time in it."""
    decoder, latest = Decoder(), UNKNOWN
    with path.open("rb") as file:
        while data := file.read(_CHUNK):
            rows = decoder.feed(data).rows
            times = rows["time_us"][(rows["status"] == 0) & (rows["stream"] != layout.LINK_STREAM)]
            if len(times):
                latest = int(times[-1])
            yield Piece(UNKNOWN, latest, data)
