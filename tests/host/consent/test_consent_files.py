"""A wearer's file: what is understood, and how what is not is said."""

import pytest

from tasuki.consent import files, library
from tasuki.errors import UsageError

POLICY = library.shipped().effective(1_795_000_000 * 10**9)  # in November 2026
HEAD = 'format = 1\nsubject = "s"\nnotice = "2026-1"\n'
ENTRY = """[[consent]]
decision = "granted"
purpose = "statistics"
items = ["ecg"]
at = 2026-01-01T09:00:00+09:00
"""


def test_a_good_file_becomes_events():
    wearer = files.parse(HEAD + ENTRY, POLICY)

    (event,) = wearer.events
    assert (event.subject, event.decision, event.purpose, event.items) == (
        "s",
        "granted",
        "statistics",
        frozenset({"ecg"}),
    )
    assert event.at_ns == 1_767_225_600 * 1_000_000_000


def test_all_stands_for_the_items_that_the_policy_lets_serve_the_purpose():
    wearer = files.parse(HEAD + ENTRY.replace('["ecg"]', '"all"'), POLICY)

    assert wearer.events[0].items == {"body_motion", "body_temperature", "ecg", "respiration", "subjective"}


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ('"ecg"', '"ecq"', 7, "ecq"),
        ('"statistics"', '"statistic"', 6, "statistic"),
        ('"granted"', '"yes"', 5, "yes"),
        ("at = 2026", "when = 2026", 8, "when"),
        ("T09:00:00+09:00", "", 8, "offset"),
        ("+09:00", "", 8, "offset"),
        ('["ecg"]', "[]", 7, "list"),
        ('["ecg"]', "3", 7, "list"),
        ('"ecg"', '"device_status"', 7, "cannot serve statistics"),
        ('purpose = "statistics"\n', "", 4, "purpose"),
        ("format = 1", "format = 9", 1, "format"),
        ('notice = "2026-1"', 'notice = "2020-1"', 3, "2020-1"),
        ("format = 1", "format = 1\nadmin = true", 2, "admin"),
    ],
)
def test_what_is_not_understood_is_named_with_its_line_and_a_way_out(old, new, line, says):
    text = (HEAD + ENTRY).replace(old, new, 1)

    with pytest.raises(UsageError) as caught:
        files.parse(text, POLICY, "w.toml")

    assert f"w.toml, line {line}:" in str(caught.value)
    assert says in str(caught.value)
    assert caught.value.hint


def test_the_line_is_that_of_the_second_entry_when_that_one_is_wrong():
    with pytest.raises(UsageError, match="line 12:"):
        files.parse(HEAD + ENTRY + ENTRY.replace("ecg", "ecq"), POLICY)


def test_no_toml_is_a_usage_error_that_says_where():
    with pytest.raises(UsageError, match="line 1"):
        files.parse("subject = = 1\n", POLICY)


def test_a_missing_file_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="No such file"):
        files.read(tmp_path / "none.toml", POLICY)


def test_a_file_without_entries_grants_nothing():
    assert files.parse(HEAD, POLICY).events == ()


@pytest.mark.rule("A-02", "deny")
@pytest.mark.parametrize(("part", "group"), [("height", "body_baseline"), ("ip_address", "access_log")])
def test_a_part_of_an_item_cannot_be_named_alone_its_group_can(part, group):
    entry = ENTRY.replace("statistics", "service_information").replace("ecg", "{}")

    assert files.parse(HEAD + entry.replace("{}", group), POLICY).events[0].items == {group}
    with pytest.raises(UsageError, match="no item of its own") as caught:
        files.parse(HEAD + entry.replace("{}", part), POLICY)
    assert group in str(caught.value.hint)


def test_the_demo_wearer_grants_service_information_and_refuses_something():
    said = {(event.decision, event.purpose): event.items for event in files.demo_wearer(POLICY).events}

    assert said["granted", "service_information"] == set(POLICY.items_for("service_information"))
    assert said["granted", "service_improvement"] == {"ecg", "body_motion"}
    assert ("refused", "product_development") in said
    assert ("refused", "statistics") in said


TERMS = HEAD.replace("2026-1", "demo-garment-2")


def test_who_was_shown_a_products_terms_can_agree_to_what_they_allow_and_no_other_can():
    wider = ENTRY.replace("statistics", "service_improvement").replace("ecg", "access_log")

    (event,) = files.parse(TERMS + wider, POLICY).events

    assert (event.notice, event.items) == ("demo-garment-2", {"access_log"})
    with pytest.raises(UsageError, match="cannot serve"):
        files.parse(HEAD + wider, POLICY)


def test_who_was_shown_a_products_terms_cannot_agree_to_what_they_deny():
    with pytest.raises(UsageError, match="cannot serve"):
        files.parse(TERMS + ENTRY.replace("ecg", "subjective"), POLICY)
