"""The board of the virtual hub: MicroPython's unix port on a pseudo-terminal.

Its sensors are a recording; its clock may run faster than the wall's, so that
a minute can be replayed in seconds. TASUKI_HUB names its folder:

    hub.json    {"unique_id": hex, "speed": n, "replay": folder, "packed": true or false}
    flash/      what a real hub keeps in flash
"""

import gc
import json
import os
import select
import sys
import termios
import time

import micropython

from tasuki_hub import packing, status
from tasuki_hub.replay import Replay
from tasuki_wire import layout

_PIECE = 64  # small writes, so that a full terminal does not stop the hub for long


class Board:
    """Clock, line, entropy, flash and sensors of the virtual hub."""

    name = "unix"

    def __init__(self):
        folder = os.getenv("TASUKI_HUB")
        with open(folder + "/hub.json") as f:
            self._config = json.load(f)
        self.flash = folder + "/flash"
        self.speed = self._config["speed"]
        self.packed = self._config.get("packed", packing.FAST)
        self._last = time.ticks_us()
        self._now = 0
        self._cause = layout.RESET_CAUSES.index("power_on")
        self._in = sys.stdin.buffer
        self._out = sys.stdout.buffer
        self._readable = select.poll()
        self._readable.register(sys.stdin, select.POLLIN)
        self._writable = select.poll()
        self._writable.register(sys.stdout, select.POLLOUT)
        termios.setraw(0)
        micropython.kbd_intr(-1)

    def unique_id(self):
        """Stands for the MCU's serial number."""
        return bytes.fromhex(self._config["unique_id"])

    def entropy(self, n):
        """n bytes from the operating system."""
        return os.urandom(n)

    def ticks_us(self):
        """Real microseconds, for slicing work."""
        return time.ticks_us()

    def now_us(self):
        """Device time in microseconds since boot; never goes back."""
        ticks = time.ticks_us()
        self._now += time.ticks_diff(ticks, self._last) * self.speed
        self._last = ticks
        return int(self._now)

    def drivers(self, hub):
        """The streams of this garment: (number, driver)."""
        return Replay(self._config["replay"]).channels + status.drivers(hub)

    def read_into(self, buf):
        """Bytes that have arrived, without waiting; return their number."""
        n = 0
        while n < len(buf) and self._readable.poll(0):
            byte = self._in.read(1)
            if not byte:
                break
            buf[n] = byte[0]
            n += 1
        return n

    def write(self, data):
        """Write what the line takes now; return how much."""
        if not self._writable.poll(0):
            return 0
        return self._out.write(data[:_PIECE]) or 0

    def wait(self, ms):
        """Sleep until something arrives, at most ms."""
        self._readable.poll(ms)

    def battery_mv(self):
        """No battery is measured here."""
        return 0

    def reset_cause(self):
        """Index of layout.RESET_CAUSES: power_on, until reset() says otherwise."""
        return self._cause

    def reset(self, cause):
        """Be another life with this cause; the process goes on."""
        self._cause = cause

    def heap_free(self):
        """Bytes left on the heap."""
        return gc.mem_free()
