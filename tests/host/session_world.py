"""A SIMULATED hub without a wall clock that can be cut, muted and rebooted, and a watcher."""

from fast_hub import FastLine
from tasuki.errors import LinkLost
from tasuki.fleet.sim import SodiumCrypto
from tasuki.session.listener import Listener
from tasuki_hub.hub import Hub
from tasuki_wire import codec


class HubLine(FastLine):
    """A FastLine with faults, SIMULATED.

    Attributes:
        cut: True while nothing goes through and both ends get LinkLost.
        mute: names of answers that are lost on the way, by kind.
        extra: bytes that the host reads next, before what the hub sent.
    """

    def __init__(self, folder, replay):
        super().__init__(folder, replay)
        self.cut = False
        self.mute = set()
        self.extra = b""
        self.heard = []
        self._listen()

    def _listen(self):
        answer, handle = self.hub.link.answer, self.hub.commands.handle

        def speak(kind, payload):
            if codec.KINDS[kind].name not in self.mute:
                answer(kind, payload)

        def hear(kind, payload, now):
            self.heard.append(codec.KINDS[kind].name)
            handle(kind, payload, now)

        self.hub.link.answer = speak
        self.hub.commands.handle = hear

    def read(self, timeout_s):
        if self.cut:
            raise LinkLost("the line is cut")
        extra, self.extra = self.extra, b""
        return extra + super().read(timeout_s)

    def write(self, data):
        if self.cut:
            raise LinkLost("the line is cut")
        super().write(data)

    def power_off(self):
        """Close what the hub has open."""
        for stream in self.hub.sampler.streams:
            file = getattr(stream.driver, "_file", None)
            if file:
                file.close()

    def reboot(self):
        """As after a power cut: flash stays, the clock starts anew."""
        self.power_off()
        self.board.clock = 0
        self.board.inbox = b""
        self.board.outbox.clear()
        self.hub = Hub(self.board, SodiumCrypto)
        self._listen()


class Watcher(Listener):
    """Remembers what the session told."""

    def __init__(self):
        self.verdicts = []
        self.samples = []
        self.troubles = []

    def on_verdict(self, verdict):
        self.verdicts.append(verdict)

    def on_samples(self, samples):
        self.samples += samples

    def on_trouble(self, what):
        self.troubles.append(what)


def run_hub(session, seconds):
    """Let so many seconds of hub time pass; blocks that were stored."""
    out = []
    for _ in range(int(seconds * 20)):
        out += session.step()
    return out
