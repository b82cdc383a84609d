"""The event button: the wearer says "now"."""

import struct

from tasuki_wire import codec
from tasuki_wire.constant import const

_LOOK_US = const(10_000)
_DEBOUNCE_US = const(30_000)
_RATING = const(1)


class Button:
    """Presses as records of the kind subjective; the question says which button, the rating is 1.

    `pin` is called for its level; `pressed` is the level that means pressed. `alarm`
    is called with "button" for a press, after its record is in the ring, so that
    the epoch can be closed with it. A press counts when the level has held
    for 30 ms, and its time is that of the first edge; the next one counts
    after a release of 30 ms and not before half a second has passed.
    """

    kind = codec.number("subjective")
    period_us = 500_000
    per_frame = 1
    silent_us = 0  # a button that nobody presses is not broken

    def __init__(self, pin, question, alarm=None, pressed=0, site=0):
        self.site = site
        self._pin = pin
        self._pressed = pressed
        self._alarm = alarm
        self._record = bytearray(4)
        struct.pack_into("<Hh", self._record, 0, question, _RATING)

    def start(self, ring, now_us):
        """A button that is held now counts only after a release."""
        self._level = True  # what has been believed since the last debounced change
        self._edge_us = None
        self._free_us = now_us
        ring.restart(now_us)

    def poll(self, ring, now_us):
        """Look at the level; when to look again."""
        level = self._pin() == self._pressed
        if level == self._level:
            self._edge_us = None
        elif self._edge_us is None:
            self._edge_us = now_us
        elif now_us - self._edge_us >= _DEBOUNCE_US:
            edge_us = self._edge_us
            self._level = level
            self._edge_us = None
            if level and edge_us >= self._free_us:
                self._free_us = edge_us + self.period_us
                ring.restart(edge_us)
                ring.push(self._record, 1)
                if self._alarm:
                    self._alarm("button")
        return now_us + _LOOK_US

    def stop(self):
        """A pin that nobody reads needs no power."""
