"""The qemu hub in its garment: real drivers on simulated parts, inside the image.

board_qemu.board() imports this file from the host's files, as it is, when the
hub's folder has a garment.json:

    path     folders with this file and the simulators
    ecg      a file of int16 microvolts, 250 a second, at the electrodes; over and over
    events   [[seconds, what, name, value], ...]: at that device time
             the part `what` gets the attribute `name`; with name `broken` its bus fails;
             `button` is pressed or released; `hub` does nothing else for `value` ms

and each second it writes to buses.json how many transactions each part has seen.
"""

import json
import time

import _qemu
from parts import Parts
from sensors.bus import Clock

from tasuki_hub import status
from tasuki_hub.board_qemu import Board

_PERIOD_US = 4_000  # of the recorded ECG
_SECOND_US = 1_000_000
_CHUNK = 256


class RecordedEcg:
    """A recording as the voltage at any time, by straight lines between its samples."""

    def __init__(self, path):
        self._file = _qemu.open(path, "rb")
        self._length = self._file.seek(0, 2) // 2
        self._buf = bytearray(2 * _CHUNK)
        self._first = -_CHUNK

    def __call__(self, us):
        at = us // _PERIOD_US
        a = self._sample(at)
        return a + (self._sample(at + 1) - a) * (us % _PERIOD_US) // _PERIOD_US

    def _sample(self, at):
        at %= self._length
        if not 0 <= at - self._first < _CHUNK:
            self._first = at - at % _CHUNK
            self._file.seek(2 * self._first)
            self._file.readinto(self._buf)
        at = 2 * (at - self._first)
        value = self._buf[at] | self._buf[at + 1] << 8
        return value - (value >> 15 << 16)


def _spin(ms):
    start = time.ticks_ms()
    while time.ticks_diff(time.ticks_ms(), start) < ms:
        pass


class GarmentBoard(Board):
    """The qemu board; what it drives is simulated by the same processor, which takes time from the hub."""

    def __init__(self, config, options):
        Board.__init__(self, config)
        self._time = Clock()
        self._time.now_us = self.now_us()
        self.electronics = Parts(self._time, RecordedEcg(options["ecg"]), trace=False)
        self._events = sorted(options.get("events", []))
        self._report_us = 0
        self._hub = None

    def drivers(self, hub):
        """The full profile, the button, and what the hub says of itself."""
        self._hub = hub
        (_, report), *others = status.drivers(hub)
        return self.electronics.streams(report, hub.log, hub.alarm) + others

    def battery_mv(self):
        """As the gauge says."""
        return self.electronics.status.millivolts()

    def wait(self, ms):
        """Pass the time, and then let the parts live up to now.

        While a part runs the processor does not sleep but counts: an emulator that
        counts instructions is then as late as its own work makes it, never
        because the machine that it runs on was busy.
        """
        if self._hub and self._hub.sampler.powered:
            _spin(ms)
        else:
            Board.wait(self, ms)
        while self._events and self.now_us() >= self._events[0][0] * _SECOND_US:
            self._happen(*self._events.pop(0)[1:])
        now = self.now_us()
        self._time.set(now)
        if now >= self._report_us:
            self._report_us = now + _SECOND_US
            with _qemu.open("buses.json", "wb") as f:
                f.write(json.dumps(self.electronics.traffic()).encode())

    def _happen(self, what, name, value):
        if what == "button":
            self.electronics.button(0 if value else 1)
        elif what == "hub":
            _spin(value)
        elif name == "broken":
            self.electronics.faults_of(what).broken = value
        else:
            setattr(self.electronics.sims[what], name, value)
