"""What one run knew of consents, hubs and wearers, the next run knows too."""

import sqlite3
import threading
from dataclasses import replace

import pytest

from tasuki.consent import files, library
from tasuki.consent.book import ConsentBook
from tasuki.consent.decision import Engine
from tasuki.consent.events import FOREVER, Event
from tasuki.consent.registers import DEMO_GARMENT, Garment
from tasuki.errors import LinkLost, Untrusted
from tasuki.pipeline.upload import Uploader
from worlds import NOON, SECOND, Clock, World

POLICY = library.shipped().effective(NOON)
DEVICE = b"d" * 8
WEARER = files.demo_wearer(POLICY)


def event(
    decision="withdrawn", at=NOON, subject="demo-wearer", items=("ecg",), purpose="service_information"
):
    return Event(at, at, subject, decision, purpose, frozenset(items), POLICY.version)


def state(book, at=NOON, item="ecg", purpose="service_information", subject="demo-wearer"):
    return book.log.span(subject, item, purpose, at).state


@pytest.fixture
def path(tmp_path):
    return tmp_path / "consent.db"


@pytest.fixture
def clock():
    return Clock(NOON - 3600 * SECOND)


@pytest.fixture
def book(path, clock):
    return ConsentBook(path, clock)


def reopened(book, path):
    book.close()
    return ConsentBook(path)


def test_events_garments_and_bindings_survive_a_restart(book, path):
    said = [*book.adopt(WEARER), book.say(event())]
    book.enrol(Garment(b"k" * 8, DEVICE, DEMO_GARMENT))
    binding = book.bind(DEVICE, "demo-wearer", NOON)

    again = reopened(book, path)

    assert again.log.events("demo-wearer") == said
    assert [one.number for one in again.log.events("demo-wearer")] == [1, 2, 3, 4, 5]
    assert again.registers.garments[b"k" * 8].manifest == DEMO_GARMENT
    assert again.registers.binding(DEVICE, NOON, NOON + SECOND) == binding


def test_the_time_of_recording_is_the_books_and_a_backdated_grant_counts_from_then(book, clock):
    said = book.say(event("granted", at=0))

    assert (said.at_ns, said.recorded_ns) == (0, clock())
    assert state(book, clock() - 1) == "never"
    assert state(book, clock()) == "granted"


def test_a_wearers_file_is_all_that_holds_and_nobody_elses_word(book, path):
    book.say(event("granted"))
    book.say(event("granted", subject="other"))

    book.adopt(files.WearerFile("demo-wearer", ()))

    for each in (book, reopened(book, path)):
        assert state(each, NOON + 1) == "withdrawn"
        assert state(each, NOON + 1, subject="other") == "granted"


def test_adopting_the_same_file_again_changes_nothing(book, path):
    first = book.adopt(WEARER)

    assert len(first) == len(WEARER.events)
    assert book.adopt(WEARER) == []
    assert reopened(book, path).log.events("demo-wearer") == first


def test_a_line_taken_out_of_the_file_is_a_withdrawal(book, clock):
    book.adopt(WEARER)
    clock.now_ns += SECOND
    fewer = tuple(one for one in WEARER.events if one.purpose != "service_improvement")

    (said,) = book.adopt(files.WearerFile("demo-wearer", fewer))

    assert (said.decision, said.purpose) == ("withdrawn", "service_improvement")
    assert said.items == {"ecg", "body_motion"}
    assert state(book, clock()) == "granted"
    assert state(book, clock(), purpose="service_improvement") == "withdrawn"


def test_a_file_does_not_bring_back_what_was_withdrawn_after_its_date(book, clock):
    """Neither the file that was adopted before nor another one with the same old words."""
    book.adopt(WEARER)
    clock.now_ns += SECOND
    book.say(event("withdrawn", clock()))
    clock.now_ns += SECOND
    copied = tuple(replace(one, at_ns=one.at_ns + 1) for one in WEARER.events)

    for wearer in (WEARER, files.WearerFile("demo-wearer", copied)):
        book.adopt(wearer)
        assert state(book, clock() + SECOND) == "withdrawn"
        assert state(book, clock() + SECOND, "respiration") == "granted"


def test_a_clock_that_was_set_back_does_not_reorder_what_was_said(book, clock):
    """Yes at noon; the clock goes back an hour; no; yes."""
    clock.now_ns = NOON
    book.say(event("granted", clock()))
    clock.now_ns = NOON - 3600 * SECOND

    no = book.say(event("withdrawn", clock()))

    assert no.recorded_ns > NOON
    assert state(book, NOON) == state(book, NOON + SECOND) == "withdrawn"
    yes = book.say(event("granted", book.now_ns("demo-wearer")))
    assert yes.number > no.number
    assert state(book, yes.at_ns - 1) == "withdrawn"
    assert state(book, yes.recorded_ns) == "granted"


def test_when_the_clock_goes_back_the_present_does_not(book, clock):
    """A withdrawal holds for the very next decision, also when the clock now says that it is to come."""
    book.say(event("granted", clock()))
    clock.now_ns = NOON
    book.say(event("withdrawn", NOON))
    clock.now_ns = NOON - SECOND

    now = book.log.present("demo-wearer", clock())

    assert state(book, clock()) == "granted"
    assert state(book, now) == "withdrawn"
    assert book.log.present("stranger", clock()) == clock()


def test_what_another_process_records_is_known_after_a_refresh(book, path, clock):
    other = ConsentBook(path, clock)
    other.say(event("granted", clock()))
    assert state(book, clock()) == "never"

    assert book.refresh()

    assert state(book, clock()) == "granted"
    assert not book.refresh()
    clock.now_ns += SECOND
    book.say(event("withdrawn", clock()))
    assert other.refresh()
    assert [one.number for one in other.log.events("demo-wearer")] == [1, 2]
    other.close()


def test_two_processes_that_record_by_turns_keep_one_order(book, path, clock):
    """The clock of the second is behind."""
    other = ConsentBook(path, Clock(0))
    book.say(event("granted", clock()))

    no = other.say(event("withdrawn", 0))
    book.refresh()

    assert (no.number, no.recorded_ns) == (2, clock() + 1)
    assert state(book, clock() + 1) == "withdrawn"
    other.close()


def test_what_is_recorded_together_is_recorded_whole_or_not_at_all(book):
    with pytest.raises(AttributeError):
        book.say_all([event("granted"), None])

    assert book.log.events("demo-wearer") == []
    assert book._db.execute("SELECT count(*) FROM event").fetchone() == (0,)


def test_listeners_hear_of_an_event_when_it_counts(book):
    heard = []
    book.on_recorded.append(lambda said: heard.append((said, state(book, NOON))))

    said = book.say(event("granted"))

    assert heard == [(said, "granted")]


def test_a_book_of_the_first_version_is_read_and_goes_on(path, clock):
    old = sqlite3.connect(path, isolation_level=None)
    old.execute(
        "CREATE TABLE event (id INTEGER PRIMARY KEY, at_ns INTEGER NOT NULL, recorded_ns INTEGER NOT NULL,"
        " subject TEXT NOT NULL, decision TEXT NOT NULL, purpose TEXT NOT NULL, items TEXT NOT NULL,"
        " notice TEXT NOT NULL, language TEXT NOT NULL)"
    )
    row = (5, 5, "demo-wearer", "granted", "service_information", "ecg respiration", POLICY.version, "ja")
    old.execute("INSERT INTO event VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    old.close()

    book = ConsentBook(path, clock)
    said = book.say(event("withdrawn"))

    assert said.number == 2
    assert state(book, NOON - 1, "respiration") == state(book, NOON - 1) == "granted"
    assert (state(book), state(book, item="respiration")) == ("withdrawn", "granted")


@pytest.mark.parametrize("plain", [False, True], ids=["new", "of the first version"])
def test_a_number_is_never_used_again_whatever_is_deleted(path, clock, plain):
    """The audit log asks for what came after the last number that it knows."""
    if plain:
        old = sqlite3.connect(path, isolation_level=None)
        old.execute(
            "CREATE TABLE event (id INTEGER PRIMARY KEY, at_ns INTEGER NOT NULL,"
            " recorded_ns INTEGER NOT NULL, subject TEXT NOT NULL, decision TEXT NOT NULL,"
            " purpose TEXT NOT NULL, items TEXT NOT NULL, notice TEXT NOT NULL, language TEXT NOT NULL)"
        )
        old.close()
    book = ConsentBook(path, clock)
    book.say_all([event("granted"), event("granted", items=("respiration",))])
    book._db.execute("DELETE FROM event WHERE id = 2")

    assert reopened(book, path).say(event("withdrawn")).number == 3


@pytest.mark.parametrize("done", ["decision = 'yes'", "relation = 'parent'", "at_ns = 'x'", "items = x'ff'"])
def test_a_book_that_was_changed_by_hand_is_refused_and_no_word_in_it_is_left_out(book, path, done):
    """What cannot be read may be a withdrawal."""
    book.say_all([event("granted"), event("withdrawn")])
    book._db.execute(f"UPDATE event SET {done} WHERE id = 2")

    with pytest.raises(Untrusted, match="damaged at event 2"):
        reopened(book, path)


def test_a_record_keeps_its_id_which_says_nothing_of_the_name(book, path):
    first = book.record_id("demo-wearer")

    assert reopened(book, path).record_id("demo-wearer") == first
    assert len(first) == 36 and "wearer" not in first


def test_no_decision_goes_by_what_held_before_a_withdrawal_that_was_recorded_meanwhile(book):
    """A thread asks without pause while the wearer withdraws; what is kept is never the old answer."""
    stop = threading.Event()

    def ask():
        while not stop.is_set():
            state(book, FOREVER - 1)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        for n in range(100):
            said = ("granted", "withdrawn")[n % 2]
            book.log.append(event(said, NOON + n))
            assert state(book, FOREVER - 1) == said
    finally:
        stop.set()
        asking.join()


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


def test_hubs_and_wearers_that_another_process_registers_are_known_after_a_refresh(book, path, clock):
    other = ConsentBook(path, clock)
    first = book.bind(DEVICE, "first", 10)
    other.enrol(Garment(b"k" * 8, DEVICE, DEMO_GARMENT))
    second = other.bind(DEVICE, "second", 20)
    before = book.registers.version

    assert book.refresh()

    assert book.registers.garments == {b"k" * 8: Garment(b"k" * 8, DEVICE, DEMO_GARMENT)}
    assert book.registers.binding(DEVICE, 10, 19).id == first.id
    assert book.registers.binding(DEVICE, 20, 21) == second
    assert book.registers.version > before
    assert not book.refresh()
    other.close()


def test_what_stayed_the_same_is_the_same_object_after_a_refresh(book, path, clock):
    """Decisions that are kept go by it."""
    other = ConsentBook(path, clock)
    binding = book.bind(DEVICE, "first", 10)
    other.bind(b"e" * 8, "second", 20)

    book.refresh()

    assert book.registers.binding(DEVICE, 10, 11) is binding
    other.close()


def test_a_hub_that_another_process_handed_on_is_not_taken_for_the_one_before(book, path, clock):
    other = ConsentBook(path, clock)
    book.bind(DEVICE, "first", 10)
    other.bind(DEVICE, "second", 20)

    again = book.bind(DEVICE, "first", 30)

    assert book.registers.binding(DEVICE, 20, 29).subject == "second"
    assert book.registers.binding(DEVICE, 30, 31) == again
    other.close()


def test_after_unbinding_nobody_is_bound(path):
    book = ConsentBook(path)
    book.bind(DEVICE, "first", 10)
    book.unbind(DEVICE, 20)

    for each in (book, reopened(book, path)):
        assert each.registers.binding(DEVICE, 10, 19).subject == "first"
        assert each.registers.binding(DEVICE, 20, 21) is None


def test_a_word_that_is_not_durable_does_not_count(path):
    book = ConsentBook(path, Clock(NOON))
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
    book = ConsentBook(path, Clock(NOON - SECOND))
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
