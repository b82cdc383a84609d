"""Alarms: what a driver calls when something has happened that must be proved at once."""

_PAUSE_US = 1_000_000


class Alarms:
    """Closes the open epoch with reason `alarm`, at most once a second.

    Alarms that come sooner, or while the signer is behind, share the next close.
    No line of the log names them: a fall is told by body motion, a press by
    the ratings, and neither may be known from device_status.
    """

    def __init__(self):
        self.waits = False
        self._free_us = 0

    def call(self, name):
        """A driver's hook; name is what happened: `button` or `fall`."""
        self.waits = True

    def due(self, now_us, epochs):
        """True when the open epoch is to be closed for an alarm now."""
        return self.waits and now_us >= self._free_us and epochs.can_close()

    def closed(self, now_us):
        """The epoch with all alarms up to now was closed."""
        self.waits = False
        self._free_us = now_us + _PAUSE_US

    def drop(self):
        """Sampling has stopped: what was to be closed is closed."""
        self.waits = False
