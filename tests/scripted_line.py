"""A line to a hub that a test plays, SIMULATED: what it answers is said by name."""

import time

from tasuki.framing import link_frame
from tasuki.pipeline.decode import Decoder
from tasuki_wire import codec, layout

DEVICE = bytes(range(8))


class Scripted:
    """A line to a hub that a test plays, SIMULATED.

    Attributes:
        answers: command name to a function of its fields that returns what the hub sends.
        heard: names of the commands that came.
        frozen_until: time.monotonic() before which nothing is read or answered.
    """

    def __init__(self, **answers):
        self.answers = {"hello_request": lambda request: hello(1), **answers}
        self.heard = []
        self.frozen_until = 0.0
        self._decoder = Decoder()
        self._waiting = b""
        self._out = b""

    def read(self, timeout_s):
        if time.monotonic() >= self.frozen_until:
            data, self._waiting = self._waiting, b""
            for link in self._decoder.feed(data).links():
                name = codec.KINDS[link.kind].name
                self.heard.append(name)
                if name in self.answers:
                    self._out += self.answers[name](*codec.unpack(link.kind, link.payload))
        out, self._out = self._out, b""
        if not out:
            time.sleep(min(timeout_s, 0.01))
        return out

    def write(self, data):
        self._waiting += data

    def close(self):
        pass


def said(name, *values):
    kind = codec.number(name)
    return link_frame(kind, codec.pack(kind, *values), 0)


def hello(life):
    return link_frame(0, codec.hello(bytes([life]) * 16, 0), 0)


def identity(life="dev", key=bytes(32), counter=0, firmware=b"v"):
    def answer(request):
        number = layout.LIFE_CYCLE.index(life)
        return said(
            "identity",
            request,
            DEVICE,
            bytes(8),
            key,
            key[:8],
            number,
            counter,
            0,
            firmware.ljust(16, b"\0"),
            bytes(16),
        )

    return answer


def ending(name, life=2):
    """An answer whose sender starts anew at once: both arrive in one read."""
    return lambda request, *_: said("answer", request, codec.number(name), 0, 0) + hello(life)
