"""Records that the law asks for come out of the data that decisions are made by."""

import pytest

from policy_documents import DAY, moment
from tasuki.consent import library, processing
from tasuki.consent.decision import Decision
from tasuki.consent.parties import Contract, Processor
from tasuki.consent.registers import DESTINATIONS, Destination, Registers
from tasuki.consent.stretch import Dated
from tasuki.errors import UsageError
from tasuki.pipeline import decisionlog
from tasuki.pipeline.parcel import Routed
from worlds import NOON, World

POLICY = library.shipped().effective(moment(2026, 10))
ABROAD = Destination("analysis-abroad", "processor_foreign", "service_improvement", "attested")
AT_HOME = Destination("analysis", "processor_jp", "service_improvement", "attested")
COURT = Destination("court", "third_party", "service_information", "attested")
PLACES = {**DESTINATIONS, **{each.name: each for each in (ABROAD, AT_HOME, COURT)}}


VETTED, SUPERVISED = Dated(0, moment(2026, 12)), Dated(0, moment(2026, 11))


def registers():
    contract = Contract(Dated(0, moment(2027)), "terms-1")
    fields = {"service_improvement": frozenset({"ecg"})}
    made = Registers(destinations=dict(PLACES))
    made.add_processor(
        Processor("analysis-abroad", "DE", VETTED, contract, SUPERVISED, fields, "adequate_country")
    )
    return made


def activity(made, purpose):
    (found,) = [each for each in made["activities"] if each["purpose"] == purpose]
    return found


@pytest.mark.rule("R-01", "allow")
@pytest.mark.parametrize(("language", "manager"), [("en", "Ichiro Amimori"), ("ja", "網盛 一郎")])
def test_the_record_of_processing_names_controller_and_data_manager(language, manager):
    made = processing.record(POLICY, Registers(), language)

    assert "Xenoma" in made["controller"]
    assert manager in made["data_manager"]
    assert made["policy"] == {"version": POLICY.version, "sha256": POLICY.hash.hex()}


@pytest.mark.parametrize("purpose", POLICY.purposes)
def test_each_purpose_is_an_activity_with_exactly_the_items_that_may_serve_it(purpose):
    found = activity(processing.record(POLICY, Registers()), purpose)

    listed = [item for category in found["categories"] for item in category["items"]]
    assert sorted(listed) == sorted(POLICY.items_for(purpose))
    for category in found["categories"]:
        assert category["retention_days"] > 0
        assert set(category["sensitive"]) <= set(category["items"])


def test_recipients_and_transfers_abroad_are_those_of_the_register():
    found = activity(processing.record(POLICY, registers()), "service_improvement")

    assert {each["name"] for each in found["recipients"]} == {"improvement", "analysis-abroad", "analysis"}
    assert found["transfers_abroad"] == [
        {"name": "analysis-abroad", "country": "DE", "basis": "adequate_country", "information": {}}
    ]


@pytest.mark.rule("P-02", "evidence")
@pytest.mark.rule("P-05", "evidence")
@pytest.mark.rule("P-06", "evidence")
@pytest.mark.rule("P-07", "evidence")
def test_a_processor_is_recorded_with_its_contract_fields_and_dates():
    (found,) = processing.record(POLICY, registers())["processors"]

    assert found["fields"] == {"service_improvement": ["ecg"]}
    assert found["security_terms"] == "terms-1"
    assert found["contract_until"] == "2027-01-01T00:00:00.000+00:00"
    assert found["vetted_until"] == "2026-12-01T00:00:00.000+00:00"
    assert found["supervised_until"] == "2026-11-01T00:00:00.000+00:00"


def test_the_security_measures_are_the_rules_of_section_4():
    made = processing.record(POLICY, Registers())

    assert [each["rule"] for each in made["security_measures"]] == [f"S-0{n}" for n in range(1, 8)]


def decided(destination, outcome="allow", reason="granted"):
    return Decision(outcome, reason, ("C3-04",), "ecg", destination.purpose, destination.name)


@pytest.mark.rule("P-03", "evidence")
@pytest.mark.parametrize("blocks", [1, 3])
def test_what_went_abroad_or_to_a_third_party_is_recorded_and_kept_three_years(tmp_path, blocks):
    world, routed = World(tmp_path), Routed()
    for place in (ABROAD, COURT, AT_HOME, PLACES["store"]):
        for _ in range(blocks):
            routed.count("demo-wearer", decided(place))
    routed.count("other", decided(ABROAD, "deny", "processor_not_registered"))
    decisionlog.DecisionLog(world.outbox._db, world.vault, world.policy).record(routed, NOON)

    log = decisionlog.provided(tmp_path / "outbox.db")
    made = processing.provisions(POLICY, log, PLACES)

    assert [(each.item, each.blocks) for each in log if each.destination == "analysis"] == [("ecg", blocks)]

    assert [each["recipient"] for each in made["records"]] == ["analysis-abroad", "court"]
    first = made["records"][0]
    assert (first["items"], first["purpose"], first["blocks"]) == (["ecg"], "service_improvement", blocks)
    assert first["person"] == world.vault.pseudonym("demo-wearer", "audit", "decisions", 0).hex()
    assert "demo-wearer" not in str(made)
    kept = processing._iso(NOON + 1095 * DAY)
    assert first["keep_until"] == kept and made["kept_days"] == 1095


def test_reading_the_log_of_a_folder_without_one_makes_none(tmp_path):
    with pytest.raises(UsageError, match="no decisions"):
        decisionlog.provided(tmp_path / "outbox.db")
    assert list(tmp_path.iterdir()) == []
