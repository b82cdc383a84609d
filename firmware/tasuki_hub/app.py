"""Puts the parts together; the only file that imports all.

The board may have, beyond what every board has:

    watchdog(ms)    from now on reset the processor unless feed() comes that often; 0: never mind
    feed()          all is well
    reset(cause)    start anew, which the next life finds as its reset cause
    power_off()     switch off
    speed           how many device seconds a second of waiting is
"""

import gc

from tasuki_hub import crash, signer
from tasuki_hub.commands import MAINTENANCE, REBOOT
from tasuki_hub.crash import Crashes
from tasuki_hub.fast import since
from tasuki_hub.hub import OFF, Hub
from tasuki_wire import layout
from tasuki_wire.constant import const

_BUSY_MS = const(2)
_SAMPLING_MS = const(100)  # unless a part is due earlier; each turn costs what a frame does
_IDLE_MS = const(50)
_WATCHDOG_MS = const(8_000)
_CRASH = "crash"


def run(board):
    """Be a hub until a maintenance command ends it."""
    lines = crash.of_reset(board)
    if lines:
        Crashes(board.flash).add(lines, 0)
    careful = board.reset_cause() in crash.SUDDEN
    call(board, "watchdog", _WATCHDOG_MS)
    why = REBOOT
    while why != MAINTENANCE:
        why = _live(board, Crashes(board.flash).wait_us() if careful else 0)
        careful = why == _CRASH
        if why == REBOOT:
            call(board, "reset", layout.RESET_CAUSES.index("reset"))
        gc.collect()
    call(board, "watchdog", 0)


def call(board, name, *args):
    """A method that not every board has."""
    method = getattr(board, name, None)
    if method:
        method(*args)


def _live(board, careful_us):
    """One life of the hub; why it ended. A careful one leaves the sensors alone and does not last."""
    began_us = board.now_us()
    hub = error = None
    try:
        hub = Hub(board, signer.engine(), careful_us > 0)
        if board.reset_cause() in crash.SUDDEN:
            hub.sampler.quiet()
        _turns(hub, board, began_us + careful_us if careful_us else None)
        hub.close()
        if hub.leaving == OFF:
            board.power_off()
        return hub.leaving
    except Exception as e:  # whatever it was: the next life tells it
        error = e
    lived_us = board.now_us() - began_us
    if hub:
        hub.sampler.quiet()
        try:
            hub.close()
        except Exception:  # the second thing that went wrong; the first one is told
            pass
        hub = None
    elif careful_us:
        _rest(board, careful_us)  # not even a careful hub comes up
    gc.collect()
    Crashes(board.flash).add(crash.describe(error, lived_us, board.reset_cause()), lived_us)
    call(board, "reset", layout.RESET_CAUSES.index("crash"))
    return _CRASH


def _turns(hub, board, until_us):
    """Turns until the hub is to leave, a careful one until it may try its sensors again."""
    # asked for once: a name that a board lacks costs it an exception each time
    feed = getattr(board, "feed", None)
    speed = getattr(board, "speed", 1)
    while not hub.leaving:
        hub.step()
        if feed:
            feed()
        board.wait(_pause_ms(hub, board, speed))
        if until_us is not None and board.now_us() >= until_us:
            until_us = None
            hub.at_border("stop", hub.reboot)
    for _ in range(100):
        if hub.link.idle():
            break
        hub.link.pump(board.write, board.now_us(), 4096)
        board.wait(_BUSY_MS)


def _pause_ms(hub, board, speed):
    """How long nothing is to do, unless a byte arrives."""
    if not (hub.jobs.idle() and hub.link.idle()):
        return _BUSY_MS
    if not hub.sampling:
        return _IDLE_MS
    if not hub.sampler.next_us:  # a part asked while this turn worked
        return 0
    due_us = since(hub.sampler.next_us, board.now_us()) // speed
    return max(_BUSY_MS, min(int(due_us) // 1000, _SAMPLING_MS))


def _rest(board, us):
    end_us = board.now_us() + us
    while board.now_us() < end_us:
        board.wait(_IDLE_MS)
        call(board, "feed")
