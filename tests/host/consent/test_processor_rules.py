"""P-01 to P-07, each by itself: what lets a processor get data, what keeps it back, what stays on record."""

import dataclasses

import pytest

from host.decision_world import (
    ABROAD,
    ALLOWED_ABROAD,
    ENTRUSTED,
    GRANTED,
    HOME,
    POLICY,
    SECOND,
    dated,
    said,
)
from host.decision_world import World as Consents
from tasuki.consent import parties_file, processing, scopes
from tasuki.consent.parties import Contract, Processor
from tasuki.consent.registers import Destination, Registers
from tasuki.consent.stretch import ALWAYS
from tasuki.pipeline import decisionlog
from worlds import ECG, NOON, RESPIRATION, World

PLACE = Destination("lab", "processor_jp", "service_improvement", "attested")
LAB = Processor(
    "lab",
    "JP",
    vetting=ALWAYS,
    contract=Contract(ALWAYS, "terms"),
    supervision=ALWAYS,
    fields={"service_improvement": frozenset({"ecg"})},
    key=bytes(range(1, 33)),
)
ASKED = GRANTED, ENTRUSTED
BEFORE, AFTER = dated(0, 2000), dated(2001, 5000)


@pytest.fixture
def world(tmp_path):
    """A host with a processor that needs the ECG; the wearer agreed to the purpose, not to entrusting."""
    world = World(tmp_path)
    world.registers.add_destination(PLACE)
    world.registers.add_processor(LAB)
    world.say("granted", "service_improvement", ["ecg", "respiration"], NOON)
    return world


def sent(world):
    """Items that the processor got, after all has been sent that can go."""
    assert world.uploader_to(world.store).drain() == []
    return [row.delivery.item for row in world.store.rows("lab")]


def home(**change):
    """What is decided for the processor at home, with something of its entry changed."""
    decision = Consents(*ASKED, processors=[dataclasses.replace(HOME, **change)]).decide("home")
    return decision.outcome, decision.reason, {rule for rule in decision.rules if rule.startswith("P-")}


def recorded(**change):
    """A processor in the record of processing activities."""
    registers = Registers()
    registers.add_processor(dataclasses.replace(HOME, **change))
    return processing.record(POLICY, registers)["processors"][0]


@pytest.mark.rule("P-01", "allow", "evidence")
def test_what_may_be_entrusted_goes_later_than_the_consent_and_both_moments_are_on_record(world):
    world.put(0, [ECG])
    world.clock.now_ns += SECOND
    agreed_ns = world.clock()
    world.say("granted", scopes.ENTRUST, ["ecg"])
    world.clock.now_ns += SECOND
    world.put(1, [ECG])

    assert sent(world) == ["ecg"]
    (went,) = [row for row in decisionlog.provided(world.folder / "outbox.db") if row.destination == "lab"]
    (word,) = [event for event in world.consents.events(world.subject) if event.purpose == scopes.ENTRUST]
    assert (word.at_ns, word.decision, word.items) == (agreed_ns, "granted", {"ecg"})
    assert (went.item, went.blocks) == ("ecg", 1) and went.first_ns == agreed_ns + SECOND


@pytest.mark.rule("P-01", "deny")
def test_what_waits_for_a_processor_stays_when_entrusting_is_taken_back(world):
    world.say("granted", scopes.ENTRUST, ["ecg"])
    world.put(0, [ECG])
    world.clock.now_ns += SECOND

    world.say("withdrawn", scopes.ENTRUST, ["ecg"])

    assert sent(world) == []
    assert world.outbox.ended()["lab", "denied_late", "no_entrust_consent"] == 1


@pytest.mark.rule("P-02", "allow", "deny")
@pytest.mark.rule("P-03", "allow", "evidence")
def test_the_listed_field_goes_alone_and_the_log_says_which_part_went_and_which_did_not(world):
    world.say("granted", scopes.ENTRUST, ["ecg", "respiration"])

    world.put(0, [ECG, RESPIRATION])

    assert sent(world) == ["ecg"]
    part = {key: n for key, n in world.outbox.decisions().items() if key[1] == "lab"}
    assert part == {
        ("ecg", "lab", "allow", "granted"): 1,
        ("respiration", "lab", "deny", "field_not_listed"): 1,
    }


@pytest.mark.rule("P-03", "deny")
def test_nothing_is_handed_over_whose_part_cannot_be_recorded(world, monkeypatch):
    world.say("granted", scopes.ENTRUST, ["ecg"])

    def broken(*args):
        raise OSError("the log cannot be written")

    with monkeypatch.context() as broke:
        broke.setattr(decisionlog.DecisionLog, "record", broken)
        with pytest.raises(OSError, match="the log"):
            world.put(0, [ECG])

    assert world.outbox.size() == (0, 0)
    assert sent(world) == []


@pytest.mark.rule("P-04", "allow", "deny")
def test_a_consent_for_one_country_is_none_for_another_to_which_the_processor_moved():
    words = (*ASKED, ALLOWED_ABROAD)

    assert Consents(*words, processors=[ABROAD]).decide("abroad").allowed
    moved = Consents(*words, processors=[dataclasses.replace(ABROAD, country="US")]).decide("abroad")
    assert moved.reason == "no_foreign_consent"
    agreed = said("granted", 1500, scopes.entrust_foreign("US"))
    again = Consents(*words, agreed, processors=[dataclasses.replace(ABROAD, country="US")])
    assert again.decide("abroad").allowed


@pytest.mark.rule("P-04", "evidence")
def test_country_basis_and_what_the_wearer_was_told_are_on_record():
    registers = Registers()
    parties_file.example(POLICY).register(registers)

    made = processing.record(POLICY, registers)

    (transfer,) = [way for each in made["activities"] for way in each["transfers_abroad"]]
    assert transfer == {
        "name": "nordic-development",
        "country": "FI",
        "basis": "consent",
        "information": {
            "country": "フィンランド",
            "regime": "GDPR",
            "measures": "委託契約および標準契約条項",
        },
    }


@pytest.mark.rule("P-05", "allow")
def test_while_its_examination_is_current_a_processor_gets_its_fields():
    assert home(vetting=dated(1999, 2001)) == ("allow", "granted", set())


@pytest.mark.rule("P-05", "deny")
@pytest.mark.parametrize("vetting", [None, BEFORE, AFTER], ids=["none", "over", "not yet"])
def test_nobody_who_was_not_examined_or_not_lately_gets_anything(vetting):
    assert home(vetting=vetting) == ("deny", "processor_not_vetted", {"P-05"})


@pytest.mark.rule("P-05", "evidence")
def test_the_examination_is_on_record_with_its_dates_and_who_made_it():
    found = recorded(vetting=dated(0, 86_400), vetted_by="A. Sato")

    assert found["vetted_since"] == "1970-01-01T00:00:00.000+00:00"
    assert (found["vetted_until"], found["vetted_by"]) == ("1970-01-02T00:00:00.000+00:00", "A. Sato")


@pytest.mark.rule("P-06", "allow")
def test_under_a_contract_with_security_terms_a_processor_gets_its_fields():
    assert home(contract=Contract(dated(1999, 2001), "Annex 2")) == ("allow", "granted", set())


@pytest.mark.rule("P-06", "deny")
@pytest.mark.parametrize(
    ("contract", "outcome", "reason"),
    [
        (None, "deny", "no_contract"),
        (Contract(ALWAYS, ""), "deny", "no_contract"),
        (Contract(AFTER, "Annex 2"), "deny", "no_contract"),
        (Contract(BEFORE, "Annex 2"), "hold", "contract_expired"),
    ],
    ids=["none", "without security", "not yet", "over"],
)
def test_without_such_a_contract_in_force_nothing_goes(contract, outcome, reason):
    assert home(contract=contract) == (outcome, reason, {"P-06"})


@pytest.mark.rule("P-06", "evidence")
def test_the_contract_is_on_record_with_its_hash_terms_and_dates():
    found = recorded(contract=Contract(dated(0, 86_400), "Annex 2", "ab" * 32))

    assert (found["security_terms"], found["contract_sha256"]) == ("Annex 2", "ab" * 32)
    assert found["contract_since"] == "1970-01-01T00:00:00.000+00:00"
    assert found["contract_until"] == "1970-01-02T00:00:00.000+00:00"


@pytest.mark.rule("P-07", "allow")
def test_while_our_supervision_is_in_date_a_processor_gets_its_fields():
    assert home(supervision=dated(1999, 2001)) == ("allow", "granted", set())


@pytest.mark.rule("P-07", "deny")
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"supervision": None}, "supervision_overdue"),
        ({"supervision": BEFORE}, "supervision_overdue"),
        ({"suspended": True}, "processor_suspended"),
    ],
)
def test_nobody_gets_anything_unsupervised_or_while_a_deletion_is_owed(change, reason):
    assert home(**change) == ("deny", reason, {"P-07"})


@pytest.mark.rule("P-07", "evidence")
def test_the_supervision_is_on_record_with_its_dates_who_looked_and_a_suspension():
    found = recorded(supervision=dated(0, 86_400), supervised_by="A. Sato", suspended=True)

    assert found["supervised_since"] == "1970-01-01T00:00:00.000+00:00"
    assert (found["supervised_until"], found["supervised_by"]) == ("1970-01-02T00:00:00.000+00:00", "A. Sato")
    assert found["suspended"]


def test_the_file_of_parties_fills_all_of_it_in():
    registers = Registers()
    text = parties_file.example_text().replace('by = "data_manager"', 'by = "A. Sato"')
    parties_file.parse(text, POLICY).register(registers)

    found = registers.processors["kanto-analysis"]
    assert (found.vetted_by, found.supervised_by) == ("A. Sato", "A. Sato")
    assert found.contract.sha256 == "122352059d1e806d303baaa7e1c357dad8f8550ed1b0f15d3b212fc1c7e5f7da"
    assert registers.processors["nordic-cloud"].information["regime"] == "GDPR"
    assert registers.processors["nordic-cloud"].contract.sha256 == ""
