"""The coverage matrix that ships says what the tests of this run show."""

import os

import pytest

from rule_marks import pairs, written
from tasuki.consent.coverage import shipped


def by_test(shown):
    """The shipped matrix turned round: test id to (rule, side)."""
    out = {}
    for rule, sides in shown.items():
        for side, tests in sides.items():
            for test in tests:
                out.setdefault(test, set()).add((rule, side))
    return out


def test_the_shipped_matrix_is_what_the_markers_say():
    assert by_test(shipped()) == written(), "python packaging/rule_coverage.py"


def test_every_test_of_the_matrix_was_collected_with_its_marker(request):
    """In CI all of them; elsewhere those of the files that this run looked at."""
    marks = request.config.pluginmanager.get_plugin("rule-marks")
    expected = by_test(shipped())
    if not os.environ.get("CI"):
        expected = {test: rules for test, rules in expected.items() if test.split("::")[0] in marks.files}

    assert {test: marks.collected.get(test) for test in expected} == expected


@pytest.mark.parametrize("arguments", [("A-01",), ("A-01", "perhaps"), ("A-01", "allow", "all")])
def test_a_marker_without_a_known_side_is_an_error(arguments):
    with pytest.raises(ValueError, match="A-01"):
        pairs(arguments)
