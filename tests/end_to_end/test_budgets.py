"""The hub's figures on the Cortex-M images hold against what was recorded, and the comparison can fail."""

import sys
from pathlib import Path

import pytest

from qemu_board import needs_qemu

sys.path.append(str(Path(__file__).resolve().parents[2] / "benchmarks"))

import budgets
import budgets_page
import hub_figures
import stock

pytestmark = [pytest.mark.hub, needs_qemu]


@pytest.fixture(scope="module")
def found():
    if hub_figures.missing():
        pytest.skip(hub_figures.missing())
    return hub_figures.measure()


def test_no_figure_grew_by_more_than_5_percent(found):
    """Whoever makes something dearer records it: make budgets RECORD=1."""
    assert budgets.grown(found, budgets.recorded()) == []


def test_what_was_within_its_budget_still_is(found):
    """A budget that is missed is missed in RESULTS too, where everyone sees it."""
    known = {sentence.partition(":")[0] for sentence in budgets.missed(budgets.recorded())}

    assert {sentence.partition(":")[0] for sentence in budgets.missed(found)} <= known


def test_the_running_hub_did_its_work(found):
    """The frames of the profiles were sent in that second, and nothing was lost."""
    assert found["c_default_frames"] >= 31
    assert found["c_full_frames"] >= 51
    assert [found[name] for name in found if name.endswith("_lost")] == [0] * 5


def test_stock_firmware_holds_the_bytecode_too(found):
    """Its files are not in flash that code runs from: the same hub takes more heap, by tens of KB."""
    assert found["stock_heap"] > found["viper_default_heap"] + 50_000
    assert found["c_stock_heap"] > found["c_default_heap"] + stock.MODULE.stat().st_size


@pytest.mark.parametrize("row", budgets.ROWS, ids=lambda row: row.figure)
def test_a_figure_that_grows_by_a_sixteenth_is_told(found, row):
    """And one that grows less is not, nor one that shrinks."""
    before = found[row.figure]
    recorded = {**found, row.figure: before * 16 // 17}
    grown = budgets.grown(found, recorded)

    assert [sentence.partition(":")[0] for sentence in grown] == [row.text] * (before > 0)
    assert budgets.grown(found, {**found, row.figure: before * 25 // 24 + 1}) == []


@pytest.mark.parametrize(
    "row", [row for row in budgets.ROWS if row.budget is not None], ids=lambda row: row.figure
)
def test_a_budget_is_missed_by_one(row):
    """Exactly the budget is within it."""
    figures = {other.figure: other.budget or 0 for other in budgets.ROWS}

    assert budgets.missed(figures) == []
    assert [s.partition(":")[0] for s in budgets.missed({**figures, row.figure: row.budget + 1})] == [
        row.text
    ]


def test_a_figure_without_a_record_is_told():
    figures = {row.figure: 1 for row in budgets.ROWS}

    assert len(budgets.grown(figures, {})) == len(budgets.ROWS)


def test_the_readme_has_the_recorded_figures():
    """make budgets RECORD=1 writes both."""
    assert budgets_page.written() == budgets.page()


def test_a_missed_budget_is_marked_in_the_table():
    figures = dict.fromkeys(budgets.recorded(), 1_000)
    table = budgets_page.page(figures, {"c_frame": 1_000, "viper_frame": 999}, "2026-01-02")

    assert "| 1,000 | 1,000 | **1,000, missed** | 999 |" in table
    assert table.count("missed**") == 1


def test_what_is_lost_in_the_measured_seconds_is_told():
    figures = {row.figure: 0 for row in budgets.ROWS}

    assert budgets.missed({**figures, "c_default_lost": 1}) == ["c_default_lost: 1"]
