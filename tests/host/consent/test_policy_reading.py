"""Policy documents are understood in full or refused with the place and a way out."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policy_documents import BASE, INTERNAL, LAW, TERMS, changed, library
from tasuki.consent import reading
from tasuki.errors import UsageError

WIDER = 'items = ["access_log"]\npurposes = ["service_improvement"]'


def refused(*texts):
    """What is said when these documents are refused."""
    with pytest.raises(UsageError) as caught:
        library(*texts)
    assert caught.value.hint
    return str(caught.value)


def test_comments_order_and_layout_do_not_change_the_hash_and_any_word_does():
    first = reading.parse(BASE, "base").hash
    head, rest = BASE.split("\n[[review]]", 1)
    turned = "\n".join(reversed(head.splitlines())) + "\n[[review]]" + rest

    assert turned != BASE
    assert reading.parse(turned, "base").hash == first
    assert reading.parse("# a comment\n" + BASE.replace(" = ", "   =   "), "base").hash == first
    assert reading.parse(BASE.replace("T00:00:00+09:00", "T01:00:00+10:00"), "base").hash == first
    assert reading.parse(changed(BASE, ("after-sales service", "after-sales")), "base").hash != first


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("format = 2", "format = 1", "format"),
        ('kind = "base"', 'kind = "draft"', "kind"),
        ("[rule.A-01]", "[rule.A-1]", "A-1"),
        ("[rule.A-01]", "[rule.Z-01]", "A-01 is missing"),
        ("[rule.A-02]", "[rule.A-01]", "A-01"),
        ('statistics = "C3-06"', 'statistics = "C9-99"', "C9-99"),
        ('statistics = "C3-06"', 'profiling = "C3-06"', "profiling"),
        ("ecg = { category = 3", "ecg = { category = 2", "ecg"),
        ("ecg = {", "eeg = {", "ecg"),
        ('age = { category = 1, part_of = "body_baseline"', 'age = { category = 1, part_of = "email"', "age"),
        (
            'age = { category = 1, part_of = "body_baseline"',
            'age = { category = 2, part_of = "body_baseline"',
            "age",
        ),
        (
            'type = "group", ja = "アクセスログ"',
            'type = "group", part_of = "logs", ja = "アクセスログ"',
            "logs",
        ),
        (
            'type = "group", ja = "アクセスログ"',
            'type = "group", part_of = "access_log", ja = "ログ"',
            "group",
        ),
        ('measured_as = "ecg"', 'measured_as = "email"', "pulse"),
        ('carried = "device_id"', 'carried = "ecg"', "category"),
        ("hold_seconds = 604800", "hold_seconds = -1", "hold_seconds"),
        ("hold_seconds = 604800", "hold_seconds = true", "hold_seconds"),
        ("hold_seconds = 604800", "hold_seconds = nan", "hold_seconds"),
        ("hold_seconds = 604800", 'hold_seconds = 604800\nadmin = "all"', "admin"),
        ("review_days = 365", "review_days = 0", "review_days"),
        ("[[review]]", "[[reviewed]]", "review"),
        ("published = 2026-01-01T00:00:00+09:00", "published = 2026-01-01", "published"),
        ("published = 2026-01-01T00:00:00+09:00", "published = 2026-01-01T00:00:00", "published"),
        ("published = 2026-01-01", "published = 2026-02-01", "effective"),
        ('by = "data_manager"', 'by = "data\\u0000manager"', "control character"),
        ('by = "data_manager"', 'by = "data\\u202emanager"', "control character"),
        ('by = "data_manager"', 'by = ""', "by"),
        ("usage_analysis = {", "statistics = {", "in both lists"),
        ("retention_days = 365", "retention_days = 0", "retention_days"),
        ('"account_registration", "inquiry"', '"inquiry", "inquiry"', "contexts"),
    ],
)
def test_a_policy_that_contradicts_itself_is_not_used_at_all(old, new, says):
    assert says in refused(changed(BASE, (old, new)))


@pytest.mark.rule("G-02", "deny")
def test_a_law_overlay_that_widens_is_refused_at_load():
    assert "may only narrow (G-02)" in refused(BASE, changed(LAW, ("[[deny]]", "[[allow]]")))


@pytest.mark.rule("L-01", "deny")
def test_an_internal_rule_that_widens_is_refused_at_load():
    assert "may only narrow (L-01)" in refused(
        BASE, changed(INTERNAL, ('[[deny]]\nid = "IR-02"', '[[allow]]\nid = "IR-02"'))
    )


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('base = "2026-1"', 'base = "2019-1"', "base"),
        ('items = ["access_log"]', 'items = ["sweat"]', "sweat"),
        ('items = ["access_log"]', "items = []", "items"),
        ('items = ["access_log"]', 'items = ["access_log"]\ncategories = [2]', "items"),
        ('items = ["access_log"]', "categories = [4]", "categories"),
        ('items = ["access_log"]', "categories = [true]", "categories"),
        ('purposes = ["service_improvement"]', 'purposes = ["profiling"]', "profiling"),
        ('purposes = ["service_improvement"]', 'purposes = ["ad_measurement"]', "ad_measurement"),
        ('purposes = ["service_improvement"]', "", "purposes"),
        (WIDER, 'items = ["location"]\npurposes = ["information"]', "DG-03 allows location"),
        ('id = "DG-03"', 'id = "DG-02"', "id"),
        ('id = "DG-03"', 'id = "C3-06"', "id"),
        ('id = "DG-03"', 'id = "drop table"', "id"),
        ('source = "3条"', "", "source"),
        ('applies_to = ["demo-garment"]', "", "applies_to"),
        ('applies_to = ["demo-garment"]', 'applies_to = "demo-garment"', "applies_to"),
        ("[[deny]]", "[deny]", "overwrite"),
        ('version = "demo-garment-2"', 'version = "../etc"', "version"),
        ('version = "demo-garment-2"', 'version = "demo-garment-2"\njurisdiction = "JP"', "jurisdiction"),
    ],
)
def test_terms_that_cannot_be_read_against_the_policy_are_refused(old, new, says):
    text = changed(TERMS, ('supersedes = "demo-garment-1"\n', ""))

    assert old in text
    assert says in refused(BASE, text.replace(old, new, 1))


def test_a_limit_may_be_made_shorter_and_not_longer():
    assert "longer" in refused(BASE, changed(INTERNAL, ("2 = 180", "2 = 366")))
    assert "category" in refused(BASE, changed(INTERNAL, ("2 = 180", "4 = 1")))


def test_what_is_too_long_or_too_deep_is_refused():
    assert "longer than" in refused("# " + "x" * (1 << 20))
    assert refused("a = " + "[" * 100_000)
    assert "must be a text" in refused(changed(BASE, ('by = "data_manager"', f'by = "{"x" * 2001}"')))


def test_terms_without_the_policy_that_they_are_for_are_refused():
    assert "no policy" in refused(TERMS)


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_with_our_own_error(text):
    for whole in (text, BASE[:300] + text, text + BASE[300:], TERMS[: len(text) * 3] + text):
        try:
            library(BASE, whole)
        except UsageError as e:
            assert e.hint


@settings(max_examples=40, deadline=None)
@given(st.integers(0, len(BASE) - 1), st.characters())
def test_any_one_letter_changed_is_read_or_refused_with_our_own_error(at, letter):
    try:
        library(BASE[:at] + letter + BASE[at + 1 :])
    except UsageError as e:
        assert e.hint
