"""When the review of the shipped policy falls due, only what terms widened stops (rule L-02)."""

import pytest

from tasuki.consent import library
from tasuki.consent.cache import DecisionCache
from tasuki.consent.context import Context, Interval
from tasuki.consent.events import FOREVER, Event
from tasuki.consent.registers import DEMO_GARMENT, Binding, Garment, Source
from tasuki.session.state import State

SECOND = 1_000_000_000
NOON = 1_795_000_000 * SECOND  # in November 2026
DUE = library.shipped().effective(NOON).review_due_ns
DEVICE = b"d" * 8
GARMENT = Garment(b"k" * 8, DEVICE, DEMO_GARMENT)
WORN = Source(GARMENT, DEVICE, 0, 1, Binding(b"b" * 16, DEVICE, "s", NOON, FOREVER))
MOMENTS = [NOON + 3600 * SECOND, DUE - 1, DUE, DUE + 400 * 86_400 * SECOND]


@pytest.fixture
def state(tmp_path):
    """A state folder in which s granted two items, one of them under the garment's own terms."""
    with State(tmp_path, clock_ns=lambda: NOON) as state:
        for item, notice in (("ecg", "2026-1"), ("access_log", "demo-garment-2")):
            state.book.say(
                Event(NOON, NOON, "s", "granted", "service_improvement", frozenset({item}), notice)
            )
        yield state


def ecg(at):
    """A block that ended just before."""
    return "s", "ecg", "service_improvement", "improvement", at, Context(Interval(at - 4, at, 1), WORN)


@pytest.mark.rule("L-02", "allow")
@pytest.mark.parametrize("moments", [MOMENTS, MOMENTS[::-1]], ids=["forwards", "backwards"])
def test_what_the_policy_allows_goes_on_when_its_review_is_overdue(state, moments):
    cache = DecisionCache(state.engine)
    kept = [cache.decide(*ecg(at)).reason for at in moments for _ in range(2)]

    assert kept == ["granted"] * 8
    assert [state.engine.decide(*ecg(at)).reason for at in moments] == ["granted"] * 4
    assert [state.engine.item_mask("s", at, "demo-garment") for at in moments] == [1] * 4


@pytest.mark.rule("L-02", "deny")
def test_what_only_the_terms_allow_stops_when_the_review_is_overdue(state):
    wider = "s", "access_log", "service_improvement"

    said = [state.engine.consent(*wider, at, "demo-garment") for at in MOMENTS]

    assert said == ["", "", "purpose_not_in_policy", "purpose_not_in_policy"]
