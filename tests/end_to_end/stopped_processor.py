"""An emulated processor that stops where it is told, by GDB's remote protocol."""

import contextlib
import re
import socket
import subprocess
import time

_NM = "arm-none-eabi-nm"
_TIMEOUT_S = 60


def address_of(image, name):
    """Where a function of an image begins."""
    run = subprocess.run([_NM, image], check=True, capture_output=True, text=True)
    return int(re.search(rf"^([0-9a-f]+) T {name}$", run.stdout, re.MULTILINE)[1], 16)


class Stopped:
    """Options for the emulator, and what then steers its processor.

    Attributes:
        options: with them it starts stopped, and listens in a folder.
    """

    def __init__(self, folder):
        self._path = folder / "gdb"
        self.options = ["-S", "-chardev", f"socket,path={self._path},server=on,wait=off,id=stop"]
        self.options += ["-gdb", "chardev:stop"]

    @contextlib.contextmanager
    def at(self, address):
        """The processor stands there inside, and runs afterwards."""
        with socket.socket(socket.AF_UNIX) as self._line:
            self._connect()
            self._ask(f"Z0,{address:x},2")
            assert self._ask("c").startswith("T05")
            yield
            self._ask(f"z0,{address:x},2")
            self._ask("D")

    def _connect(self):
        self._line.settimeout(_TIMEOUT_S)
        end = time.monotonic() + _TIMEOUT_S
        while True:
            try:
                return self._line.connect(str(self._path))
            except OSError:
                assert time.monotonic() < end
                time.sleep(0.01)

    def _ask(self, text):
        self._line.sendall(f"${text}#{sum(text.encode()) % 256:02x}".encode())
        data = b""
        while not (answer := re.search(rb"\$([^#]*)#..", data)):
            piece = self._line.recv(4096)
            assert piece, data
            data += piece
        self._line.sendall(b"+")
        return answer[1].decode()
