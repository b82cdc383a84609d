"""What decisions look up beside consent: destinations, garments with their manifests, who wore what.

Processors, modules and operators are in `parties`, legal exceptions in `tickets`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol
from weakref import WeakSet

from tasuki.consent.events import BEGINNING, FOREVER
from tasuki.consent.parties import Module, Processor
from tasuki.consent.stretch import ALWAYS, Dated
from tasuki.consent.tickets import Approver, Ticket
from tasuki_wire import codec, layout

INTERNAL = "internal"
PROCESSORS = ("processor_jp", "processor_foreign")
MODULE = "module"
THIRD_PARTY = "third_party"
SUBJECT = "subject"
STATISTICS_RELEASE = "statistics_release"
DESTINATION_KINDS = (INTERNAL, *PROCESSORS, MODULE, THIRD_PARTY, SUBJECT, STATISTICS_RELEASE)

ENVELOPE = "envelope"  # our own store: the envelope itself, with all that proves it
PROVED = "proved"  # for others: the block with the hub's own proof, which carries its identity
ATTESTED = "attested"  # stripped of category 2, signed by the service's attestation key
FORMS = (ENVELOPE, PROVED, ATTESTED)
EXCEPTION = "exception"  # purpose of a third party's destination: what its ticket says, and no other


@dataclass(frozen=True)
class Destination:
    """Where blocks may go, for one purpose.

    Attributes:
        name: unique; part of the pseudonym, so it never changes.
        kind: one of DESTINATION_KINDS.
        purpose: the one purpose it is registered for.
        form: what it gets; only `attested` is free of category 2.
        party: the processor or module behind it, by its name in the register; empty when it has the
            destination's own name.
    """

    name: str
    kind: str
    purpose: str
    form: str
    party: str = ""

    def __post_init__(self) -> None:
        if self.kind not in DESTINATION_KINDS or self.form not in FORMS:
            raise ValueError(f"destination {self.name}: kind {self.kind!r}, form {self.form!r}")

    @property
    def carries(self) -> tuple[int, ...]:
        """Categories that travel along beside the item's own (rule X-01)."""
        return () if self.form == ATTESTED else (2,)


OWN_STORE = Destination("store", INTERNAL, "service_information", ENVELOPE)

DESTINATIONS: Mapping[str, Destination] = {
    destination.name: destination
    for destination in (
        OWN_STORE,
        Destination("improvement", INTERNAL, "service_improvement", ATTESTED),
        Destination("development", INTERNAL, "product_development", ATTESTED),
        Destination("research-statistics", INTERNAL, "statistics", ATTESTED),
    )
}


@dataclass(frozen=True)
class Manifest:
    """What a product has (rule A-03): nothing else is acquired from it, even with consent.

    Attributes:
        product: name of the product.
        streams: stream number to the kinds that it may carry.
        dated: when the manifest is in force.
    """

    product: str
    streams: Mapping[int, frozenset[int]]
    dated: Dated = ALWAYS

    @property
    def items(self) -> frozenset[str]:
        """The items that the product can measure."""
        return frozenset(str(codec.KINDS[kind].item) for kinds in self.streams.values() for kind in kinds)

    def lists(self, stream: int, kind: int) -> bool:
        """True when the product has this kind on this stream."""
        return kind in self.streams.get(stream, ())

    @classmethod
    def of_profile(cls, product: str, profile: Iterable[tuple[int, int, int, int, int]]) -> "Manifest":
        """The manifest of a layout profile, and what any hub may tell of itself.

        Log lines may come where device_status comes, or on their own.
        """
        status, log = codec.number("device_status"), codec.number("log")
        streams = {row[0]: frozenset({row[1], log} if row[1] == status else {row[1]}) for row in profile}
        streams.setdefault(layout.STREAMS - 1, frozenset({log}))
        streams.setdefault(layout.STREAM_STATUS[0], frozenset({layout.STREAM_STATUS[1]}))
        return cls(product, streams)


DEMO_GARMENT = Manifest.of_profile("demo-garment", layout.DEFAULT_PROFILE)
_BUTTON = (8, codec.number("subjective"), 1, 0, 1)  # the event button, which has no rate
FULL_GARMENT = Manifest.of_profile("full-garment", (*layout.FULL_PROFILE, _BUTTON))
PRODUCTS: Mapping[str, Manifest] = {manifest.product: manifest for manifest in (DEMO_GARMENT, FULL_GARMENT)}


@dataclass(frozen=True)
class Garment:
    """A hub that we know: its key, its device id (8 bytes each) and what the product has."""

    key_id: bytes
    device: bytes
    manifest: Manifest


@dataclass(frozen=True)
class Binding:
    """Who wore a hub when (rule C3-02). `id` is 16 bytes and stands in the consent token."""

    id: bytes
    device: bytes
    subject: str
    since_ns: int
    until_ns: int


@dataclass(frozen=True, eq=False)
class Source:
    """Where data comes from, the same for many blocks; equal only to itself, so that it is a quick key.

    Attributes:
        garment: the registered hub; None is unknown and denies items of the garment.
        device: device id that the block claims, 8 bytes.
        stream, kind: for the manifest.
        binding: who wore the hub then; None holds.
        acquired_in: where it was acquired, one of the policy's contexts.
        location_permission: the device's own permission (rule C2-03).
        operator: who hands it out by hand; empty when nobody does (rule S-07).
        typed_in: the wearer typed it in on the account page: no garment is behind it, and no device's proof.
    """

    garment: Garment | None = None
    device: bytes = b""
    stream: int = -1
    kind: int = -1
    binding: Binding | None = None
    acquired_in: str = "product_use"
    location_permission: bool = False
    operator: str = ""
    typed_in: bool = False


TYPED_IN = Source(acquired_in="service_use", typed_in=True)


class Watcher(Protocol):
    """Keeps answers that rest on the registers."""

    def forget_all(self) -> None:
        """Called when what they rest on has changed."""


_SOURCES = 100_000  # remembered at most


@dataclass
class Registers:
    """The registers that one host works with. Whatever is missing from them is denied.

    Attributes:
        operators: name to when the person's training is current.
        of_age_ns: subject to the moment up to which only a guardian can grant (Unix nanoseconds).
        tickets: legal exceptions by destination; only what `tickets.admit` returned.
        approvers: who may sign tickets, by name.
        served: destinations that a sink serves, the only ones that blocks are routed to; what others get
            is made by hand, as a bundle. None serves all there are.
        trouble: why outside parties get nothing for now; empty when nothing is wrong.
        version: rises with every change.
        places_version: rises when a decision must be asked for again that looked at the same source.
    """

    destinations: dict[str, Destination] = field(default_factory=lambda: dict(DESTINATIONS))
    garments: dict[bytes, Garment] = field(default_factory=dict)
    bindings: dict[bytes, list[Binding]] = field(default_factory=dict)
    version: int = 0
    processors: dict[str, Processor] = field(default_factory=dict)
    modules: dict[str, Module] = field(default_factory=dict)
    operators: dict[str, Dated] = field(default_factory=dict)
    of_age_ns: dict[str, int] = field(default_factory=dict)
    tickets: dict[str, tuple[Ticket, ...]] = field(default_factory=dict)
    approvers: dict[str, Approver] = field(default_factory=dict)
    served: frozenset[str] | None = None
    trouble: str = ""
    places_version: int = 0
    _sources: dict[tuple[bytes, bytes, int, int], Source] = field(default_factory=dict, repr=False)
    _watchers: WeakSet[Watcher] = field(default_factory=WeakSet, repr=False)

    def add_garment(self, garment: Garment) -> None:
        """Register a hub under its key id."""
        self.garments[garment.key_id] = garment
        self.version += 1

    def bind(self, binding: Binding) -> None:
        """State who wears a hub."""
        self.bindings.setdefault(binding.device, []).append(binding)
        self.version += 1

    def unbind(self, device: bytes, at_ns: int) -> None:
        """State that whoever wears a hub wears it no longer from a moment on."""
        worn = self.bindings.get(device, [])
        worn[:] = [replace(one, until_ns=at_ns) if one.until_ns == FOREVER else one for one in worn]
        self.version += 1

    def learn(self, garments: dict[bytes, Garment], bindings: dict[bytes, list[Binding]]) -> None:
        """Take these as all hubs and all that they were worn by; what is the same stays the same object."""
        if garments == self.garments and bindings == self.bindings:
            return
        known = {binding: binding for each in self.bindings.values() for binding in each}
        self.garments = {
            key_id: old if (old := self.garments.get(key_id)) == garment else garment
            for key_id, garment in garments.items()
        }
        self.bindings = {
            device: [known.get(binding, binding) for binding in each] for device, each in bindings.items()
        }
        self.version += 1

    def binding(self, device: bytes, t0_ns: int, t1_ns: int) -> Binding | None:
        """The one binding of a hub that covers the whole interval; None when none or two do."""
        found = [
            binding
            for binding in self.bindings.get(device, ())
            if binding.since_ns <= t0_ns and t1_ns < binding.until_ns
        ]
        return found[0] if len(found) == 1 else None

    def add_destination(self, destination: Destination) -> None:
        """Register a destination, or what it is from now on."""
        self.destinations[destination.name] = destination
        self.changed()

    def add_processor(self, processor: Processor) -> None:
        """Register a processor, or what holds for it from now on."""
        self.processors[processor.name] = processor
        self.changed()

    def add_module(self, module: Module) -> None:
        """Register a module, or what holds for it from now on."""
        self.modules[module.name] = module
        self.changed()

    def train(self, operator: str, dated: Dated) -> None:
        """Record when a person's training is current (rule S-07)."""
        self.operators[operator] = dated
        self.changed()

    def under_age(self, subject: str, until_ns: int) -> None:
        """Record until when only a guardian can grant for a wearer."""
        self.of_age_ns[subject] = until_ns
        self.changed()

    def admit(self, ticket: Ticket) -> None:
        """Let a legal exception count that `tickets.admit` has checked."""
        self.tickets[ticket.recipient] = (*self.tickets.get(ticket.recipient, ()), ticket)
        self.changed()

    def serve(self, names: Iterable[str]) -> None:
        """From now on blocks are routed to these destinations and no others."""
        served = frozenset(names)
        if served != self.served:
            self.served = served
            self.changed()

    @property
    def routed(self) -> list[Destination]:
        """The destinations that blocks are routed to."""
        places = self.destinations.values()
        return [place for place in places if self.served is None or place.name in self.served]

    def key_of(self, place: Destination) -> bytes:
        """The public key of whoever is behind a destination, 32 bytes; empty when none is registered."""
        party = place.party or place.name
        if place.kind in PROCESSORS:
            return self.processors[party].key if party in self.processors else b""
        return self.modules[party].key if place.kind == MODULE and party in self.modules else b""

    def changed(self) -> None:
        """Whatever was decided has to be decided again."""
        self.version += 1
        self.places_version += 1
        for watcher in list(self._watchers):
            watcher.forget_all()

    def watch(self, watcher: Watcher) -> None:
        """Tell this one, for as long as it lives, when all that was decided has to be decided again."""
        self._watchers.add(watcher)

    def grown_up_ns(self, subject: str) -> int:
        """From when a wearer's own grant counts."""
        return self.of_age_ns.get(subject, BEGINNING)

    def source(
        self, garment: Garment | None, device: bytes, stream: int, kind: int, binding: Binding | None
    ) -> Source:
        """Where blocks of a garment come from, the same object while nothing of it changes."""
        if garment is None:  # strangers are not remembered, or they would fill the memory
            return Source(None, device, stream, kind, binding)
        key = garment.key_id, device, stream, kind
        known = self._sources.get(key)
        if known is None or known.garment is not garment or known.binding is not binding:
            if len(self._sources) >= _SOURCES:
                self._sources.clear()
            known = Source(garment, device, stream, kind, binding)
            self._sources[key] = known
        return known
