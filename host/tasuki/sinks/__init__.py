"""Where blocks go: one small protocol, the embedded store behind it by default."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

DAY_NS = 86_400_000_000_000
Key = tuple[bytes, int, int]


@dataclass(frozen=True)
class Delivery:
    """One block on its way to one destination.

    Attributes:
        destination, purpose: where to, what for.
        pseudonym: the wearer's at this destination, 16 bytes.
        stream: stream number.
        number: rises by 1 per pseudonym and stream; from 0 at our own store, elsewhere from a random one.
        item: item name.
        form: `envelope` (our own store), `proved` or `attested`.
        tags: an envelope's tags in the clear (tasuki.vault.envelope), else empty.
        content: encrypted bytes.
        day: when it was acquired, days since 1970 in UTC; servers keep a partition for each.
        version: the wearer's consent version for this pseudonym and item (`Recall`).
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
    day: int = 0
    version: int = 0

    @property
    def key(self) -> Key:
        """What a sink is idempotent on."""
        return self.pseudonym, self.stream, self.number


@dataclass(frozen=True)
class Recall:
    """A wearer's no that goes after what is under way, a tombstone.

    Whoever holds blocks of this pseudonym and item with a lower consent version, and has not stored them
    yet, drops them. The version counts the wearer's words against it, from 0, for each pseudonym and
    item alone: two destinations cannot compare it.
    """

    destination: str
    pseudonym: bytes
    item: str
    version: int


class Sink(Protocol):
    """A place that stores deliveries durably."""

    def send(self, batch: Iterable[Delivery]) -> list[Key]:
        """Store a batch; returns the keys that are durable now, old ones included.

        Consume the iterable one by one, right before each delivery leaves: consent is checked
        inside it. Idempotent on `Delivery.key`. Raises LinkLost when trying again may help.
        """
        ...


@runtime_checkable
class RemoteSink(Sink, Protocol):
    """A sink with a way to it that can stall, and where blocks may lie before they are stored."""

    def recall(self, recalls: Iterable[Recall]) -> list[Recall]:
        """Send tombstones; returns those that are durable now. Raises LinkLost like `send`."""
        ...

    def interrupt(self) -> None:
        """Break off a `send` that runs in another thread; nothing that waits in it leaves any more.

        That `send` raises LinkLost. Without one nothing happens. Returns at once.
        """
        ...

    def check(self) -> None:
        """Connect, and send nothing. Raises LinkLost or UsageError with what is wrong."""
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


@dataclass(frozen=True)
class Erased:
    """What a server has answered to an erasure.

    Attributes:
        what: was done. how: it is known, as a receipt says it.
    """

    what: str
    how: str


@runtime_checkable
class Erasing(Protocol):
    """What a sink has beside `send` when it can erase; one that cannot keeps an erasure pending."""

    def erase(self, recalls: Collection[Recall]) -> Erased:
        """Delete what these recalls are about, also what is stored, and bury them, in one transaction.

        That is every block of the pseudonym and item with a lower consent version: nothing that the
        wearer gave later. Returns when it is durable and a second look found nothing. Idempotent; from
        any thread. Raises LinkLost when trying again may help.
        """
        ...


@runtime_checkable
class Expiring(Protocol):
    """What a sink has when its server does not purge by itself what is past its retention."""

    def expire(self, days: Mapping[str, int], today: int) -> int:
        """Delete blocks of items that were acquired more than so many days before today; how many.

        A whole day that is past every limit counts as one. today: days since 1970 in UTC. Idempotent;
        from any thread. Raises LinkLost when trying again may help.
        """
        ...
