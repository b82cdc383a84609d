"""The policy's data says what section 2 says, no more."""

import itertools
import re
from pathlib import Path

import pytest

from tasuki.consent import policy, reasons
from tasuki_wire import items

# Written from the policy's text, not from the data.
TABLE = {
    1: {"after_service", "information", "service_information", "user_identification"},
    2: {"after_service", "information", "service_information", "user_identification"},
    3: {"service_information", "service_improvement", "product_development", "statistics"},
}
PURPOSES = set().union(*TABLE.values()) | {"ad_measurement", "usage_analysis", "marketing", ""}
ONE_ITEM = {1: "email", 2: "device_id", 3: "ecg"}


@pytest.mark.parametrize(("category", "purpose"), list(itertools.product(TABLE, sorted(PURPOSES))))
def test_the_table_allows_exactly_the_pairs_of_section_2(category, purpose):
    allowed = policy.builtin().allows(ONE_ITEM[category], purpose)

    assert allowed == (purpose in TABLE[category])


def test_only_service_information_is_shared_by_all_categories():
    assert set.intersection(*TABLE.values()) == {"service_information"}
    for item in policy.builtin().category_of:
        assert policy.builtin().allows(item, "service_information")


@pytest.mark.parametrize(("name", "category"), items.ITEMS)
def test_sensor_items_have_the_category_that_the_wire_says(name, category):
    assert policy.builtin().category(name).number == category


def test_typed_in_baseline_is_category_1_and_has_no_research_purpose():
    assert policy.builtin().category("body_baseline").number == 1
    assert not policy.builtin().allows("body_baseline", "statistics")


@pytest.mark.rule("G-01", "deny")
def test_an_item_that_the_policy_does_not_name_has_no_purpose():
    for purpose in PURPOSES:
        assert not policy.builtin().allows("electrodermal_activity", purpose)


def test_every_rule_that_a_reason_cites_is_in_the_policy():
    cited = {rule for reason in reasons.REASONS.values() for rule in reason.rules}

    assert cited <= policy.builtin().rules.keys()


@pytest.mark.parametrize("code", sorted(reasons.REASONS))
def test_every_reason_says_in_both_languages_what_would_change_it(code):
    reason = reasons.REASONS[code]
    filled = {"item": "ecg", "purpose": "statistics", "destination": "store"}

    assert reason.outcome in (reasons.ALLOW, reasons.HOLD, reasons.DENY)
    assert reason.remedy_en.format(**filled).endswith(".")
    assert reason.remedy_ja.format(**filled).endswith("。")


CLAUSES = Path(__file__).parents[3] / "../shared/policy/clauses.md"


def test_the_policy_has_every_rule_of_the_requirements_and_no_other():
    if not CLAUSES.exists():
        pytest.skip("clauses.md is not in ../shared/policy")
    required = re.findall(r"^\| ([A-Z]+\d?-\d\d) \|", CLAUSES.read_text("utf-8"), re.MULTILINE)

    assert len(required) == 62
    assert list(policy.builtin().clauses) == required


@pytest.mark.parametrize("rule", sorted(policy.builtin().clauses))
def test_every_rule_quotes_a_sentence_of_the_policys_text(rule):
    text = CLAUSES.parent / "privacy-policy.ja.txt"
    if not text.exists():
        pytest.skip("the policy's text is not in ../shared/policy")

    pieces = [re.escape(_letters(piece)) for piece in policy.builtin().clauses[rule].words.ja.split("…")]

    assert re.search(".*?".join(pieces), _letters(text.read_text("utf-8")))


def _letters(text):
    return re.sub(r"\s", "", text)
