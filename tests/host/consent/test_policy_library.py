"""Versions: which documents are in force at a moment, and every published one stays retrievable."""

import pytest

from policy_documents import BASE, INTERNAL, LAW, TERMS, TERMS_1, TEXTS, changed, library, moment, next_base
from tasuki.consent import library as shelves
from tasuki.consent.registers import PRODUCTS
from tasuki.errors import Refused, UsageError

SPRING, AUTUMN = moment(2026, 2), moment(2026, 10)


@pytest.mark.rule("L-03", "evidence")
@pytest.mark.rule("L-04", "allow", "evidence")
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_every_published_document_is_served_by_version_and_by_hash_with_its_date(text):
    shelf = shelves.shipped()
    (document,) = [each for each in shelf.versions() if each.text == text]

    assert shelf.get(document.version) == document
    assert shelf.get(document.hash.hex()[:8]) == document
    assert shelf.get(document.hash.hex()) == document
    assert document.published_ns <= document.effective_ns


@pytest.mark.parametrize("name", ["2019-1", "", "00000000", "ffffffff", "2026"])
def test_a_version_that_there_is_not_is_said_so_with_those_that_there_are(name):
    with pytest.raises(UsageError) as caught:
        shelves.shipped().get(name)
    assert "2026-1" in caught.value.hint


def test_a_few_digits_of_a_hash_are_not_enough_to_name_a_document():
    shelf = shelves.shipped()
    digits = shelf.get("2026-1").hash.hex()

    with pytest.raises(UsageError):
        shelf.get(digits[:7])
    assert shelf.get(digits[:8].upper()).version == "2026-1"


@pytest.mark.rule("L-04", "deny")
def test_nothing_is_decided_under_a_version_that_is_not_published():
    shelf = library(BASE, next_base())
    before, between = moment(2025, 6), moment(2026, 5)

    with pytest.raises(Refused) as none:
        shelf.effective(before)
    with pytest.raises(Refused) as early:
        shelf.get("2026-2", between)
    assert none.value.reason == early.value.reason == "unpublished_version"
    assert shelf.effective(between).version == "2026-1"
    assert shelf.get("2026-2", AUTUMN).version == "2026-2"


@pytest.mark.rule("L-03", "deny")
def test_a_version_that_would_act_on_the_past_is_refused():
    with pytest.raises(UsageError, match="effective"):
        library(BASE, changed(next_base(), ("published = 2026-06", "published = 2026-08")))


def test_each_version_is_in_force_from_its_first_moment_to_the_next_ones():
    shelf = library(BASE, next_base(), TERMS_1, TERMS)
    start, turn = shelf.get("2026-2").effective_ns, shelf.get("demo-garment-2").effective_ns

    def versions(at):
        return [document.version for document in shelf.effective(at, "demo-garment").documents]

    assert versions(turn - 1) == ["demo-garment-1", "2026-1"]
    assert versions(turn) == ["demo-garment-2", "2026-1"]
    assert versions(start) == ["demo-garment-2", "2026-2"]
    assert shelf.effective(turn - 1).until_ns == turn
    assert shelf.effective(turn).until_ns == start
    assert shelf.effective(turn).since_ns == shelf.effective(turn, "demo-garment").since_ns == turn


def test_what_was_laid_once_is_used_for_exactly_the_time_in_which_nothing_changes():
    shelf = library(BASE, next_base(), TERMS_1, TERMS)
    due = shelf.effective(AUTUMN).review_due_ns

    for at in (shelf.get("demo-garment-2").effective_ns, shelf.get("2026-2").effective_ns, due):
        before, after = shelf.effective(at - 1), shelf.effective(at)
        assert before is shelf.effective(before.since_ns) and after is shelf.effective(at + 1)
        assert before.until_ns == after.since_ns == at


AT_ONCE = changed(
    TERMS, ("effective = 2026-04", "effective = 2026-01"), ("published = 2026-03", "published = 2026-01")
)
UNLINKED = changed(TERMS, ('supersedes = "demo-garment-1"\n', ""))
OF_ITSELF = changed(TERMS, ('supersedes = "demo-garment-1"', 'supersedes = "demo-garment-2"'))
IN_A_CIRCLE = changed(TERMS_1, ("base =", 'supersedes = "demo-garment-2"\nbase ='))
OTHER = changed(
    TERMS_1, ('id = "demo-garment"', 'id = "other"'), ('version = "demo-garment-1"', 'version = "other-1"')
)
IN_DISGUISE = changed(
    INTERNAL,
    ('"internal-2026-1"', '"law-jp-0"'),
    ('id = "internal"', 'id = "law-jp"'),
    ("2026-01-01", "2025-12-01"),
)


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        ((BASE, BASE), "two documents have the version 2026-1"),
        ((BASE, LAW, LAW), "two documents have the version law-jp-2026-1"),
        ((BASE, changed(BASE, ('"2026-1"', '"2026-2"'))), "from the same moment"),
        ((BASE, TERMS_1, AT_ONCE), "from the same moment"),
        ((BASE, TERMS), "supersedes demo-garment-1, but follows nothing"),
        ((BASE, TERMS_1, UNLINKED), "supersedes nothing"),
        ((BASE, TERMS_1, OF_ITSELF), "supersedes demo-garment-2"),
        ((BASE, IN_A_CIRCLE, TERMS), "follows nothing"),
        ((BASE, TERMS_1, OTHER), "both speak for demo-garment"),
        ((BASE, IN_DISGUISE, LAW), "different kinds"),
        ((BASE, LAW, changed(INTERNAL, ("IR-01", "JP-01"))), "both have a row JP-01"),
        ((TERMS_1,), "no policy"),
    ],
)
def test_documents_that_do_not_go_together_are_refused_with_a_way_out(texts, says):
    with pytest.raises(UsageError, match=says) as caught:
        library(*texts)
    assert caught.value.hint


def test_the_order_in_which_documents_are_read_does_not_count():
    texts = [BASE, next_base(), LAW, INTERNAL, TERMS_1, TERMS]

    one, other = library(*texts).effective(AUTUMN), library(*reversed(texts)).effective(AUTUMN)

    assert one == other


@pytest.mark.parametrize("product", PRODUCTS)
def test_every_product_that_we_make_has_individual_terms(product):
    assert shelves.shipped().effective(SPRING, product)


def test_files_are_read_beside_what_ships(tmp_path):
    draft = tmp_path / "draft.toml"
    draft.write_text(next_base(), "utf-8")

    shelf, named = shelves.with_files([str(draft), "demo-garment-2"])

    assert named == ["2026-2", "demo-garment-2"]
    assert shelf.effective(AUTUMN).version == "2026-2"


def test_a_file_that_ships_is_the_version_that_ships(tmp_path):
    copy = tmp_path / "copy.toml"
    copy.write_text(BASE, "utf-8")

    assert shelves.with_files([str(copy)])[1] == ["2026-1"]


@pytest.mark.parametrize("content", [b"\xff\xfe", b"kind = 1"])
def test_a_file_that_is_no_document_is_said_so_with_its_name(tmp_path, content):
    path = tmp_path / "draft.toml"
    path.write_bytes(content)

    with pytest.raises(UsageError, match=r"draft\.toml"):
        shelves.with_files([str(path)])
    with pytest.raises(UsageError, match=r"none\.toml"):
        shelves.with_files([str(tmp_path / "none.toml")])
