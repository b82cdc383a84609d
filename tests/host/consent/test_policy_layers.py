"""Documents on top of each other: the first that has a word on a pair decides, and both answers are kept."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policy_documents import BASE, DAY, INTERNAL, LAW, TERMS, TERMS_1, changed, library, moment, next_base
from tasuki.consent import library as shelves
from tasuki.consent.policy import MEASURED
from tasuki.errors import Refused

AUTUMN = moment(2026, 10)
SHIPPED = shelves.shipped().effective(AUTUMN)
GARMENT = shelves.shipped().effective(AUTUMN, "demo-garment")


@pytest.mark.rule("G-02", "allow", "evidence")
def test_the_law_narrows_the_table_and_is_named_first_among_the_documents():
    pair = SHIPPED.pairs["body_baseline", "information"]

    assert not SHIPPED.allows("body_baseline", "information")
    assert SHIPPED.allows("email", "information")
    assert [(a.document, a.allow) for a in pair.answers] == [("law-jp-2026-1", False), ("2026-1", True)]
    assert SHIPPED.documents[0].version == "law-jp-2026-1"
    assert SHIPPED.category("body_baseline").rule("information") == "JP-01"


@pytest.mark.rule("G-02", "deny")
def test_what_the_law_denies_no_individual_terms_allow():
    widening = changed(
        TERMS,
        ('supersedes = "demo-garment-1"\n', ""),
        (
            'items = ["access_log"]\npurposes = ["service_improvement"]',
            'items = ["age"]\npurposes = ["information"]',
        ),
    )

    policy = library(BASE, LAW, widening).effective(AUTUMN, "demo-garment")

    assert not policy.allows("age", "information")
    assert [answer.allow for answer in policy.pairs["age", "information"].answers] == [False, True, True]


@pytest.mark.rule("L-01", "allow", "evidence")
def test_internal_rules_narrow_after_the_law_and_before_individual_terms():
    kinds = [document.kind for document in GARMENT.documents]

    assert kinds == ["law", "internal", "individual", "base"]
    assert not SHIPPED.allows("cookie", "information")
    assert SHIPPED.allows("cookie", "service_information")
    assert SHIPPED.category("cookie").rule("information") == "IR-01"
    assert SHIPPED.category("cookie").retention_ns == 180 * DAY


@pytest.mark.rule("G-03", "allow", "evidence")
def test_registered_individual_terms_are_evaluated_for_their_product_and_no_other():
    other = SHIPPED.for_product("full-garment")

    assert "demo-garment-2" in [document.version for document in GARMENT.documents]
    assert "demo-garment-2" not in [document.version for document in other.documents]
    assert not GARMENT.allows("subjective", "statistics") and other.allows("subjective", "statistics")


@pytest.mark.rule("G-03", "deny")
def test_a_product_without_individual_terms_is_refused():
    assert SHIPPED.for_product("somebody-elses-shirt") is None
    with pytest.raises(Refused) as caught:
        shelves.shipped().effective(AUTUMN, "somebody-elses-shirt")
    assert caught.value.reason == "unknown_product"
    assert "demo-garment" in caught.value.hint


@pytest.mark.rule("G-04", "allow", "evidence")
def test_in_conflict_the_individual_terms_win_and_both_answers_are_kept():
    pair = GARMENT.pairs["access_log", "service_improvement"]

    assert GARMENT.allows("access_log", "service_improvement")
    assert (pair.winner.document, pair.winner.rule) == ("demo-garment-2", "DG-03")
    assert [(a.document, a.rule, a.allow) for a in pair.overrides] == [("2026-1", "C2-05", False)]


@pytest.mark.rule("G-04", "deny")
def test_what_only_individual_terms_allow_needs_a_consent_that_cites_them():
    accepts = GARMENT.accepts

    assert accepts("demo-garment-2", "access_log", "service_improvement")
    assert not accepts("2026-1", "access_log", "service_improvement")
    assert not accepts("demo-garment-1", "access_log", "service_improvement")
    assert not SHIPPED.accepts("demo-garment-2", "access_log", "service_improvement")


def test_terms_that_take_a_denial_back_need_a_new_consent_too():
    assert GARMENT.allows("subjective", "product_development")
    assert GARMENT.accepts("demo-garment-2", "subjective", "product_development")
    assert not GARMENT.accepts("2026-1", "subjective", "product_development")
    assert not GARMENT.accepts("demo-garment-1", "subjective", "product_development")


@pytest.mark.rule("L-02", "allow", "evidence")
def test_while_the_review_is_in_time_terms_may_widen_and_the_reviews_are_on_record():
    shelf = library(BASE, TERMS_1, TERMS)
    due = shelf.effective(AUTUMN).review_due_ns
    before = shelf.effective(due - 1, "demo-garment")

    assert before.allows("access_log", "service_improvement") and not before.review_overdue
    assert before.until_ns == due
    assert [(review.by, review.at_ns + 365 * DAY) for review in shelf.get("2026-1").reviews] == [
        ("data_manager", due)
    ]


@pytest.mark.rule("L-02", "deny")
def test_while_the_review_is_overdue_nothing_wider_than_the_policy_is_used():
    shelf = library(BASE, LAW, TERMS_1, TERMS)
    due = shelf.effective(AUTUMN).review_due_ns

    late = shelf.effective(due, "demo-garment")

    assert late.review_overdue
    assert not late.allows("access_log", "service_improvement")
    assert late.allows("ecg", "service_improvement")
    assert not late.allows("location", "information")


@pytest.mark.rule("L-02", "allow")
def test_a_review_puts_the_next_one_off_by_the_whole_interval():
    first = library(BASE).effective(AUTUMN).review_due_ns
    review = '[[review]]\nat = 2026-12-01T00:00:00+09:00\nby = "data_manager"\nresult = "Kept."\n\n[purposes]'

    policy = library(changed(BASE, ("[purposes]", review))).effective(first)

    assert not policy.review_overdue
    assert policy.review_due_ns == first + 334 * DAY


@pytest.mark.rule("L-03", "allow", "evidence")
def test_a_consent_goes_on_counting_in_a_new_version_where_its_words_stand():
    shelf = library(BASE, next_base())
    later = shelf.effective(AUTUMN)

    assert later.version == "2026-2"
    assert later.accepts("2026-1", "ecg", "statistics")
    assert shelf.get("2026-1").published_ns < shelf.get("2026-2").published_ns


@pytest.mark.rule("L-03", "deny")
@pytest.mark.parametrize(
    "change",
    [
        ('ja = "個人識別できない統計データの作成または分析"', 'ja = "統計データの販売"'),
        ('ja = "心電"', 'ja = "心電と筋電"'),
    ],
)
def test_other_words_are_another_purpose_and_wait_for_a_new_consent(change):
    later = library(BASE, next_base(change)).effective(AUTUMN)

    assert later.allows("ecg", "statistics")
    assert later.accepts("2026-2", "ecg", "statistics")
    assert not later.accepts("2026-1", "ecg", "statistics")


def test_a_purpose_that_was_taken_away_and_given_back_needs_a_new_consent():
    without = ('statistics = "C3-06"\n', "")
    third = changed(next_base(), ('"2026-2"', '"2026-3"'), ("effective = 2026-07", "effective = 2026-09"))

    later = library(BASE, next_base(without), third).effective(AUTUMN)

    assert later.accepts("2026-3", "ecg", "statistics")
    assert not later.accepts("2026-1", "ecg", "statistics")
    assert later.accepts("2026-1", "ecg", "service_improvement")


def test_terms_that_denied_in_between_end_what_earlier_terms_were_agreed_to():
    first = changed(
        TERMS,
        ('"demo-garment-2"', '"demo-garment-0"'),
        ('supersedes = "demo-garment-1"\n', ""),
        ("effective = 2026-04", "effective = 2026-01"),
        ("published = 2026-03", "published = 2026-01"),
    )
    second = changed(
        TERMS_1,
        ('version = "demo-garment-1"', 'version = "demo-garment-1"\nsupersedes = "demo-garment-0"'),
        ("effective = 2026-01", "effective = 2026-02"),
    )

    later = library(BASE, first, second, TERMS).effective(AUTUMN, "demo-garment")

    assert later.accepts("demo-garment-2", "access_log", "service_improvement")
    assert not later.accepts("demo-garment-0", "access_log", "service_improvement")
    assert later.accepts("demo-garment-0", "ecg", "statistics")


def test_terms_for_an_earlier_policy_count_only_where_the_words_are_the_same():
    reworded = ('ja = "サービスの改良または更新"', 'ja = "サービスの販売"')

    later = library(BASE, next_base(reworded), TERMS_1, TERMS).effective(AUTUMN, "demo-garment")

    assert later.allows("access_log", "service_improvement")
    assert not later.accepts("demo-garment-2", "access_log", "service_improvement")
    assert later.accepts("demo-garment-2", "ecg", "statistics")


def test_an_overlay_by_category_covers_items_that_a_later_policy_adds():
    whole = changed(INTERNAL, ('items = ["location"]', "categories = [2]"))
    sweat = (
        "device_status = {",
        'serial = { category = 2, type = "text", ja = "番号", en = "number" }\ndevice_status = {',
    )

    later = library(BASE, next_base(sweat), whole).effective(AUTUMN)

    assert later.allows("serial", "information")
    assert not later.allows("serial", "user_identification")


def test_what_travels_beside_a_block_counts_for_its_category():
    denied = changed(
        INTERNAL,
        (
            'items = ["location"]\npurposes = ["user_identification"]',
            'items = ["device_id"]\npurposes = ["service_information"]',
        ),
    )

    assert "service_information" in SHIPPED.categories[2].allow
    assert "service_information" not in library(BASE, denied).effective(AUTUMN).categories[2].allow


NARROWER = [((), [LAW]), ((), [INTERNAL]), ([LAW], [LAW, INTERNAL]), ([INTERNAL], [LAW, INTERNAL])]


@pytest.mark.parametrize(("few", "more"), NARROWER)
def test_law_and_internal_rules_never_allow_what_is_not_allowed_without_them(few, more):
    wider, narrower = (library(BASE, *texts).effective(AUTUMN) for texts in (few, more))

    allowed = [{pair for pair in each.pairs if each.allows(*pair)} for each in (wider, narrower)]

    assert allowed[1] < allowed[0]


PARTS = {"body_baseline": ["age", "sex", "height", "weight", "mean_body_temperature", "pulse"]}
PARTS["access_log"] = ["isp_name", "domain", "ip_address", "browser", "os", "access_time"]


@pytest.mark.rule("C1-01", "allow", "evidence")
@pytest.mark.parametrize("group", PARTS)
def test_a_part_goes_with_the_item_that_it_is_part_of(group):
    for part in PARTS[group]:
        assert SHIPPED.consent_item(part) == group
        assert SHIPPED.classify(part).category == SHIPPED.classify(group).category
        assert SHIPPED.category(part).allow == SHIPPED.category(group).allow
        assert part not in SHIPPED.items_for("service_information")


@pytest.mark.rule("C1-01", "deny")
def test_a_typed_in_pulse_is_category_1_and_a_measured_one_is_what_it_was_measured_from():
    assert SHIPPED.classify("pulse").category == 1
    assert SHIPPED.classify("pulse", MEASURED).category == 3
    assert SHIPPED.governing("pulse", MEASURED) == "ecg"
    assert SHIPPED.governing("mean_body_temperature", MEASURED) == "body_temperature"
    assert not SHIPPED.allows("pulse", "statistics")


@pytest.mark.rule("X-01", "allow", "evidence")
def test_a_value_copied_between_categories_keeps_what_both_may_serve_with_both_rules():
    assert SHIPPED.shared(["pulse", "ecg"]) == {"service_information": ("C1-05", "C3-03")}
    assert SHIPPED.shared(["ecg", "respiration"]).keys() == SHIPPED.category("ecg").allow.keys()


@pytest.mark.rule("X-01", "deny")
def test_a_mixture_with_something_unknown_or_of_nothing_serves_nothing():
    assert SHIPPED.shared(["ecg", "sweat"]) == {}
    assert SHIPPED.shared([]) == {}


@given(st.lists(st.sampled_from(sorted(SHIPPED.items)), min_size=1, max_size=5))
@settings(max_examples=50)
def test_a_mixture_serves_exactly_what_each_of_its_items_may_serve(items):
    expected = {
        purpose for purpose in SHIPPED.purposes if all(SHIPPED.allows(item, purpose) for item in items)
    }

    assert set(SHIPPED.shared(items)) == expected


@pytest.mark.rule("C3-01", "allow", "evidence")
@pytest.mark.parametrize("item", ["body_motion", "body_temperature", "ecg", "respiration", "subjective"])
def test_what_the_garment_measures_is_category_3_and_sensitive(item):
    found = SHIPPED.classify(item)

    assert (found.category, found.sensitive, found.known) == (3, True, True)


@pytest.mark.rule("C3-01", "deny")
@pytest.mark.rule("G-01", "deny")
def test_an_unknown_channel_is_most_sensitive_and_serves_nothing():
    found = SHIPPED.classify("electrodermal_activity")

    assert (found.category, found.sensitive, found.known) == (3, True, False)
    assert not any(SHIPPED.allows("electrodermal_activity", purpose) for purpose in SHIPPED.purposes)


@pytest.mark.rule("C2-01", "allow", "evidence")
@pytest.mark.parametrize(
    "item", ["product_number", "device_id", "mac_address", "online_identifier", "device_status"]
)
def test_what_identifies_a_device_is_category_2(item):
    assert SHIPPED.classify(item).category == 2
