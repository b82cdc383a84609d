"""Decisions that are kept as long as they hold, so that a stream of blocks costs a lookup each."""

from tasuki.consent.context import Context
from tasuki.consent.decision import Engine
from tasuki.consent.lane import Decision, Lane
from tasuki.consent.registers import Source

_Key = tuple[str, str, str, Source]


class DecisionCache:
    """`decide` like the engine's, from memory where the answer is sure to be the same.

    A lane is kept until its moment is over or its subject speaks (the log tells), and all of them
    until a register of destinations, parties or tickets changes. Several threads may decide while
    another one appends to the log.
    """

    def __init__(self, engine: Engine, limit: int = 1_000_000) -> None:
        """limit: lanes that are kept at most."""
        self.engine = engine
        self._registers = engine.registers
        self._places = engine.registers.places_version
        self._limit = limit
        self._size = 0
        self._kept: dict[str, dict[_Key, Lane]] = {}
        engine.consents.watch(self)

    def forget(self, subject: str) -> None:
        """Drop what is kept about a subject."""
        self._size -= len(self._kept.pop(subject, ()))

    def decide(
        self, subject: str, item: str, purpose: str, destination: str, at_ns: int, context: Context
    ) -> Decision:
        """The engine's decision for these arguments."""
        try:
            lane = self._kept[subject][item, purpose, destination, context.source]
        except KeyError:
            lane = None
        if (
            lane is None
            or not lane.since_ns <= at_ns < lane.until_ns
            or self._registers.places_version != self._places
        ):
            lane = self._lane(subject, item, purpose, destination, at_ns, context.source)
        if lane.first_ns <= context.first_ns and context.last_ns < lane.end_ns and context.due_ns <= at_ns:
            return lane.answer
        return lane.decide(context, at_ns, self.engine.policy.hold_ns)

    def _lane(
        self, subject: str, item: str, purpose: str, destination: str, at_ns: int, source: Source
    ) -> Lane:
        """A lane asked for anew, and kept unless something changed meanwhile."""
        consents, places = self.engine.consents, self._registers.places_version
        if places != self._places:
            self._clear()
            self._places = places
        said = consents.version_of(subject)
        lane = self.engine.lane(subject, item, purpose, destination, at_ns, source)
        if self._size >= self._limit:
            self._clear()
        self._kept.setdefault(subject, {})[item, purpose, destination, source] = lane
        self._size += 1
        if consents.version_of(subject) != said or self._registers.places_version != places:
            self.forget(subject)  # the change may have come before the lane was kept
        return lane

    def _clear(self) -> None:
        self._kept.clear()
        self._size = 0
