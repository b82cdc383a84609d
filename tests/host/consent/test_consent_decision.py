"""The decision: denied by default, allowed only when everything holds, and always explained."""

import dataclasses
import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasuki.consent import policy, reasons, scopes
from tasuki.consent.cache import DecisionCache
from tasuki.consent.context import Context, Interval
from tasuki.consent.decision import Engine
from tasuki.consent.events import BEGINNING, FOREVER, ConsentLog, Event
from tasuki.consent.registers import (
    DEMO_GARMENT,
    DESTINATIONS,
    Binding,
    Destination,
    Garment,
    Registers,
    Source,
)
from tasuki.errors import Refused
from tasuki_wire import items as wire_items

POLICY = dataclasses.replace(policy.builtin(), since_ns=BEGINNING, until_ns=FOREVER)
SECOND = 1_000_000_000
DEVICE, KEY = b"d" * 8, b"k" * 8
GARMENT = Garment(KEY, DEVICE, DEMO_GARMENT)
BINDING = Binding(b"b" * 16, DEVICE, "s", 0, 10_000 * SECOND)
BLOCK = Interval(1000 * SECOND, 1004 * SECOND, SECOND // 1000)
FROM_ECG = Source(GARMENT, DEVICE, 0, 1, BINDING)
ECG = Context(BLOCK, FROM_ECG)
NOW = 2000 * SECOND


def said(decision, at_s, purpose="service_improvement", items=("ecg",), notice=POLICY.version, known_s=None):
    at = round(at_s * SECOND)
    known = at if known_s is None else round(known_s * SECOND)
    return Event(at, known, "s", decision, purpose, frozenset(items), notice)


def decide(
    *events,
    subject="s",
    item="ecg",
    purpose="service_improvement",
    destination="improvement",
    at=NOW,
    context=ECG,
    places=(),
):
    registers = Registers()
    registers.destinations.update({place.name: place for place in places})
    engine = Engine(POLICY, ConsentLog(events), registers)
    return engine.decide(subject, item, purpose, destination, at, context)


def test_everything_granted_and_known_is_allowed_and_cites_the_table():
    decision = decide(said("granted", 0))

    assert (decision.outcome, decision.reason) == ("allow", "granted")
    assert decision.rules[0] == "C3-04"


def test_without_a_word_from_the_wearer_nothing_goes():
    decision = decide()

    assert (decision.outcome, decision.reason) == ("deny", "no_consent")
    assert "A-01" in decision.rules


@pytest.mark.parametrize(
    ("events", "reason"),
    [
        ([said("refused", 0)], "refused"),
        ([said("granted", 0), said("withdrawn", 1500)], "withdrawn"),
        ([said("granted", 1500)], "not_at_acquisition"),
        ([said("granted", 1002)], "not_at_acquisition"),
        ([said("granted", 0), said("withdrawn", 900), said("granted", 1500)], "not_at_acquisition"),
        ([said("granted", 0), said("withdrawn", 1500), said("granted", 1600)], "not_at_acquisition"),
        ([said("granted", 0), said("withdrawn", 1002), said("granted", 1003)], "not_at_acquisition"),
        ([said("granted", 999.9995)], "clock_uncertain"),
        ([said("granted", 0, notice="2019-1")], "notice_version"),
        ([said("granted", 0, purpose="statistics")], "no_consent"),
        ([said("granted", 0, items=["respiration"])], "no_consent"),
    ],
)
def test_the_wearers_word_must_hold_at_acquisition_and_without_a_break_until_now(events, reason):
    decision = decide(*events)

    assert (decision.outcome, decision.reason) == ("deny", reason)


def test_a_later_grant_never_releases_earlier_data():
    before = decide(said("granted", 1500), at=1600 * SECOND)
    later = Context(Interval(1501 * SECOND, 1505 * SECOND, 1000), FROM_ECG)

    assert before.reason == "not_at_acquisition"
    assert decide(said("granted", 1500), at=1600 * SECOND, context=later).allowed


@pytest.mark.parametrize(
    ("change", "reason", "outcome"),
    [
        ({"acquired": None}, "unknown_time", "deny"),
        ({"acquired": Interval(1004 * SECOND, 1000 * SECOND, 0)}, "unknown_time", "deny"),
        ({"acquired": Interval(1000 * SECOND, 1004 * SECOND, -1)}, "unknown_time", "deny"),
        ({"acquired": Interval(3000 * SECOND, 3004 * SECOND, 0)}, "time_ahead", "hold"),
        ({"garment": None}, "unknown_key", "deny"),
        ({"device": b"x" * 8}, "unknown_device", "deny"),
        ({"stream": 9}, "not_in_manifest", "deny"),
        ({"kind": 2}, "not_in_manifest", "deny"),
        ({"binding": None}, "no_wearer_binding", "hold"),
        ({"binding": dataclasses.replace(BINDING, since_ns=1001 * SECOND)}, "no_wearer_binding", "hold"),
        ({"binding": dataclasses.replace(BINDING, until_ns=1003 * SECOND)}, "no_wearer_binding", "hold"),
        ({"binding": dataclasses.replace(BINDING, subject="t")}, "wrong_wearer", "deny"),
        ({"acquired_in": "web_access"}, "wrong_context", "deny"),
    ],
)
def test_what_is_unknown_about_the_block_is_denied_or_held(change, reason, outcome):
    acquired = change.pop("acquired", BLOCK)
    context = Context(acquired, dataclasses.replace(FROM_ECG, **change))

    decision = decide(said("granted", 0), context=context)

    assert (decision.reason, decision.outcome) == (reason, outcome)


@pytest.mark.parametrize(
    ("item", "purpose", "destination", "reason", "rule"),
    [
        ("ecg", "user_identification", "improvement", "purpose_not_in_policy", "C3-07"),
        ("ecg", "ad_measurement", "improvement", "purpose_not_in_policy", "C3-07"),
        ("ecg", "marketing", "improvement", "unknown_purpose", "A-02"),
        ("ecg", "statistics", "improvement", "destination_not_for_purpose", "A-02"),
        ("ecg", "service_improvement", "nowhere", "unknown_destination", "S-02"),
        ("device_status", "service_improvement", "improvement", "purpose_not_in_policy", "C2-05"),
        ("email", "statistics", "research-statistics", "purpose_not_in_policy", "C1-07"),
        ("sweat", "service_improvement", "improvement", "unknown_item", "G-01"),
    ],
)
def test_what_the_policy_does_not_name_is_denied_even_when_the_wearer_agreed(
    item, purpose, destination, reason, rule
):
    decision = decide(
        said("granted", 0, purpose=purpose, items=[item]), item=item, purpose=purpose, destination=destination
    )

    assert (decision.outcome, decision.reason) == ("deny", reason)
    assert rule in decision.rules


@pytest.mark.parametrize(
    ("kind", "purpose", "reason"),
    [
        ("third_party", "service_improvement", "third_party"),
        ("processor_jp", "service_improvement", "processor_not_registered"),
        ("processor_foreign", "service_improvement", "processor_not_registered"),
        ("module", "service_improvement", "module_not_allowed"),
        ("statistics_release", "statistics", "row_level_release"),
    ],
)
def test_who_is_no_part_of_the_service_gets_nothing_even_when_the_wearer_agreed(kind, purpose, reason):
    place = Destination("them", kind, purpose, "attested")

    decision = decide(
        said("granted", 0, purpose=purpose), purpose=purpose, destination="them", places=[place]
    )

    assert (decision.outcome, decision.reason) == ("deny", reason)


@pytest.mark.parametrize("purpose", ["service_improvement", "product_development", "statistics"])
def test_ecg_that_carries_the_devices_identity_goes_to_service_information_only(purpose):
    proved = Destination("proved", "internal", purpose, "envelope")

    refused = decide(
        said("granted", 0, purpose=purpose), purpose=purpose, destination="proved", places=[proved]
    )
    allowed = decide(
        said("granted", 0, purpose="service_information"), purpose="service_information", destination="store"
    )

    assert refused.reason == "category2_attached"
    assert {"X-01", "C2-01"} <= set(refused.rules)
    assert allowed.allowed


def test_location_needs_the_devices_own_permission_beside_consent():
    words = said("granted", 0, purpose="service_information", items=["location"])
    own = said("granted", 0, purpose=scopes.LOCATION, items=["location"])
    off = Context(BLOCK, Source(acquired_in="service_use"))
    on = Context(BLOCK, Source(acquired_in="service_use", location_permission=True))
    asked = {"item": "location", "purpose": "service_information", "destination": "store"}

    assert decide(words, own, context=off, **asked).reason == "no_location_permission"
    assert decide(words, context=on, **asked).reason == "no_location_permission"
    assert decide(words, own, context=on, **asked).allowed


@pytest.mark.parametrize(
    ("language", "named"),
    [("en", '"improving or updating the service" for ECG'), ("ja", "「心電」の「サービスの改良または更新」")],
)
def test_a_refusal_tells_what_would_change_it_in_the_policys_words(language, named):
    remedy = decide(said("withdrawn", 0)).remedy(language)

    assert named in remedy
    assert "ecg" not in remedy and "service_improvement" not in remedy


def test_the_token_names_the_items_with_at_least_one_granted_purpose():
    log = ConsentLog(
        [
            said("granted", 0, "statistics", ["ecg"]),
            said("refused", 0, "service_information", ["ecg", "respiration"]),
            said("granted", 0, "service_information", ["device_status"]),
            said("granted", 0, "user_identification", ["body_motion"]),
            said("withdrawn", 50, "statistics", ["ecg"]),
        ]
    )
    engine = Engine(POLICY, log, Registers())

    assert wire_items.names(engine.item_mask("s", 49 * SECOND)) == ["ecg", "device_status"]
    assert wire_items.names(engine.item_mask("s", 50 * SECOND)) == ["device_status"]
    assert engine.item_mask("stranger", 49 * SECOND) == 0


WORDS = st.lists(
    st.builds(
        said,
        st.sampled_from(["granted", "refused", "withdrawn"]),
        st.integers(0, 20),
        st.sampled_from(sorted(POLICY.purposes)),
        st.sets(st.sampled_from(wire_items.NAMES), min_size=1),
        st.sampled_from([POLICY.version, "old"]),
    ),
    max_size=12,
)
PLACES = [
    *DESTINATIONS.values(),
    Destination("proved", "internal", "statistics", "envelope"),
    Destination("them", "third_party", "statistics", "attested"),
]
STREAMS = {"ecg": (0, 1), "respiration": (1, 2), "body_temperature": (2, 3), "body_motion": (3, 4)}


@st.composite
def questions(draw):
    t0 = draw(st.integers(0, 20))
    stream, kind = STREAMS.get(item := draw(st.sampled_from([*STREAMS, "device_status"])), (5, 7))
    acquired = Interval(
        t0 * SECOND, (t0 + draw(st.integers(0, 4))) * SECOND, draw(st.integers(0, 2)) * SECOND
    )
    binding = draw(st.sampled_from([None, BINDING, Binding(b"c" * 16, DEVICE, "t", 0, 9 * SECOND)]))
    source = Source(draw(st.sampled_from([GARMENT, GARMENT, None])), DEVICE, stream, kind, binding)
    place = draw(st.sampled_from(PLACES))
    return item, place.purpose, place.name, draw(st.integers(0, 24)) * SECOND, Context(acquired, source)


@given(WORDS, st.lists(questions(), min_size=1, max_size=20))
def test_a_kept_decision_is_the_one_that_the_engine_gives(words, asked):
    registers = Registers({place.name: place for place in PLACES})
    engine = Engine(POLICY, ConsentLog(words), registers)
    cache = DecisionCache(engine)

    for item, purpose, destination, at, context in asked + asked:
        kept = cache.decide("s", item, purpose, destination, at, context)
        fresh = engine.decide("s", item, purpose, destination, at, context)
        assert (kept.outcome, kept.reason, kept.rules) == (fresh.outcome, fresh.reason, fresh.rules)
        each = [engine.decide("s", item, place.purpose, place.name, at, context) for place in PLACES]
        together = cache.decide_each("s", item, at, context)
        assert [(one.destination, one.reason) for one in together] == [
            (one.destination, one.reason) for one in each
        ]


HISTORIES = {
    "granted, withdrawn, granted again": [said("granted", 3), said("withdrawn", 6), said("granted", 9)],
    "withdrawn later": [said("granted", 0), said("withdrawn", 7)],
    "refused": [said("refused", 2)],
    "granted for good": [said("granted", 0)],
}
STORE_QUESTION = "s", "ecg", "service_information", "store"
BINDINGS = [BINDING, dataclasses.replace(BINDING, since_ns=5 * SECOND, until_ns=8 * SECOND), None]


@pytest.mark.parametrize("history", HISTORIES)
@pytest.mark.parametrize("seed", range(3))
def test_at_every_boundary_a_kept_decision_is_the_one_that_the_engine_gives(history, seed):
    """All times of a small world, decided in a shuffled order, so that each meets every kept answer."""
    engine = Engine(POLICY, ConsentLog(HISTORIES[history]), Registers())
    cache = DecisionCache(engine)
    sources = [
        Source(garment, device, 0, 1, binding)
        for garment, device, binding in itertools.product((GARMENT, None), (DEVICE, b"x" * 8), BINDINGS)
    ]
    asked = list(itertools.product(range(12), range(12), (0, 1), sources))
    random.Random(seed).shuffle(asked)
    for at, t0, uncertainty, source in asked:
        acquired = Interval(t0 * SECOND, t0 * SECOND, uncertainty * SECOND)
        context = Context(acquired, source)
        question = ("s", "ecg", "service_improvement", "improvement", at * SECOND, context)
        kept, fresh = cache.decide(*question), engine.decide(*question)
        each = {one.destination: one for one in cache.decide_each("s", "ecg", at * SECOND, context)}
        assert (kept.outcome, kept.reason) == (fresh.outcome, fresh.reason), question
        assert each["improvement"].reason == fresh.reason, question
        assert each["store"].reason == engine.decide(*STORE_QUESTION, at * SECOND, context).reason, question


def test_answers_for_every_destination_are_kept_until_the_wearer_speaks_or_a_destination_changes():
    log, registers = ConsentLog([said("granted", 0)]), Registers()
    cache = DecisionCache(Engine(POLICY, log, registers))

    def answers():
        return {one.destination: one.reason for one in cache.decide_each("s", "ecg", NOW, ECG)}

    assert answers()["improvement"] == "granted"
    assert cache.decide_each("s", "ecg", NOW, ECG) is cache.decide_each("s", "ecg", NOW, ECG)
    registers.add_destination(Destination("new", "internal", "service_improvement", "attested"))
    assert answers()["new"] == answers()["improvement"] == "granted"
    log.append(said("withdrawn", 1500))
    assert answers()["new"] == answers()["improvement"] == "withdrawn"


def test_an_answer_that_a_withdrawal_overtook_is_not_kept():
    log = ConsentLog([said("granted", 0)])
    engine = Engine(POLICY, log, Registers())
    cache = DecisionCache(engine)
    question = "s", "ecg", "service_improvement", "improvement", NOW, ECG
    make = engine.lane

    def overtaken(*asked):
        lane = make(*asked)
        engine.lane = make
        log.append(said("withdrawn", 1500))
        return lane

    engine.lane = overtaken
    assert cache.decide(*question).allowed  # asked before the wearer spoke

    assert cache.decide(*question).reason == "withdrawn"


def test_no_more_lanes_are_kept_than_the_limit_says():
    """Kept ones go when there is no room, all at once; what is asked for again is made again."""
    cache = DecisionCache(Engine(POLICY, ConsentLog([said("granted", 0)]), Registers()), limit=2)
    kept = []
    for n, item in enumerate(["ecg", "respiration", "body_temperature", "body_motion", "ecg"]):
        source = Source(GARMENT, DEVICE, n, 1, BINDING)
        for _ in range(2):
            cache.decide("s", item, "service_improvement", "improvement", NOW, Context(BLOCK, source))
        kept.append(sum(len(lanes) for ways in cache._lanes.values() for lanes in ways.values()))

    assert kept == [1, 2, 1, 2, 1]


def test_a_block_that_reaches_into_an_announced_withdrawal_is_not_sent_before_it_either():
    words = [said("granted", 0), said("withdrawn", 1004, known_s=1)]

    assert decide(*words, at=1003 * SECOND).reason == "clock_uncertain"


@given(WORDS, questions())
def test_nothing_is_allowed_that_a_slow_reading_of_the_rules_refuses(words, asked):
    """Every second of the block's uncertain time up to the decision must have been under a grant."""
    item, purpose, destination, at, context = asked
    engine = Engine(POLICY, ConsentLog(words), Registers({place.name: place for place in PLACES}))

    decision = engine.decide("s", item, purpose, destination, at, context)

    mine = [w for w in words if item in w.items and w.purpose == purpose]
    present = max([at, *(w.recorded_ns for w in words)])  # no clock goes behind what was recorded
    moments = range(context.acquired.first_ns, max(present, context.acquired.last_ns) + 1, SECOND)
    under_grant = all(_last_word(mine, moment) == ("granted", POLICY.version) for moment in moments)
    place = next(p for p in PLACES if p.name == destination)
    category_3_only = {"service_improvement", "product_development", "statistics"}
    lawful = (
        place.kind == "internal"
        and (item != "device_status" or purpose == "service_information")
        and not (purpose in category_3_only and place.form == "envelope")
    )
    worn = context.source.garment is not None and context.source.binding is BINDING
    assert not decision.allowed or (under_grant and lawful and worn)
    on_time = context.acquired.t1_ns <= at
    assert decision.allowed or not (
        under_grant and lawful and worn and on_time and context.acquired.first_ns >= 0
    )


def _last_word(events, moment):
    rank = {"granted": 0, "refused": 1, "withdrawn": 2}
    spoken = [(e.at_ns, rank[e.decision], i, e) for i, e in enumerate(events) if e.at_ns <= moment]
    last = max(spoken)[3] if spoken else None
    return (last.decision, last.notice) if last else ("never", "")


def test_every_outcome_of_a_decision_is_one_of_three():
    assert {reason.outcome for reason in reasons.REASONS.values()} == {"allow", "hold", "deny"}


@pytest.mark.rule("L-04", "deny")
def test_outside_of_the_policy_s_own_time_the_one_in_force_then_is_asked_for():
    now = dataclasses.replace(POLICY, since_ns=3000 * SECOND)
    log = ConsentLog([said("granted", 0)])
    question = ("s", "ecg", "service_improvement", "improvement", NOW, ECG)

    def nothing(_at_ns):
        raise Refused("unpublished_version")

    assert Engine(now, log, Registers()).decide(*question).reason == "policy_not_in_force"
    assert Engine(now, log, Registers(), nothing).decide(*question).reason == "policy_not_in_force"
    assert Engine(now, log, Registers(), lambda _: POLICY).decide(*question).allowed
