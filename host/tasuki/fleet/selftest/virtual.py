"""What a virtual hub cannot show: no part, no crystal, no cell is behind it. Such an item never passes."""

from dataclasses import dataclass

_PROCESS = "a process of this machine stands for the hub"
_EMULATED = "the emulator's, not a hub's"
_RECORDED = "a recording or a simulation stands for the part"
_NO_UART = "a pseudo-terminal has no rate"
_NO_WIRE = "no wire is between an emulated UART and its host"

# board: {item, or what its name begins with: why it shows nothing}
_NOT_SHOWN = {
    "unix": {
        "memory": _PROCESS,
        "flash": _PROCESS,
        "signature.time": _PROCESS,
        "start.time": _PROCESS,
        "clock": _PROCESS,
        "link.round_trip": _PROCESS,
        "rate": _NO_UART,
        "sensor": _RECORDED,
    },
    # its heap and its LittleFS are as large and as strict as a board's; its cells and its time are not
    "qemu": {
        "memory.cells": _EMULATED,
        "signature.time": _EMULATED,
        "start.time": _EMULATED,
        "clock": _EMULATED,
        "link.round_trip": _EMULATED,
        "rate": _NO_WIRE,
        "sensor": _RECORDED,
    },
}


@dataclass(frozen=True)
class Shown:
    """What a hub on a board of this name can show."""

    board: str

    def why_not(self, item: str) -> str:
        """Why an item proves nothing on this board; empty when it does."""
        for name, reason in _NOT_SHOWN.get(self.board, {}).items():
            if item == name or item.startswith(name + "."):
                return reason
        return ""
