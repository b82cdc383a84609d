"""A flash that takes nothing still lets a hub start: what cannot be counted is not tried."""

import sys

from scripted_board import fresh_folder

from tasuki_hub import loader

EIO = 5


class Machine:
    """A board module and its app; what was started."""

    name = "scripted"

    def __init__(self):
        self.flash = fresh_folder("loader")
        self.ran = []

    def prepare(self):
        return self

    def reset_cause(self):
        return 1

    def board(self, setup):
        return self

    def now_us(self):
        return 0

    def run(self, board):
        self.ran.append((board.counter, board.trial))


def refuse(*args):
    """As a flash that fails."""
    raise OSError(EIO)


machine = Machine()
sys.modules["the_board"] = sys.modules["tasuki_hub.app"] = machine
loader.run("the_board")
assert machine.ran == [(0, None)]

loader.Slots.choose = refuse
loader.run("the_board")
assert machine.ran == [(0, None)] * 2


class Confirmed:
    """A bundle that was confirmed, whose floor was not kept before the power went."""

    counter = 7
    rows = {}  # noqa: RUF012 nothing is changed


class Keys:
    """A key store on a flash that fails."""

    locked = False
    floor = 6
    raise_floor = refuse


loader.Slots.choose = lambda *args: (Confirmed, False)
loader.keystore.of = lambda setup: Keys()
loader.shadow.install = loader.shadow.forget = lambda *args: None
loader.run("the_board")
assert machine.ran[2:] == [(7, None)]
