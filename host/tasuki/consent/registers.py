"""What decisions look up beside consent: destinations, garments with their manifests, who wore what."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tasuki_wire import codec, layout

INTERNAL = "internal"
PROCESSORS = ("processor_jp", "processor_foreign")
MODULE = "module"
THIRD_PARTY = "third_party"
SUBJECT = "subject"
STATISTICS_RELEASE = "statistics_release"
DESTINATION_KINDS = (INTERNAL, *PROCESSORS, MODULE, THIRD_PARTY, SUBJECT, STATISTICS_RELEASE)

ENVELOPE = "envelope"  # our own store: the envelope itself, with all that proves it
ATTESTED = "attested"  # stripped of category 2, signed by the service's attestation key
FORMS = (ENVELOPE, ATTESTED)


@dataclass(frozen=True)
class Destination:
    """Where blocks may go, for one purpose.

    Attributes:
        name: unique; part of the pseudonym, so it never changes.
        kind: one of DESTINATION_KINDS.
        purpose: the one purpose it is registered for.
        form: what it gets; only `attested` is free of category 2.
    """

    name: str
    kind: str
    purpose: str
    form: str

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
    """

    product: str
    streams: Mapping[int, frozenset[int]]

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
FULL_GARMENT = Manifest.of_profile("full-garment", layout.FULL_PROFILE)
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


@dataclass
class Registers:
    """The registers that one host works with. Whatever is missing from them is denied."""

    destinations: dict[str, Destination] = field(default_factory=lambda: dict(DESTINATIONS))
    garments: dict[bytes, Garment] = field(default_factory=dict)
    bindings: dict[bytes, list[Binding]] = field(default_factory=dict)
    version: int = 0

    def add_garment(self, garment: Garment) -> None:
        """Register a hub under its key id."""
        self.garments[garment.key_id] = garment
        self.version += 1

    def bind(self, binding: Binding) -> None:
        """State who wears a hub."""
        self.bindings.setdefault(binding.device, []).append(binding)
        self.version += 1

    def binding(self, device: bytes, t0_ns: int, t1_ns: int) -> Binding | None:
        """The one binding of a hub that covers the whole interval; None when none or two do."""
        found = [
            binding
            for binding in self.bindings.get(device, ())
            if binding.since_ns <= t0_ns and t1_ns < binding.until_ns
        ]
        return found[0] if len(found) == 1 else None
