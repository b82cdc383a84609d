"""Where blocks go: one small protocol, the embedded store behind it by default."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

Key = tuple[bytes, int, int]


@dataclass(frozen=True)
class Delivery:
    """One block on its way to one destination.

    Attributes:
        destination, purpose: where to, what for.
        pseudonym: the wearer's at this destination, 16 bytes.
        stream: stream number.
        number: counts from 0 per pseudonym and stream.
        item: item name.
        form: `envelope` (our own store), `proved` or `attested`.
        tags: an envelope's tags in the clear (tasuki.vault.envelope), else empty.
        content: encrypted bytes.
    """

    destination: str
    purpose: str
    pseudonym: bytes
    stream: int
    number: int
    item: str
    form: str
    tags: bytes
    content: bytes = field(repr=False)

    @property
    def key(self) -> Key:
        """What a sink is idempotent on."""
        return self.pseudonym, self.stream, self.number


class Sink(Protocol):
    """A place that stores deliveries durably."""

    def send(self, batch: Iterable[Delivery]) -> list[Key]:
        """Store a batch; returns the keys that are durable now, old ones included.

        Consume the iterable one by one, right before each delivery leaves: consent is checked
        inside it. Idempotent on `Delivery.key`. Raises LinkLost when trying again may help.
        """
        ...


@runtime_checkable
class Erasing(Protocol):
    """What a sink has beside `send` when it can erase; one that cannot keeps an erasure pending."""

    def erase(self, pseudonyms: Collection[bytes], items: Collection[str] | None = None) -> int:
        """Delete what it holds under these pseudonyms (of these items; None: all); how many deliveries.

        Returns when it is durable and a second look found nothing: this is the acknowledgement.
        Idempotent. Raises LinkLost when trying again may help.
        """
        ...
