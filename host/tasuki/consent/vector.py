"""Decisions over arrays of blocks: for every row the outcome and reason code of the scalar form.

A way (who, what, what for, where to, where from) gets a row number once. Then a batch is arrays: row
number, first and last moment, uncertainty. The lane of a row is asked for as for a single decision and
kept until it is over or its subject speaks; what is left per block are comparisons of times.
"""

import numpy as np
from numpy.typing import NDArray

from tasuki.consent import reasons
from tasuki.consent.context import AHEAD_NS
from tasuki.consent.decision import Engine
from tasuki.consent.events import BEGINNING, FOREVER
from tasuki.consent.lane import Lane
from tasuki.consent.registers import Source

_CHUNK = 1 << 15  # blocks at a time, so that what is in between stays in the processor's cache
_FAR_NS = 2**61  # times beyond overflow when an uncertainty is added

_I64 = NDArray[np.int64]
_Codes = NDArray[np.uint8]
_Way = tuple[str, str, str, str, Source]

# By number of the reason code: is it a hold?
IS_HOLD = np.array([row.outcome == reasons.HOLD for row in reasons.REASONS.values()])
_EXPIRED = reasons.NUMBER["hold_expired"]
_NOTHING = 255

# Rows of the tables: one column per way.
_SINCE, _UNTIL, _FIRST, _END, _DATA_SINCE, _DATA_UNTIL, _WORN_SINCE, _WORN_UNTIL = range(8)
_PASSED, _EARLY, _UNSURE, _WAITS, _FIXED, _STRANGER = range(6)


class DecisionTable:
    """Ways by number, and decisions about arrays of blocks of them. For one thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._ways: list[_Way] = []
        self._numbers: dict[_Way, int] = {}
        self._of: dict[str, list[int]] = {}
        self._stale: set[int] = set()
        self._times = np.zeros((8, 64), np.int64)
        self._codes = np.zeros((6, 64), np.uint8)
        engine.consents.watch(self)
        engine.registers.watch(self)

    def row(self, subject: str, item: str, purpose: str, destination: str, source: Source) -> int:
        """The number of a way; the same for the same way."""
        way = subject, item, purpose, destination, source
        number = self._numbers.get(way)
        if number is None:
            number = self._numbers[way] = len(self._ways)
            self._ways.append(way)
            self._of.setdefault(subject, []).append(number)
            self._stale.add(number)
            if number >= self._times.shape[1]:
                self._make_room()
        return number

    def forget(self, subject: str) -> None:
        """The lanes of a subject are asked for again."""
        self._stale.update(self._of.get(subject, ()))

    def forget_all(self) -> None:
        """All lanes are asked for again."""
        self._stale.update(range(len(self._ways)))

    def decide(
        self,
        rows: NDArray[np.int32],
        t0_ns: _I64,
        t1_ns: _I64,
        uncertainty_ns: _I64,
        at_ns: int,
        held_since_ns: _I64 | None = None,
    ) -> _Codes:
        """Reason codes (numbers of reasons.CODES) for blocks of these ways, all decided at `at_ns`.

        Arrays of shape (n,), times in Unix nanoseconds; held_since_ns: since when each waits in hold.
        ValueError for a time that is more than 2^61 ns from 1970.
        """
        for times in (t0_ns, t1_ns, uncertainty_ns):
            if times.size and not -_FAR_NS < int(times.min()) <= int(times.max()) < _FAR_NS:
                raise ValueError("a time lies beyond 2^61 ns")
        self._refresh(at_ns)
        codes = np.empty(len(rows), np.uint8)
        for start in range(0, len(rows), _CHUNK):
            part = slice(start, start + _CHUNK)
            codes[part] = self._chunk(rows[part], t0_ns[part], t1_ns[part], uncertainty_ns[part], at_ns)
        if held_since_ns is not None:
            codes[IS_HOLD[codes] & (at_ns - held_since_ns > self._engine.policy.hold_ns)] = _EXPIRED
        return codes

    def _chunk(
        self, rows: NDArray[np.int32], t0_ns: _I64, t1_ns: _I64, uncertainty_ns: _I64, at_ns: int
    ) -> _Codes:
        """Blocks that everything holds for get the lane's answer; the rest is looked at rule by rule."""
        good = t0_ns - uncertainty_ns >= self._times[_FIRST].take(rows)
        good &= t1_ns + uncertainty_ns < self._times[_END].take(rows)
        good &= t0_ns <= t1_ns
        good &= t1_ns <= at_ns + AHEAD_NS
        good &= uncertainty_ns >= 0
        codes: _Codes = self._codes[_PASSED].take(rows)
        if not good.all():
            rest = np.flatnonzero(~good)
            codes[rest] = self._rest(rows[rest], t0_ns[rest], t1_ns[rest], uncertainty_ns[rest], at_ns)
        return codes

    def _rest(
        self, rows: NDArray[np.int32], t0_ns: _I64, t1_ns: _I64, uncertainty_ns: _I64, at_ns: int
    ) -> _Codes:
        """The rules of `Lane.code` in their order, from the last to the first, each over the ones before."""
        first, last = t0_ns - uncertainty_ns, t1_ns + uncertainty_ns
        since = self._times[_DATA_SINCE, rows]
        codes: _Codes = self._codes[_PASSED, rows]
        codes[t1_ns > at_ns + AHEAD_NS] = reasons.NUMBER["time_ahead"]
        waits = self._codes[_WAITS, rows]
        codes = np.where(waits != _NOTHING, waits, codes)
        codes[self._codes[_STRANGER, rows] != 0] = reasons.NUMBER["wrong_wearer"]
        unworn = (first < self._times[_WORN_SINCE, rows]) | (last >= self._times[_WORN_UNTIL, rows])
        codes[unworn] = reasons.NUMBER["no_wearer_binding"]
        unsure = (first < since) | (last >= self._times[_DATA_UNTIL, rows])
        codes = np.where(unsure, self._codes[_UNSURE, rows], codes)
        codes = np.where(t0_ns < since, self._codes[_EARLY, rows], codes)
        codes[(t0_ns > t1_ns) | (uncertainty_ns < 0)] = reasons.NUMBER["unknown_time"]
        return np.where(self._codes[_FIXED, rows] != 0, self._codes[_PASSED, rows], codes).astype(np.uint8)

    def _refresh(self, at_ns: int) -> None:
        n = len(self._ways)
        over = np.flatnonzero((self._times[_SINCE, :n] > at_ns) | (self._times[_UNTIL, :n] <= at_ns))
        stale, self._stale = self._stale, set()
        for number in stale.union(over.tolist()):
            subject, item, purpose, destination, source = self._ways[number]
            self._set(number, self._engine.lane(subject, item, purpose, destination, at_ns, source))

    def _set(self, number: int, lane: Lane) -> None:
        data, worn = lane.data, lane.worn
        self._times[:, number] = (
            lane.since_ns,
            lane.until_ns,
            lane.first_ns,
            lane.end_ns,
            data.since_ns,
            data.until_ns,
            worn.since_ns if worn else FOREVER,
            worn.until_ns if worn else BEGINNING,
        )
        self._codes[:, number] = (
            reasons.NUMBER[lane.fixed or lane.passed],
            reasons.NUMBER[lane.early],
            reasons.NUMBER[lane.unsure],
            reasons.NUMBER[lane.waits] if lane.waits else _NOTHING,
            bool(lane.fixed),
            lane.stranger,
        )

    def _make_room(self) -> None:
        """Twice as many ways."""
        self._times = np.concatenate([self._times, np.zeros_like(self._times)], axis=1)
        self._codes = np.concatenate([self._codes, np.zeros_like(self._codes)], axis=1)
