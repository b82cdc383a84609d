"""Where a hub under test is: at a port, or the program that a command starts."""

import contextlib
import os
import pty
import select
import shlex
import subprocess
import tty

from tasuki.errors import LinkLost, UsageError

_CHUNK = 65536


class ProgramLine:
    """A program as a hub: its standard input and output are a terminal without any processing.

    UsageError when it cannot be started; LinkLost when it has ended.
    """

    def __init__(self, command: str) -> None:
        self._master, slave = pty.openpty()
        tty.setraw(slave)
        try:
            words = shlex.split(command)
            self._process = subprocess.Popen(words, stdin=slave, stdout=slave, start_new_session=True)
        except (OSError, IndexError, ValueError) as error:
            os.close(self._master)
            raise UsageError(f"{command!r} cannot be started: {error}", "Give a command line.") from None
        finally:
            os.close(slave)

    def read(self, timeout_s: float) -> bytes:
        """What has arrived, or nothing after timeout_s."""
        if not select.select([self._master], [], [], timeout_s)[0]:
            return b""
        try:
            data = os.read(self._master, _CHUNK)
        except OSError:
            data = b""
        if not data:
            raise LinkLost("the program has ended", "Look at what it printed.")
        return data

    def write(self, data: bytes) -> None:
        """Send all of data."""
        try:
            while data:
                data = data[os.write(self._master, data) :]
        except OSError:
            raise LinkLost("the program has ended", "Look at what it printed.") from None

    def close(self) -> None:
        """End the program."""
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        with contextlib.suppress(OSError):
            os.close(self._master)
