"""What every step of an erasure works with."""

from collections.abc import Mapping
from dataclasses import dataclass

from tasuki.consent.registers import PROCESSORS, Destination
from tasuki.pipeline import recalls
from tasuki.session.state import State
from tasuki.sinks import Recall, Sink
from tasuki.wearer.erasure.cases import Cases, Facts
from tasuki.wearer.erasure.progress import StoreProgress

CAPTURES = "capture"  # purpose of the names that captures give their owners


@dataclass(frozen=True)
class Work:
    """One case and where it is carried on.

    Attributes:
        sinks: destination to its sink, where it is not the embedded store.
        stores: name to how far it is already. now_ns: Unix nanoseconds.
    """

    state: State
    cases: Cases
    case: str
    facts: Facts
    sinks: Mapping[str, Sink]
    stores: Mapping[str, StoreProgress]
    now_ns: int

    @property
    def whole(self) -> bool:
        """True when everything of the wearer is erased, not some items."""
        return self.facts.items is None

    @property
    def came_back(self) -> bool:
        """True when somebody has an account under the same name since."""
        return self.state.vault.identity(self.facts.subject) not in (None, bytes.fromhex(self.facts.identity))

    def pseudonyms(self, destination: str = "") -> list[bytes]:
        """Those of blocks at a destination, or at all of them."""
        return [
            bytes.fromhex(text)
            for purpose, place, _, text in self.facts.pseudonyms
            if purpose != CAPTURES and destination in ("", place)
        ]

    def recalls(self, destination: str) -> list[Recall]:
        """What ends all that is erased at a server."""
        if self.whole:
            return recalls.last(destination, self.pseudonyms(destination))
        return [
            Recall(place, bytes.fromhex(name), item, version)
            for place, name, item, version in self.facts.recalls
            if place == destination
        ]

    def destinations(self) -> list[str]:
        """Where blocks of the wearer were ever to go."""
        return sorted({place for purpose, place, _, _ in self.facts.pseudonyms if purpose != CAPTURES})

    def processor_of(self, destination: str) -> str:
        """The processor behind a destination; empty when it is our own."""
        place: Destination | None = self.state.engine.registers.destinations.get(destination)
        if place is None or place.kind not in PROCESSORS:
            return ""
        return place.party or place.name

    def devices(self) -> list[bytes]:
        """Hubs that the wearer wore."""
        return sorted({bytes.fromhex(device) for _, device in self.facts.bindings})
