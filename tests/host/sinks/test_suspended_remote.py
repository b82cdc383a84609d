"""A processor that is suspended: what lies in a broker for it is recalled, and goes on when it may again."""

from dataclasses import replace

import psycopg
import pytest
from nacl.public import PrivateKey

from remote_world import REMOTE, Collecting, RemoteWorld
from tasuki.consent import parties_file, policy, scopes
from tasuki.consent.registers import INTERNAL
from tasuki.consent.stretch import ALWAYS
from tasuki.pipeline.upload import Uploader
from tasuki.sinks import tables
from worlds import ECG, SECOND

THEIRS, PARTY = "kanto-improvement", "kanto-analysis"
TOMBSTONES = "SELECT destination, item, consent FROM tasuki.tombstone"


@pytest.fixture
def world(tmp_path, broker, database):
    """Blocks of ECG go to our own `improvement` and to a processor's, both through the broker."""
    made = RemoteWorld(tmp_path, broker.broker, answer_s=3)
    parties_file.example(policy.builtin()).register(made.registers)
    known = made.registers.processors[PARTY]
    made.registers.add_processor(
        replace(
            known,
            key=bytes(PrivateKey(bytes(range(32))).public_key),
            vetting=ALWAYS,
            supervision=ALWAYS,
            contract=replace(known.contract, dated=ALWAYS),
        )
    )
    made.say("granted", scopes.ENTRUST, ["ecg"], at_ns=0)
    own = [name for name, place in made.registers.destinations.items() if place.kind == INTERNAL]
    made.registers.serve([*own, THEIRS])
    made.uploader = made.uploader_to(made.sink)
    yield made
    made.sink.close()


@pytest.fixture
def collecting(world, broker, database):
    """A collector of all destinations: the processor's own, say."""
    where = broker.broker, database.conninfo(), [world.signer.public]
    with Collecting(*where, destinations=(*REMOTE, THEIRS)) as made:
        yield made


def suspend(world, yes=True):
    known = world.registers.processors[PARTY]
    world.registers.add_processor(replace(known, suspended=yes))


def theirs(database):
    """Consent versions of what the processor got."""
    sql = "SELECT consent FROM tasuki.block WHERE destination = %s ORDER BY number"
    return [consent for (consent,) in database.query(sql, THEIRS)]


def put(world, number):
    world.clock.now_ns += 60 * SECOND
    world.put(number, [ECG])


@pytest.mark.rule("P-07", "deny", "evidence")
def test_what_lies_in_the_broker_for_a_suspended_processor_is_recalled(world, collecting, database):
    put(world, 0)
    assert world.drain() == []
    assert theirs(database) == [0]
    (one,) = [d for d in _rows(database) if d.destination == THEIRS]

    suspend(world)
    assert world.uploader.destinations() == [THEIRS]  # nothing has to be sent for it
    assert world.drain() == []

    assert database.query(TOMBSTONES) == [(THEIRS, "ecg", 1)]
    assert world.sink.send([replace(one, number=one.number + 1)]) == []  # as one from the broker's queue
    put(world, 1)
    assert world.drain() == []
    assert theirs(database) == [0]


@pytest.mark.rule("P-07", "allow")
def test_a_processor_that_is_registered_anew_gets_what_comes_then(world, collecting, database):
    put(world, 0)
    world.drain()
    suspend(world)
    world.drain()
    suspend(world, False)
    put(world, 1)
    assert world.drain() == []
    assert theirs(database) == [0, 1]

    world.uploader = world.uploader_to(world.sink)  # as after a restart
    put(world, 2)
    assert world.drain() == []
    suspend(world)
    world.drain()

    assert theirs(database) == [0, 1, 1]
    assert database.query(TOMBSTONES) == [(THEIRS, "ecg", 2)]


def test_one_suspension_counts_once_whoever_notices_it_and_withdrawals_count_beside_it(
    world, collecting, database
):
    put(world, 0)
    world.drain()
    suspend(world)
    world.drain()
    for _ in range(3):
        world.uploader = world.uploader_to(world.sink)
        world.registers.changed()
        assert world.drain() == []
    assert database.query(TOMBSTONES) == [(THEIRS, "ecg", 1)]

    world.say("withdrawn", scopes.ENTRUST, ["ecg"])
    assert world.drain() == []

    assert (THEIRS, "ecg", 2) in database.query(TOMBSTONES)


@pytest.mark.rule("P-06", "deny")
def test_a_processor_that_was_struck_out_of_the_register_is_recalled_as_well(world, collecting, database):
    put(world, 0)
    world.drain()

    del world.registers.processors[PARTY]
    world.registers.changed()
    assert world.drain() == []

    assert database.query(TOMBSTONES) == [(THEIRS, "ecg", 1)]


def test_a_destination_that_has_left_the_sinks_file_holds_nobody_up(world, collecting, database):
    put(world, 0)
    world.drain()
    suspend(world)
    sinks = dict.fromkeys(set(world.registers.destinations) - {THEIRS}, world.sink)
    world.uploader = Uploader(world.outbox, world.engine, world.vault, sinks, clock_ns=world.clock)
    put(world, 1)

    assert world.uploader.drain() == []

    assert database.query("SELECT count(*) FROM tasuki.block WHERE destination = 'improvement'") == [(2,)]


def _rows(database):
    with psycopg.connect(database.conninfo("owner")) as db:
        return list(tables.rows(db))
