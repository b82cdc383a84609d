"""Power states: what runs, why it came to that, and what a battery's end does."""

from tasuki_wire import layout
from tasuki_wire.constant import const

ACTIVE = layout.POWER_STATES.index("active")
IDLE = layout.POWER_STATES.index("idle")
OFF = layout.POWER_STATES.index("off")
_BATTERY = layout.POWER_REASONS.index("battery")

_LOOK_US = const(1_000_000)
_LOWS = const(2)  # readings in a row; a single one is a dip
_LOW_MV = const(3300)  # of a lithium cell under load; a board may say otherwise as battery_low_mv
_HYSTERESIS_MV = const(150)  # above that, a battery that was low is good again
_TELL_US = const(200_000)  # for the last report to be made
_LEAVE_US = const(5_000_000)  # for the last epoch to be signed and to leave


class Power:
    """The state, its reason, and the way from a low battery to a hub that is off.

    A battery voltage of 0 is one that is not measured: nothing follows from it.
    """

    def __init__(self, hub):
        self.state = IDLE
        self.reason = layout.POWER_REASONS.index("boot")
        self._hub = hub
        self._cause = None  # of the next change
        self._low_mv = getattr(hub.board, "battery_low_mv", _LOW_MV)
        self._low = False
        self._lows = 0
        self._look_us = 0
        self._off_us = 0  # when it was decided to switch off
        self._stopping = False

    def because(self, reason):
        """Name what is about to change the state, one of layout.POWER_REASONS."""
        if reason in layout.POWER_REASONS:  # not every border changes the power
            self._cause = layout.POWER_REASONS.index(reason)

    def fault(self):
        """Idle, and it stays so because of a fault."""
        if self.state == IDLE:
            self.reason = layout.POWER_REASONS.index("fault")

    def update(self):
        """See whether sensors were switched on or off, for the reason named last."""
        active = self._hub.sampler.powered > 0
        if self.state != OFF and active != (self.state == ACTIVE):
            self.state = ACTIVE if active else IDLE
            # nobody asked for it: all sensors failed, or one came back
            unasked = layout.POWER_REASONS.index("start" if active else "fault")
            self.reason = unasked if self._cause is None else self._cause
        self._cause = None

    def watch(self, now_us):
        """Once each turn; True when the board is to be switched off now."""
        if self.state == OFF:
            return self._leave(now_us)
        self.update()
        if self._hub.sampling and now_us >= self._look_us:
            self._look_us = now_us + _LOOK_US
            self._measure(now_us)
        return False

    def _measure(self, now_us):
        millivolts = self._hub.board.battery_mv()
        if not millivolts:
            return
        if millivolts >= self._low_mv + (_HYSTERESIS_MV if self._low else 0):
            self._low = False
            self._lows = 0
            return
        self._lows += 1
        if self._lows >= _LOWS:
            self._low = True
            self.state = OFF
            self.reason = _BATTERY
            self._off_us = now_us
            self._stopping = False

    def _leave(self, now_us):
        """First the last report is made, then the stop is signed and sent, then the board goes off."""
        hub = self._hub
        waited_us = now_us - self._off_us
        if hub.sampling and waited_us >= _TELL_US and not self._stopping:
            self._stopping = True
            hub.at_border("stop", hub.stop)
        busy = hub.sampling or not (hub.jobs.idle() and hub.link.idle() and hub.store.settled)
        if waited_us < _LEAVE_US and busy:
            return False
        if hub.sampling:  # the signer did not get there
            hub.end("stop", now_us)
        if hasattr(hub.board, "power_off"):
            return True
        self.state = IDLE  # it cannot; the host may charge it and start again
        return False
