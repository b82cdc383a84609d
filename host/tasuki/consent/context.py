"""What is known of a block beside its item: when, from which hub, worn by whom."""

from dataclasses import dataclass

from tasuki.consent.registers import TYPED_IN, Registers, Source
from tasuki.self_report import NO_HUB

# Clocks of two machines disagree a little; what claims to be later than this is held back.
AHEAD_NS = 2_000_000_000

# A block lasts 8 s at most; one that is wider with its uncertainty is decided without a kept answer.
WIDEST_NS = 16_000_000_000

_NEVER = 2**64  # no moment of deciding comes after it


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
        due_ns: AHEAD_NS before its last moment, for kept decisions; never for what they cannot judge.
    """

    __slots__ = ("acquired", "due_ns", "held_since_ns", "source")

    def __init__(self, acquired: Interval | None, source: Source, held_since_ns: int | None = None) -> None:
        self.source = source
        self.held_since_ns = held_since_ns
        self.acquired = None
        self.due_ns = _NEVER
        if acquired is not None and acquired.sound:
            self.acquired = acquired
            if acquired.last_ns - acquired.first_ns <= WIDEST_NS:
                self.due_ns = acquired.last_ns - AHEAD_NS


def context_of(
    registers: Registers,
    key_id: bytes,
    device: bytes | None,
    stream: int,
    kind: int,
    interval: Interval | None,
    held_since_ns: int | None = None,
) -> Context:
    """What the registers know of a block; device None stands for the one registered with the key.

    A self-report is from no hub, so there is nothing to look up.
    """
    if key_id == NO_HUB:
        return Context(interval, TYPED_IN, held_since_ns)
    garment = registers.garments.get(key_id)
    if device is None:
        device = garment.device if garment else b""
    binding = registers.binding(device, interval.first_ns, interval.last_ns) if interval else None
    return Context(interval, registers.source(garment, device, stream, kind, binding), held_since_ns)
