"""When blocks were measured: each by the clock of the life of the hub that measured it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasuki.capture.index import Rows
from tasuki.clock import ClockModel

UNKNOWN = -1
"""A time that no time sync tells."""

Times = NDArray[np.int64]

_FAR_US = 2.0**53  # in 285 years


def wall_clock(speed: float) -> ClockModel:
    """A clock model whose host time is wall time already, as captures keep it."""
    return ClockModel(speed, lambda: 0)


def wall_times(blocks: Rows, clocks: Rows, speed: float) -> tuple[Times, Times, Times]:
    """(first sample, last sample, uncertainty) of each block, nanoseconds since 1970, or UNKNOWN.

    A block is timed by the syncs that stand before it in the file, as it was when it came. A block
    of an earlier life of the hub, which came late from its store, is timed by the last syncs of
    that life; UNKNOWN when this file has none.
    """
    first, last, unsure = (np.full(len(blocks), UNKNOWN, np.int64) for _ in range(3))
    lives = _lives(clocks)
    states = _states(blocks, clocks, lives)
    order = np.argsort(states, kind="stable")
    bounds = np.searchsorted(states[order], np.arange(len(clocks) + 1))
    clock = wall_clock(speed)
    for i, row in enumerate(clocks.tolist()):
        _, t1_us, rx_us, tx_us, t4_us, wall = row
        if i and lives[i] != lives[i - 1]:
            clock = wall_clock(speed)
        clock.add(t1_us + wall, rx_us, tx_us, t4_us + wall)
        mine = order[bounds[i] : bounds[i + 1]]
        if len(mine) and clock.ready:
            start, end = (blocks[name][mine].astype(np.float64) for name in ("t0_us", "t1_us"))
            host: Any = clock.host_us
            within: Any = clock.uncertainty_us
            first[mine], last[mine] = _nanoseconds(host(start)), _nanoseconds(host(end))
            unsure[mine] = _nanoseconds(np.maximum(within(start), within(end)))
    return first, last, unsure


def _lives(clocks: Rows) -> NDArray[np.int64]:
    """The life of the hub that each sync is of, counted from 0: device time starts anew in each."""
    rx, tx = clocks["rx_us"][1:], clocks["tx_us"][:-1]
    return np.concatenate([np.zeros(min(1, len(clocks)), np.int64), np.cumsum(rx < tx)])


def _states(blocks: Rows, clocks: Rows, lives: NDArray[np.int64]) -> NDArray[np.int64]:
    """After which sync the clock is that times a block; UNKNOWN where none does."""
    states = np.searchsorted(clocks["offset"], blocks["offset"]).astype(np.int64) - 1
    known = states >= 0
    life = np.full(len(blocks), UNKNOWN, np.int64)
    life[known] = lives[states[known]]
    newest = np.zeros(int(lives[-1]) + 1 if len(lives) else 0, np.int64)
    np.maximum.at(newest, life[known], blocks["session"][known].astype(np.int64))
    late = np.flatnonzero(known)[blocks["session"][known] < newest[life[known]]]
    for i in late:
        owner = np.flatnonzero(newest == blocks["session"][i])
        states[i] = np.flatnonzero(lives == owner[0])[-1] if len(owner) else UNKNOWN
    return states


def _nanoseconds(micros: NDArray[np.float64]) -> Times:
    """UNKNOWN where a clock said what no clock can: nothing that a file states is beyond doubt."""
    return np.where(np.abs(micros) < _FAR_US, micros * 1000, UNKNOWN).astype(np.int64)
