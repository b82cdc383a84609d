"""A TCP proxy that counts what it takes from a client, stalls, and cuts connections."""

import array
import contextlib
import fcntl
import math
import select
import socket
import struct
import termios
import threading

_NO_LINGER = struct.pack("ii", 1, 0)


class Proxy:
    """Between a client and a server on loopback.

    Attributes:
        taken: bytes taken from clients.
    """

    def __init__(self, port, buffer=0):
        """port: of the server. buffer: bytes that the system may hold for us from a client."""
        self._target = port
        self._listener = socket.socket()
        if buffer:
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen()
        self.port = self._listener.getsockname()[1]
        self.taken = 0
        self._most = math.inf
        self._stopped = False
        self._pairs = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stall(self, after=0):
        """Take nothing more from clients, or nothing after so many more bytes."""
        self._most = self.taken + after

    def go_on(self):
        """Take everything again."""
        self._most = math.inf

    @property
    def stalled(self):
        """True while nothing is taken."""
        return self.taken >= self._most

    def cut(self):
        """Reset every connection."""
        for pair in list(self._pairs):
            for one in pair:
                with contextlib.suppress(OSError):
                    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
                    one.shutdown(socket.SHUT_RDWR)

    def arrived(self):
        """Bytes that have left the client's machine and that we have not taken yet."""
        total = 0
        for client, _ in list(self._pairs):
            size = array.array("i", [0])
            fcntl.ioctl(client, termios.FIONREAD, size)
            total += size[0]
        return total

    def close(self):
        """End."""
        self._stopped = True
        self._thread.join(10)
        for pair in self._pairs:
            for one in pair:
                one.close()
        self._listener.close()

    def _run(self):
        while not self._stopped:
            waiting = [self._listener]
            for client, server in self._pairs:
                waiting += [server] if self.stalled else [client, server]
            ready, _, _ = select.select(waiting, [], [], 0.01)
            if self._listener in ready:
                client, _ = self._listener.accept()
                try:
                    self._pairs.append((client, socket.create_connection(("127.0.0.1", self._target), 5)))
                except OSError:
                    client.close()
            for pair in list(self._pairs):
                if any(one in ready for one in pair):
                    self._move(pair, ready)

    def _move(self, pair, ready):
        client, server = pair
        try:
            for one, other in ((client, server), (server, client)):
                if one in ready:
                    data = one.recv(65_536)
                    if one is client:
                        self.taken += len(data)
                    if not data:
                        raise OSError
                    other.sendall(data)
        except OSError:
            self._pairs.remove(pair)
            for one in pair:
                one.close()
