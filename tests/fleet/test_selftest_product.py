"""The product file of the self-test, and how results are judged by it."""

import pytest

from tasuki.fleet import selftest
from tasuki.fleet.selftest import product, report
from tasuki.fleet.selftest.results import Result

EXAMPLE = product.example().read_text()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("format = 1", "format = 2", "format is 2"),
        ('"clock.drift" = { min = -100, max = 100 }', "", "clock.drift"),
        ('"clock.drift" = { min = -100, max = 100 }', '"clock.drift" = {}', "clock.drift"),
        ('"memory.free"', '"memory.fre"', "memory.fre"),
        ("max = 0.05", 'max = "low"', "noise of stream 2"),
        ('kind = "ecg"', 'kind = "hello"', "no kind of samples"),
        ('site = "chest"', 'site = "knee"', "no site"),
        ("number = 1", "number = 0", "twice"),
        ("questions = 100", "questions = 0", "above 0"),
        ("boards = [", "boards = [7, ", "no text"),
        ('product = "demo-garment"', "", "'product' is missing"),
        ("[limits]", "[limits", "no product file"),
    ],
)
def test_a_product_file_that_leaves_a_limit_open_is_refused_in_a_sentence(tasuki, old, new, message):
    assert old in EXAMPLE
    (tasuki.folder / "product.toml").write_text(EXAMPLE.replace(old, new))

    done = tasuki("hub", "test", "--product", "product.toml")

    assert done.returncode == 2 and message in done.stderr and "docs/selftest.md" in done.stderr


def test_a_limit_names_the_side_that_was_broken_and_takes_no_number_that_is_none():
    limit = product.Limit(-1, 1)

    assert [bool(limit.broken_by(value)) for value in (-1, 1, -1.01, 1.01, float("nan"))] == [
        False, False, True, True, True,
    ]  # fmt: skip


def test_results_that_show_nothing_do_not_pass():
    nothing = [Result("a", "not_applicable")]

    assert selftest.state_of(nothing) == "test_failed"
    assert list(report.lines([Result("a", "pass")]))[1].split() == ["a", "pass"]
