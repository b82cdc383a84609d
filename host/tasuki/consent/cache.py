"""Decisions that are kept as long as they hold, so that a stream of blocks costs a lookup each."""

from tasuki.consent import reasons
from tasuki.consent.context import Context
from tasuki.consent.decision import AHEAD_NS, Decision, Engine
from tasuki.consent.registers import Binding, Garment

# Denials that do not depend on when the data was acquired.
_TIMELESS = frozenset(
    {
        "no_consent",
        "refused",
        "withdrawn",
        "notice_version",
        "purpose_not_in_policy",
        "unknown_purpose",
        "unknown_item",
        "unknown_destination",
        "destination_not_for_purpose",
        "category2_attached",
    }
)


class DecisionCache:
    """`decide` like the engine's, from memory where the answer is sure to be the same.

    An answer is used again only under the same version of consents and registers, inside the same
    stretch of unchanged consent, and for data from inside it.
    """

    def __init__(self, engine: Engine, limit: int = 100_000) -> None:
        self.engine = engine
        self._limit = limit
        self._version: tuple[int, int] | None = None
        self._kept: dict[
            tuple[str, str, str, str, int, int], tuple[Decision, Garment | None, Binding | None]
        ] = {}

    def decide(
        self, subject: str, item: str, purpose: str, destination: str, at_ns: int, context: Context
    ) -> Decision:
        """The engine's decision for these arguments."""
        version = self.engine.version
        if version != self._version:
            self._kept.clear()
            self._version = version
        key = (subject, item, purpose, destination, context.stream, context.kind)
        kept = self._kept.get(key)
        if kept is not None and _same(kept, at_ns, context):
            return kept[0]
        decision = self.engine.decide(subject, item, purpose, destination, at_ns, context)
        if decision.outcome == reasons.ALLOW or decision.reason in _TIMELESS:
            if len(self._kept) >= self._limit:
                self._kept.clear()
            self._kept[key] = decision, context.garment, context.binding
        return decision


def _same(kept: tuple[Decision, Garment | None, Binding | None], at_ns: int, context: Context) -> bool:
    decision, garment, binding = kept
    acquired = context.acquired
    if (
        acquired is None
        or garment is not context.garment
        or garment is None
        or garment.device != context.device
        or context.acquired_in != "product_use"
        or acquired.t1_ns < acquired.t0_ns
        or acquired.uncertainty_ns < 0
        or not decision.since_ns <= at_ns < decision.until_ns
    ):
        return False
    if decision.outcome == reasons.DENY:
        return True
    first, last = acquired.first_ns, acquired.last_ns
    return (
        binding is context.binding
        and binding is not None
        and max(decision.since_ns, binding.since_ns) <= first
        and last < min(decision.until_ns, binding.until_ns)
        and acquired.t1_ns <= at_ns + AHEAD_NS
    )
