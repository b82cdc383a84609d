"""The published table belongs to the constants that are in the code."""

import json
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"


@pytest.fixture(scope="module")
def constants():
    sys.path.insert(0, str(BENCHMARKS / "filters"))
    yield __import__("constants")
    sys.path.remove(str(BENCHMARKS / "filters"))


@pytest.mark.parametrize("what", ["beat", "breath"])
def test_the_table_was_made_with_the_constants_of_the_code(constants, what):
    about = json.loads((BENCHMARKS / "RESULTS/filters.json").read_text(encoding="utf-8"))["about"]

    assert about[f"{what}_constants"] == getattr(constants, f"{what}_hash")()


def test_every_row_of_the_results_is_in_the_readme():
    rows = json.loads((BENCHMARKS / "RESULTS/filters.json").read_text(encoding="utf-8"))["rows"]
    readme = (BENCHMARKS / "README.md").read_text(encoding="utf-8")

    assert len(rows) > 20
    assert [row["what"] for row in rows if f"| {row['what']} |" not in readme] == []
