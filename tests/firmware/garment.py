"""The whole garment on simulated parts, on a board whose time the check moves."""

from parts import ITEM_OF, Parts
from scripted_board import Host, ScriptedBoard
from sensors.bus import Clock

from tasuki_hub.status import StatusDriver

__all__ = ("ITEM_OF", "TURN_US", "Garment", "GarmentHost")
TURN_US = 2_000


class Garment(ScriptedBoard):
    """The board of a hub with real drivers; `parts` has what they speak to."""

    name = "garment"
    packed = False

    def __init__(self, flash):
        self.time = Clock()
        ScriptedBoard.__init__(self, flash)
        self.electronics = Parts(self.time)

    @property
    def clock(self):
        """Device time."""
        return self.time.now_us

    @clock.setter
    def clock(self, us):
        self.time.set(us)

    def drivers(self, hub):
        """The full profile, and the button."""
        return self.electronics.streams(StatusDriver(hub, 4_000_000), hub.log)

    def battery_mv(self):
        """As the gauge says."""
        return self.electronics.status.millivolts()

    def reset_cause(self):
        """power_on."""
        return 1

    def heap_free(self):
        """Not measured here."""
        return 0


class GarmentHost(Host):
    """The host of scripted_board.py, talking to the hub of this garment."""

    def __init__(self, flash):
        self.board = Garment(flash)
        self.boot()
        self.parts = self.board.electronics

    def pass_time(self, us):
        """Turns as short as the strain channels need."""
        for _ in range(us // TURN_US):
            self.turn(TURN_US)
