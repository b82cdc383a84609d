"""What collectors stored in PostgreSQL is erased by an order over the broker, and they acknowledge it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from erasing_world import GONE, STAYS, ErasingWorld, finished, states
from remote_world import COLLECTOR, Collecting, deliveries
from tasuki.consent.events import GRANTED, Event
from tasuki.pipeline.recalls import ERASED
from tasuki.pipeline.upload import Uploader
from tasuki.sinks import Recall, erasure_order
from tasuki.sinks.link import Link, Wake
from tasuki.sinks.messages import Topics
from tasuki.vault.secret import Secret, Signer
from tasuki.wearer.erasure import DONE, PENDING, Erasures, receipts

SINK = "sink improvement"
STRANGER = Signer(Secret(b"s" * 32))
ROOT = Path(__file__).resolve().parents[3]
COUNT = "SELECT pseudonym, item, count(*) FROM tasuki.block GROUP BY 1, 2"


@pytest.fixture
def keeper(database):
    """A login of a collector that may erase."""
    with database.keeper("collecting_keeper") as login:
        yield login


def made(folder, broker, collectors):
    """A state folder whose blocks for `improvement` go to the broker; both wearers' wait in its outbox."""
    (folder / "state").mkdir(mode=0o700)
    keys = ", ".join(f'"{one.public.hex()}"' for one in collectors)
    (folder / "state" / "sinks.toml").write_text(
        f'format = 1\n[sink.there]\nkind = "mqtt"\nhost = "127.0.0.1"\nport = {broker.port}\n'
        f'collectors = [{keys}]\n[route]\nimprovement = "there"\n'
    )
    world = ErasingWorld(folder)
    world.state.sinks["improvement"]._answer_s = 2  # a test does not wait long for who is away
    for subject in world.hubs:
        world.put(subject, 0)
    return world


@pytest.fixture
def world(tmp_path, broker):
    made_ = made(tmp_path, broker, [COLLECTOR])
    yield made_
    made_.state.close()


def upload(world):
    """Send all that can go, where the folder says."""
    state = world.state
    Uploader(state.outbox, state.engine, state.vault, state.sinks).drain()


def collecting(world, broker, conninfo, **more):
    keys = [world.state.vault.signer("attestation").public]
    return Collecting(broker.broker, conninfo, keys, **more)


def pseudonym(world, subject):
    """The wearer's at `improvement`."""
    names = world.state.vault.pseudonyms(subject).items()
    (found,) = [name for (_, place, _), name in names if place == "improvement"]
    return found


def stored(database):
    """(pseudonym, item) to how many blocks."""
    return {(bytes(who), item): n for who, item, n in database.query(COUNT)}


def rows(progress):
    return {row.name: row for row in progress.stores}


def until(there, seconds=30):
    end = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < end
        time.sleep(0.02)


def post(broker, topic, *payloads):
    """Publish as somebody who can reach the broker."""
    link = Link(broker.broker, "somebody", Wake(), lambda message: None)
    for payload in payloads:
        link.publish(topic, payload)
    while link.unanswered:
        link.pump(0.1)
    link.drop()


@pytest.mark.rule("D-03", "allow", "evidence")
def test_an_erasure_reaches_what_collectors_stored_and_their_signed_word_is_its_evidence(
    world, broker, database, keeper
):
    with collecting(world, broker, keeper) as collector:
        upload(world)
        mine, others = pseudonym(world, GONE), pseudonym(world, STAYS)
        before = stored(database)
        assert {who for who, _ in before} == {mine, others}
        erasures = Erasures(world.state)
        case = erasures.begin(GONE)

        progress = finished(world, erasures, case)

        assert progress.complete, progress.pending
        late = deliveries(3, pseudonym=mine, stream=9, version=1)
        assert world.state.sinks["improvement"].send(late) == []

    assert stored(database) == {key: n for key, n in before.items() if key[0] == others}
    assert collector.done.erasures >= 1
    receipt = receipts.verify(erasures.receipt(case), world.state.vault.signer("authority").public)
    (line,) = [row for row in receipt["stores"] if row["name"] == SINK]
    assert f"signed by collector {COLLECTOR.key_id.hex()}" in line["verified"]
    assert not list((world.state.folder / "orders").glob("*"))


@pytest.mark.rule("D-03", "deny")
def test_one_item_goes_and_what_the_wearer_gives_again_while_it_is_waited_for_stays(
    world, broker, database, keeper
):
    with collecting(world, broker, keeper):
        upload(world)
    mine = pseudonym(world, GONE)
    before = stored(database)
    erasures = Erasures(world.state)
    case = erasures.begin(GONE, frozenset({"ecg"}))
    assert states(erasures.advance(case))[SINK] == PENDING  # no collector is there
    state, now_ns = world.state, world.state.book.now_ns(GONE)
    state.book.say(
        Event(now_ns, now_ns, GONE, GRANTED, "service_improvement", frozenset({"ecg"}), state.policy.version)
    )

    with collecting(world, broker, keeper):
        given_again = deliveries(2, pseudonym=mine, first=1 << 40, version=1)
        assert len(state.sinks["improvement"].send(given_again)) == 2
        world.meet(GONE)
        progress = erasures.advance(case)

    assert progress.complete, progress.pending
    assert before[mine, "ecg"] > 0
    assert stored(database) == {**before, (mine, "ecg"): 2}
    tombs = database.query("SELECT item, consent FROM tasuki.tombstone WHERE pseudonym = %s", mine)
    assert tombs == [("ecg", 1)]


@pytest.mark.rule("D-03", "deny")
def test_an_old_order_that_somebody_sends_again_deletes_nothing_that_was_given_later(
    world, broker, database, keeper
):
    heard = []
    listener = Link(broker.broker, "listener", Wake(), heard.append)
    listener.subscribe("tasuki/erasure/+")
    with collecting(world, broker, keeper) as collector:
        upload(world)
        mine = pseudonym(world, GONE)
        erasures = Erasures(world.state)
        erasures.advance(erasures.begin(GONE, frozenset({"ecg"})))
        until(lambda: listener.pump(0.05) or heard)
        later = deliveries(2, pseudonym=mine, first=1 << 40, version=1)
        assert len(world.state.sinks["improvement"].send(later)) == 2
        carried_out = collector.done.erasures

        post(broker, heard[0].topic, bytes(heard[0].payload))
        until(lambda: collector.done.erasures > carried_out)

    assert stored(database)[mine, "ecg"] == 2
    listener.drop()


@pytest.mark.rule("S-02", "deny")
@pytest.mark.parametrize("wrong", ["key", "tenant", "topic", "cut", "tombstone"])
def test_an_order_that_is_not_a_known_gateway_s_own_for_this_tenant_deletes_nothing(
    world, broker, database, keeper, wrong
):
    gateway, topics = world.state.vault.signer("attestation"), Topics("tasuki")
    with collecting(world, broker, keeper) as collector:
        upload(world)
        before = stored(database)
        target = [Recall("improvement", pseudonym(world, GONE), "ecg", ERASED)]
        good = erasure_order.order(target, "tasuki", gateway).data
        payload, topic = {
            "key": (erasure_order.order(target, "tasuki", STRANGER).data, topics.erasure("improvement")),
            "tenant": (erasure_order.order(target, "other", gateway).data, topics.erasure("improvement")),
            "topic": (good, topics.erasure("development")),
            "cut": (good[:-1], topics.erasure("improvement")),
            "tombstone": (good, topics.tombstone("improvement", target[0].pseudonym)),
        }[wrong]

        post(broker, topic, payload)
        until(lambda: collector.done.bad)

        assert stored(database) == before
        assert collector.done.erasures == 0
        post(broker, topics.erasure("improvement"), good)
        until(lambda: collector.done.erasures)
    assert stored(database) != before


@pytest.mark.rule("D-03", "deny", "evidence")
def test_the_word_of_a_collector_whose_key_is_not_named_ends_nothing(world, broker, database, keeper):
    with collecting(world, broker, keeper, signer=STRANGER):
        upload(world)
        mine = pseudonym(world, GONE)
        erasures = Erasures(world.state)
        case = erasures.begin(GONE)

        row = rows(erasures.advance(case))[SINK]

    assert row.state == PENDING
    assert "whose key sinks.toml does not name" in row.what
    assert not any(who == mine for who, _ in stored(database))  # it is deleted, but nobody has proved it
    (order,) = (world.state.folder / "orders").iterdir()
    assert json.loads(order.read_text())["pseudonyms"] == {"improvement": [mine.hex()]}


@pytest.mark.rule("D-03", "deny")
def test_collectors_whose_login_may_not_delete_say_so_and_one_that_may_ends_it(
    world, broker, database, keeper
):
    erasures = Erasures(world.state)
    with collecting(world, broker, database.conninfo()) as weak:
        upload(world)
        mine = pseudonym(world, GONE)
        case = erasures.begin(GONE)
        row = rows(erasures.advance(case))[SINK]
        assert (row.state, row.what.endswith("Grant tasuki_keeper.")) == (PENDING, True)
        assert weak.done.alarms["keeper"]
        late = deliveries(3, pseudonym=mine, stream=9, version=1)
        assert world.state.sinks["improvement"].send(late) == []
        with collecting(world, broker, keeper, name="collector-2"):
            assert states(erasures.advance(case))[SINK] == DONE

    assert not any(who == mine for who, _ in stored(database))


def test_a_collector_that_is_killed_while_it_erases_leaves_it_to_the_next(world, broker, database, keeper):
    with collecting(world, broker, keeper):
        upload(world)
    mine, before = pseudonym(world, GONE), stored(database)
    process = _collect(world, broker, keeper)
    erasures = Erasures(world.state)
    case = erasures.begin(GONE)
    with Busy(database):
        assert states(erasures.advance(case))[SINK] == PENDING
        assert _working(database)
        killed(process)
    until(lambda: not _working(database))
    world.meet(GONE)
    assert database.query("SELECT count(*) FROM tasuki.tombstone") == [(0,)]  # nothing was committed

    with collecting(world, broker, keeper):
        assert erasures.advance(case).complete

    assert stored(database) == {key: n for key, n in before.items() if key[0] != mine}


def test_a_host_that_is_killed_while_it_waits_finds_it_done_and_gets_its_evidence(
    world, broker, database, keeper
):
    with collecting(world, broker, keeper) as collector:
        upload(world)
        mine = pseudonym(world, GONE)
        world.meet(GONE)
        folder = world.state.folder
        with Busy(database):
            process = _tasuki("wearer", "erase", GONE, "--yes", "--state", str(folder))
            until(lambda: _working(database))
            killed(process)
        until(lambda: collector.done.erasures)
        assert not any(who == mine for who, _ in stored(database))

        world.reopen()
        erasures = Erasures(world.state)
        (case,) = [one.case for one in erasures.cases()]
        erasures.advance(case)
        world.meet(GONE)
        progress = erasures.advance(case)

    assert progress.complete, progress.pending
    assert "signed by collector" in rows(progress)[SINK].verified


def test_as_an_operator_sets_it_up_one_command_erases_behind_the_broker(
    world, broker, database, keeper, tasuki
):
    """`tasuki collect` as a process, `tasuki sink key` on its machine, `tasuki wearer erase` on the host."""
    process = _collect(world, broker, keeper)
    key = tasuki("sink", "key", "--state", world.folder / "collector")[1].strip()
    sinks = world.state.folder / "sinks.toml"
    sinks.write_text(sinks.read_text().replace(COLLECTOR.public.hex(), key))
    world.reopen()
    upload(world)
    mine = pseudonym(world, GONE)
    assert any(who == mine for who, _ in stored(database))

    code, out, _ = tasuki("wearer", "erase", GONE, "--yes", "--json", "--state", world.state.folder)

    lines = {row["name"]: row for row in json.loads(out)["stores"]}
    assert (code, lines[SINK]["state"]) == (3, DONE)  # 3: the wearer's hub has not been met yet
    assert not any(who == mine for who, _ in stored(database))
    killed(process)


def killed(process):
    process.send_signal(signal.SIGKILL)
    process.wait(30)
    process.stderr.close()


def _tasuki(*words):
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(str(ROOT / p) for p in ("host", "protocol"))}
    command = [sys.executable, "-c", "from tasuki.cli import main; main()", *words]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=env)


def _collect(world, broker, conninfo):
    """`tasuki collect` as a process, once it collects."""
    folder = world.folder / "collector"
    folder.mkdir()
    key = world.state.vault.signer("attestation").public.hex()
    (folder / "sinks.toml").write_text(
        f'format = 1\n[sink.broker]\nkind = "mqtt"\nhost = "127.0.0.1"\nport = {broker.port}\n'
        f'[sink.db]\nkind = "postgres"\nconnection = "{conninfo}"\n[collect]\ngateways = ["{key}"]\n'
    )
    process = _tasuki("collect", "--state", str(folder))
    assert process.stderr.readline() == "collecting\n"
    return process


class Busy:
    """Somebody holds a table, so that whoever deletes waits in the middle of it."""

    def __init__(self, database):
        self._db = psycopg.connect(database.conninfo("owner"))

    def __enter__(self):
        self._db.execute("LOCK TABLE tasuki.tombstone IN ACCESS EXCLUSIVE MODE")

    def __exit__(self, *exc):
        self._db.rollback()
        self._db.close()


def _working(database):
    """True while a keeper's login waits or works in the database."""
    sql = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'collecting_keeper' AND state <> 'idle'"
    return bool(database.query(sql)[0][0])
