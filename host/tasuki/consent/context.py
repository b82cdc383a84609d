"""What is known of a block beside its item: when, from which hub, worn by whom."""

from dataclasses import dataclass

from tasuki.consent.registers import Registers, Source

# Clocks of two machines disagree a little; what claims to be later than this is held back.
AHEAD_NS = 2_000_000_000

_BEFORE_ALL = -(2**64)  # no stretch of time begins there


@dataclass(frozen=True)
class Interval:
    """When a block was acquired, Unix nanoseconds; uncertainty_ns on both sides."""

    t0_ns: int
    t1_ns: int
    uncertainty_ns: int

    @property
    def first_ns(self) -> int:
        """The earliest moment that it may be from."""
        return self.t0_ns - self.uncertainty_ns

    @property
    def last_ns(self) -> int:
        """The latest moment that it may be from."""
        return self.t1_ns + self.uncertainty_ns

    @property
    def sound(self) -> bool:
        """False for one that ends before it begins, or is surer than sure."""
        return self.t0_ns <= self.t1_ns and self.uncertainty_ns >= 0


class Context:
    """What is known of a block beside its item.

    Attributes:
        acquired: when; None, or an interval that is not sound, is unknown and denies.
        source: where it comes from.
        held_since_ns: since when it waits in hold; None when it does not.
        first_ns, last_ns: of `acquired`, so that a kept decision compares plain numbers.
        due_ns: from this moment of deciding on it does not lie ahead.
    """

    __slots__ = ("acquired", "due_ns", "first_ns", "held_since_ns", "last_ns", "source")

    def __init__(self, acquired: Interval | None, source: Source, held_since_ns: int | None = None) -> None:
        self.source = source
        self.held_since_ns = held_since_ns
        if acquired is None or not acquired.sound:
            self.acquired = None
            self.first_ns = self.last_ns = self.due_ns = _BEFORE_ALL
        else:
            self.acquired = acquired
            self.first_ns, self.last_ns = acquired.first_ns, acquired.last_ns
            self.due_ns = acquired.t1_ns - AHEAD_NS


def context_of(
    registers: Registers,
    key_id: bytes,
    device: bytes | None,
    stream: int,
    kind: int,
    interval: Interval | None,
    held_since_ns: int | None = None,
) -> Context:
    """What the registers know of a block; device None stands for the one registered with the key."""
    garment = registers.garments.get(key_id)
    if device is None:
        device = garment.device if garment else b""
    binding = registers.binding(device, interval.first_ns, interval.last_ns) if interval else None
    return Context(interval, registers.source(garment, device, stream, kind, binding), held_since_ns)
