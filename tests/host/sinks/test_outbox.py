"""The outbox: nothing half, nothing twice, nothing readable, nothing lost."""

import sqlite3

import pytest

from tasuki import database
from tasuki.consent import policy
from tasuki.consent.events import ConsentLog
from tasuki.errors import LinkLost, UsageError
from tasuki.pipeline import outbox as outbox_module
from tasuki.pipeline.outbox import HOLD, Outbox, OutboxFull
from tasuki.pipeline.route import Router
from worlds import ECG, IMU, RESPIRATION, STATUS, World


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def numbers(world, destination, stream=0):
    return [due.number for due in world.outbox.due(destination, 100) if due.tags.stream == stream]


@pytest.mark.rule("S-03", "allow")
def test_what_was_put_is_there_after_a_restart(world, tmp_path):
    world.put(0)
    world.outbox.close()

    again = Outbox(tmp_path / "outbox.db", world.vault, world.policy)

    assert again.size()[0] == 2
    assert [due.tags.stream for due in again.due("store", 10)] == [0, 5]


@pytest.mark.rule("A-04", "deny")
def test_the_same_epoch_twice_is_stored_once_and_numbered_once(world):
    routed = world.router.route(world.acquired(0), world.clock())

    first, second = world.outbox.put(routed), world.outbox.put(routed)

    assert (first.envelopes, first.duplicates) == (2, 0)
    assert (second.envelopes, second.duplicates) == (0, 2)
    assert numbers(world, "store") == [0]


def test_the_same_block_twice_in_one_put_is_stored_once(world):
    acquired = world.acquired(0)

    stored = world.outbox.put(world.router.route(acquired + acquired, world.clock()))

    assert (stored.envelopes, stored.duplicates) == (2, 2)


def test_the_ledger_outlives_the_envelope(world):
    routed = world.router.route(world.acquired(0), world.clock())
    world.outbox.put(routed)
    world.uploader.drain()
    assert world.outbox.size() == (0, 0)

    assert world.outbox.put(routed).duplicates == 2
    assert world.outbox.size() == (0, 0)


def test_numbers_rise_by_one_for_each_destination_and_stream_from_zero_only_at_our_own(world):
    before = world.consents.events(world.subject)
    world.put(0, [RESPIRATION, ECG])
    world.say("withdrawn", "service_improvement", ["ecg"])
    world.put(1, [RESPIRATION, ECG])
    world.engine.consents = ConsentLog(before)  # as if it had never been withdrawn
    world.router = Router(world.engine)
    world.put(2, [RESPIRATION, ECG])

    assert numbers(world, "store") == [0, 1, 2]
    assert numbers(world, "store", 1) == [0, 1, 2]
    first, second = numbers(world, "improvement")
    assert second == first + 1 and first > 0


def test_no_destination_shares_a_pseudonym_with_another(world):
    world.put(0, [ECG])

    names = {due.pseudonym for name in ("store", "improvement") for due in world.outbox.due(name, 9)}

    assert len(names) == 2


def test_the_verifiers_row_lives_and_dies_with_the_epoch(world):
    world.outbox._db.execute("CREATE TABLE epochs (n INTEGER)")
    routed = world.router.route(world.acquired(0), world.clock())

    def also(connection):
        connection.execute("INSERT INTO epochs VALUES (1)")
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError):
        world.outbox.put(routed, also)
    assert world.outbox.size() == (0, 0)
    assert world.outbox.decisions() == {}
    assert world.outbox._db.execute("SELECT count(*) FROM epochs").fetchone() == (0,)

    world.outbox.put(routed, lambda connection: connection.execute("INSERT INTO epochs VALUES (1)"))
    assert world.outbox.size()[0] == 2
    assert world.outbox._db.execute("SELECT count(*) FROM epochs").fetchone() == (1,)


def test_after_a_rolled_back_put_the_next_one_is_whole(world):
    def fail(_):
        raise RuntimeError

    with pytest.raises(RuntimeError):
        world.outbox.put(world.router.route(world.acquired(0), world.clock()), fail)
    world.put(1)

    assert world.uploader.drain() == []
    assert world.store.count() == 3


@pytest.mark.rule("S-03", "deny")
def test_a_full_outbox_refuses_the_whole_put_and_counts_it(tmp_path):
    world = World(tmp_path, max_envelopes=3)
    world.put(0)

    with pytest.raises(OutboxFull) as caught:
        world.put(1)

    assert isinstance(caught.value, LinkLost)  # try again later; the hub keeps its data
    assert caught.value.hint
    assert world.outbox.size()[0] == 2
    assert world.outbox.refused_puts == 1


def test_a_full_outbox_takes_again_what_it_refused_once_there_is_room(tmp_path):
    world = World(tmp_path, max_bytes=2000)
    world.put(0)
    routed = world.router.route(world.acquired(1), world.clock())
    with pytest.raises(OutboxFull):
        world.outbox.put(routed)

    world.uploader.drain()

    assert world.outbox.put(routed).envelopes == 2
    assert numbers(world, "store") == [1]


@pytest.mark.rule("S-06", "deny", "evidence")
def test_no_sample_device_key_or_name_stands_in_any_file(world, tmp_path):
    blocks = [acquired.block for acquired in world.acquired(0, [ECG, IMU])]
    world.outbox.put(world.router.route([world.timed(block) for block in blocks], world.clock()))
    content = b"".join(path.read_bytes() for path in tmp_path.glob("outbox.db*"))
    assert world.hub.key_id in content  # the scan sees what is there

    assert world.hub.device not in content
    assert b"demo-wearer" not in content
    for block in blocks:
        assert block.frames[16:40] not in content
        assert block.slot_key not in content


def test_a_held_block_waits_apart_from_what_may_go(world):
    world.registers.bindings.clear()
    world.registers.version += 1

    world.put(0, [ECG])

    assert world.outbox.due("store", 9) == []
    assert len(world.outbox.due("store", 9, HOLD)) == 1


@pytest.mark.rule("A-04", "evidence")
def test_the_log_has_one_entry_per_change_and_counts_the_blocks(world):
    for number in range(3):
        world.put(number, [ECG])
    world.say("withdrawn", "service_improvement", ["ecg"])
    for number in range(3, 5):
        world.put(number, [ECG])

    sql = "SELECT outcome, reason, rules, blocks FROM decision WHERE destination = 'improvement' ORDER BY id"
    assert world.outbox._db.execute(sql).fetchall() == [
        ("allow", "granted", "C3-04 A-01 A-02", 3),
        ("deny", "withdrawn", "C3-04 A-01 A-02", 2),
    ]
    assert world.outbox.decisions()["ecg", "improvement", "deny", "withdrawn"] == 2


def test_a_file_that_does_not_promise_deletion_is_not_used(tmp_path, monkeypatch):
    world = World(tmp_path)
    wanted = (("secure_delete", "OFF", 1),)
    monkeypatch.setattr(database, "_WANTED", wanted)

    with pytest.raises(UsageError, match="secure_delete=0"):
        Outbox(tmp_path / "other.db", world.vault, policy.builtin())


def test_durability_and_deletion_are_switched_on(world):
    answers = [world.outbox._db.execute(f"PRAGMA {name}").fetchone()[0] for name, _, _ in database._WANTED]

    assert answers == ["wal", 2, 1]


def test_a_file_that_is_no_database_is_a_usage_error(world, tmp_path):
    (tmp_path / "bad.db").write_bytes(b"no database at all" * 100)

    with pytest.raises(UsageError, match=r"bad\.db"):
        Outbox(tmp_path / "bad.db", world.vault, world.policy)


def test_a_disk_that_is_full_is_an_outbox_that_is_full(world, tmp_path):
    limit = world.outbox._db.execute("PRAGMA page_count").fetchone()[0]
    world.outbox._db.execute(f"PRAGMA max_page_count={limit}")

    with pytest.raises(OutboxFull, match="full"):
        for number in range(50):
            world.put(number)

    world.outbox._db.execute("PRAGMA max_page_count=100000")
    world.put(99)
    assert world.uploader.drain() == []


def test_a_delivered_envelope_leaves_no_copy_in_the_file(world, tmp_path):
    world.put(0, [ECG])
    (due,) = world.outbox.due("store", 1)
    marker = due.content[40:80]
    assert any(marker in path.read_bytes() for path in tmp_path.glob("outbox.db*"))

    world.uploader.drain()
    database.truncate_log(world.outbox._db)

    assert not any(marker in path.read_bytes() for path in tmp_path.glob("outbox.db*"))


def test_an_envelopes_id_is_never_used_again(world):
    world.put(0, [STATUS])
    first = world.outbox.due("store", 1)[0].id
    world.uploader.drain()

    world.put(1, [STATUS])

    assert world.outbox.due("store", 1)[0].id > first


def test_confirming_twice_counts_once(world):
    world.put(0, [STATUS])
    (due,) = world.outbox.due("store", 1)

    world.outbox.confirm("store", [due.id])
    world.outbox.confirm("store", [due.id])

    assert world.outbox.ended() == {("store", "confirmed", ""): 1}
    assert world.outbox.size() == (0, 0)


def test_states_are_what_the_schema_says():
    assert [outbox_module.ALLOW, HOLD, outbox_module.DENIED_LATE, outbox_module.CONFIRMED] == [0, 1, 2, 3]
    assert "state < 2" in outbox_module._SCHEMA


def test_a_locked_file_is_tried_again_not_lost(world, tmp_path):
    world.outbox._db.execute("PRAGMA busy_timeout=1")
    other = sqlite3.connect(tmp_path / "outbox.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(OutboxFull):
        world.put(0)
    other.execute("ROLLBACK")
    other.close()

    assert world.put(1).envelopes == 2
