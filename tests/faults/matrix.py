"""The fault matrix: what is lost, doubled, or leaks after a withdrawal, fault by fault, on real servers.

Each row fills an outbox, sends while its fault goes on, and then compares what PostgreSQL has with what
was put, by opening every envelope. Then the wearer withdraws while more waits, and the fault goes on.
"""

import contextlib
import random
import signal
import threading
import time

from faults.processes import Processes
from faults.stage import (
    DAY,
    PATIENCE_S,
    Counts,
    Fault,
    both_phases,
    compare,
    leaked,
    put,
    uploading,
    wait_until_empty,
    withdraw,
)
from proxy import Proxy
from remote_world import COLLECTOR
from remote_world import DAY as DAYS
from tasuki.errors import LinkLost
from tasuki.pipeline import recalls
from tasuki.sinks.link import Broker, Link, Wake
from tasuki.sinks.mqtt import MqttSink
from worlds import ECG, SECOND


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


def erased(stage, blocks):
    """An item is erased while more of it is under way, and while transactions and the broker break."""
    world = stage.world()
    world.sink = MqttSink(
        stage.broker.broker, world.signer, "gateway-1", answer_s=3, collectors=[COLLECTOR.public]
    )
    world.uploader = world.uploader_to(world.sink)
    epochs, counts, turns = max(10, blocks // 5), Counts(), iter(range(10**9))
    put(world, 0, epochs)
    counts.blocks = 5 * epochs

    def act():
        if next(turns) % 4 == 3:
            stage.broker.restart()
        else:
            stage.database.query(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'keeper'"
            )

    with stage.collecting(world, login="keeper"), stage.collecting(world, "collector-2", login="keeper"):
        with Fault(act, 0.7) as fault, uploading(world):
            end = time.monotonic() + PATIENCE_S
            while not (leaked(stage, 0) and fault.times):
                assert time.monotonic() < end
                time.sleep(0.01)
            withdraw(world)
            acknowledged(world, erasure_of_ecg(world), end)
            counts.leaked = leaked(stage, 0)
            wait_until_empty(world)
        counts.faults = fault.times
        counts.leaked += leaked(stage, 0)
    rest(stage, epochs, counts)
    world.sink.close()
    return counts


def erasure_of_ecg(world):
    """What an erasure of the item is about, at both destinations."""
    names = world.vault.pseudonyms(world.subject).items()
    return [
        one
        for (purpose, place, _), name in names
        for one in recalls.of_items(world.outbox, world.engine, world.subject, purpose, place, name, ["ecg"])
    ]


def acknowledged(world, wanted, end):
    """Order it until a collector has acknowledged it."""
    while True:
        try:
            return world.sink.erase(wanted)
        except LinkLost:
            assert time.monotonic() < end
            time.sleep(0.1)


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
    "erased while under way": erased,
}
