"""Erasure where blocks went to real servers that sinks.toml names: they are reached, or waited for."""

import json
import time

import psycopg
import pytest

from erasing_world import GONE, STAYS, ErasingWorld
from remote_world import Collecting, deliveries
from tasuki.pipeline.recalls import ERASED
from tasuki.pipeline.upload import Uploader
from tasuki.wearer.erasure import DONE, PENDING, Erasures
from tasuki.wearer.erasure.scan import scan

ROUTE = """
format = 1
[sink.there]
{}
[route]
improvement = "there"
"""
SINK = "sink improvement"


def filled(folder, sink):
    """A state folder that names a server, with blocks of both wearers in its outbox."""
    (folder / "state").mkdir(mode=0o700)
    (folder / "state" / "sinks.toml").write_text(ROUTE.format(sink))
    world = ErasingWorld(folder)
    for subject in world.hubs:
        world.put(subject, 0)
    return world


@pytest.fixture
def world(tmp_path, database):
    """Both wearers' blocks are in a database that the folder names."""
    with database.keeper("gateway") as login:
        world = filled(tmp_path, f'kind = "postgres"\nconnection = "{login}"')
        upload(world)
        yield world
        world.state.close()


@pytest.fixture
def brokered(tmp_path, broker):
    """The folder names a broker; nothing is sent yet."""
    world = filled(tmp_path, f'kind = "mqtt"\nhost = "127.0.0.1"\nport = {broker.port}')
    world.state.sinks["improvement"]._answer_s = 1  # a test does not wait long for who is away
    yield world
    world.state.close()


def upload(world):
    """Send all that can go, where the folder says."""
    state = world.state
    Uploader(state.outbox, state.engine, state.vault, state.sinks).drain()
    state.collector.collect()


def pseudonyms(world, subject):
    names = world.state.vault.pseudonyms(subject).items()
    return [name for (_, place, _), name in names if place == "improvement"]


def found(database, markers):
    """How often these bytes stand in any column of any row of the blocks."""
    with psycopg.connect(database.conninfo("owner")) as db:
        rows = db.execute("SELECT pseudonym, tags, content FROM tasuki.block").fetchall()
    return sum(marker in column for row in rows for column in row for marker in markers)


def states(progress):
    return {row.name: row.state for row in progress.stores}


@pytest.mark.rule("D-03", "allow", "deny", "evidence")
def test_a_database_is_waited_for_while_it_is_away_and_then_holds_nothing_of_the_wearer(world, database):
    mine, others = pseudonyms(world, GONE), pseudonyms(world, STAYS)
    rows = database.query("SELECT content FROM tasuki.block WHERE pseudonym = ANY(%s)", mine)
    markers = [*mine, *[bytes(content) for (content,) in rows]]
    others_before = found(database, others)
    assert found(database, markers) == 2 * len(rows) > 0
    assert others_before > 0

    erasures = Erasures(world.state)
    database.stop()
    case = erasures.begin(GONE)
    away = erasures.advance(case)
    assert (away.complete, states(away)[SINK]) == (False, PENDING)
    assert erasures.receipt(case) is None

    database.start()
    world.meet(GONE)
    progress = erasures.advance(case)

    assert progress.complete, progress.pending
    assert states(progress)[SINK] == DONE
    assert found(database, markers) == 0
    assert found(database, others) == others_before


def test_with_a_server_nothing_is_left_in_the_state_folder_either(world):
    mine = pseudonyms(world, GONE)
    sought = {"pseudonyms": mine}
    assert scan([world.state.folder], sought).total > 0
    erasures = Erasures(world.state)
    case = erasures.begin(GONE)
    erasures.advance(case)
    world.meet(GONE)

    assert erasures.advance(case).complete
    assert scan([world.state.folder], sought).total == 0
    assert scan([world.state.folder], {"pseudonyms": pseudonyms(world, STAYS)}).total > 0


@pytest.mark.rule("D-03", "deny")
def test_a_server_that_is_not_named_any_more_is_waited_for_until_a_person_confirms(world, database):
    mine = pseudonyms(world, GONE)
    (world.state.folder / "sinks.toml").unlink()
    world.reopen()
    erasures = Erasures(world.state)
    case = erasures.begin(GONE)
    erasures.advance(case)
    world.meet(GONE)

    progress = erasures.advance(case)

    assert states(progress)[SINK] == PENDING
    (order,) = (world.state.folder / "orders").iterdir()
    ordered = json.loads(order.read_text())["pseudonyms"]["improvement"]
    assert set(ordered) == {name.hex() for name in mine}
    erasures.acknowledge(case, SINK, "the keeper")
    assert erasures.advance(case).complete


@pytest.mark.rule("D-03", "deny", "evidence")
def test_what_lies_in_a_broker_is_recalled_for_good_and_the_database_behind_it_is_confirmed_by_a_person(
    brokered, broker, database
):
    world = brokered
    keys = [world.state.vault.signer("attestation").public]
    with Collecting(broker.broker, database.conninfo(), keys):
        upload(world)
    mine, others = pseudonyms(world, GONE), pseudonyms(world, STAYS)
    assert found(database, mine) > 0
    erasures = Erasures(world.state)
    case = erasures.begin(GONE)
    assert states(erasures.advance(case))[SINK] == PENDING  # no collector is there
    world.meet(GONE)
    erasures.acknowledge(case, SINK, "the keeper")
    assert not erasures.advance(case).complete  # nobody has the recalls yet

    with Collecting(broker.broker, database.conninfo(), keys):
        end = time.monotonic() + 30
        while not (progress := erasures.advance(case)).complete:
            assert time.monotonic() < end, progress.pending
        before = found(database, [*mine, *others])
        late = deliveries(3, pseudonym=mine[0], stream=9, version=1)
        assert world.state.sinks["improvement"].send(late) == []

    assert found(database, [*mine, *others]) == before
    tombs = database.query("SELECT pseudonym, consent FROM tasuki.tombstone")
    assert {(bytes(name), version) for name, version in tombs} == {(mine[0], ERASED)}


def test_a_login_that_may_not_erase_keeps_it_open_and_the_line_says_what_to_grant(tmp_path, database):
    world = filled(tmp_path, f'kind = "postgres"\nconnection = "{database.conninfo()}"')
    upload(world)
    erasures = Erasures(world.state)

    progress = erasures.advance(erasures.begin(GONE))

    (line,) = [row for row in progress.stores if row.name == "sink improvement"]
    assert line.state == PENDING
    assert line.what.endswith("Grant tasuki_keeper.")
    world.state.close()
