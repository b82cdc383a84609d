"""From verified blocks to what may go where: one decision per block and destination, no I/O."""

from collections.abc import Iterable

from tasuki.consent import reasons
from tasuki.consent.cache import DecisionCache
from tasuki.consent.context import Interval, context_of
from tasuki.consent.decision import Engine
from tasuki.pipeline.parcel import Acquired, Judged, Parcel, Place, Refusal, Routed


class Router:
    """Decides for blocks, with the answers of the blocks before them at hand."""

    def __init__(self, engine: Engine) -> None:
        self._cache = DecisionCache(engine)
        self._engine = engine

    def route(self, blocks: Iterable[Acquired], at_ns: int) -> Routed:
        """Decide for every block and every registered destination, at `at_ns` (Unix nanoseconds)."""
        out = Routed()
        for acquired in blocks:
            self._route(acquired, at_ns, out)
        return out

    def _route(self, acquired: Acquired, at_ns: int, out: Routed) -> None:
        block, subject = acquired.block, acquired.subject
        interval = Interval(acquired.t0_ns, acquired.t1_ns, acquired.uncertainty_ns)
        context = context_of(
            self._engine.registers, block.key_id, block.device, block.stream, block.kind, interval
        )
        item = block.item
        place = Place(block.key_id, block.session, block.epoch, block.stream)
        passed = []
        decisions = self._cache.decide_each(subject, item, at_ns, context)
        for decision in decisions:
            out.count(subject, decision)
            if decision.outcome == reasons.DENY:
                refused = Refusal(place, subject, item, decision.purpose, decision.destination, decision)
                out.refusals.append(refused)
            else:
                passed.append(decision)
        out.judged.append(Judged(place, subject, decisions))
        if passed:
            out.parcels.append(
                Parcel(
                    *place,
                    block.kind,
                    subject,
                    item,
                    interval,
                    tuple(passed),
                    block.to_bytes(),
                )
            )
