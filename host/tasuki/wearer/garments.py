"""Who wears which hub, looked up by the wearer."""

from tasuki.consent.events import FOREVER
from tasuki.consent.registers import Binding, Garment, Registers, Source
from tasuki_wire import codec


class Garments:
    """The open bindings of a register, made anew when it has changed."""

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
