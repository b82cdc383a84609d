"""The engine answers like two others that know nothing of it: a plain table, and Cedar."""

import ast
from pathlib import Path

import pytest

from oracle import judging
from tasuki.consent import reasons

HERE = Path(__file__).parent
# Not decided by the engine: the gate, the store and the vault give these.
ELSEWHERE = {"not_in_token", "envelope_damaged", "key_erased"}


@pytest.fixture(scope="module")
def verdict():
    """20,000 decisions, a quarter of them by Cedar, too."""
    return judging.judge(range(800), 0.25)


def test_scalar_kept_and_vectorised_decisions_and_cedar_agree_with_the_table_in_20_000_decisions(verdict):
    decisions, by_cedar, wrong, _ = verdict

    assert (decisions, by_cedar) == (20_000, 5_000)
    assert wrong == []


def test_every_reason_that_the_engine_can_give_came_up(verdict):
    assert verdict[3].keys() == reasons.REASONS.keys() - ELSEWHERE


@pytest.mark.parametrize("name", ["table.py", "random_worlds.py", "cedar.py"])
def test_the_other_readings_import_nothing_of_ours(name):
    tree = ast.parse((HERE / name).read_text())
    modules = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    modules |= {a.name for node in ast.walk(tree) if isinstance(node, ast.Import) for a in node.names}

    assert not [module for module in modules if module.startswith("tasuki")]
