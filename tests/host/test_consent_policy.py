"""The policy's data says what section 2 says, no more."""

import itertools
from importlib import resources

import pytest

from tasuki.consent import policy, reasons
from tasuki_wire import items

# Written from the policy's text, not from policy.toml.
TABLE = {
    1: {"after_service", "information", "service_information", "user_identification"},
    2: {"after_service", "information", "service_information", "user_identification"},
    3: {"service_information", "service_improvement", "product_development", "statistics"},
}
PURPOSES = set().union(*TABLE.values()) | {"ad_measurement", "usage_analysis", "marketing", ""}
ONE_ITEM = {1: "email", 2: "device_id", 3: "ecg"}
TEXT = resources.files("tasuki.consent").joinpath("policy.toml").read_text("utf-8")


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


def test_the_hash_changes_with_any_word_of_the_policy_and_not_with_its_layout():
    same = policy.parse("# a comment\n" + TEXT)
    other = policy.parse(TEXT.replace('version = "2026-1"', 'version = "2026-2"'))

    assert same.hash == policy.builtin().hash
    assert other.hash != policy.builtin().hash


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"ecg", ', ""),  # a sensor item without a category
        ('"email", ', '"email", "ecg", '),  # an item in two categories
        ('statistics = "C3-06"', 'statistics = "C9-99"'),  # a rule that does not exist
        ('statistics = "C3-06"', 'profiling = "C3-06"'),  # a purpose that does not exist
        ("format = 1", "format = 2"),
    ],
)
def test_a_policy_that_contradicts_itself_is_not_used_at_all(old, new):
    assert old in TEXT

    with pytest.raises(ValueError, match=r"policy format|categor|item|cites"):
        policy.parse(TEXT.replace(old, new))


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
