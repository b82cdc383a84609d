"""What goes where: what was decided about a wearer's data, and what would be decided now."""

from collections.abc import Iterable
from dataclasses import dataclass

from tasuki.consent import reasons
from tasuki.consent.context import Context, Interval
from tasuki.consent.decision import Decision
from tasuki.consent.events import FOREVER
from tasuki.consent.registers import TYPED_IN, Binding, Garment, Registers, Source
from tasuki.session.state import State
from tasuki_wire import codec


@dataclass(frozen=True)
class Flow:
    """One way of an item, and what became of it there.

    Attributes:
        blocks: how many were decided so; 0 for what would be decided now.
        first_ns, last_ns: when, Unix nanoseconds.
    """

    item: str
    purpose: str
    destination: str
    outcome: str
    reason: str
    rules: tuple[str, ...]
    blocks: int
    first_ns: int
    last_ns: int

    def remedy(self, language: str) -> str:
        """What would change it."""
        code = self.reason if self.reason in reasons.REASONS else "unknown_item"
        made = Decision(self.outcome, code, self.rules, self.item, self.purpose, self.destination)
        return made.remedy(language)


def past(state: State, subject: str) -> list[Flow]:
    """Every decision about a wearer's blocks, the newest first."""
    return [Flow(*row[:5], tuple(row[5].split()), *row[6:]) for row in state.outbox.decided_about(subject)]


def now(state: State, garments: "Garments", subject: str, items: Iterable[str]) -> list[Flow]:
    """What every destination could have of these items, measured at this moment."""
    at = state.book.now_ns(subject)
    sources = garments.sources(subject)
    out = []
    for item in items:
        source = sources.get(item, TYPED_IN)
        for place in state.book.registers.destinations.values():
            context = Context(Interval(at, at, 0), source)
            one = state.engine.decide(subject, item, place.purpose, place.name, at, context)
            out.append(
                Flow(item, place.purpose, place.name, one.outcome, one.reason, tuple(one.rules), 0, at, at)
            )
    return out


class Garments:
    """Who wears which hub, looked up by the wearer; made anew when a register has changed."""

    def __init__(self, registers: Registers) -> None:
        self._registers = registers
        self._version = -1
        self._worn: dict[str, list[Binding]] = {}
        self._by_device: dict[bytes, Garment] = {}

    def worn(self, subject: str) -> list[Binding]:
        """The bindings of a wearer that are open."""
        self._look()
        return list(self._worn.get(subject, ()))

    def garment(self, device: bytes) -> Garment | None:
        """The hub of a device id, as it is registered."""
        self._look()
        return self._by_device.get(device)

    def sources(self, subject: str) -> dict[str, Source]:
        """By item, where what the wearer wears now would bring it from."""
        out: dict[str, Source] = {}
        for binding in self.worn(subject):
            garment = self.garment(binding.device)
            for stream, kinds in garment.manifest.streams.items() if garment else ():
                for kind in kinds:
                    source = self._registers.source(garment, binding.device, stream, kind, binding)
                    out.setdefault(str(codec.KINDS[kind].item), source)
        return out

    def _look(self) -> None:
        version = self._registers.version
        if version == self._version:
            return
        worn: dict[str, list[Binding]] = {}
        for each in list(self._registers.bindings.values()):
            for binding in each:
                if binding.until_ns == FOREVER:
                    worn.setdefault(binding.subject, []).append(binding)
        garments = list(self._registers.garments.values())
        self._worn, self._by_device = worn, {garment.device: garment for garment in garments}
        self._version = version
