"""Where a fault happens: real servers, a gateway that fills its outbox, and what is counted afterwards.

What PostgreSQL has is compared with what was put by opening every envelope.
"""

import contextlib
import random
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import psycopg

from remote_world import Collecting, RemoteWorld
from servers import Mosquitto, Postgres
from tasuki.block import Block
from tasuki.consent import policy
from tasuki.sinks import tables
from tasuki.sinks.link import Broker
from tasuki.vault import envelope
from worlds import ECG, IMU, RESPIRATION, SECOND

STREAMS = (ECG, RESPIRATION, IMU)
DAY = 86_400 * SECOND
PATIENCE_S = 280


@dataclass
class Counts:
    """What one row found. Blocks are deliveries: one block to one destination."""

    blocks: int = 0
    lost: int = 0
    duplicated: int = 0
    leaked: int = 0
    faults: int = 0

    @property
    def clean(self):
        return not (self.lost or self.duplicated or self.leaked)


class Stage:
    """Servers for all rows; each row begins with empty tables and a new state folder."""

    def __init__(self, folder):
        self.folder = folder
        self.database = Postgres(tables.schema(policy.builtin()))
        self.database.query("CREATE ROLE keeper LOGIN IN ROLE tasuki_ingest, tasuki_keeper")
        self.broker = Mosquitto(folder / "broker")
        self._worlds = 0

    def close(self):
        self.broker.stop()
        self.database.close()

    def world(self, port=0):
        """A new world whose sink goes to this port, the broker's unless given."""
        after_recovery(lambda: self.database.query("TRUNCATE tasuki.block, tasuki.tombstone"))
        self._worlds += 1
        folder = self.folder / f"world-{self._worlds}"
        folder.mkdir()
        world = RemoteWorld(folder, Broker("127.0.0.1", port or self.broker.port), answer_s=3)
        world.clock.now_ns += 2 * DAY  # after every block
        return world

    def collecting(self, world, name="collector-1", login="collector"):
        """A collector in this process."""
        public = world.signer.public
        return Collecting(self.broker.broker, self.database.conninfo(login), [public], name, batch=200)


class Fault:
    """Does something again and again, until it is left."""

    def __init__(self, act, every_s):
        self._act, self._every_s = act, every_s
        self._random = random.Random(1)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.times = 0
        self.error = None

    def _run(self):
        try:
            while not self._stop.wait(self._every_s * self._random.uniform(0.3, 1.7)):
                self._act()
                self.times += 1
        except Exception as e:
            self.error = e

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *exc):
        self._stop.set()
        self._thread.join(60)
        if self.error:
            raise self.error


def put(world, first, epochs, streams=STREAMS):
    """Fill the outbox, 100 epochs in a commit."""
    for start in range(first, first + epochs, 100):
        numbers = range(start, min(start + 100, first + epochs))
        blocks = [one for number in numbers for one in world.acquired(number, streams, frames=1)]
        world.outbox.put(world.router.route(blocks, world.clock()))


@contextlib.contextmanager
def uploading(world):
    """The uploader in its thread."""
    stop = threading.Event()
    thread = threading.Thread(target=world.uploader.run, args=(stop, 0.02))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(60)


def wait_until_empty(world):
    """Until every delivery has ended."""
    end = time.monotonic() + PATIENCE_S
    while world.outbox.size() != (0, 0) or world.uploader.destinations():
        assert time.monotonic() < end, f"{world.outbox.size()} still wait"
        time.sleep(0.05)


def found(stage, world):
    """(epoch, stream) of each block in our store, and (pseudonym, stream, number) of all others."""
    own, others = [], []
    with psycopg.connect(stage.database.conninfo("owner")) as db:
        for d in tables.rows(db):
            if d.destination != "store":
                others.append(d.key)
                continue
            tags = envelope.Tags.from_bytes(d.tags)
            block = Block.from_bytes(envelope.decrypt(world.vault, world.subject, tags, d.content))
            own.append((block.epoch, block.stream))
    return own, others


def after_recovery(read):
    """What a reading gives, once a database that the fault has just killed lets itself be read."""
    end = time.monotonic() + PATIENCE_S
    while True:
        try:
            return read()
        except psycopg.OperationalError:
            assert time.monotonic() < end
            time.sleep(0.2)


def compare(stage, world, epochs, counts):
    """Add what is missing or double of epochs of STREAMS; ECG and motion go to two destinations."""
    own, others = after_recovery(lambda: found(stage, world))
    expected = {(epoch, stream) for epoch in range(epochs) for stream, _ in STREAMS}
    numbers = Counter((who, stream) for who, stream, _ in others)
    counts.blocks += len(expected) + 2 * epochs
    counts.lost += len(expected - set(own))
    counts.lost += sum(max(0, epochs - n) for n in numbers.values()) + epochs * max(0, 2 - len(numbers))
    counts.duplicated += len(own) - len(set(own)) + len(others) - len(set(others))
    counts.duplicated += sum(max(0, n - epochs) for n in numbers.values())


def withdraw(world):
    """The wearer takes back what she granted for ECG."""
    for purpose in ("service_information", "service_improvement"):
        world.say("withdrawn", purpose, ["ecg"])


def leaked(stage, before):
    """Blocks of ECG that are there beyond those that were there before."""
    count = "SELECT count(*) FROM tasuki.block WHERE item = 'ecg'"
    ((n,),) = after_recovery(lambda: stage.database.query(count))
    return n - before


def both_phases(stage, world, blocks, faulty):
    """Send under the fault; then withdraw while more waits, and go on under the fault.

    faulty: a function that makes the fault's context; it has `times`.
    """
    epochs, counts = max(10, blocks // 5), Counts()
    put(world, 0, epochs)
    with faulty() as fault, uploading(world):
        wait_until_empty(world)
        compare(stage, world, epochs, counts)
        before = -leaked(stage, 0)
    counts.faults += fault.times
    more = max(10, epochs // 10)
    put(world, epochs, more, [ECG])
    counts.blocks += 2 * more
    withdraw(world)
    with faulty() as fault, uploading(world):
        wait_until_empty(world)
    counts.faults += fault.times
    counts.leaked += leaked(stage, -before)
    world.sink.close()
    return counts


@contextlib.contextmanager
def stage():
    """Servers in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="tasuki-faults-") as folder:
        made = Stage(Path(folder))
        try:
            yield made
        finally:
            made.close()
