"""The way in: bytes from a serial port, as many as have arrived at once."""

import errno
import os
import select

import serial

from tasuki.errors import LinkLost, UsageError
from tasuki.port_holder import holder

_CHUNK = 65536
_BAUD = 921_600
_FULL_S = 2.0  # that a port may take nothing


class PortInUse(UsageError):
    """Another program holds the port."""


class LineFull(LinkLost):
    """The port is there, but the other side takes no bytes from it."""


class SerialLine:
    """One opened port, held exclusively.

    Raises UsageError when the port cannot be opened and LinkLost when it goes
    away later.
    """

    def __init__(self, port: str, baud: int = _BAUD) -> None:
        self.port = port
        try:
            self._serial = serial.Serial(port, baud, timeout=0, exclusive=True)
            self._serial.reset_input_buffer()
        except serial.SerialException as e:
            raise _explain(port, e) from None
        self._fd: int = self._serial.fileno()

    def read(self, timeout_s: float) -> bytes:
        """What has arrived, at least one byte, or nothing after timeout_s."""
        try:
            if not select.select([self._fd], [], [], timeout_s)[0]:
                return b""
            data = os.read(self._fd, _CHUNK)
        except (OSError, ValueError) as e:
            if getattr(e, "errno", 0) != errno.EIO:  # which a terminal says that has no other side any more
                raise LinkLost(f"{self.port} went away: {e}", "Plug the hub in again.") from None
            data = b""
        if not data:
            raise LinkLost(f"{self.port} was closed by the other side", "Plug the hub in again.")
        return data

    def write(self, data: bytes) -> None:
        """Send all of data."""
        view = memoryview(data)
        try:
            while view := view[self._put(view) :]:
                if not select.select([], [self._fd], [], _FULL_S)[1]:
                    raise LineFull(f"{self.port} takes no data", "Reset the hub.")
        except (OSError, ValueError) as e:
            raise LinkLost(f"{self.port} takes no data: {e}", "Plug the hub in again.") from None

    def _put(self, data: memoryview) -> int:
        """How many bytes the port took at once; pyserial has opened it so that it never waits."""
        try:
            return os.write(self._fd, data)
        except BlockingIOError:
            return 0

    def set_rate(self, baud: int) -> int:
        """Change the line's rate; what it was before."""
        before = int(self._serial.baudrate)
        try:
            self._serial.baudrate = baud
        except (serial.SerialException, OSError, ValueError) as e:
            raise UsageError(f"{self.port} takes no rate of {baud}: {e}", "Give a rate it has.") from None
        return before

    def fileno(self) -> int:
        """The descriptor, to wait for together with others."""
        return self._fd

    def close(self) -> None:
        """Give the port back."""
        self._fd = -1  # its number may soon be another file's
        self._serial.close()


def _explain(port: str, error: serial.SerialException) -> UsageError:
    number = error.errno
    if number is None and error.__context__ is not None and error.__context__.args:
        number = error.__context__.args[0]  # an OSError's, or a termios.error's, which is none
    if number == errno.ENOENT:
        return UsageError(f"there is no port {port}", "Plug the hub in, or list ports with `ls /dev/tty*`.")
    if number == errno.EACCES:
        return UsageError(f"no permission to open {port}", "Join the group that owns it, often `dialout`.")
    if number in (errno.EBUSY, errno.EAGAIN):
        return PortInUse(
            f"{port} is in use by {holder(port) or 'another program'}", "Close that program and try again."
        )
    if number in (errno.ENOTTY, errno.EINVAL):
        return UsageError(f"{port} is no serial port", "Name a terminal, such as /dev/ttyACM0.")
    return UsageError(f"{port} cannot be opened: {error}", "Check the cable and the name of the port.")
