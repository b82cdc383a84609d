"""MQTT 5 through a real broker into a real PostgreSQL: confirmed is what is committed there."""

import pytest

from remote_world import Collecting, RemoteWorld
from servers import Mosquitto, Postgres, need_servers
from tasuki.consent import policy
from tasuki.sinks import tables


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    need_servers()
    database = Postgres(tables.schema(policy.builtin()))
    broker = Mosquitto(tmp_path_factory.mktemp("broker"))
    yield broker, database
    broker.stop()
    database.close()


@pytest.fixture
def world(tmp_path, servers):
    broker, database = servers
    database.query("TRUNCATE tasuki.block, tasuki.tombstone")
    made = RemoteWorld(tmp_path, broker.broker, answer_s=3)
    yield made
    made.sink.close()


@pytest.fixture
def collecting(world, servers):
    broker, database = servers
    with Collecting(broker.broker, database.conninfo(), [world.signer.public]) as made:
        yield made


def test_everything_allowed_is_in_the_database_and_the_outbox_is_empty(world, collecting, servers):
    for number in range(5):
        world.put(number)

    assert world.drain() == []

    assert servers[1].query("SELECT destination, count(*) FROM tasuki.block GROUP BY 1 ORDER BY 1") == [
        ("improvement", 5),
        ("store", 10),
    ]
    assert world.outbox.size() == (0, 0)
    assert collecting.done.stored == 15


def test_a_broker_that_takes_a_block_has_confirmed_nothing(world, servers):
    world.put(0)

    (away,) = {why.split(": ", 1)[1] for why in world.uploader.drain()}

    assert away == "no collector listens at the broker"
    assert world.sink.refused[0x10] > 0
    assert world.outbox.size()[0] == 2
