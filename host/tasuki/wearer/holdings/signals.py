"""A wearer's stored signals: which there are, and what their newest blocks say."""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasuki import values
from tasuki.block import Block
from tasuki.consent.registers import OWN_STORE
from tasuki.errors import Refused, Untrusted
from tasuki.session.state import State
from tasuki.sinks.embedded import Extent, Row, open_row
from tasuki.vault.envelope import Tags
from tasuki.vault.vault import key_epoch
from tasuki_wire import codec, layout

Floats = NDArray[np.float64]

_FIELD = {row[0]: row[5][0] for row in layout.MESSAGES if row[2] is not None}


@dataclass(frozen=True)
class Held:
    """One stream of a wearer in one year of the store.

    Attributes:
        pseudonym: the wearer's at our own store in that year; stream: stream number.
        blocks: how many, counted up to a limit; more: True when there are more.
        first_ns, last_ns: from when to when they are, Unix nanoseconds.
        last_number: of the newest block.
    """

    pseudonym: bytes
    item: str
    stream: int
    blocks: int
    more: bool
    first_ns: int
    last_ns: int
    last_number: int


@dataclass(frozen=True)
class Trace:
    """Some newest blocks of a stream as one line: seconds since `start_ns`, and one number per record."""

    held: Held
    kind: int
    unit: str
    start_ns: int
    time_s: Floats
    values: Floats


def held(state: State, subject: str) -> list[Held]:
    """All streams of a wearer that the embedded store has, the newest year last."""
    out = []
    for pseudonym in pseudonyms(state, subject):
        for extent in state.store.extents(pseudonym):
            out.append(_held(pseudonym, extent))
    return out


def pseudonyms(state: State, subject: str) -> list[bytes]:
    """The wearer's names at our own store, by year, from the first consent on: before it nothing is kept."""
    said = state.book.log.events(subject)
    if not said:
        return []
    first = key_epoch(min(event.recorded_ns for event in said)) - 1  # a clock may have been set meanwhile
    last = key_epoch(state.book.now_ns(subject)) + 1
    try:
        return [
            state.vault.pseudonym(subject, OWN_STORE.purpose, OWN_STORE.name, year)
            for year in range(first, last + 1)
        ]
    except Refused:  # no keys: never measured, or erased
        return []


def blocks(state: State, pseudonym: bytes) -> Iterator[tuple[Tags, Block]]:
    """A wearer's stored blocks of one year, opened, as they were measured; what came late comes late.

    Few of them are in memory at once. What cannot be opened any longer (its key was erased) is left out.
    """
    streams = (_stream(state, pseudonym, extent.stream) for extent in state.store.extents(pseudonym))
    yield from heapq.merge(*streams, key=lambda one: one[0].t0_ns)


def _stream(state: State, pseudonym: bytes, stream: int) -> Iterator[tuple[Tags, Block]]:
    for row in state.store.of(pseudonym, stream):
        opened = _open(state, row)
        if opened is not None:
            yield opened


def trace(state: State, one: Held, count: int = 8, before: int | None = None) -> Trace | None:
    """The newest `count` blocks of a stream, or those before a number, as a line; None when it has none."""
    rows = state.store.newest(one.pseudonym, one.stream, count, before)
    opened = [found for row in rows if (found := _open(state, row)) is not None]
    opened = [found for found in opened if plain(found[1])]
    if not opened:
        return None
    pieces = [wall_ns(tags, block) for tags, block in opened]
    start = pieces[0][0][0]
    time_s = np.concatenate([(at - start) / 1e9 for at, _ in pieces])
    line = np.concatenate([value for _, value in pieces])
    kind = opened[0][1].kind
    return Trace(one, kind, _FIELD[kind][3], int(start), time_s, line)


def wall_ns(tags: Tags, block: Block) -> tuple[Floats, Floats]:
    """(Unix nanoseconds, one number) per record of a block: its value, or its vector's length or mean."""
    found = values.read(block)
    name, _, count, unit, _, _ = _FIELD[block.kind]
    span_us = max(block.t1_us - block.t0_us, 1)
    at = tags.t0_ns + (found.times_us - block.t0_us) * ((tags.t1_ns - tags.t0_ns) / span_us)
    value = found.fields[name]
    if count > 1:
        value = np.linalg.norm(value, axis=1) if unit == "g" else value.mean(axis=1)
    return at, np.asarray(value, np.float64)


def plain(block: Block) -> bool:
    """True for kinds whose records are numbers."""
    return block.kind in _FIELD and block.kind != codec.number("log") and len(block.places) > 0


def _open(state: State, row: Row) -> tuple[Tags, Block] | None:
    try:
        block = open_row(row, state.vault)
    except (Refused, Untrusted):
        return None
    return (Tags.from_bytes(row.delivery.tags), block) if isinstance(block, Block) else None


def _held(pseudonym: bytes, extent: Extent) -> Held:
    first, last = (Tags.from_bytes(tags) for tags in (extent.first_tags, extent.last_tags))
    return Held(
        pseudonym,
        extent.item,
        extent.stream,
        extent.blocks,
        extent.more,
        first.t0_ns,
        last.t1_ns,
        extent.last_number,
    )
