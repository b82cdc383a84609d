"""From verified blocks to what may go where: one decision per block and destination, no I/O."""

from collections.abc import Iterable

from tasuki.consent import reasons
from tasuki.consent.cache import DecisionCache
from tasuki.consent.context import context_of
from tasuki.consent.decision import Decision, Engine
from tasuki.pipeline.parcel import Acquired, Judged, Parcel, Place, Refusal, Reported, Routed


class Router:
    """Decides for blocks, with the answers of the blocks before them at hand."""

    def __init__(self, engine: Engine) -> None:
        self._cache = DecisionCache(engine)
        self._engine = engine

    def route(self, blocks: Iterable[Acquired | Reported], at_ns: int) -> Routed:
        """Decide for every block and every registered destination, at `at_ns` (Unix nanoseconds)."""
        out = Routed()
        ways: dict[tuple[str, int], _Answers] = {}
        for acquired in blocks:
            self._route(acquired, at_ns, out, ways)
        for (subject, _), answers in ways.items():
            for decision in answers.decisions:
                out.count(subject, decision, answers.blocks)
        return out

    def _route(
        self,
        acquired: Acquired | Reported,
        at_ns: int,
        out: Routed,
        ways: "dict[tuple[str, int], _Answers]",
    ) -> None:
        block, subject = acquired.block, acquired.subject
        interval = acquired.interval
        context = context_of(
            self._engine.registers, block.key_id, block.device, block.stream, block.kind, interval
        )
        item = block.item
        place = Place(block.key_id, block.session, block.epoch, block.stream)
        decisions = self._cache.decide_each(subject, item, at_ns, context)
        key = subject, id(decisions)
        answers = ways.get(key)
        if answers is None:
            answers = ways[key] = _Answers(decisions)
        answers.blocks += 1
        for decision in answers.refused:
            refused = Refusal(place, subject, item, decision.purpose, decision.destination, decision)
            out.refusals.append(refused)
        out.judged.append(Judged(place, subject, answers.decisions))
        if answers.passed:
            out.parcels.append(
                Parcel(
                    *place,
                    block.kind,
                    subject,
                    item,
                    interval,
                    answers.passed,
                    block.to_bytes(),
                )
            )


class _Answers:
    """The answers of one moment for one kind of block, which are the same tuple for many blocks.

    Holding them keeps their id from being used again.
    """

    __slots__ = ("blocks", "decisions", "passed", "refused")

    def __init__(self, decisions: tuple[Decision, ...]) -> None:
        self.decisions = decisions
        self.refused = tuple(each for each in decisions if each.outcome == reasons.DENY)
        self.passed = tuple(each for each in decisions if each.outcome != reasons.DENY)
        self.blocks = 0
