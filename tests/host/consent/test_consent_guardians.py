"""Children, guardians and garments that change hands: who may say yes, and for whom it counts."""

import pytest

from consent_world import NOON, POLICY, said
from tasuki.consent.book import ConsentBook
from tasuki.consent.context import Interval, context_of
from tasuki.consent.decision import Engine
from tasuki.consent.registers import DEMO_GARMENT, Garment
from tasuki.errors import Refused
from worlds import SECOND, Clock

MOTHER = {"by": "mother", "relation": "parent"}
DEVICE, KEY = b"d" * 8, b"k" * 8


@pytest.fixture
def clock():
    return Clock(NOON)


@pytest.fixture
def book(tmp_path, clock):
    return ConsentBook(tmp_path / "consent.db", clock)


def state(book, at, item="ecg"):
    return book.log.span("s", item, "statistics", at).state


@pytest.mark.rule("D-06", "deny")
def test_only_a_registered_guardian_says_yes_for_a_child(book, clock):
    book.guard("s", "mother", "parent")

    for who in ({}, {"by": "stranger", "relation": "parent"}, {"by": "mother", "relation": "guardian"}):
        with pytest.raises(Refused):
            book.say(said("granted", clock(), **who))
    assert state(book, clock() + SECOND) == "never"

    event = book.say(said("granted", clock(), **MOTHER))

    assert (event.by, event.relation) == ("mother", "parent")
    assert state(book, event.recorded_ns) == "granted"


def test_a_child_can_always_say_no_and_so_can_its_guardian(book, clock):
    book.guard("s", "mother", "parent")
    for who in ({}, MOTHER):
        book.say(said("granted", book.now_ns("s"), **MOTHER))
        event = book.say(said("withdrawn", book.now_ns("s"), **who))
        assert state(book, event.recorded_ns) == "withdrawn"


def test_nobody_speaks_for_a_wearer_without_being_registered(book, clock):
    for decision in ("granted", "withdrawn"):
        with pytest.raises(Refused) as caught:
            book.say(said(decision, clock(), **MOTHER))
        assert caught.value.reason == "not_a_guardian"


def test_what_a_child_granted_itself_ends_when_a_guardian_is_registered(book, clock):
    book.say(said("granted", clock()))
    clock.now_ns += SECOND

    (end,) = book.guard("s", "mother", "parent")

    assert (end.decision, end.items) == ("withdrawn", {"ecg"})
    assert state(book, clock() - 1) == "granted"
    assert state(book, clock()) == "withdrawn"


def test_at_the_end_of_guardianship_the_grants_stay_and_the_wearer_speaks_alone(book, clock):
    """EDPB Guidelines 05/2020, section 7.1.4."""
    end = NOON + 10 * SECOND
    book.guard("s", "mother", "parent", end)
    book.say(said("granted", clock(), **MOTHER))
    clock.now_ns = end

    assert state(book, end) == "granted"
    with pytest.raises(Refused):
        book.say(said("granted", end, items=("respiration",), **MOTHER))
    book.say(said("granted", end, items=("respiration",)))
    book.say(said("withdrawn", end + 1))
    assert (state(book, end + 2), state(book, end + 2, "respiration")) == ("withdrawn", "granted")


def test_guardians_are_remembered_and_known_to_every_process(book, tmp_path, clock):
    other = ConsentBook(tmp_path / "consent.db", clock)
    book.guard("s", "mother", "parent")
    other.refresh()

    for each in (other, ConsentBook(tmp_path / "consent.db", clock)):
        with pytest.raises(Refused):
            each.say(said("granted", clock()))
        each.close()


# -- a garment that changes hands --------------------------------------------------------


def decide(book, clock, subject, first, last):
    engine = Engine(POLICY, book.log, book.registers)
    context = context_of(book.registers, KEY, DEVICE, 0, 1, Interval(first, last, 0))
    return engine.decide(subject, "ecg", "service_information", "store", clock(), context).reason


@pytest.mark.rule("C3-02", "allow", "deny")
def test_the_consent_of_who_wore_a_garment_before_never_covers_who_wears_it_now(book, clock):
    book.enrol(Garment(KEY, DEVICE, DEMO_GARMENT))
    book.say(said("granted", clock(), purpose="service_information"))
    book.bind(DEVICE, "s", NOON)
    clock.now_ns = sold = NOON + 100 * SECOND
    book.bind(DEVICE, "buyer", sold)
    clock.now_ns = sold + 100 * SECOND

    before, after = (sold - 2 * SECOND, sold - SECOND), (sold + SECOND, sold + 2 * SECOND)

    assert decide(book, clock, "s", *before) == "granted"
    assert decide(book, clock, "s", *after) == "wrong_wearer"
    assert decide(book, clock, "buyer", *after) == "no_consent"
    assert decide(book, clock, "buyer", *before) == "no_consent"
    assert decide(book, clock, "s", sold - SECOND, sold + SECOND) == "no_wearer_binding"
    assert Engine(POLICY, book.log, book.registers).item_mask("buyer", clock()) == 0


@pytest.mark.rule("A-01", "deny")
def test_of_a_stranger_nothing_may_be_measured_and_asking_leaves_no_trace(book, clock):
    assert Engine(POLICY, book.log, book.registers).item_mask("stranger", clock()) == 0
    assert book.log.standing("stranger", clock()) == {}
    assert book.withdraw("stranger") == []
    assert book.log.subjects() == []
