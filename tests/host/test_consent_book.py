"""What one run knew of consents, hubs and wearers, the next run knows too."""

import sqlite3

import pytest

from tasuki.consent import files, policy
from tasuki.consent.book import ConsentBook
from tasuki.consent.decision import Engine
from tasuki.consent.events import FOREVER, Event
from tasuki.consent.registers import DEMO_GARMENT, Garment
from tasuki.errors import LinkLost
from tasuki.pipeline.upload import Uploader
from worlds import NOON, SECOND, World

POLICY = policy.builtin()
DEVICE = b"d" * 8
WEARER = files.demo_wearer(POLICY)


def event(decision="withdrawn", at=NOON, subject="demo-wearer"):
    return Event(at, at, subject, decision, "service_information", frozenset({"ecg"}), POLICY.version)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "consent.db"


def reopened(book, path):
    book.close()
    return ConsentBook(path)


def test_events_garments_and_bindings_survive_a_restart(path):
    book = ConsentBook(path)
    book.adopt(WEARER)
    book.say(event())
    book.enrol(Garment(b"k" * 8, DEVICE, DEMO_GARMENT))
    binding = book.bind(DEVICE, "demo-wearer", NOON)

    again = reopened(book, path)

    assert again.log.events("demo-wearer") == [*WEARER.events, event()]
    assert again.registers.garments[b"k" * 8].manifest == DEMO_GARMENT
    assert again.registers.binding(DEVICE, NOON, NOON + SECOND) == binding


def test_a_wearers_file_replaces_what_the_wearer_said_before_and_nobody_elses(path):
    book = ConsentBook(path)
    book.say(event("granted", 0))
    book.say(event("granted", 0, subject="other"))

    book.adopt(files.WearerFile("demo-wearer", ()))

    for each in (book, reopened(book, path)):
        assert each.log.span("demo-wearer", "ecg", "service_information", NOON).state == "never"
        assert each.log.span("other", "ecg", "service_information", NOON).state == "granted"


def test_adopting_the_same_file_again_changes_nothing(path):
    book = ConsentBook(path)
    for _ in range(2):
        book.adopt(WEARER)

    assert book.log.events("demo-wearer") == list(WEARER.events)
    assert reopened(book, path).log.events("demo-wearer") == list(WEARER.events)


def test_a_new_wearer_ends_the_binding_of_the_one_before(path):
    book = ConsentBook(path)
    first = book.bind(DEVICE, "first", 10)
    second = book.bind(DEVICE, "second", 20)

    for each in (book, reopened(book, path)):
        assert each.registers.binding(DEVICE, 10, 19).id == first.id
        assert each.registers.binding(DEVICE, 20, FOREVER - 1) == second
        assert each.registers.binding(DEVICE, 19, 20) is None


def test_the_same_wearer_keeps_the_binding_over_a_restart(path):
    book = ConsentBook(path)
    binding = book.bind(DEVICE, "first", 10)

    assert reopened(book, path).bind(DEVICE, "first", 99) == binding


def test_after_unbinding_nobody_is_bound(path):
    book = ConsentBook(path)
    book.bind(DEVICE, "first", 10)
    book.unbind(DEVICE, 20)

    for each in (book, reopened(book, path)):
        assert each.registers.binding(DEVICE, 10, 19).subject == "first"
        assert each.registers.binding(DEVICE, 20, 21) is None


def test_a_word_that_is_not_durable_does_not_count(path):
    book = ConsentBook(path)
    book._db.execute("PRAGMA busy_timeout=1")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(LinkLost):
        book.say(event("granted"))
    other.execute("ROLLBACK")
    other.close()

    assert book.log.span("demo-wearer", "ecg", "service_information", NOON).state == "never"
    book.say(event("granted"))
    assert book.log.span("demo-wearer", "ecg", "service_information", NOON).state == "granted"


def test_what_an_earlier_run_left_in_the_outbox_goes_by_what_that_run_knew(path, tmp_path):
    world = World(tmp_path)
    book = ConsentBook(path)
    book.adopt(WEARER)
    book.enrol(Garment(world.hub.key_id, world.hub.device, DEMO_GARMENT))
    book.bind(world.hub.device, "demo-wearer", 0)
    world.put(0)
    book = reopened(book, path)
    book.adopt(files.WearerFile("next-wearer", ()))
    book.bind(world.hub.device, "next-wearer", world.clock())

    engine = Engine(POLICY, book.log, book.registers)
    sinks = dict.fromkeys(book.registers.destinations, world.store)
    uploader = Uploader(world.outbox, engine, world.vault, sinks, clock_ns=world.clock)

    assert uploader.drain() == []
    assert world.store.count() == 3
    assert {state for _, state, _ in world.outbox.ended()} == {"confirmed"}
