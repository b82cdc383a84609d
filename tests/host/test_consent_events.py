"""What a wearer said, and what held at any moment."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasuki.consent import policy
from tasuki.consent.events import FOREVER, ConsentLog, Event, granted_purposes

VERSION = policy.builtin().version


def event(decision, at, purpose="statistics", items=("ecg",), recorded=None, notice=VERSION, subject="s"):
    return Event(
        at, at if recorded is None else recorded, subject, decision, purpose, frozenset(items), notice
    )


def state(events, at):
    return ConsentLog(events).span("s", "ecg", "statistics", at).state


def test_nobody_agreed_before_he_said_so():
    log = [event("granted", 100)]

    assert state(log, 99) == "never"
    assert state(log, 100) == "granted"


def test_an_empty_log_grants_nothing():
    assert state([], 0) == "never"
    assert granted_purposes(policy.builtin(), ConsentLog(), "s", "ecg", 0) == frozenset()


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

    assert granted_purposes(policy.builtin(), log, "s", "ecg", 1) == frozenset()


def test_a_consent_to_another_version_of_the_policy_opens_nothing():
    log = ConsentLog([event("granted", 0, notice="2019-1")])

    assert granted_purposes(policy.builtin(), log, "s", "ecg", 1) == frozenset()


def test_the_version_rises_with_every_word():
    log = ConsentLog()

    log.append(event("granted", 0))

    assert log.version == 1


def test_a_word_that_is_none_is_refused():
    with pytest.raises(ValueError, match="maybe"):
        event("maybe", 0)


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
