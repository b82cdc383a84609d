"""What runs first: picks the firmware that is to run, and starts it.

Frozen into the image and never part of a bundle. A board module gives
prepare() -> setup, with clock, flash and what outlives a start, board(setup)
-> board, and start_again(), which resets the processor. Whatever goes
wrong in a version that came as a bundle, the version before it comes back.
"""

import gc
import sys

from tasuki_hub import keystore, shadow, signer
from tasuki_hub.slots import Slots
from tasuki_hub.update import Trial
from tasuki_wire import layout

# While modules are loaded their bytes come and go between what stays; collected
# late they would leave no room for the hub's rings in one piece.
_OFTEN = 4096
_SUDDEN = [layout.RESET_CAUSES.index(name) for name in ("watchdog", "crash")]


def run(name):
    """Start the hub on the board module of this name."""
    if hasattr(gc, "threshold"):
        gc.threshold(_OFTEN)
    machine = _module(name)
    setup = machine.prepare()
    keys = keystore.of(setup)
    if keys.locked:
        sys.path[:] = [".frozen"]
    slots = Slots(setup.flash)
    crashed = setup.reset_cause() in _SUDDEN
    try:
        bundle, on_trial = slots.choose(setup.name, signer.engine(), keys.floor, crashed)
    except OSError:  # a trial that cannot be counted is not started; the image's files need no flash
        bundle = None
    if bundle is None:
        _start(name, setup, slots, 0, False)
        return
    if not on_trial:
        try:
            keys.raise_floor(bundle.counter)  # the power may have gone between the two
        except OSError:  # tried again at the next start
            pass
    shadow.forget()
    gc.collect()
    shadow.install(bundle)
    try:
        _start(name, setup, slots, bundle.counter, on_trial)
    except Exception:  # an app that cannot even be imported; its own crashes end in resets
        slots.reject()
        machine.start_again()


def _start(name, setup, slots, counter, on_trial):
    app = _module("tasuki_hub.app")
    machine = _module(name)
    if hasattr(gc, "threshold"):
        gc.threshold(-1)
    gc.collect()
    board = machine.board(setup)
    board.slots = slots
    board.counter = counter
    board.trial = Trial(slots, counter, board.now_us()) if on_trial else None
    app.run(board)


def _module(name):
    __import__(name)
    return sys.modules[name]
