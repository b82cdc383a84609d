"""For the image, from the host's files: the recording, and one thing that goes wrong in use.

garment.json names it: {"path": [this folder], "fault": what, "after_s": seconds
after the start of the ECG}. It happens in the life that power on began, and with
"always": true in every one.
"""

import _qemu
import machine

from tasuki_hub.board_qemu import Board
from tasuki_wire import layout

_POWER_ON = layout.RESET_CAUSES.index("power_on")
_NVIC_ICER = 0xE000E180
_NOWHERE = 0xDF000000  # an address without memory


class GarmentBoard(Board):
    """The qemu hub with a driver that fails in a staged way."""

    def __init__(self, setup, garment):
        Board.__init__(self, setup)
        self.stage = garment

    def drivers(self, hub):
        """Those of the recording; the first one fails."""
        streams = Board.drivers(self, hub)
        if self.stage.get("always") or self.reset_cause() == _POWER_ON:
            number, driver = streams[0]
            streams[0] = (number, Staged(driver, self.stage))
        return streams


class Staged:
    """A driver in front of another."""

    def __init__(self, driver, stage):
        self.kind = driver.kind
        self.site = driver.site
        self.period_us = driver.period_us
        self.per_frame = driver.per_frame
        self.deadline_us = driver.deadline_us
        self.stop = driver.stop
        self._driver = driver
        self._happen = getattr(self, "_" + stage["fault"])
        self._after_us = stage["after_s"] * 1_000_000

    def start(self, ring, now_us):
        """From now on the seconds count."""
        self._at_us = now_us + self._after_us
        self._driver.start(ring, now_us)

    def poll(self, ring, now_us):
        """As the other does, until it happens."""
        if now_us >= self._at_us:
            self._happen()
        return self._driver.poll(ring, now_us)

    def _hang(self):
        machine.mem32[_NVIC_ICER] = 0xFFFFFFFF  # nor does any interrupt come
        while True:
            pass

    def _raise(self):
        raise ValueError("the wearer's pulse is 71")

    def _hard(self):
        machine.mem32[_NOWHERE]

    def _supply(self):
        _qemu.brown_out()

    def _dead(self):
        raise OSError(5)
