"""Decisions that are kept as long as they hold, so that a stream of blocks costs a lookup each."""

import threading
from collections.abc import Callable

from tasuki.consent.context import AHEAD_NS, WIDEST_NS, Context
from tasuki.consent.decision import Engine
from tasuki.consent.lane import Decision, Lane
from tasuki.consent.registers import Source

_Way = tuple[str, str, str, str]
# A kept answer, the source that it is for, and the bounds of `_bounds`.
_Kept = tuple[Decision, Source, int, int]
_KeptEach = tuple[tuple[Decision, ...], Source, int, int]


class DecisionCache:
    """`decide` like the engine's, from memory where the answer is sure to be the same.

    A lane is kept until its moment is over or its subject speaks (the log tells), and all of them
    until a register of destinations, parties or tickets changes (the registers tell). Several threads
    may decide while another one changes either: once the change returns, no answer is older than it.

    Attributes:
        decide: as `Engine.decide`. A closure, because looking up `self` would cost a tenth of it.
        decide_each: (subject, item, at_ns, context) to the answers for every registered destination
            and its purpose, in the register's order; together they cost little more than one.
    """

    def __init__(self, engine: Engine, limit: int = 1_000_000) -> None:
        """limit: lanes that are kept at most."""
        self.engine = engine
        self._limit = limit
        self._size = 0
        self._lock = threading.Lock()  # whatever is kept is kept before a change or not at all
        # By purpose, destination, item, subject. A tuple as key would be made and hashed every time.
        self._front: dict[str, dict[str, dict[str, dict[str, _Kept]]]] = {}
        self._each: dict[str, dict[str, _KeptEach]] = {}  # by item, subject
        self._lanes: dict[str, dict[_Way, dict[Source, Lane]]] = {}
        self.decide = self._decider()
        self.decide_each = self._each_decider()
        engine.consents.watch(self)
        engine.registers.watch(self)

    def forget(self, subject: str) -> None:
        """Drop what is kept about a subject."""
        with self._lock:
            for (_, item, purpose, destination), lanes in self._lanes.pop(subject, {}).items():
                self._front[purpose][destination][item].pop(subject, None)
                self._each.get(item, {}).pop(subject, None)
                self._size -= len(lanes)

    def forget_all(self) -> None:
        """Drop all that is kept."""
        with self._lock:
            self._clear()

    def _clear(self) -> None:
        self._lanes.clear()
        self._front.clear()
        self._each.clear()
        self._size = 0

    def _decider(self) -> Callable[[str, str, str, str, int, Context], Decision]:
        front, behind = self._front, self._behind

        def decide(
            subject: str, item: str, purpose: str, destination: str, at_ns: int, context: Context
        ) -> Decision:
            try:
                answer, source, low_ns, high_ns = front[purpose][destination][item][subject]
            except KeyError:
                return behind((subject, item, purpose, destination), at_ns, context)
            if source is context.source and low_ns <= context.due_ns <= at_ns < high_ns:
                return answer
            return behind((subject, item, purpose, destination), at_ns, context)

        return decide

    def _each_decider(self) -> Callable[[str, str, int, Context], tuple[Decision, ...]]:
        each, behind = self._each, self._each_behind

        def decide_each(subject: str, item: str, at_ns: int, context: Context) -> tuple[Decision, ...]:
            try:
                answers, source, low_ns, high_ns = each[item][subject]
            except KeyError:
                return behind(subject, item, at_ns, context)
            if source is context.source and low_ns <= context.due_ns <= at_ns < high_ns:
                return answers
            return behind(subject, item, at_ns, context)

        return decide_each

    def _behind(self, way: _Way, at_ns: int, context: Context) -> Decision:
        """The answer when the front has none: from the kept lane, or a new one."""
        source = context.source
        try:
            lane = self._lanes[way[0]][way][source]
        except KeyError:
            lane = None
        if lane is None or not lane.since_ns <= at_ns < lane.until_ns:
            lane = self._new(way, at_ns, source)
        return lane.decide(context, at_ns, self.engine.policy.hold_ns)

    def _each_behind(self, subject: str, item: str, at_ns: int, context: Context) -> tuple[Decision, ...]:
        """Every answer by itself; where all of them are in front, they are kept as one."""
        places = self.engine.registers.routed
        answers = tuple(
            self.decide(subject, item, place.purpose, place.name, at_ns, context) for place in places
        )
        with self._lock:
            kept = [self._front.get(p.purpose, {}).get(p.name, {}).get(item, {}).get(subject) for p in places]
            mine = [one for one in kept if one is not None and one[1] is context.source]
            if places and len(mine) == len(places):
                low_ns, high_ns = max(one[2] for one in mine), min(one[3] for one in mine)
                together = tuple(one[0] for one in mine), context.source, low_ns, high_ns
                self._each.setdefault(item, {})[subject] = together
        return answers

    def _new(self, way: _Way, at_ns: int, source: Source) -> Lane:
        """A lane asked for anew, and kept unless something changed meanwhile."""
        subject, item, purpose, destination = way
        before = self._versions(subject)
        lane = self.engine.lane(*way, at_ns, source)
        with self._lock:
            if self._versions(subject) != before:
                return lane
            if self._size >= self._limit:
                self._clear()
            lanes = self._lanes.setdefault(subject, {}).setdefault(way, {})
            self._size += source not in lanes
            lanes[source] = lane
            items = self._front.setdefault(purpose, {}).setdefault(destination, {})
            items.setdefault(item, {})[subject] = (lane.answer, source, *_bounds(lane))
        return lane

    def _versions(self, subject: str) -> tuple[int, int]:
        return self.engine.consents.version_of(subject), self.engine.registers.places_version


def _bounds(lane: Lane) -> tuple[int, int]:
    """(low, high) so that low <= due <= at < high is enough for the lane's answer.

    due is AHEAD_NS before the block's last moment, and the block is at most WIDEST_NS wide. So it began
    after low + AHEAD_NS - WIDEST_NS, and ended before high + AHEAD_NS; and it was decided after low. What
    these coarse bounds leave open, a block near a change, is decided by the lane itself.
    """
    low_ns = max(lane.first_ns + WIDEST_NS - AHEAD_NS, lane.since_ns)
    return low_ns, min(lane.until_ns, lane.end_ns - AHEAD_NS)
