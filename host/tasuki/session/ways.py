"""Which rule let each stream pass or stopped it, place by place: at the hub, at routing, in the queue."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tasuki.consent import reasons
from tasuki.consent.decision import Decision
from tasuki.pipeline.parcel import Judged, Place
from tasuki.session.hub_session import Session
from tasuki.view.snapshot import ALLOW, DENY, HUB, Way
from tasuki_wire import codec, items

_SAMPLED = ("granted", "A-01")


@dataclass
class _Passed:
    """Blocks of one stream about which the same was decided."""

    decision: Decision
    example: str
    blocks: int = 0


class Ways:
    """Counts what was decided, by stream and destination; memory grows with the answers, not the blocks.

    Attributes:
        name: gives the id of a wearer's block.
    """

    def __init__(self) -> None:
        self.name: Callable[[str, Place], str] = lambda subject, place: ""
        self._passed: dict[tuple[int, str, str], _Passed] = {}

    def judged(self, blocks: Iterable[Judged]) -> None:
        """Count these blocks."""
        for one in blocks:
            for decision in one.decisions:
                key = one.place.stream, decision.destination, decision.reason
                passed = self._passed.get(key)
                if passed is None:
                    passed = self._passed[key] = _Passed(decision, self.name(one.subject, one.place))
                passed.blocks += 1

    def all(self, session: Session, names: dict[int, str]) -> tuple[Way, ...]:
        """Every way of every stream, the hub first; names: of the streams by number."""
        out = [way for number in session.streams for way in _at_hub(session, number, names)]
        for (stream, _, _), passed in self._passed.items():
            out.append(_way(names, stream, passed.decision, passed.blocks, passed.example))
        outbox = session.state.outbox
        for (stream, _, _), (decision, n) in outbox.late.copy().items():
            example = next(iter(outbox.late_examples.by_reason.get(decision.reason, ())), "")
            shown = example if example.endswith(f".{stream}") else ""
            out.append(_way(names, stream, decision, n, shown, late=True))
        return tuple(out)


def _way(names: dict[int, str], stream: int, d: Decision, n: int, example: str, late: bool = False) -> Way:
    name, rule = names.get(stream, str(stream)), d.rules[0] if d.rules else ""
    return Way(name, d.destination, d.purpose, d.outcome, d.reason, rule, n, example, late)


def _at_hub(session: Session, number: int, names: dict[int, str]) -> list[Way]:
    """Whether the stream is sampled now, and frames of it that were refused when they arrived."""
    item = str(codec.KINDS[session.streams[number].kind].item)
    name = names.get(number, str(number))
    if session.items & items.bit(item):
        out = [Way(name, HUB, "", ALLOW, *_SAMPLED)]
    else:
        code = session.gate.rules[item].keep or "not_in_token"
        out = [Way(name, HUB, "", DENY, code, _rule(code))]
    for (code, dropped), frames in sorted(session.counts.dropped.items()):
        if dropped == item:
            out.append(Way(name, HUB, "", DENY, code, _rule(code), frames))
    return out


def _rule(code: str) -> str:
    rules = reasons.REASONS[code].rules
    return rules[0] if rules else ""
