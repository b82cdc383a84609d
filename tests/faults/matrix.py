"""The fault matrix: what is lost, doubled, or leaks after a withdrawal, fault by fault, on real servers.

Each row fills an outbox, sends while its fault goes on, and then compares what PostgreSQL has with what
was put, by opening every envelope. Then the wearer withdraws while more waits, and the fault goes on.
"""

import contextlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import psycopg

from proxy import Proxy
from remote_world import DAY as DAYS
from remote_world import Collecting, RemoteWorld
from servers import Mosquitto, Postgres
from tasuki.block import Block
from tasuki.consent import policy
from tasuki.sinks import tables
from tasuki.sinks.link import Broker, Link, Wake
from tasuki.vault import envelope
from worlds import ECG, IMU, RESPIRATION, SECOND

STREAMS = (ECG, RESPIRATION, IMU)
DAY = 86_400 * SECOND
PATIENCE_S = 280
ROOT = Path(__file__).resolve().parents[2]


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

    def collecting(self, world, name="collector-1"):
        """A collector in this process."""
        public = world.signer.public
        return Collecting(self.broker.broker, self.database.conninfo(), [public], name, batch=200)


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


def broker_restarts(stage, blocks):
    """The broker is killed and comes back with nothing, again and again."""
    world = stage.world()
    with stage.collecting(world), stage.collecting(world, "collector-2"):
        return both_phases(stage, world, blocks, lambda: Fault(stage.broker.restart, 0.7))


def connections_drop(stage, blocks):
    """The gateway's connection is reset in the middle of whatever it sends."""
    proxy = Proxy(stage.broker.port)
    world = stage.world(proxy.port)
    with stage.collecting(world), contextlib.closing(proxy):
        return both_phases(stage, world, blocks, lambda: Fault(proxy.cut, 0.3))


def commits_break(stage, blocks):
    """PostgreSQL crashes and recovers, and in between ends a collector's transaction where it stands."""
    world = stage.world()
    turns = iter(range(10**9))

    def act():
        if next(turns) % 5 == 1:
            stage.database.restart(signal.SIGQUIT)
        else:
            stage.database.query(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'collector'"
            )

    with stage.collecting(world):
        return both_phases(stage, world, blocks, lambda: Fault(act, 0.7))


class Processes:
    """Collectors as processes of `tasuki collect`."""

    def __init__(self, stage, world, n):
        self.sinks = world.outbox_folder / "collectors.toml"
        key = world.signer.public.hex()
        self.sinks.write_text(
            f'format = 1\n[sink.broker]\nkind = "mqtt"\nhost = "127.0.0.1"\nport = {stage.broker.port}\n'
            f'[sink.db]\nkind = "postgres"\nconnection = "{stage.database.conninfo()}"\n'
            f'[collect]\ngateways = ["{key}"]\n'
        )
        self.processes = [self._start() for _ in range(n)]
        for process in self.processes:
            self._wait(process)

    def _start(self):
        command = [sys.executable, "-c", "from tasuki.cli import main; main()", "collect"]
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(str(ROOT / p) for p in ("host", "protocol"))}
        return subprocess.Popen(
            [*command, "--sinks", str(self.sinks)], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL,
            text=True, env=env,
        )  # fmt: skip

    def _wait(self, process):
        assert process.stderr.readline() == "collecting\n"

    def kill_one(self):
        """SIGKILL to one of them; another is started, and works before the next one dies."""
        victim = self.processes.pop(0)
        victim.kill()
        victim.wait(30)
        victim.stderr.close()
        self.processes.append(self._start())
        self._wait(self.processes[-1])

    def signal(self, number):
        for process in self.processes:
            process.send_signal(number)

    def close(self):
        for process in self.processes:
            process.kill()
            process.wait(30)
            process.stderr.close()


def collectors_die(stage, blocks):
    """Collectors are killed by SIGKILL, whatever they are doing; others take over."""
    world = stage.world()
    with contextlib.closing(Processes(stage, world, 2)) as processes:
        return both_phases(stage, world, blocks, lambda: Fault(processes.kill_one, 1.0))


def database_is_full(stage, blocks):
    """PostgreSQL may let no file grow (RLIMIT_FSIZE, which it takes for a full disk), then it may."""
    world = stage.world()
    # the day's file is made larger than any other, so that the limit is the day's alone
    stage.database.query("SELECT tasuki.make_day(%s)", DAYS)
    stage.database.query(
        "INSERT INTO tasuki.block SELECT '\\x00', 0, n, %s, '', '', '', '', 0, '',"
        " decode(repeat('55', 1200), 'hex') FROM generate_series(1, 2000) n",
        DAYS,
    )
    stage.database.query("DELETE FROM tasuki.block")
    stage.database.query("CHECKPOINT")

    class Full(Fault):
        def __enter__(self):
            stage.database.stop()
            stage.database.start(file_limit=stage.database.largest_file() + 65_536)
            self.times = 1
            self._timer = threading.Timer(3, self._free)
            self._timer.start()
            return self

        def _free(self):
            stage.database.restart(signal.SIGINT)

        def __exit__(self, *exc):
            self._timer.join()

    with stage.collecting(world) as collecting:
        counts = both_phases(stage, world, blocks, lambda: Full(None, 0))
        assert any("could not extend file" in text for text in collecting.alarms), collecting.alarms
    return counts


def outbox_is_full(stage, blocks):
    """The gateway's own disk is full (SQLite's max_page_count): a put is refused whole and tried again."""
    world = stage.world()
    db = world.outbox._db
    (pages,) = db.execute("PRAGMA page_count").fetchone()
    epochs, counts, number = max(10, blocks // 5), Counts(), 0
    step = max(5, epochs // 20)
    db.execute(f"PRAGMA max_page_count={pages + 2 * step + 20}")  # room for little more than one step

    def put_what_fits():
        nonlocal number
        while number < epochs:
            size = min(step, epochs - number)
            seq = world.hub.seq.copy()
            try:
                put(world, number, size)
            except Exception as e:
                assert "outbox" in str(e)
                counts.faults += 1
                world.hub.seq = seq
                return
            number += size

    put_what_fits()  # nothing leaves yet, so that it is full at once
    with stage.collecting(world), uploading(world):
        while number < epochs:
            time.sleep(0.05)
            put_what_fits()
        wait_until_empty(world)
        compare(stage, world, epochs, counts)
        before = leaked(stage, 0)
        db.execute("PRAGMA max_page_count=1000000")
    put(world, epochs, 10, [ECG])
    counts.blocks += 20
    withdraw(world)
    with stage.collecting(world), uploading(world):
        wait_until_empty(world)
    counts.leaked += leaked(stage, before)
    world.sink.close()
    return counts


def clock_jumps(stage, blocks):
    """The wall clock is set back a day, forward two hours, and right again."""
    world = stage.world()
    right = world.clock.now_ns
    jumps = iter([-DAY, 7200 * SECOND, 0] * 10**6)

    def act():
        world.clock.now_ns = right + next(jumps)

    class Jumping(Fault):
        def __exit__(self, *exc):
            super().__exit__(*exc)
            world.clock.now_ns = right

    with stage.collecting(world):
        return both_phases(stage, world, blocks, lambda: Jumping(act, 0.05))


def delivered_twice(stage, blocks):
    """Every batch is sent twice, the second time in another order, and some of it a third time later."""
    world = stage.world()
    rng, kept, sent = random.Random(1), [], Fault(None, 0)

    class Twice(type(world.sink)):
        def send(self, batch):
            batch = list(batch)
            keys = super().send(batch)
            again = batch + rng.sample(kept, min(len(kept), 50))
            rng.shuffle(again)
            kept[:] = rng.sample(batch, min(len(batch), 50))
            super().send(again)
            sent.times += len(again)
            return keys

    world.sink = Twice(Broker("127.0.0.1", stage.broker.port), world.signer, "gateway-1", answer_s=3)
    world.uploader = world.uploader_to(world.sink)
    with stage.collecting(world), stage.collecting(world, "collector-2"):
        counts = both_phases(stage, world, blocks, lambda: contextlib.nullcontext(Fault(None, 0)))
    counts.faults = sent.times
    return counts


def withdrawn_in_the_outbox(stage, blocks):
    """All of it waits in the outbox, with some under way, when the wearer withdraws."""
    world = stage.world()
    epochs, counts = max(10, blocks // 5), Counts(faults=1)
    put(world, 0, epochs)
    counts.blocks = 5 * epochs
    with stage.collecting(world):
        with uploading(world):
            end = time.monotonic() + PATIENCE_S
            while not leaked(stage, 0) and time.monotonic() < end:
                time.sleep(0.01)
            withdraw(world)
            before = settled(stage)
            wait_until_empty(world)
        counts.leaked = leaked(stage, before)
    rest(stage, epochs, counts)
    world.sink.close()
    return counts


def settled(stage):
    """Blocks of ECG once every wearer's tombstone is in the database: what was committed before it."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        # one statement, one snapshot: the count belongs to the moment at which both tombstones are there
        ((tombstones, blocks),) = stage.database.query(
            "SELECT (SELECT count(*) FROM tasuki.tombstone),"
            " (SELECT count(*) FROM tasuki.block WHERE item = 'ecg')"
        )
        ((known,),) = stage.database.query(
            "SELECT count(DISTINCT destination) FROM tasuki.block WHERE item = 'ecg'"
        )
        if tombstones >= known > 0:
            return blocks
        time.sleep(0.01)
    raise AssertionError("no tombstone came")


def rest(stage, epochs, counts):
    """What was not withdrawn is there, once."""
    sql = "SELECT destination, item, count(*) FROM tasuki.block WHERE item <> 'ecg' GROUP BY 1, 2"
    there = {(destination, item): n for destination, item, n in stage.database.query(sql)}
    for way in (("store", "respiration"), ("store", "body_motion"), ("improvement", "body_motion")):
        counts.lost += max(0, epochs - there.get(way, 0))
        counts.duplicated += max(0, there.get(way, 0) - epochs)


def withdrawn_in_the_broker(stage, blocks):
    """Collectors stand still, blocks pile up in the broker; the wearer withdraws; they go on."""
    world = stage.world()
    epochs, counts = max(10, blocks // 5), Counts(faults=1)
    put(world, 0, epochs)
    counts.blocks = 5 * epochs
    with contextlib.closing(Processes(stage, world, 2)) as processes:
        processes.signal(signal.SIGSTOP)
        with uploading(world):
            end = time.monotonic() + PATIENCE_S
            wanted = min(256, epochs)  # a batch: all of it is in the broker
            while len(world.sink._turn.waiting) < wanted and time.monotonic() < end:
                time.sleep(0.01)
            time.sleep(0.3)
            seen = []
            watcher = Link(stage.broker.broker, "watcher", Wake(), seen.append)
            watcher.subscribe("tasuki/tombstone/+/+")
            withdraw(world)
            while not seen:  # until the tombstone is in the broker
                assert time.monotonic() < end
                watcher.pump(0.1)
            watcher.drop()
            processes.signal(signal.SIGCONT)
            wait_until_empty(world)
        counts.leaked = leaked(stage, 0)
    rest(stage, epochs, counts)
    world.sink.close()
    return counts


ROWS = {
    "broker killed and restarted": broker_restarts,
    "connection dropped": connections_drop,
    "commit half written": commits_break,
    "collector killed": collectors_die,
    "database's disk full": database_is_full,
    "outbox's disk full": outbox_is_full,
    "clock jumps": clock_jumps,
    "delivered twice, reordered": delivered_twice,
    "withdrawn while in the outbox": withdrawn_in_the_outbox,
    "withdrawn while in the broker": withdrawn_in_the_broker,
}


@contextlib.contextmanager
def stage():
    """Servers in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="tasuki-faults-") as folder:
        made = Stage(Path(folder))
        try:
            yield made
        finally:
            made.close()
