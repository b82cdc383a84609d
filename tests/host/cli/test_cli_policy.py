"""`tasuki policy`: what people and programs read of the policy."""

import json
from importlib import resources

import pytest
from click.testing import CliRunner

from policy_documents import next_base
from tasuki.cli import cli, policy_explain, policy_lines
from tasuki.consent import coverage, files
from tasuki.consent.book import ConsentBook
from tasuki.consent.policy import FOREVER, builtin
from tasuki.errors import Refused, TasukiError, UsageError


def said(*words):
    """What a command prints; its error is raised."""
    done = CliRunner().invoke(
        cli, ["policy", *map(str, words)], catch_exceptions=False, standalone_mode=False
    )
    return done.output


def data(*words):
    return json.loads(said(*words, "--json"))


def test_show_prints_the_table_with_the_rule_of_each_pair():
    (line,) = [line for line in said("show", "--language", "en").splitlines() if line.startswith("ECG")]

    assert line.split() == ["ECG", "3", "·", "·", "C3-03", "·", "C3-04", "C3-05", "C3-06"]


def test_show_prints_japanese_in_columns_that_stand_under_each_other():
    lines = said("show", "--product", "demo-garment", "--language", "ja").splitlines()
    rows = [line for line in lines if "C1-06" in line or "C3-06" in line]

    assert any(line.startswith("身体動作") for line in rows)
    assert len({policy_lines.cell_len(line[: line.index("C1-06")]) for line in rows if "C1-06" in line}) == 1


def test_show_for_a_product_tells_what_its_terms_took_away_and_gave():
    out = said("show", "--product", "demo-garment", "--language", "en")

    assert "law-jp-2026-1 > internal-2026-1 > demo-garment-2 > 2026-1" in out
    assert "(DG-01)" in out and "DG-03" in out


def test_show_as_json_has_every_item_and_every_rule():
    shown = data("show")

    assert {row["item"] for row in shown["items"]} == set(builtin().items)
    assert len(shown["rules"]) == 62
    assert all(row["words"]["ja"] and row["words"]["en"] for row in shown["rules"])


@pytest.mark.parametrize("which", ["2026-1", "demo-garment-1", "law-jp-2026-1"])
def test_show_finds_a_version_by_name_and_by_hash(which):
    by_name = data("show", which)

    assert by_name["document"]["version"] == which
    assert data("show", by_name["document"]["sha256"][:12]) == by_name


def test_show_with_rules_lists_all_sentences():
    assert said("show", "--rules", "--language", "en").count("§") == 62


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("show", "2019-1"), UsageError),
        (("show", "none.toml"), UsageError),
        (("show", "2026-1", "--product", "demo-garment"), UsageError),
        (("show", "--product", "shirt"), Refused),
        (("diff", "2026-1", "2019-1"), UsageError),
        (("diff", "2026-1", "2026-1", "--consents", "nowhere"), UsageError),
        (("provisions", "--state", "nowhere"), UsageError),
        (("record", "--product", "shirt"), Refused),
    ],
)
def test_a_mistake_is_an_error_with_a_way_out(words, error):
    with pytest.raises(error) as caught:
        said(*words)
    assert caught.value.hint


def test_diff_tells_pair_rules_and_consequence_in_the_language_asked_for():
    out = said("diff", "demo-garment-1", "demo-garment-2", "--language", "ja")

    assert "拡大: access_log / service_improvement (C2-05 -> DG-03)" in out
    assert "以前の同意は及びません" in out


def test_diff_counts_the_wearers_whom_it_concerns(tmp_path):
    draft = tmp_path / "draft.toml"
    draft.write_text(next_base(('service_improvement = "C3-04"\n', "")), "utf-8")
    book = ConsentBook(tmp_path / "consent.db")
    book.adopt(files.demo_wearer(builtin()))
    book.close()

    found = data("diff", "2026-1", draft, "--consents", tmp_path)

    wearers = {row["item"]: row["wearers"] for row in found["changes"]}
    assert wearers == {"ecg": 1, "body_motion": 1, "respiration": 0, "body_temperature": 0, "subjective": 0}


def test_the_record_of_processing_is_printed_for_people_and_programs():
    assert "store (internal, envelope)" in said("record", "--language", "en")
    assert data("record", "--language", "en")["type"] == "record_of_processing_activities"


def test_the_record_names_the_processors_and_modules_of_a_register(tmp_path):
    register = tmp_path / "parties.toml"
    example = resources.files("tasuki.consent").joinpath("parties-example.toml")
    register.write_text(example.read_text("utf-8"), "utf-8")

    found = data("record", "--parties", register, "--language", "en")

    transfers = [each for activity in found["activities"] for each in activity["transfers_abroad"]]
    assert transfers == [{"name": "nordic-development", "country": "FI", "basis": "consent"}]
    assert [each["name"] for each in found["processors"]] == ["kanto-analysis", "nordic-cloud"]
    assert found["modules"][0]["notice"] in said("record", "--parties", register)


def with_coverage(monkeypatch, shown):
    monkeypatch.setattr(coverage, "shipped", lambda: shown)


def full():
    return {
        rule: {
            side: ["tests/test_x.py::test_y"]
            for side in coverage.SIDES
            if side != "allow" or not row.no_allow
        }
        for rule, row in builtin().clauses.items()
    }


def test_coverage_is_well_when_every_rule_has_its_three_sides(monkeypatch):
    with_coverage(monkeypatch, full())

    assert "no allow exists" in said("coverage")
    found = data("coverage")
    assert found["complete"] and {row["score"] for row in found["rules"]} == {3}
    assert len(found["rules"]) == 62


LACKS = [("P-05", "allow"), ("P-05", "deny"), ("P-05", "evidence"), ("T-02", "deny"), ("T-02", "evidence")]


@pytest.mark.parametrize(("rule", "side"), LACKS)
def test_coverage_fails_when_any_rule_lacks_one_side(monkeypatch, rule, side):
    shown = full()
    del shown[rule][side]
    with_coverage(monkeypatch, shown)

    with pytest.raises(TasukiError, match=f"1 of 62 rules lack a test: {rule}"):
        said("coverage")


def test_coverage_names_a_test_of_a_rule_that_there_is_not(monkeypatch):
    with_coverage(monkeypatch, {**full(), "Z-01": {"deny": ["tests/test_x.py::test_y"]}})

    with pytest.raises(ValueError, match="Z-01"):
        said("coverage")


def test_explain_knows_the_policy_that_follows_the_one_of_its_start(monkeypatch, tmp_path):
    """A program that has run over the end of a version answers by the next, not with "not in force"."""
    later = builtin().until_ns
    assert later < FOREVER
    monkeypatch.setattr(policy_explain.time, "time_ns", lambda: later + 1)

    found = data("explain", "--item", "ecg", "--to", "store", "--state", tmp_path)

    assert (found["outcome"], found["reason"]) == ("allow", "granted")
