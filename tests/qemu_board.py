"""The qemu board without a hub on it: its REPL, for checks of the board itself."""

import contextlib
import os
import pty
import shutil
import subprocess
import tty

import pytest
import serial

from tasuki.errors import UsageError
from tasuki.fleet import qemu

_TIMEOUT_S = 60


def missing():
    """Why the qemu hub cannot run here; empty when it can."""
    try:
        qemu.emulator()
        qemu.image()
    except UsageError as reason:
        return str(reason)
    return ""


needs_qemu = pytest.mark.skipif(bool(missing()), reason=missing() or "never")


class Board:
    """The emulator in a folder that has no hub.json, its raw REPL entered.

    `off` tells whether the power has gone.
    """

    def __init__(self, folder, icount=None, patience_s=_TIMEOUT_S):
        folder.mkdir(parents=True, exist_ok=True)
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        self._process = subprocess.Popen(
            qemu.command(icount), stdin=self._master, stdout=self._master, cwd=folder, stderr=subprocess.PIPE
        )
        self.line = serial.Serial(os.ttyname(self._slave), timeout=patience_s)
        try:
            self.enter()
        except AssertionError:
            self.close()
            raise

    def enter(self):
        """Wait for the prompt of a start, then enter the raw REPL."""
        self._expect(b">>> ")
        self.line.write(b"\x01")
        self._expect(b"raw REPL; CTRL-B to exit\r\n>")

    def _expect(self, end):
        got = self.line.read_until(end)
        assert got.endswith(end), got
        return got[: -len(end)]

    def start(self, code):
        """Have the board run code; its output is on the line."""
        self.line.write(code.encode() + b"\x04")
        self._expect(b"OK")

    def result(self):
        """Output of what was started; AssertionError with the traceback when it failed."""
        out = self._expect(b"\x04")
        error = self._expect(b"\x04>")
        assert not error, error.decode()
        return out.decode().strip()

    def run(self, code):
        """Run code to its end; its output."""
        self.start(code)
        return self.result()

    def until_off(self, code):
        """Run code that switches the board off."""
        self.start(code)
        self._process.wait(_TIMEOUT_S)

    def close(self):
        """Pull the plug."""
        self.line.close()
        self._process.kill()
        self._process.communicate()
        for fd in (self._master, self._slave):
            with contextlib.suppress(OSError):
                os.close(fd)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()


def copy_flash(source, target):
    """The flash of one board's folder for another's."""
    target.mkdir(parents=True, exist_ok=True)
    shutil.copy(source / "flash.img", target / "flash.img")
