"""Rule by rule, sections 1 and 2 of the policy: what passes, what is refused, what is left behind."""

import dataclasses
import itertools

import pytest

from policy_documents import DAY, SECOND, moment
from tasuki.consent import library, scopes
from tasuki.consent.context import Context, Interval
from tasuki.consent.decision import Engine
from tasuki.consent.events import ConsentLog, Event
from tasuki.consent.registers import (
    ATTESTED,
    DEMO_GARMENT,
    ENVELOPE,
    INTERNAL,
    MODULE,
    STATISTICS_RELEASE,
    Binding,
    Destination,
    Garment,
    Registers,
    Source,
)
from tasuki_wire import items as wire_items

NOW = moment(2026, 10)
GRANTED, MEASURED = NOW - 30 * DAY, NOW - DAY
POLICY = library.shipped().effective(NOW)
DEVICE, KEY = b"d" * 8, b"k" * 8
GARMENT = Garment(KEY, DEVICE, DEMO_GARMENT)
BINDING = Binding(b"b" * 16, DEVICE, "wearer", GRANTED, NOW + DAY)
BLOCK = Interval(MEASURED, MEASURED + 4 * SECOND, 1_000_000)
WORN = Source(GARMENT, DEVICE, 0, 1, BINDING)
SOURCES = {
    1: Source(acquired_in="account_registration"),
    2: Source(acquired_in="service_use"),
    3: WORN,
}
SAMPLE = {1: "email", 2: "device_id", 3: "ecg"}
ALL_PURPOSES = [*POLICY.purposes, *POLICY.module_purposes]


def said(decision, purpose, item, at=GRANTED, notice=POLICY.version):
    return Event(at, at, "wearer", decision, purpose, frozenset({item}), notice)


def decide(item, purpose, *events, source=None, block=BLOCK, form=None, kind=INTERNAL):
    """The decision about an item, to a destination that is registered for exactly this purpose."""
    category = POLICY.category(item)
    source = source or SOURCES[category.number if category else 3]
    carried = purpose in POLICY.categories[2].allow
    place = Destination("there", kind, purpose, form or (ENVELOPE if carried else ATTESTED))
    registers = Registers()
    registers.add_destination(place)
    engine = Engine(POLICY, ConsentLog(events), registers, library.shipped().effective)
    return engine.decide("wearer", item, purpose, "there", NOW, Context(block, source))


def consented(item, purpose, **more):
    """The same when the wearer agreed to it in time."""
    return decide(item, purpose, said("granted", purpose, item), **more)


@pytest.mark.rule("G-01", "allow")
@pytest.mark.parametrize("item", wire_items.NAMES)
def test_what_is_labelled_with_an_item_of_the_policy_may_be_decided_about(item):
    assert POLICY.classify(item).known
    assert any(POLICY.allows(item, purpose) for purpose in POLICY.purposes)


# Written from the policy's text: category, purpose, the rule that allows it.
TABLE = [
    (1, "after_service", "C1-03"),
    (1, "information", "C1-04"),
    (1, "service_information", "C1-05"),
    (1, "user_identification", "C1-06"),
    (2, "after_service", "C2-05"),
    (2, "information", "C2-05"),
    (2, "service_information", "C2-05"),
    (2, "user_identification", "C2-05"),
    (3, "service_information", "C3-03"),
    (3, "service_improvement", "C3-04"),
    (3, "product_development", "C3-05"),
    (3, "statistics", "C3-06"),
]


@pytest.mark.rule("C1-03", "allow", "deny", "evidence")
@pytest.mark.rule("C1-04", "allow", "deny", "evidence")
@pytest.mark.rule("C1-05", "allow", "deny", "evidence")
@pytest.mark.rule("C1-06", "allow", "deny", "evidence")
@pytest.mark.rule("C2-05", "allow", "deny", "evidence")
@pytest.mark.rule("C3-03", "allow", "deny", "evidence")
@pytest.mark.rule("C3-04", "allow", "deny", "evidence")
@pytest.mark.rule("C3-05", "allow", "deny", "evidence")
@pytest.mark.rule("C3-06", "allow", "deny", "evidence")
@pytest.mark.parametrize(("category", "purpose", "rule"), TABLE)
def test_a_pair_of_the_table_needs_consent_and_then_passes_by_its_own_rule(category, purpose, rule):
    item = SAMPLE[category]
    allowed, without = consented(item, purpose), decide(item, purpose)

    assert (allowed.outcome, allowed.rules[0]) == ("allow", rule)
    assert (without.outcome, without.reason, without.rules[0]) == ("deny", "no_consent", rule)


CLOSED = [(1, "C1-07"), (2, "C2-05"), (3, "C3-07")]
OUTSIDE = [
    (number, rule, purpose)
    for number, rule in CLOSED
    for purpose in ALL_PURPOSES
    if (number, purpose) not in [row[:2] for row in TABLE]
]


@pytest.mark.rule("C1-07", "deny", "evidence")
@pytest.mark.rule("C2-05", "deny")
@pytest.mark.rule("C3-07", "deny", "evidence")
@pytest.mark.parametrize(("category", "rule", "purpose"), OUTSIDE)
def test_a_pair_outside_the_table_is_refused_by_the_rule_that_closes_it_with_consent_too(
    category, rule, purpose
):
    decision = consented(SAMPLE[category], purpose)

    assert (decision.outcome, decision.reason) == ("deny", "purpose_not_in_policy")
    assert rule in decision.rules


@pytest.mark.rule("A-01", "allow", "evidence")
def test_a_consent_that_precedes_the_acquisition_allows_and_is_cited_with_its_time():
    event = said("granted", "service_improvement", "ecg")
    span = ConsentLog([event]).span("wearer", "ecg", "service_improvement", NOW)
    decision = decide("ecg", "service_improvement", event)

    assert decision.outcome == "allow" and "A-01" in decision.rules
    assert span.event == event
    assert span.since_ns == event.recorded_ns < BLOCK.first_ns


@pytest.mark.rule("A-01", "deny")
@pytest.mark.parametrize("at", [BLOCK.last_ns + 1, MEASURED + SECOND, MEASURED])
def test_what_was_acquired_before_the_consent_is_refused(at):
    decision = decide("ecg", "service_improvement", said("granted", "service_improvement", "ecg", at))

    assert decision.outcome == "deny"
    assert decision.reason in ("not_at_acquisition", "clock_uncertain") and "A-01" in decision.rules


@pytest.mark.rule("A-02", "allow", "deny", "evidence")
@pytest.mark.parametrize(
    "asked", ["service_information", "service_improvement", "product_development", "statistics"]
)
@pytest.mark.parametrize(
    "given", ["service_information", "service_improvement", "product_development", "statistics"]
)
def test_a_grant_opens_its_own_purpose_and_no_other(given, asked):
    decision = decide("ecg", asked, said("granted", given, "ecg"))

    assert (decision.outcome == "allow") == (given == asked)
    assert "A-02" in decision.rules


@pytest.mark.rule("A-02", "deny")
def test_a_grant_opens_its_own_item_and_no_other():
    body = dataclasses.replace(WORN, stream=3, kind=4)
    decision = decide("body_motion", "statistics", said("granted", "statistics", "ecg"), source=body)

    assert decision.reason == "no_consent"


@pytest.mark.rule("A-03", "allow", "evidence")
def test_a_channel_of_the_products_manifest_is_acquired():
    listed = {(stream, kind) for stream, kinds in DEMO_GARMENT.streams.items() for kind in kinds}

    assert (WORN.stream, WORN.kind) in listed
    assert consented("ecg", "statistics").outcome == "allow"
    assert GARMENT.manifest.product == "demo-garment"


@pytest.mark.rule("A-03", "deny")
@pytest.mark.parametrize("change", [{"stream": 9}, {"kind": 2}])
def test_a_channel_outside_the_manifest_is_refused_with_consent_too(change):
    decision = consented("ecg", "statistics", source=dataclasses.replace(WORN, **change))

    assert (decision.outcome, decision.reason) == ("deny", "not_in_manifest")
    assert "A-03" in decision.rules


CONTEXTS = {
    1: ["product_registration", "account_registration", "inquiry"],
    2: ["product_use", "service_use", "web_access", "account_access"],
    3: ["product_use", "service_use", "service_information"],
}
EVERYWHERE = ["", "data_broker", *dict.fromkeys(itertools.chain(*CONTEXTS.values()))]


@pytest.mark.rule("C1-02", "allow", "deny", "evidence")
@pytest.mark.rule("C2-02", "allow", "deny", "evidence")
@pytest.mark.rule("C3-02", "allow", "deny")
@pytest.mark.parametrize("category", CONTEXTS)
@pytest.mark.parametrize("context", EVERYWHERE)
def test_a_category_is_accepted_from_its_own_contexts_only(category, context):
    source = dataclasses.replace(SOURCES[category], acquired_in=context)

    decision = consented(SAMPLE[category], "service_information", source=source)

    assert (decision.outcome == "allow") == (context in CONTEXTS[category])
    assert decision.outcome == "allow" or decision.reason == "wrong_context"
    assert decision.outcome == "allow" or f"C{category}-02" in decision.rules


@pytest.mark.rule("C3-02", "deny", "evidence")
@pytest.mark.parametrize(
    ("binding", "outcome", "reason"),
    [
        (None, "hold", "no_wearer_binding"),
        (dataclasses.replace(BINDING, subject="somebody else"), "deny", "wrong_wearer"),
        (dataclasses.replace(BINDING, since_ns=MEASURED + SECOND), "hold", "no_wearer_binding"),
    ],
)
def test_what_nobody_or_somebody_else_wore_waits_or_is_refused(binding, outcome, reason):
    decision = consented("ecg", "statistics", source=dataclasses.replace(WORN, binding=binding))

    assert (decision.outcome, decision.reason) == (outcome, reason)
    assert "C3-02" in decision.rules


@pytest.mark.rule("C2-01", "deny")
@pytest.mark.rule("X-01", "deny", "evidence")
@pytest.mark.rule("C3-04", "deny")
@pytest.mark.rule("C3-05", "deny")
@pytest.mark.parametrize("purpose", ["service_improvement", "product_development", "statistics"])
def test_the_devices_identity_beside_ecg_keeps_it_from_the_purposes_of_category_3_alone(purpose):
    carried, stripped = consented("ecg", purpose, form=ENVELOPE), consented("ecg", purpose, form=ATTESTED)

    assert (carried.outcome, carried.reason) == ("deny", "category2_attached")
    assert {"X-01", "C2-01", POLICY.category("ecg").allow[purpose]} <= {*carried.rules}
    assert stripped.outcome == "allow"


@pytest.mark.rule("C3-06", "deny")
def test_single_rows_never_leave_as_statistics():
    decision = consented("ecg", "statistics", kind=STATISTICS_RELEASE)

    assert (decision.outcome, decision.reason) == ("deny", "row_level_release")
    assert "C3-06" in decision.rules


HERE = [said("granted", "service_information", "location"), said("granted", scopes.LOCATION, "location")]
WITH_PERMISSION = dataclasses.replace(SOURCES[2], location_permission=True)


@pytest.mark.rule("C2-03", "allow")
def test_location_passes_with_consent_and_a_permission_that_is_live():
    decision = decide("location", "service_information", *HERE, source=WITH_PERMISSION)

    assert decision.outcome == "allow"


@pytest.mark.rule("C2-03", "deny", "evidence")
@pytest.mark.parametrize(
    ("events", "source"),
    [
        (HERE, SOURCES[2]),
        (HERE[:1], WITH_PERMISSION),
        ([*HERE, said("withdrawn", scopes.LOCATION, "location", NOW - SECOND)], WITH_PERMISSION),
    ],
)
def test_location_without_a_live_permission_is_refused_with_consent_too(events, source):
    decision = decide("location", "service_information", *events, source=source)

    assert (decision.outcome, decision.reason) == ("deny", "no_location_permission")
    assert "C2-03" in decision.rules


COOKIE = [said("refused", purpose, "cookie") for purpose in POLICY.purposes]


@pytest.mark.rule("C2-04", "deny")
def test_a_refused_cookie_is_used_for_nothing():
    for purpose in POLICY.category("cookie").allow:
        assert decide("cookie", purpose, *COOKIE).reason == "refused"


@pytest.mark.rule("C2-04", "allow", "evidence")
def test_everything_else_keeps_working_without_cookies_and_what_does_not_is_listed():
    for category in SAMPLE:
        granted = said("granted", "service_information", SAMPLE[category])
        assert decide(SAMPLE[category], "service_information", *COOKIE, granted).outcome == "allow"
    assert [words.en for words in POLICY.degraded({"cookie"})] == ["staying logged in on the website"]
    assert POLICY.degraded({"email", "ecg", "nothing"}) == ()


@pytest.mark.rule("M-01", "deny")
@pytest.mark.parametrize("item", ["email", "ecg", "body_baseline", "subjective"])
@pytest.mark.parametrize("purpose", ALL_PURPOSES)
def test_a_module_never_gets_categories_1_and_3(item, purpose):
    assert consented(item, purpose, kind=MODULE).outcome == "deny"


IN_THE_APP = dataclasses.replace(WORN, acquired_in="service_use")


@pytest.mark.rule("G-04", "allow", "deny")
@pytest.mark.parametrize(
    ("notice", "outcome", "reason"),
    [("demo-garment-2", "allow", "granted"), ("2026-1", "deny", "notice_version")],
)
def test_what_a_products_terms_widen_passes_with_a_consent_that_cites_them(notice, outcome, reason):
    agreed = said("granted", "service_improvement", "access_log", notice=notice)

    decision = decide("access_log", "service_improvement", agreed, source=IN_THE_APP)

    assert (decision.outcome, decision.reason) == (outcome, reason)
    assert decision.rules[0] == "DG-03"


def test_what_a_products_terms_do_not_widen_for_others_is_refused_without_the_product():
    agreed = said("granted", "service_improvement", "access_log", notice="demo-garment-2")

    assert decide("access_log", "service_improvement", agreed).reason == "purpose_not_in_policy"


@pytest.mark.rule("G-03", "deny")
def test_a_garment_of_a_product_without_terms_is_refused_with_consent_too():
    shirt = dataclasses.replace(GARMENT, manifest=dataclasses.replace(DEMO_GARMENT, product="shirt"))

    decision = consented("ecg", "statistics", source=dataclasses.replace(WORN, garment=shirt))

    assert (decision.outcome, decision.reason) == ("deny", "unknown_product")
    assert "G-03" in decision.rules


@pytest.mark.rule("G-02", "deny")
@pytest.mark.rule("L-01", "deny")
@pytest.mark.parametrize(
    ("item", "purpose", "row"),
    [("body_baseline", "information", "JP-01"), ("cookie", "information", "IR-01")],
)
def test_what_law_or_internal_rules_took_away_is_refused_by_their_row_with_consent_too(item, purpose, row):
    decision = consented(item, purpose)

    assert (decision.outcome, decision.reason) == ("deny", "purpose_not_in_policy")
    assert row in decision.rules
