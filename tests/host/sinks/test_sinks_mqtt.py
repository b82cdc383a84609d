"""MQTT 5 through a real broker into a real PostgreSQL: confirmed is what is committed there."""

import time
from contextlib import suppress
from dataclasses import replace
from types import SimpleNamespace

import psycopg
import pytest
from nacl.public import SealedBox
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from remote_world import Collecting, RemoteWorld, deliveries
from tasuki.errors import LinkLost, UsageError
from tasuki.sinks import DAY_NS, Recall, messages, tables, tombstone
from tasuki.sinks.link import Broker, Link, Wake
from tasuki.sinks.mosquitto import Limits
from tasuki.sinks.mqtt import MqttSink
from tasuki.vault import attested
from tasuki.vault.secret import Secret, Signer
from worlds import ECG, NOON


@pytest.fixture
def world(tmp_path, broker, database):
    made = RemoteWorld(tmp_path, broker.broker, answer_s=3)
    yield made
    made.sink.close()


@pytest.fixture
def collecting(world, broker, database):
    with Collecting(broker.broker, database.conninfo(), [world.signer.public]) as made:
        yield made


def stored(database, destination=None):
    with psycopg.connect(database.conninfo("owner")) as db:
        return list(tables.rows(db, destination))


def until(there, seconds=20):
    end = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.rule("S-03", "allow")
def test_everything_allowed_is_in_the_database_and_the_outbox_is_empty(world, collecting, database):
    for number in range(5):
        world.put(number)

    assert world.drain() == []

    assert [len(stored(database, name)) for name in ("store", "improvement")] == [10, 5]
    assert world.outbox.size() == (0, 0)
    assert collecting.done.stored == 15


def test_what_arrives_is_what_was_sent_with_its_day_and_consent_version(world, collecting, database):
    world.put(0, [ECG])
    (due,), (theirs,) = world.outbox.due("store", 1), world.outbox.due("improvement", 1)
    world.drain()

    (own,), (other,) = stored(database, "store"), stored(database, "improvement")

    assert (own.content, own.tags, own.form) == (due.content, due.tags.to_bytes(), "envelope")
    assert (own.day, own.version, own.purpose, own.item) == (NOON // DAY_NS, 0, "service_information", "ecg")
    assert (other.tags, other.form) == (b"", "attested")
    key = world.vault.private_key("destination-improvement")
    opened = attested.read(SealedBox(key).decrypt(other.content), world.signer.public)
    assert opened.label.number == theirs.number


@pytest.mark.rule("S-03", "deny")
def test_a_broker_that_acknowledges_a_block_has_confirmed_nothing(world):
    world.put(0)

    (away,) = {why.split(": ", 1)[1] for why in world.uploader.drain()}

    assert away == "no collector listens at the broker"
    assert world.sink.refused[0x10] > 0
    assert world.outbox.size()[0] == 2


@pytest.mark.rule("S-03", "deny")
def test_a_collector_that_cannot_commit_confirms_nothing(world, collecting, database):
    world.put(0)
    with psycopg.connect(database.conninfo("owner")) as db:
        db.execute("LOCK TABLE tasuki.block IN ACCESS EXCLUSIVE MODE")
        assert any("no collector answered" in why for why in world.uploader.drain())
        assert world.outbox.size()[0] == 2
        db.rollback()

    assert world.drain() == []
    assert len(stored(database)) == 3


def test_two_collectors_share_the_work_and_store_each_block_once(world, broker, database):
    for number in range(60):
        world.put(number)
    where = broker.broker, database.conninfo(), [world.signer.public]

    with Collecting(*where, "collector-1") as one, Collecting(*where, "collector-2") as two:
        assert world.drain() == []

    assert len(stored(database)) == 180
    assert one.done.stored > 20
    assert two.done.stored > 20


def test_the_same_delivery_again_is_confirmed_and_stored_once(world, collecting, database):
    batch = deliveries(5)

    assert world.sink.send(batch) == world.sink.send(batch[::-1])[::-1] == [d.key for d in batch]

    assert len(stored(database)) == 5


@pytest.mark.rule("A-02", "deny", "evidence")
def test_a_block_in_the_broker_that_a_tombstone_is_newer_than_is_not_committed(world, collecting, database):
    assert world.sink.recall([Recall("improvement", b"p" * 16, "ecg", 2)])

    assert world.sink.send(deliveries(4, version=1)) == []
    assert world.sink.recalled == 4
    assert stored(database) == []
    assert world.sink.send(deliveries(4, version=2))
    assert len(stored(database)) == 4


@pytest.mark.rule("A-02", "allow")
def test_what_is_granted_again_is_sent_with_the_new_version_and_passes(world, collecting, database):
    world.put(0, [ECG])
    world.drain()
    world.clock.now_ns += 10**9
    world.say("withdrawn", "service_information", ["ecg"])
    world.clock.now_ns += 10**9
    world.say("granted", "service_information", ["ecg"])
    world.put(2000, [ECG])  # acquired after the new grant
    world.clock.now_ns += 2 * 3600 * 10**9
    world.drain()

    assert {d.version for d in stored(database, "store")} == {0, 1}
    assert database.query("SELECT destination, item, consent FROM tasuki.tombstone") == [("store", "ecg", 1)]


@pytest.mark.rule("S-02", "deny", "evidence")
def test_a_tombstone_that_no_known_gateway_signed_stops_nothing(world, collecting, database, broker):
    stranger = MqttSink(broker.broker, Signer(Secret(b"s" * 32)), "stranger", answer_s=0.5)

    with pytest.raises(LinkLost):
        stranger.recall([Recall("improvement", b"p" * 16, "ecg", 9)])

    assert "a tombstone that no known gateway signed" in collecting.alarms
    assert database.query("SELECT * FROM tasuki.tombstone") == []
    assert world.sink.send(deliveries(1))
    stranger.close()


@pytest.mark.rule("S-02", "deny")
def test_a_message_that_is_no_block_is_refused_and_holds_nothing_up(world, collecting, broker):
    link = Link(broker.broker, "stranger", Wake(), lambda message: None)
    link.publish(f"tasuki/service_improvement/improvement/ecg/{'00' * 16}", b"rubbish")
    until(lambda: link.pump(0.05) or collecting.done.bad)

    assert world.sink.send(deliveries(3))
    assert collecting.done.bad == 1
    link.drop()


def test_an_answer_to_somebody_elses_turn_is_not_heard(world, broker):
    """Who has not received a block of this turn does not know its nonce."""
    forger = Link(broker.broker, "forger", Wake(), lambda message: None)
    (one,) = deliveries(1)
    quiet = Link(broker.broker, "quiet", Wake(), lambda message: None, manual_ack=True)
    quiet.subscribe("$share/collectors/tasuki/+/improvement/+/+")

    def batch():
        yield one
        forged = Properties(PacketTypes.PUBLISH)
        forged.CorrelationData = b"\0" * 16
        forger.publish("tasuki/reply/gateway-1", messages.pack_answer([(one.key, messages.STORED)]), forged)
        for _ in range(5):
            forger.pump(0.05)

    with pytest.raises(LinkLost, match="no collector answered"):
        world.sink.send(batch())
    forger.drop()
    quiet.drop()


def test_a_broker_at_its_limits_loses_nothing_and_is_alarmed(tmp_path, new_broker, database):
    """What does not fit into its queue is dropped, counted by it, and sent again by the gateway."""
    broker = new_broker(limits=Limits(inflight=20, queued=30))
    world = RemoteWorld(tmp_path, broker.broker, answer_s=3)
    batch = deliveries(300)
    public = world.signer.public
    with Collecting(broker.broker, database.conninfo(), [public], batch=10) as collecting:
        until(lambda: collecting.collector._dropped is not None)
        with psycopg.connect(database.conninfo("owner")) as db:
            db.execute("LOCK TABLE tasuki.block IN ACCESS EXCLUSIVE MODE")
            with pytest.raises(LinkLost):
                world.sink.send(batch)
            db.rollback()
        left = {d.key: d for d in batch}
        for _ in range(30):
            with suppress(LinkLost):
                for key in world.sink.send(list(left.values())):
                    del left[key]
            if not left:
                break
        until(lambda: collecting.done.alarms["dropped"])

    assert not left
    assert len(stored(database)) == 300
    world.sink.close()


def test_without_tls_only_this_machine_is_spoken_to():
    with pytest.raises(UsageError, match="no TLS"):
        Broker("broker.example", 1883).context()


def test_tombstones_are_read_as_they_were_written_and_not_otherwise():
    signer = Signer(Secret(b"g" * 32))
    recall = Recall("improvement", bytes(range(16)), "respiration", 7)
    data = tombstone.pack(recall, signer)

    assert tombstone.read(data, [b"x" * 32, signer.public]) == recall
    for place in range(len(data)):
        damaged = bytes([*data[:place], data[place] ^ 1, *data[place + 1 :]])
        with pytest.raises(Exception, match="tombstone"):
            tombstone.read(damaged, [signer.public])


def published(delivery):
    """The user properties with which the sink publishes a delivery, read by paho."""
    link = SimpleNamespace(stuck=False, sent=[])
    link.publish = lambda topic, payload, properties: link.sent.append(properties.pack())
    MqttSink(Broker("localhost", 1883), Signer(Secret(b"g" * 32)))._publish(link, [delivery])
    found = Properties(PacketTypes.PUBLISH)
    found.unpack(*link.sent)
    return found.UserProperty


def test_messages_are_read_as_they_were_written():
    (one,) = deliveries(1, version=3)
    topic = messages.Topics("tasuki").block(one)

    read = messages.delivery_of(topic, one.content, published(one))

    assert read == one
    for wrong in (topic.replace("improvement/ecg", "store/ecg"), topic + "0", topic[:-1], "tasuki/x"):
        with pytest.raises(Exception, match="no block"):
            messages.delivery_of(wrong, one.content, published(one))
    with pytest.raises(Exception, match="no block"):
        messages.delivery_of(topic, b"", published(replace(one, number=-1)))
