"""From a verified block to a durable one: the outbox, the embedded store, PostgreSQL, MQTT.

Targets (issue 6): decide, encrypt and put into the outbox at 20,000 blocks/s on one core in group commits;
the embedded store at 0.7 of a bare SQLite loop, PostgreSQL at 0.7 of a bare psycopg loop, MQTT QoS 1 at
0.9 of a bare paho client, each in the same run with the same bytes. Blocks are of 1 KiB.
"""

import itertools
import sqlite3
import sys
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

sys.path.append(str(Path(__file__).parent.parent / "tests"))

from remote_world import Collecting, RemoteWorld, deliveries
from servers import Mosquitto, Postgres, need_servers
from tasuki.consent import policy
from tasuki.sinks import tables
from tasuki.sinks.embedded import EmbeddedStore
from tasuki.sinks.postgres import PostgresSink
from worlds import ECG, IMU, RESPIRATION, SECOND, World

N = 10_000
GROUP = 2_001  # blocks in a group commit
KIB = 1024
OUTBOX, STORES, SENT = (
    "decide, encrypt, outbox",
    "1-KiB blocks into a store",
    "1-KiB blocks to a broker, QoS 1",
)
_INSERT = "INSERT INTO block VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"


def batch(n=N):
    """Deliveries of 1 KiB that no store has seen."""
    content = bytes(range(256)) * (KIB // 256)
    first = next(_FIRST)
    return [replace(one, content=content) for one in deliveries(n, first=first)]


_FIRST = itertools.count(0, 1_000_000)


def test_outbox(rate, tmp_path):
    """Three streams; two of the four destinations take what they may, as the demo's wearer consents."""
    world = World(tmp_path)
    world.clock.now_ns += 86_400 * SECOND  # after all of them
    streams, numbers = (ECG, RESPIRATION, IMU), itertools.count()

    def group():
        return [one for _ in range(GROUP // 3) for one in world.acquired(next(numbers), streams, frames=8)]

    waiting = [group() for _ in range(12)]

    def run():
        blocks = waiting.pop()
        return world.outbox.put(world.router.route(blocks, world.clock())).envelopes

    assert rate(OUTBOX, "tasuki, durable, 2,001 in a commit", GROUP, "blocks", run, rounds=10) == GROUP


def test_embedded(rate, tmp_path):
    store = EmbeddedStore(tmp_path / "store.db")

    def run():
        return sum(len(store.send(batch(GROUP))) for _ in range(5))

    assert rate(STORES, "tasuki, embedded, durable", 5 * GROUP, "blocks", run) == 5 * GROUP


def test_bare_sqlite(rate, tmp_path):
    db = sqlite3.connect(tmp_path / "bare.db", isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    db.execute("PRAGMA secure_delete=ON")
    db.execute(
        "CREATE TABLE block (id INTEGER PRIMARY KEY, source, stream, number, item, content, UNIQUE (source, stream, number))"
    )

    def run():
        for _ in range(5):
            rows = [(1, d.stream, d.number, d.item, d.content) for d in batch(GROUP)]
            db.execute("BEGIN IMMEDIATE")
            db.executemany(
                "INSERT OR IGNORE INTO block (source, stream, number, item, content) VALUES (?, ?, ?, ?, ?)",
                rows,
            )
            db.execute("COMMIT")
        return 5 * GROUP

    rate(STORES, "bare sqlite3 loop, the same file", 5 * GROUP, "blocks", run)
    db.close()


@pytest.fixture(scope="module")
def database():
    need_servers()
    made = Postgres(tables.schema(policy.builtin()))
    yield made
    made.close()


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    need_servers()
    made = Mosquitto(tmp_path_factory.mktemp("broker"))
    yield made
    made.stop()


def test_postgres(rate, database):
    sink = PostgresSink(database.conninfo())

    def run():
        return sum(len(sink.send(batch(GROUP))) for _ in range(5))

    assert rate(STORES, "tasuki, PostgreSQL, durable", 5 * GROUP, "blocks", run) == 5 * GROUP
    sink.close()


def test_bare_psycopg(rate, database):
    database.query(
        "CREATE TABLE IF NOT EXISTS block (pseudonym bytea, stream int2, number int8, item text, purpose text, content bytea, PRIMARY KEY (pseudonym, stream, number))"
    )
    with psycopg.connect(database.conninfo("owner")) as db:

        def run():
            for _ in range(5):
                rows = [(d.pseudonym, d.stream, d.number, d.item, d.purpose, d.content) for d in batch(GROUP)]
                db.cursor().executemany(_INSERT.replace("?", "%s"), rows)
                db.commit()

        rate(STORES, "bare psycopg loop, one plain table", 5 * GROUP, "blocks", run)


def test_mqtt(rate, tmp_path, broker):
    """Up to the broker's own acknowledgement, as a bare client has it; with nobody who collects."""
    world = RemoteWorld(tmp_path, broker.broker)

    def run():
        return world.sink.publish_only(batch())

    assert rate(SENT, "tasuki, with all properties", N, "blocks", run) == N
    world.sink.close()


def test_bare_paho(rate, broker):
    client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5)
    client.max_inflight_messages_set(100)
    client.connect("127.0.0.1", broker.port)
    client.loop_start()

    def run():
        sent = [client.publish("tasuki/bare", d.content, qos=1) for d in batch()]
        for each in sent:
            each.wait_for_publish(60)
        return len(sent)

    assert rate(SENT, "bare paho client, no properties", N, "blocks", run) == N
    client.disconnect()
    client.loop_stop()


def test_through_broker_and_collector(rate, tmp_path, broker, database):
    """All the way: published, collected, committed, answered; everything on one machine."""
    world = RemoteWorld(tmp_path, broker.broker, answer_s=30)
    with Collecting(broker.broker, database.conninfo(), [world.signer.public]):

        def run():
            return sum(len(world.sink.send(batch(GROUP))) for _ in range(2))

        assert rate(SENT, "tasuki, confirmed by a collector's commit", 2 * GROUP, "blocks", run) == 2 * GROUP
    world.sink.close()
