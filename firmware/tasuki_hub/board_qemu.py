"""The board of the qemu hub: our image on an emulated Cortex-M3.

Its UART is the line, its flash a file, its sensors a recording in files of
the host, its entropy the host's. The emulator runs in the hub's folder:

    hub.json     {"unique_id": hex, "speed": n, "replay": folder, "packed": bool,
                  "start_us": n, "power_cut": [operation, bytes], "vault_cut": the same,
                  "battery_mv": n}
    flash.img    a NOR flash with LittleFS; the last keys are for tests
    vault.img    the key region, which no program reads
    garment.json {"path": [folder, ...], ...}: for tests, simulated electronics
"""

import gc
import json
import os
import sys
import time

import _qemu
import machine
import micropython

from tasuki_hub import status
from tasuki_hub.replay import Replay
from tasuki_hub.setup_qemu import Setup

_MILLI = 1000


class Board:
    """Clock, line, entropy, flash and sensors of the qemu hub."""

    name = "qemu"
    flash = "/flash"

    def __init__(self, setup):
        micropython.kbd_intr(-1)
        self._config = setup.config
        self.nor = setup.nor
        if hasattr(setup, "vault"):
            self.vault = setup.vault
        _qemu.preset_us(self._config.get("start_us", 0))
        if "packed" in self._config:
            self.packed = self._config["packed"]
        # floats have 24 bits here, so the speed is a whole number of thousandths
        self.speed = self._config["speed"]
        self._speed = round(self.speed * _MILLI)
        self._last = time.ticks_us()
        self._now = 0

    def unique_id(self):
        """Stands for the MCU's serial number."""
        return bytes.fromhex(self._config["unique_id"])

    def entropy(self, n):
        """n bytes from the host; NotImplementedError when it gives none."""
        try:
            return os.urandom(n)
        except OSError:
            raise NotImplementedError("entropy")

    def ticks_us(self):
        """Real microseconds, for slicing work."""
        return time.ticks_us()

    def now_us(self):
        """Device time in microseconds since boot; never goes back."""
        ticks = time.ticks_us()
        self._now += time.ticks_diff(ticks, self._last) * self._speed
        self._last = ticks
        return self._now // _MILLI

    def drivers(self, hub):
        """The streams of this garment: (number, driver)."""
        return Replay("/host" + self._config["replay"]).channels + status.drivers(hub)

    def read_into(self, buf):
        """Bytes that have arrived, without waiting; return their number."""
        return _qemu.line.readinto(buf) or 0

    def write(self, data):
        """Write what the line takes now; return how much."""
        return _qemu.line.write(data) or 0

    def wait(self, ms):
        """Sleep until something arrives, at most ms."""
        _qemu.wait_ms(ms)

    def battery_mv(self):
        """hub.json's battery_mv; 0 without it: no battery is measured here."""
        return self._config.get("battery_mv", 0)

    def reset_cause(self):
        """Index of layout.RESET_CAUSES."""
        return machine.reset_cause()

    def crash_pc(self):
        """Where the fault or the watchdog's bite was that ended the life before, else 0."""
        return _qemu.crash_pc()

    def watchdog(self, ms):
        """From now on reset the processor unless feed() comes that often; 0 ends that."""
        _qemu.watchdog(ms)

    def feed(self):
        """All is well."""
        _qemu.feed()

    def power_off(self):
        """Switch off: the emulator ends."""
        _qemu.power_off()

    def reset(self, cause):
        """Reset the processor; the next start finds the cause."""
        _qemu.reset(cause)

    def heap_free(self):
        """Bytes left on the heap."""
        return gc.mem_free()


def prepare():
    """What a start has before its firmware is chosen; loader.py asks once."""
    return Setup()


def start_again():
    """Reset the processor."""
    machine.reset()


def board(setup):
    """The board that hub.json describes.

    Beside garment.json it plays no recording: its sensors are simulated
    electronics under the drivers that a garment runs. That is test code, the
    module `qemu_garment` below `path` in the host's files; a locked hub
    runs none of it.
    """
    try:
        with _qemu.open("garment.json") as f:
            garment = json.load(f)
    except OSError:
        garment = None
    if garment is None or setup.locked:
        return Board(setup)
    sys.path.extend(["/host" + folder for folder in garment["path"]])
    import qemu_garment

    return qemu_garment.GarmentBoard(setup, garment)
