"""What is known of a block beside its item: when, from which hub, worn by whom."""

from dataclasses import dataclass

from tasuki.consent.registers import Binding, Garment, Registers


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


@dataclass(frozen=True)
class Context:
    """What is known of a block beside its item.

    Attributes:
        acquired: when; None is unknown and denies.
        garment: the registered hub it came from; None is unknown and denies items of the garment.
        device: device id that the block claims, 8 bytes.
        stream, kind: for the manifest.
        binding: who wore the hub then; None holds.
        acquired_in: where it was acquired, one of the policy's contexts.
        location_permission: the device's own permission (rule C2-03).
    """

    acquired: Interval | None
    garment: Garment | None = None
    device: bytes = b""
    stream: int = -1
    kind: int = -1
    binding: Binding | None = None
    acquired_in: str = "product_use"
    location_permission: bool = False


def context_of(
    registers: Registers, key_id: bytes, device: bytes | None, stream: int, kind: int, interval: Interval
) -> Context:
    """What the registers know of a block; device None stands for the one registered with the key."""
    garment = registers.garments.get(key_id)
    if device is None:
        device = garment.device if garment else b""
    binding = registers.binding(device, interval.first_ns, interval.last_ns)
    return Context(interval, garment, device, stream, kind, binding)
