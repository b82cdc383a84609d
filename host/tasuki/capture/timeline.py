"""The blocks of a capture in time's order, by stream and time, without reading the others.

Where each block stands comes from the file's index, or, where it has none that holds, from
reading the file. Nothing is verified here.
"""

from collections.abc import Collection, Iterator
from typing import NamedTuple

import numpy as np

from tasuki.block import Block
from tasuki.capture import parts
from tasuki.capture.container import NOWHERE, Place
from tasuki.capture.index import BLOCKS, CLOCKS, Gathered, Rows, row_of
from tasuki.capture.lives import UNKNOWN, wall_times
from tasuki.capture.reading import Capture
from tasuki.consent.context import Interval
from tasuki_wire import items

__all__ = ["UNKNOWN", "Timed", "Timeline"]

ROW = np.dtype(
    [*((name, BLOCKS[name]) for name in BLOCKS.names or ()), ("item", "u1")]
    + [(name, "<i8") for name in ("t0_ns", "t1_ns", "uncertainty_ns")]
)
"""Of a block: its row in the index, its item as the place in the table, and its times as in Timed."""

_FIRST = Place(0, 10)  # the header's record
_ORDER = ("session", "t0_us", "stream", "epoch")
_TOLD = ("stream", "session", "epoch", "t0_us", "t1_us")


class Timed(NamedTuple):
    """A block, and when it was measured: nanoseconds since 1970, UNKNOWN without a time sync."""

    block: Block
    t0_ns: int
    t1_ns: int
    uncertainty_ns: int


class Timeline:
    """Where the blocks of a capture stand and when they were measured.

    Args:
        capture: an opened one; its own iteration is left alone.
        hints: False reads the file rather than believing its index.

    Attributes:
        rows: shape (blocks,) of ROW, by session and device time, each block once. Blocks without a
            key are not among them.
        indexed: how many blocks the file's own index told.
    """

    def __init__(self, capture: Capture, hints: bool = True) -> None:
        self._capture = capture
        self.indexed = 0
        found = _Found()
        if capture.header is not None and not hints:
            self._scan(_FIRST, found)
        elif capture.header is not None:
            try:
                self._chain(capture.last_index(), found)
                self.indexed = found.count
            except ValueError:
                found = self._recover()
        self.rows = found.rows(capture.header.speed if capture.header else 1.0)

    def intervals(self) -> dict[tuple[int, int, int], Interval]:
        """(session, epoch, stream) to when the block was measured; without those that no time sync tells."""
        known = self.rows[self.rows["t0_ns"] != UNKNOWN]
        names = ("session", "epoch", "stream", "t0_ns", "t1_ns", "uncertainty_ns")
        columns = zip(*(known[name].tolist() for name in names), strict=True)
        return {(session, epoch, stream): Interval(*when) for session, epoch, stream, *when in columns}

    def select(
        self,
        streams: Collection[int] | None = None,
        start_ns: int | None = None,
        end_ns: int | None = None,
    ) -> Rows:
        """The rows of some streams that overlap a time; blocks of unknown time overlap none."""
        rows = self.rows
        chosen = np.ones(len(rows), np.bool_)
        if streams is not None:
            chosen &= np.isin(rows["stream"], list(streams))
        if start_ns is not None:
            chosen &= (rows["t1_ns"] >= start_ns) & (rows["t1_ns"] != UNKNOWN)
        if end_ns is not None:
            chosen &= (rows["t0_ns"] <= end_ns) & (rows["t0_ns"] != UNKNOWN)
        return rows[chosen]

    def blocks(
        self,
        streams: Collection[int] | None = None,
        start_ns: int | None = None,
        end_ns: int | None = None,
    ) -> Iterator[Timed]:
        """Read the selected blocks in order; what is damaged is left out.

        Where a row is not what stands in the file the index was wrong: the file is read then, and
        the rest is given from what it holds.
        """
        rows = self.select(streams, start_ns, end_ns)
        done: tuple[int, ...] = ()
        while len(rows):
            for row in rows:
                block = self._block(row)
                if block is None and self.indexed:
                    break
                if block is not None:
                    yield Timed(block, int(row["t0_ns"]), int(row["t1_ns"]), int(row["uncertainty_ns"]))
                done = _key(row)
            else:
                return
            self.indexed = 0
            found = _Found()
            self._scan(_FIRST, found)
            self.rows = found.rows(self._capture.header.speed if self._capture.header else 1.0)
            rows = self.select(streams, start_ns, end_ns)
            rows = rows[[_key(row) > done for row in rows]]

    def _block(self, row: Rows) -> Block | None:
        """The block of a row; None when another thing, or nothing intact, stands there."""
        try:
            part = self._capture.at(Place(int(row["number"]), int(row["offset"])))
        except ValueError:
            return None
        if not isinstance(part, parts.BlockPart):
            return None
        told = tuple(row[name].item() for name in _TOLD)
        return part.block if row_of(0, 0, part.block)[2:] == told else None

    # -- where the rows come from -----------------------------------------------

    def _chain(self, last: Place, found: "_Found") -> None:
        """Take the index records from the last to the first; ValueError where the chain breaks."""
        if last == NOWHERE:
            raise ValueError("the file has no index")
        while last != NOWHERE:
            part = self._capture.at(last)
            if not isinstance(part, parts.IndexPart) or part.previous >= last:
                raise ValueError("the index does not lead to its beginning")
            found.add(part.blocks, part.clocks)
            last = part.previous

    def _recover(self) -> "_Found":
        """Of a file without an end: the index as far as it goes, then the records behind it."""
        last = NOWHERE
        for place, kind in self._capture.walk(_FIRST):
            last = place if kind == parts.INDEX else last
        found = _Found()
        try:
            self._chain(last, found)
            self._scan(last, found)
        except ValueError:
            found = _Found()
            self._scan(_FIRST, found)
        return found

    def _scan(self, first: Place, found: "_Found") -> None:
        """Take what the records from one on hold; two damaged ones in a row end it, as in Scan."""
        gathered, damaged = Gathered(), 0
        for place, _ in self._capture.walk(first):
            try:
                part = self._capture.at(place)
                damaged = 0
            except ValueError:
                damaged += 1
                if damaged > 1:
                    break
                continue
            if isinstance(part, parts.BlockPart):
                gathered.add_block(part.item, row_of(*place, part.block))
            elif isinstance(part, parts.ClockPart):
                gathered.add_clock(*vars(part).values())
        blocks = {item: np.array(rows, BLOCKS) for item, rows in gathered.blocks.items()}
        found.add(blocks, np.array(gathered.clocks, CLOCKS))


class _Found:
    """Rows as they were found, in pieces."""

    def __init__(self) -> None:
        self._blocks: list[Rows] = [np.zeros(0, ROW)]
        self._clocks: list[Rows] = [np.zeros(0, CLOCKS)]

    @property
    def count(self) -> int:
        return sum(map(len, self._blocks))

    def add(self, blocks: dict[str, Rows], clocks: Rows) -> None:
        for item, rows in blocks.items():
            wide = np.zeros(len(rows), ROW)
            for name in BLOCKS.names or ():
                wide[name] = rows[name]
            wide["item"] = items.NAMES.index(item)
            self._blocks.append(wide)
        self._clocks.append(clocks)

    def rows(self, speed: float) -> Rows:
        rows = np.concatenate(self._blocks)
        rows = rows[np.lexsort((rows["offset"], rows["stream"], rows["epoch"], rows["session"]))]
        same = [rows[name][1:] == rows[name][:-1] for name in ("session", "epoch", "stream")]
        rows = rows[np.concatenate([np.ones(min(1, len(rows)), np.bool_), ~np.logical_and.reduce(same)])]
        clocks = np.concatenate(self._clocks)
        clocks = clocks[np.argsort(clocks["offset"], kind="stable")]
        rows["t0_ns"], rows["t1_ns"], rows["uncertainty_ns"] = wall_times(rows, clocks, speed)
        ordered: Rows = rows[np.lexsort([rows[name] for name in reversed(_ORDER)])]
        return ordered


def _key(row: Rows) -> tuple[int, ...]:
    return tuple(row[name].item() for name in _ORDER)
