"""The board of the qemu hub: our image on an emulated Cortex-M3.

Its UART is the line, its flash a file, its sensors a recording in files of
the host, its entropy the host's. The emulator runs in the hub's folder:

    hub.json     {"unique_id": hex, "speed": n, "replay": folder, "packed": bool,
                  "start_us": n, "power_cut": [operation, bytes]}
    flash.img    a NOR flash with LittleFS; the last two keys are for tests
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
import vfs

from tasuki_hub.nor_flash import NorFlash
from tasuki_hub.replay import Replay, StatusDriver

_STATUS_STREAM = 5
_STATUS_US = 4_000_000
_BLOCKS = 64  # 256 KiB
_MILLI = 1000
_FOLDER = 0x4000  # as os.stat has it
_FILE = 0x8000


def configured():
    """True when this emulator is to be a hub."""
    try:
        _qemu.open("hub.json").close()
    except OSError:
        return False
    return True


class HostFiles:
    """The host's files, to read; mounted, so that open() finds them."""

    def mount(self, readonly, mkfs):
        """Nothing to prepare."""

    def umount(self):
        """Nothing to close."""

    def open(self, path, mode):
        """A file; OSError when there is none."""
        return _qemu.open(path, mode)

    def stat(self, path):
        """The kind alone, which is what import asks for: a folder opens, has a size, and reads as empty."""
        with _qemu.open(path, "rb") as f:
            kind = _FILE if f.read(1) or not f.seek(0, 2) else _FOLDER
        return (kind,) + (0,) * 9


def mount_flash(cut):
    """Mount the filesystem at /flash; one that was never made is made.

    A filesystem that cannot be mounted is left alone, because it may hold a
    key and the session counter that goes with it.
    """
    try:
        file = _qemu.open("flash.img", "r+b")
    except OSError:
        _qemu.open("flash.img", "wb").close()
        file = _qemu.open("flash.img", "r+b")
    flash = NorFlash(file, _BLOCKS, cut, _qemu.power_off)
    if flash.blank():
        vfs.VfsLfs2.mkfs(flash)
    vfs.mount(vfs.VfsLfs2(flash, mtime=False), "/flash")
    return flash


class Board:
    """Clock, line, entropy, flash and sensors of the qemu hub."""

    name = "qemu"
    flash = "/flash"

    def __init__(self, config):
        micropython.kbd_intr(-1)
        self._config = config
        self.nor = mount_flash(self._config.get("power_cut"))
        _qemu.preset_us(self._config.get("start_us", 0))
        if "packed" in self._config:
            self.packed = self._config["packed"]
        # floats have 24 bits here, so the speed is a whole number of thousandths
        self._speed = round(self._config["speed"] * _MILLI)
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
        streams = Replay("/host" + self._config["replay"]).channels
        return streams + [(_STATUS_STREAM, StatusDriver(hub, _STATUS_US))]

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
        """No battery is measured here."""
        return 0

    def reset_cause(self):
        """Index of layout.RESET_CAUSES."""
        return machine.reset_cause()

    def heap_free(self):
        """Bytes left on the heap."""
        return gc.mem_free()


def board():
    """The board that hub.json describes.

    Beside garment.json it plays no recording: its sensors are simulated
    electronics under the drivers that a garment runs. That is test code, the
    module `qemu_garment` below `path` in the host's files.
    """
    with _qemu.open("hub.json") as f:
        config = json.load(f)
    vfs.mount(HostFiles(), "/host")
    try:
        with _qemu.open("garment.json") as f:
            garment = json.load(f)
    except OSError:
        return Board(config)
    sys.path.extend(["/host" + folder for folder in garment["path"]])
    import qemu_garment

    return qemu_garment.GarmentBoard(config, garment)
