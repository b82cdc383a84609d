"""What a wearer said, and what held at any moment."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasuki.consent import policy
from tasuki.consent.decision import Engine
from tasuki.consent.events import BEGINNING, FOREVER, ConsentLog, Event
from tasuki.consent.registers import Registers

VERSION = policy.builtin().version


def event(decision, at, purpose="statistics", items=("ecg",), recorded=None, notice=VERSION, subject="s"):
    return Event(
        at, at if recorded is None else recorded, subject, decision, purpose, frozenset(items), notice
    )


def state(events, at):
    return ConsentLog(events).span("s", "ecg", "statistics", at).state


def against(log, purpose):
    """What speaks against the ECG for a purpose by the wearer's word, right after the beginning."""
    always = dataclasses.replace(policy.builtin(), since_ns=BEGINNING, until_ns=FOREVER)
    return Engine(always, log, Registers()).consent("s", "ecg", purpose, 1)


def test_nobody_agreed_before_he_said_so():
    log = [event("granted", 100)]

    assert state(log, 99) == "never"
    assert state(log, 100) == "granted"


def test_an_empty_log_grants_nothing():
    assert state([], 0) == "never"
    assert against(ConsentLog(), "statistics") == "no_consent"


def test_a_withdrawal_holds_from_its_moment_until_the_next_grant():
    log = [event("granted", 100), event("withdrawn", 200), event("granted", 300)]

    assert [state(log, at) for at in (199, 200, 299, 300)] == ["granted", "withdrawn", "withdrawn", "granted"]


def test_saying_yes_twice_does_not_interrupt_the_first_yes():
    span = ConsentLog([event("granted", 100), event("granted", 200)]).span("s", "ecg", "statistics", 250)

    assert (span.since_ns, span.until_ns) == (100, FOREVER)


def test_a_yes_to_a_new_notice_begins_anew():
    log = ConsentLog([event("granted", 100, notice="old"), event("granted", 200)])

    assert log.span("s", "ecg", "statistics", 250).since_ns == 200


def test_a_backdated_grant_counts_only_from_when_it_was_recorded():
    log = [event("granted", 100, recorded=500)]

    assert state(log, 499) == "never"
    assert state(log, 500) == "granted"


def test_of_two_words_at_one_instant_the_narrower_one_counts_in_any_order():
    grant, withdrawal = event("granted", 100), event("withdrawn", 100)

    assert state([grant, withdrawal], 100) == "withdrawn"
    assert state([withdrawal, grant], 100) == "withdrawn"


def test_consent_for_one_item_and_purpose_is_none_for_another():
    log = ConsentLog([event("granted", 0)])

    assert log.span("s", "ecg", "product_development", 1).state == "never"
    assert log.span("s", "respiration", "statistics", 1).state == "never"
    assert log.span("other", "ecg", "statistics", 1).state == "never"


def test_a_grant_that_the_table_does_not_have_opens_nothing():
    log = ConsentLog([event("granted", 0, purpose="user_identification")])

    assert against(log, "user_identification") == "purpose_not_in_policy"


def test_a_consent_to_another_version_of_the_policy_opens_nothing():
    log = ConsentLog([event("granted", 0, notice="2019-1")])

    assert against(log, "statistics") == "notice_version"


def test_the_version_rises_with_every_word():
    log = ConsentLog()

    log.append(event("granted", 0))

    assert log.version == 1


def test_a_word_that_is_none_is_refused():
    with pytest.raises(ValueError, match="maybe"):
        event("maybe", 0)


def test_a_grant_that_is_dated_before_a_withdrawal_and_turns_up_after_it_opens_nothing():
    late = [event("granted", 100, recorded=500), event("withdrawn", 200)]

    assert [state(late, at) for at in (199, 200, 500, 900)] == ["never"] + 3 * ["withdrawn"]


def test_a_withdrawal_that_turns_up_late_ends_the_grants_that_we_knew_then_from_its_date_on():
    log = [event("granted", 100), event("granted", 300), event("withdrawn", 200, recorded=400)]

    assert [state(log, at) for at in (199, 200, 300, 900)] == ["granted"] + 3 * ["withdrawn"]
    assert state([*log, event("granted", 500)], 500) == "granted"


def test_what_we_knew_at_a_moment_is_answered_without_what_we_learned_later():
    log = ConsentLog([event("granted", 100), event("withdrawn", 200, recorded=400)])

    def known(at, known_at):
        return log.state("s", at, known_at)["ecg", "statistics"].state

    assert known(300, 399) == "granted"
    assert known(300, 400) == "withdrawn"
    assert known(150, 400) == "granted"
    assert log.state("s", 300, 99) == {}


def test_a_grant_for_several_items_gives_way_to_a_refusal_of_one_of_them():
    log = ConsentLog([event("granted", 100, items=("ecg", "respiration")), event("refused", 100)])

    found = {item: span.state for (item, _), span in log.state("s", 100).items()}

    assert found == {"ecg": "refused", "respiration": "granted"}


def test_grants_that_are_yet_to_come_stand_too():
    log = ConsentLog([event("granted", 500, recorded=1), event("granted", 1, items=("respiration",))])

    assert set(log.standing("s", 10)) == {("ecg", "statistics"), ("respiration", "statistics")}
    assert log.standing("stranger", 10) == {}


def test_who_speaks_for_a_wearer_says_what_he_is_to_him():
    with pytest.raises(ValueError, match="relation"):
        Event(0, 0, "s", "granted", "statistics", frozenset({"ecg"}), VERSION, by="somebody")


def test_a_stranger_has_no_state_and_is_not_remembered():
    log = ConsentLog([event("granted", 0)])

    assert log.state("stranger", 5) == {}
    assert log.span("stranger", "ecg", "statistics", 5).state == "never"
    assert log.subjects() == ["s"]


histories = st.lists(
    st.builds(
        lambda word, at, delay, item: event(word, at, items=item, recorded=at + delay),
        st.sampled_from(["granted", "refused", "withdrawn"]),
        st.integers(0, 9),
        st.integers(-9, 9),
        st.sampled_from([("ecg",), ("ecg", "respiration"), ("respiration",)]),
    ),
    max_size=7,
)


def reading_aloud(history, item, at, known_at):
    """The state, straight from its definition: a grant holds while no word is its match."""
    heard = [
        one for one in history if item in one.items and one.recorded_ns <= known_at and one.effective_ns <= at
    ]
    narrow = [one for one in heard if one.decision != "granted"]
    for grant in heard:
        if grant.decision == "granted" and not any(
            no.at_ns >= grant.at_ns or no.recorded_ns > grant.recorded_ns for no in narrow
        ):
            return "granted"
    rank = {"refused": 1, "withdrawn": 2}
    return max(narrow, key=lambda no: (no.at_ns, rank[no.decision])).decision if narrow else "never"


@given(histories, st.integers(-1, 20), st.integers(-10, 20))
def test_any_history_with_late_and_early_words_answers_like_its_definition(history, at, known_at):
    log = ConsentLog(history)

    for item in ("ecg", "respiration"):
        assert log.span("s", item, "statistics", at).state == reading_aloud(history, item, at, 99)
        then = log.state("s", at, known_at).get((item, "statistics"))
        assert (then.state if then else "never") == reading_aloud(history, item, at, known_at)


@given(histories, st.integers(0, 19))
def test_a_further_no_never_opens_anything_and_nothing_opens_the_past(history, at):
    """Whatever is dated, learned or said again: more narrow words, never more granted."""
    before, after = ConsentLog(history), ConsentLog([*history, event("withdrawn", at, recorded=at)])

    for moment in range(-1, 21):
        if after.span("s", "ecg", "statistics", moment).state == "granted":
            assert before.span("s", "ecg", "statistics", moment).state == "granted"


words = st.lists(
    st.tuples(st.sampled_from(["granted", "refused", "withdrawn"]), st.integers(0, 9)), max_size=8
)


@given(words, st.integers(-1, 10))
def test_any_history_answers_like_reading_it_aloud(history, at):
    """The last word before a moment counts; at one instant the narrowest one."""
    rank = {"granted": 0, "refused": 1, "withdrawn": 2}
    spoken = sorted((when, rank[word], word) for word, when in history if when <= at)
    expected = spoken[-1][2] if spoken else "never"

    assert state([event(word, when) for word, when in history], at) == expected


@given(words, st.integers(-1, 10))
def test_a_span_reaches_exactly_as_far_as_the_state_is_the_same(history, at):
    log = ConsentLog([event(word, when) for word, when in history])

    span = log.span("s", "ecg", "statistics", at)

    assert span.since_ns <= at < span.until_ns
    for moment in range(max(span.since_ns, -1), min(span.until_ns, 11)):
        assert log.span("s", "ecg", "statistics", moment).state == span.state
