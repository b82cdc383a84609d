"""What changed between two versions, and for whom."""

import pytest

from policy_documents import BASE, INTERNAL, LAW, TERMS, TERMS_1, changed, library, moment, next_base
from tasuki.consent.diff import NARROWED, REWORDED, WIDENED, affected, difference
from tasuki.consent.events import ConsentLog, Event

AUTUMN = moment(2026, 10)


def between(shelf, a, b):
    found = difference(shelf.alone(a), shelf.alone(b))
    return {(each.item, each.purpose): each.effect for each in found.changes}, found


def test_nothing_changed_is_said_as_nothing():
    changes, found = between(library(BASE, next_base()), "2026-1", "2026-2")

    assert changes == {} and found.details == ()


GARMENT_ITEMS = ["body_motion", "body_temperature", "ecg", "respiration", "subjective"]
EMG = 'emg = { category = 3, type = "stream", ja = "筋電", en = "EMG" }\n'


@pytest.mark.rule("L-03", "evidence")
@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('statistics = "C3-06"\n', "", dict.fromkeys(GARMENT_ITEMS, NARROWED)),
        ('ja = "心電"', 'ja = "心電と筋電"', {"ecg": REWORDED}),
        ("ecg = {", f"{EMG}ecg = {{", {"emg": WIDENED}),
    ],
)
def test_each_pair_that_is_not_as_it_was_is_named_with_its_effect(old, new, expected):
    changes, _ = between(library(BASE, next_base((old, new))), "2026-1", "2026-2")

    assert {
        item: effect for (item, purpose), effect in changes.items() if purpose == "statistics"
    } == expected


def test_the_way_back_is_the_opposite():
    shelf = library(BASE, TERMS_1, TERMS)
    there, _ = between(shelf, "demo-garment-1", "demo-garment-2")
    back, _ = between(shelf, "demo-garment-2", "demo-garment-1")

    assert there.keys() == back.keys()
    assert {(there[pair], back[pair]) for pair in there} == {(WIDENED, NARROWED)}


def test_what_changes_for_a_group_is_said_once_for_all_its_parts():
    changes, _ = between(library(BASE, TERMS_1, TERMS), "demo-garment-1", "demo-garment-2")

    assert set(changes) == {("access_log", "service_improvement"), ("subjective", "product_development")}


def test_a_part_that_changes_alone_is_named():
    part = changed(LAW, ('items = ["body_baseline"]', 'items = ["weight"]'))

    changes, _ = between(library(BASE, part), "2026-1", "law-jp-2026-1")

    assert changes == {("weight", "information"): NARROWED}


def test_rules_are_named_before_and_after():
    _, found = between(library(BASE, TERMS_1, TERMS), "demo-garment-1", "demo-garment-2")

    rules = {(each.item, each.rule_before, each.rule_after) for each in found.changes}
    assert rules == {("access_log", "C2-05", "DG-03"), ("subjective", "DG-02", "C3-05")}


def test_what_changes_beside_the_table_is_a_detail():
    later = next_base(("hold_seconds = 604800", "hold_seconds = 86400"), ("網盛", "網守"))
    _, found = between(library(BASE, INTERNAL, later), "2026-1", "2026-2")

    manager = "取締役CEO 網盛 一郎"
    sentence = f"株式会社Xenoma(ゼノマ){manager}"
    assert {(each.what, each.name, each.before, each.after) for each in found.details} == {
        ("hold", "", "7 days", "1 days"),
        ("data_manager", "", manager, manager.replace("網盛", "網守")),
        ("rule", "R-01", sentence, sentence.replace("網盛", "網守")),
    }


def test_those_are_affected_who_have_granted_the_pair_at_that_moment():
    def said(subject, decision, purpose, at):
        return Event(at, at, subject, decision, purpose, frozenset({"ecg"}), "2026-1")

    log = ConsentLog(
        [
            said("a", "granted", "statistics", 1),
            said("b", "granted", "statistics", 1),
            said("b", "withdrawn", "statistics", 2),
            said("c", "granted", "service_improvement", 1),
            said("d", "refused", "statistics", 1),
        ]
    )
    _, found = between(library(BASE, next_base(('statistics = "C3-06"\n', ""))), "2026-1", "2026-2")
    (change,) = [each for each in found.changes if each.item == "ecg"]

    assert affected(found.changes, log, 1)[change] == ("a", "b")
    assert affected(found.changes, log, 3)[change] == ("a",)


@pytest.mark.parametrize("effect", [WIDENED, NARROWED, REWORDED])
def test_every_effect_says_in_both_languages_what_it_means_for_consents(effect):
    from tasuki.consent.diff import CONSEQUENCES

    english, japanese = CONSEQUENCES[effect]
    assert english.endswith(".") and japanese.endswith("。")


def test_what_is_called_widened_is_what_earlier_consents_do_not_cover():
    shelf = library(BASE, TERMS_1, TERMS)
    _, found = between(shelf, "demo-garment-1", "demo-garment-2")
    now = shelf.effective(AUTUMN, "demo-garment")

    for change in found.changes:
        assert not now.accepts("2026-1", change.item, change.purpose)
        assert not now.accepts("demo-garment-1", change.item, change.purpose)
