"""A world whose research blocks go through a broker into PostgreSQL, with as many collectors as wanted."""

import threading
from dataclasses import replace

from tasuki.pipeline.upload import Uploader
from tasuki.sinks import DAY_NS, Delivery
from tasuki.sinks.collector import Collector
from tasuki.sinks.mqtt import MqttSink
from tasuki.vault.secret import Secret, Signer
from worlds import NOON, World

DAY = NOON // DAY_NS
COLLECTOR = Signer(Secret(b"c" * 32))
REMOTE = ("store", "improvement", "development", "research-statistics")


class Collecting:
    """A collector in a thread of its own."""

    def __init__(
        self, broker, conninfo, gateways, name="collector-1", signer=COLLECTOR, destinations=REMOTE, **more
    ):
        self.alarms = []
        self.error = None
        self._ready = threading.Event()
        self.collector = Collector(
            broker, conninfo, gateways, destinations, signer, name=name, alarm=self.alarms.append, **more
        )
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._ready.wait(30), self.alarms

    def _run(self):
        try:
            self.collector.run(self._ready.set)
        except Exception as e:
            self.error = e

    @property
    def done(self):
        return self.collector.done

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.collector.stop()
        self._thread.join(30)
        assert not self._thread.is_alive()
        assert self.error is None


class RemoteWorld(World):
    """A world with an MQTT sink for every destination."""

    def __init__(self, folder, broker, answer_s=5.0, **more):
        super().__init__(folder)
        self.outbox_folder = folder
        self.signer = self.vault.signer("attestation")
        self.sink = MqttSink(broker, self.signer, "gateway-1", answer_s=answer_s, **more)
        self.uploader = self.uploader_to(self.sink)

    def uploader_to(self, sink, batch=256):
        sinks = dict.fromkeys(self.registers.destinations, sink)
        uploader = Uploader(self.outbox, self.engine, self.vault, sinks, clock_ns=self.clock, batch=batch)
        uploader._wait = lambda destination: None  # tests do not wait for what is away
        return uploader

    def drain(self, turns=20):
        """Send until nothing waits, through whatever faults there are."""
        away = []
        for _ in range(turns):
            away = self.uploader.drain()
            if not away and self.outbox.size() == (0, 0):
                break
        return away


def deliveries(n, pseudonym=b"p" * 16, stream=0, first=0, **more):
    """Deliveries that never were blocks."""
    one = Delivery(
        "improvement", "service_improvement", pseudonym, stream, 0, "ecg", "attested", b"", b"", DAY, 0
    )
    return [replace(one, number=first + i, content=b"%08d" % i * 20, **more) for i in range(n)]
