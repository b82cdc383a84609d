"""Decisions that are kept as long as they hold, so that a stream of blocks costs a lookup each."""

from collections.abc import Callable

from tasuki.consent.context import AHEAD_NS, WIDEST_NS, Context
from tasuki.consent.decision import Engine
from tasuki.consent.lane import Decision, Lane
from tasuki.consent.registers import Source

_Way = tuple[str, str, str, str]
_Front = tuple[Decision, Source, int, int]


class DecisionCache:
    """`decide` like the engine's, from memory where the answer is sure to be the same.

    A lane is kept until its moment is over or its subject speaks (the log tells), and all of them
    until a register of destinations, parties or tickets changes (the registers tell). Several threads
    may decide while another one changes either.

    Attributes:
        decide: as `Engine.decide`. A closure, because looking up `self` would cost a tenth of it.
    """

    def __init__(self, engine: Engine, limit: int = 1_000_000) -> None:
        """limit: lanes that are kept at most."""
        self.engine = engine
        self._limit = limit
        self._size = 0
        self._front: dict[_Way, _Front] = {}  # the latest source of a way, ready to compare
        self._lanes: dict[str, dict[_Way, dict[Source, Lane]]] = {}
        self.decide = self._decider()
        engine.consents.watch(self)
        engine.registers.watch(self)

    def forget(self, subject: str) -> None:
        """Drop what is kept about a subject."""
        ways = self._lanes.pop(subject, {})
        for way, lanes in ways.items():
            self._front.pop(way, None)
            self._size -= len(lanes)

    def forget_all(self) -> None:
        """Drop all that is kept."""
        self._lanes.clear()
        self._front.clear()
        self._size = 0

    def _decider(self) -> Callable[[str, str, str, str, int, Context], Decision]:
        front, behind = self._front, self._behind

        def decide(
            subject: str, item: str, purpose: str, destination: str, at_ns: int, context: Context
        ) -> Decision:
            try:
                answer, source, low_ns, high_ns = front[subject, item, purpose, destination]
            except KeyError:
                return behind((subject, item, purpose, destination), at_ns, context)
            if source is context.source and low_ns <= context.due_ns <= at_ns < high_ns:
                return answer
            return behind((subject, item, purpose, destination), at_ns, context)

        return decide

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

    def _new(self, way: _Way, at_ns: int, source: Source) -> Lane:
        """A lane asked for anew, and kept unless something changed meanwhile."""
        subject = way[0]
        before = self._versions(subject)
        lane = self.engine.lane(*way, at_ns, source)
        if self._size >= self._limit:
            self.forget_all()
        self._lanes.setdefault(subject, {}).setdefault(way, {})[source] = lane
        self._size += 1
        self._front[way] = (lane.answer, source, *_bounds(lane))
        if self._versions(subject) != before:  # the change may have come before the lane was kept
            self.forget(subject)
            self._front.pop(way, None)
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
