"""Crash records: why the hub died, in one small file until a host has it.

A record says what happened, where, and after how long, in program terms only:
no message of an exception, because that may quote a value. The first record
that no host has seen stays; what comes after it is only counted. A life
that ends within a minute is a quick one; after three in a row the next life
is a careful one (app.py), and each further one doubles the wait. So a crash loop
writes the file three times at first and then at most once in each wait.
"""

import os
import sys

from tasuki_wire import epoch, layout
from tasuki_wire.constant import const

_NAME = const("crash")
_SUM = const(4)
_LINES = const(4)
_WIDTH = const(80)
_QUICK_US = const(60_000_000)
_QUICK = const(3)
_FIRST_WAIT_US = const(60_000_000)
_DOUBLED = const(6)  # times at most: 64 minutes
_ERROR = const(40)

# After these nobody has powered the sensors down.
SUDDEN = [layout.RESET_CAUSES.index(name) for name in ("watchdog", "brown_out", "crash")]


class Crashes:
    """The record in a folder of the flash; absent and unreadable ones are none.

    lines: what is to be told. quick: short lives in a row.
    """

    def __init__(self, folder):
        self._path = folder + "/" + _NAME
        self._told_in = -1  # epoch that carries the lines
        self.quick = 0
        self.lines = []
        try:
            with open(self._path, "rb") as f:
                self._parse(f.read())
        except (OSError, ValueError):
            pass

    def _parse(self, data):
        text = data[_SUM:]
        if epoch.sha256(text)[:_SUM] == data[:_SUM]:
            lines = text.decode().split("\n")
            self.quick = int(lines[0])
            self.lines = lines[1:]

    def _write(self):
        """The old or the new record stands, whenever the power goes; a flash that is full keeps the old."""
        text = "\n".join([str(self.quick)] + self.lines).encode()
        try:
            with open(self._path + ".new", "wb") as f:
                f.write(epoch.sha256(text)[:_SUM] + text)
            os.rename(self._path + ".new", self._path)
        except OSError:
            pass

    def add(self, lines, lived_us):
        """Keep what a life ended with that lasted so long; 0 when that is not known."""
        self.quick = self.quick + 1 if lived_us < _QUICK_US else 1
        self.lines = self.lines or [line[:_WIDTH] for line in lines[:_LINES]]
        self._write()

    def wait_us(self):
        """How long to be careful before sensors are touched again; 0 for not at all."""
        if self.quick < _QUICK:
            return 0
        return _FIRST_WAIT_US << min(self.quick - _QUICK, _DOUBLED)

    def tell(self, log, number):
        """Give the lines to log(level, text); epoch `number` will carry them."""
        for line in self.lines:
            log(_ERROR, line)
            self._told_in = number

    def acknowledged(self, number, lived_us):
        """The host has this epoch; when it is the one with the lines they have been told."""
        if number == self._told_in:
            self._told_in = -1
            self.lines = []
            if lived_us < _QUICK_US:
                self._write()  # the count of quick lives stays
            else:
                self._remove()

    def _remove(self):
        try:
            os.remove(self._path)
        except OSError:
            pass


def describe(error, lived_us, began):
    """Lines of a record: the exception, when, and the last places of its traceback.

    began is the reset cause of the life that ends, an index of layout.RESET_CAUSES.
    """
    name = type(error).__name__
    if isinstance(error, OSError) and error.args and isinstance(error.args[0], int):
        name += " %d" % error.args[0]
    first = "crash: %s after %d ms, begun by %s" % (name, lived_us // 1000, layout.RESET_CAUSES[began])
    return [first] + _places(error)[1 - _LINES :]


def of_reset(board):
    """Lines of a record of a life that could not write its own, or an empty list."""
    cause = layout.RESET_CAUSES[board.reset_cause()]
    address = board.crash_pc() if hasattr(board, "crash_pc") else 0
    if cause == "crash" and not address:
        return []  # that life has written its own
    if cause in ("watchdog", "brown_out", "crash"):
        what = "fault" if cause == "crash" else cause
        return ["crash: " + what + (" at %08x" % address if address else "")]
    return []


def _places(error):
    """`file:line function` of each call, the innermost last."""
    out = []
    for line in _traceback(error).split("\n"):
        parts = line.strip().split('"')
        if len(parts) == 3 and parts[0] == "File ":
            words = parts[2].split(" ")  # , line 12, in step
            out.append("%s:%s %s" % (parts[1].split("/")[-1], words[2].strip(","), words[-1]))
    return out


def _traceback(error):
    if hasattr(sys, "print_exception"):
        import io

        out = io.StringIO()
        sys.print_exception(error, out)
        return out.getvalue()
    import traceback

    return "".join(traceback.format_exception(type(error), error, error.__traceback__))
