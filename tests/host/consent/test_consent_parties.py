"""Processors, modules and operators: dated register entries, and consents of their own."""

import dataclasses

import pytest

from host.decision_world import (
    ABROAD,
    ALLOWED_ABROAD,
    ENTRUSTED,
    FROM_ECG,
    FROM_STATUS,
    GRANTED,
    HOME,
    METER,
    OPTED_IN,
    POLICY,
    SECOND,
    World,
    dated,
    said,
)
from tasuki.consent import parties_file, scopes
from tasuki.consent.context import Interval
from tasuki.consent.parties import Contract
from tasuki.consent.registers import DEMO_GARMENT, Destination, Garment, Registers
from tasuki.consent.stretch import ALWAYS
from tasuki.errors import UsageError

OVER = dated(0, 1999)
NOT_YET = dated(2001, 3000)
TEXT = (parties_file.resources.files("tasuki.consent") / "parties-example.toml").read_text("utf-8")


def changed(**change):
    return dataclasses.replace(HOME, **change)


def answer(decision):
    return decision.outcome, decision.reason


def test_a_processor_that_meets_every_condition_gets_what_it_needs():
    decision = World(GRANTED, ENTRUSTED).decide("home")

    assert answer(decision) == ("allow", "granted")
    assert decision.valid_until_ns == 5000 * SECOND


BREATH_ONLY = {"service_improvement": frozenset({"respiration"})}
BAD_PROCESSORS = [
    ({"vetting": None}, "processor_not_vetted", "P-05"),
    ({"vetting": OVER}, "processor_not_vetted", "P-05"),
    ({"vetting": NOT_YET}, "processor_not_vetted", "P-05"),
    ({"contract": None}, "no_contract", "P-06"),
    ({"contract": Contract(dated(0, 5000), "")}, "no_contract", "P-06"),
    ({"contract": Contract(NOT_YET, "terms")}, "no_contract", "P-06"),
    ({"contract": Contract(OVER, "terms")}, "contract_expired", "P-06"),
    ({"supervision": None}, "supervision_overdue", "P-07"),
    ({"supervision": OVER}, "supervision_overdue", "P-07"),
    ({"suspended": True}, "processor_suspended", "P-07"),
    ({"fields": {}}, "field_not_listed", "P-02"),
    ({"fields": BREATH_ONLY}, "field_not_listed", "P-03"),
    ({"country": "FI"}, "processor_not_registered", "P-01"),
    ({"subprocessors": ("nobody",)}, "subprocessor_not_registered", "T-01"),
]


@pytest.mark.parametrize(("change", "reason", "rule"), BAD_PROCESSORS)
def test_a_processor_that_misses_one_condition_gets_nothing(change, reason, rule):
    decision = World(GRANTED, ENTRUSTED, processors=[changed(**change)]).decide("home")

    assert not decision.allowed
    assert decision.reason == reason
    assert rule in decision.rules


@pytest.mark.rule("T-01", "deny")
def test_a_processor_that_is_not_registered_gets_nothing():
    assert World(GRANTED, ENTRUSTED, processors=[]).decide("home").reason == "processor_not_registered"


@pytest.mark.rule("P-01", "deny")
@pytest.mark.parametrize(
    "words",
    [[], [said("refused", 10, scopes.ENTRUST)], [ENTRUSTED, said("withdrawn", 1600, scopes.ENTRUST)]],
)
def test_nothing_is_entrusted_before_the_wearer_agreed_to_that(words):
    decision = World(GRANTED, *words).decide("home")

    assert answer(decision) == ("deny", "no_entrust_consent")
    assert World(GRANTED, *words).decide().allowed


@pytest.mark.rule("P-01", "allow", "deny")
def test_the_consent_to_entrust_is_earlier_than_the_transfer_not_than_the_data():
    world = World(GRANTED, ENTRUSTED)

    assert world.decide("home", 1500).allowed
    assert World(GRANTED, said("granted", 2001, scopes.ENTRUST, known_s=1)).decide("home").reason == (
        "no_entrust_consent"
    )


@pytest.mark.rule("P-04", "allow")
@pytest.mark.parametrize("basis", ["consent", "adequate_country", "equivalent_system"])
def test_abroad_the_country_s_basis_counts_and_only_the_first_needs_a_consent_of_its_own(basis):
    words = [GRANTED, ENTRUSTED] + [ALLOWED_ABROAD] * (basis == "consent")

    assert World(*words, processors=[dataclasses.replace(ABROAD, basis=basis)]).decide("abroad").allowed


@pytest.mark.rule("P-04", "deny")
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, "no_foreign_consent"),
        ({"country": "US"}, "no_foreign_consent"),
        ({"country": ""}, "country_unknown"),
        ({"basis": ""}, "country_unknown"),
        ({"basis": "adequate_country", "basis_dated": OVER}, "country_unknown"),
    ],
)
def test_nothing_goes_abroad_without_a_known_country_and_its_basis(change, reason):
    words = [GRANTED, ENTRUSTED] + [ALLOWED_ABROAD] * bool(change)

    decision = World(*words, processors=[dataclasses.replace(ABROAD, **change)]).decide("abroad")

    assert answer(decision) == ("deny", reason)
    assert "P-04" in decision.rules


@pytest.mark.rule("T-01", "allow", "evidence")
def test_whom_a_processor_hands_on_to_meets_the_same_conditions():
    main = changed(subprocessors=("abroad",))
    good = [GRANTED, ENTRUSTED, ALLOWED_ABROAD]

    assert World(*good, processors=[main, ABROAD]).decide("home").allowed
    assert World(*good[:2], processors=[main, ABROAD]).decide("home").reason == "no_foreign_consent"
    unvetted = dataclasses.replace(ABROAD, vetting=None, subprocessors=("home",))  # a circle does no harm
    assert World(*good, processors=[main, unvetted]).decide("home").reason == "processor_not_vetted"


@pytest.mark.rule("P-06", "allow", "deny")
@pytest.mark.parametrize(("at_s", "outcome"), [(2999, "allow"), (3000, "hold")])
def test_a_contract_ends_at_its_moment_and_a_renewal_releases_what_waited(at_s, outcome):
    world = World(GRANTED, ENTRUSTED, processors=[changed(contract=Contract(dated(0, 3000), "terms"))])

    assert world.decide("home", at_s).outcome == outcome
    world.registers.add_processor(HOME)
    assert world.decide("home", at_s).allowed


def test_what_waits_too_long_is_given_up():
    ended = changed(contract=Contract(OVER, "terms"), vetting=ALWAYS, supervision=ALWAYS)
    world = World(GRANTED, ENTRUSTED, processors=[ended])
    week = POLICY.hold_ns // SECOND

    assert answer(world.decide("home", 2000 + week, held_s=2000)) == ("hold", "contract_expired")
    given_up = world.decide("home", 2001 + week, held_s=2000)
    assert answer(given_up) == ("deny", "hold_expired")


@pytest.mark.rule("P-05", "evidence")
@pytest.mark.rule("P-07", "evidence")
@pytest.mark.parametrize(
    ("late", "end_s"),
    [
        ({"vetting": dated(0, 4000)}, 4000),
        ({"supervision": dated(0, 4001)}, 4001),
        ({"contract": Contract(dated(0, 4002), "t")}, 4002),
        ({}, 5000),
    ],
)
def test_a_decision_says_until_when_it_holds(late, end_s):
    world = World(GRANTED, ENTRUSTED, said("withdrawn", 9000, known_s=1), processors=[changed(**late)])

    decision = world.decide("home")

    assert decision.valid_until_ns == end_s * SECOND
    assert world.decide("home", end_s - 1).allowed
    assert not world.decide("home", end_s).allowed


@pytest.mark.rule("M-01", "allow", "evidence")
def test_a_module_gets_non_identifying_events_once_the_wearer_opted_in():
    assert World(OPTED_IN).decide("meter", item="device_status", source=FROM_STATUS).allowed


@pytest.mark.rule("M-01", "deny")
@pytest.mark.parametrize(
    ("words", "module", "question", "reason"),
    [
        ([], METER, {}, "module_off"),
        ([said("granted", 1500, scopes.module("meter"), ["device_status"])], METER, {}, "not_at_acquisition"),
        ([OPTED_IN], None, {}, "module_not_registered"),
        ([OPTED_IN], dataclasses.replace(METER, dated=OVER), {}, "module_not_registered"),
        ([OPTED_IN], dataclasses.replace(METER, notice=""), {}, "module_not_registered"),
        ([OPTED_IN], dataclasses.replace(METER, purposes=frozenset()), {}, "module_not_allowed"),
        ([OPTED_IN], dataclasses.replace(METER, items=frozenset()), {}, "module_not_allowed"),
        ([OPTED_IN], METER, {"item": "ecg", "source": FROM_ECG}, "module_not_allowed"),
        ([OPTED_IN], METER, {"item": "device_id"}, "module_not_allowed"),
        ([OPTED_IN], METER, {"item": "email"}, "module_not_allowed"),
        ([OPTED_IN], METER, {"purpose": "service_information"}, "module_not_allowed"),
        ([OPTED_IN], METER, {"purpose": "ad_measurement"}, "module_not_allowed"),
    ],
)
def test_a_module_is_off_by_default_and_never_gets_more_than_its_entry(words, module, question, reason):
    world = World(*words, modules=[module] if module else [])
    asked = {"item": "device_status", "source": FROM_STATUS, **question}

    decision = world.decide("meter", **asked)

    assert answer(decision) == ("deny", reason)


@pytest.mark.rule("M-01", "deny")
def test_a_module_never_gets_the_form_that_carries_the_device_s_identity():
    world = World(OPTED_IN)
    world.registers.add_destination(Destination("meter", "module", "usage_analysis", "envelope"))

    asked = world.decide("meter", item="device_status", source=FROM_STATUS)

    assert asked.reason == "module_not_allowed"


@pytest.mark.rule("S-07", "allow", "deny", "evidence")
def test_who_hands_data_out_by_hand_needs_a_current_training():
    world = World(GRANTED)
    by_hand = dataclasses.replace(FROM_ECG, operator="tanaka")

    unknown = world.decide(source=by_hand)
    world.registers.train("tanaka", dated(0, 2500))

    assert (unknown.reason, unknown.rules) == ("operator_untrained", ("S-07",))
    assert world.decide(source=by_hand).allowed
    assert world.decide(at_s=2500, source=by_hand).reason == "operator_untrained"


@pytest.mark.rule("A-03", "allow", "deny", "evidence")
def test_a_product_manifest_that_ran_out_lets_nothing_pass():
    manifest = dataclasses.replace(DEMO_GARMENT, dated=dated(0, 2500))
    source = dataclasses.replace(FROM_ECG, garment=Garment(b"k" * 8, b"d" * 8, manifest))
    world = World(GRANTED)

    assert world.decide(at_s=2499, source=source).allowed
    assert world.decide(at_s=2500, source=source).reason == "manifest_expired"


@pytest.mark.rule("G-03", "deny")
def test_a_product_without_individual_terms_is_no_product_of_ours():
    manifest = dataclasses.replace(DEMO_GARMENT, product="toy")
    source = dataclasses.replace(FROM_ECG, garment=Garment(b"k" * 8, b"d" * 8, manifest))

    assert World(GRANTED).decide(source=source).reason == "unknown_product"


def test_a_block_near_the_end_of_an_entry_is_judged_by_when_it_is_sent():
    late = Interval(4990 * SECOND, 4994 * SECOND, 0)
    world = World(GRANTED, ENTRUSTED)

    assert world.decide("home", 4999, block=late).allowed
    assert world.decide("home", 5000, block=late).reason == "processor_not_vetted"


@pytest.mark.rule("P-02", "evidence")
def test_the_example_registers_parties_that_the_engine_knows():
    registers = Registers()

    parties_file.example(POLICY).register(registers)

    assert registers.destinations["nordic-development"].kind == "processor_foreign"
    assert registers.processors["nordic-cloud"].subprocessors == ("kanto-analysis",)
    assert registers.processors["nordic-cloud"].fields == {
        "product_development": {"ecg", "respiration"}  # the list of what it needs is the evidence
    }
    assert registers.modules["usage-meter"].items == {"device_status"}
    assert registers.operators.keys() == {"tanaka", "amimori", "sato"}
    assert {name: one.role for name, one in registers.approvers.items()} == {
        "amimori": "data_manager",
        "sato": "legal",
    }
    assert registers.destinations["kanto-reports"].carries == (2,)


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("format = 1", "format = 2", "format"),
        ('country = "JP"', 'country = "Japan"', "country"),
        ('basis = "consent"', 'basis = "hope"', "basis"),
        ('basis = "consent"\n', "", "basis"),
        ('"ecg", "body_motion"', '"ecg", "aura"', "service_improvement"),
        ('"ecg", "body_motion"', '"email"', "service_improvement"),
        ("product_development = [", "profiling = [", "profiling"),
        ('items = ["device_status"]', 'items = ["device_id"]', "items"),
        ('purposes = ["usage_analysis"]', 'purposes = ["statistics"]', "purposes"),
        ('subprocessors = ["kanto-analysis"]', 'subprocessors = ["nobody"]', "nordic-cloud"),
        ('party = "nordic-cloud"', 'party = "nobody"', "party"),
        ('regime = "GDPR", ', "", "regime"),
        ('vendor = "Example Metrics K.K."', 'vendor = ""', "vendor"),
        ("[operator.tanaka]", "[operator.tanaka]\nmood = 1", "mood"),
        ('role = "legal"\n', "", "role"),
        ("[destination.kanto-reports]", "[destination.store]", "store"),
        ('form = "proved"', 'form = "envelope"', "form"),
        ('"ecg", "device_id"]', '"ecg"]', "device_id"),
        ("8af6fe9c", "8af6", "key"),
        ("8af6fe9c918b993423bceec5d833cbe8d48fff0b919a24aaf0e54b80cf9fec7f", "0" * 64, "key"),
        ('key = "d37737d842f7acbb1ae472455861a40393f18305860de11d4d2997cfe28ee86d"\n', "", "no key"),
        (
            "since = 2026-01-01T00:00:00+09:00\nuntil = 2027",
            "since = 2028-01-01T00:00:00+09:00\nuntil = 2027",
            "until",
        ),
    ],
)
def test_a_register_that_is_not_understood_in_full_is_refused_with_its_place(old, new, place):
    assert old in TEXT

    with pytest.raises(UsageError, match=place):
        parties_file.parse(TEXT.replace(old, new), POLICY)


def test_a_register_that_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(UsageError, match="No such file"):
        parties_file.read(tmp_path / "none.toml", POLICY)
