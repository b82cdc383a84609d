"""The embedded store: once per key, durable before it confirms, readable with the vault only."""

import dataclasses
import sqlite3

import pytest

from tasuki.block import Block
from tasuki.errors import LinkLost, Refused, Untrusted
from tasuki.sinks import Delivery
from tasuki.sinks.embedded import EmbeddedStore, open_row
from tasuki.vault.attested import AttestedBlock
from worlds import ECG, STATUS, World

ONE = Delivery("store", "service_information", b"p" * 16, 0, 0, "ecg", "envelope", b"t", b"content")


def test_a_delivery_sent_twice_is_stored_once_and_confirmed_twice(tmp_path):
    store = EmbeddedStore(tmp_path / "s.db")

    assert store.send([ONE, ONE]) == [ONE.key, ONE.key]
    assert store.send([dataclasses.replace(ONE, content=b"other")]) == [ONE.key]

    (row,) = store.rows()
    assert row.delivery == ONE


def test_rows_come_back_in_order_and_by_destination(tmp_path):
    store = EmbeddedStore(tmp_path / "s.db")
    sent = [dataclasses.replace(ONE, number=n) for n in range(1200)]
    other = dataclasses.replace(ONE, destination="improvement", pseudonym=b"q" * 16)
    store.send([*sent, other])

    assert [row.delivery.number for row in store.rows("store")] == list(range(1200))
    assert [row.delivery for row in store.rows("improvement")] == [other]
    assert (store.count(), store.count("store"), store.count("nowhere")) == (1201, 1200, 0)


def test_what_was_confirmed_is_there_for_another_reader_at_once(tmp_path):
    store = EmbeddedStore(tmp_path / "s.db")
    store.send([ONE])

    assert EmbeddedStore(tmp_path / "s.db").count() == 1


def test_a_batch_that_breaks_off_leaves_nothing(tmp_path):
    store = EmbeddedStore(tmp_path / "s.db")

    def batch():
        yield ONE
        raise RuntimeError

    with pytest.raises(RuntimeError):
        store.send(batch())
    assert store.count() == 0
    assert store.send([ONE]) == [ONE.key]


def test_a_store_that_cannot_be_written_is_a_lost_link(tmp_path):
    store = EmbeddedStore(tmp_path / "s.db")
    store._db.execute("PRAGMA busy_timeout=1")
    other = sqlite3.connect(tmp_path / "s.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(LinkLost):
        store.send([ONE])
    other.execute("ROLLBACK")
    other.close()

    assert store.send([ONE]) == [ONE.key]


@pytest.fixture
def delivered(tmp_path):
    world = World(tmp_path)
    world.blocks = {block.stream: block for block in world.hub.epoch(0)}
    acquired = [world.timed(block) for block in world.blocks.values()]
    world.outbox.put(world.router.route(acquired, world.clock()))
    world.uploader.drain()
    return world


def test_our_own_store_gives_the_block_back_with_all_that_proves_it(delivered):
    for row in delivered.store.rows("store"):
        block = open_row(row, delivered.vault)
        assert isinstance(block, Block)
        assert block.to_bytes() == delivered.blocks[row.delivery.stream].to_bytes()


@pytest.mark.rule("G-01", "evidence")
@pytest.mark.rule("C3-04", "evidence")
def test_a_research_destination_gives_samples_without_the_device(delivered):
    (row,) = delivered.store.rows("improvement")

    block = open_row(row, delivered.vault)

    assert isinstance(block, AttestedBlock)
    assert block.label.purpose == "service_improvement"
    assert block.label.policy == delivered.policy.hash
    assert len(block.rows) == 200


def test_no_sample_device_or_name_stands_in_the_stores_files(delivered, tmp_path):
    content = b"".join(path.read_bytes() for path in tmp_path.glob("store.db*"))
    assert next(iter(delivered.store.rows())).delivery.content in content  # the scan sees what is there

    assert delivered.hub.device not in content
    assert delivered.hub.key_id not in content
    assert b"demo-wearer" not in content
    assert delivered.blocks[ECG[0]].frames[16:40] not in content


def test_an_erased_item_cannot_be_read_again_and_the_others_can(delivered):
    delivered.vault.erase_item("demo-wearer", "ecg")
    rows = {row.delivery.item: row for row in delivered.store.rows("store")}

    with pytest.raises(Refused) as caught:
        open_row(rows["ecg"], delivered.vault)
    assert caught.value.reason == "key_erased"
    assert isinstance(open_row(rows["device_status"], delivered.vault), Block)


def test_an_erased_wearer_cannot_be_found_again(delivered):
    delivered.vault.erase_subject("demo-wearer")

    for row in delivered.store.rows("store"):
        with pytest.raises(Refused):
            open_row(row, delivered.vault)


def test_an_altered_row_does_not_open(delivered):
    for row in delivered.store.rows():
        content = bytearray(row.delivery.content)
        content[60] ^= 1
        altered = dataclasses.replace(row, delivery=dataclasses.replace(row.delivery, content=bytes(content)))
        with pytest.raises(Untrusted):
            open_row(altered, delivered.vault)


def test_a_number_that_is_swapped_between_rows_does_not_open(tmp_path):
    world = World(tmp_path)
    world.put(0, [STATUS])
    world.put(1, [STATUS])
    world.uploader.drain()
    one, two = world.store.rows("store")

    swapped = dataclasses.replace(one.delivery, content=two.delivery.content)

    with pytest.raises(Untrusted):
        open_row(dataclasses.replace(one, delivery=swapped), world.vault)
