"""Every mutant of the decision is noticed: some of its code, all rows; `make mutants` tries all."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import pytest

from oracle import mutants
from oracle.changing import Forms
from tasuki.consent.cache import DecisionCache
from tasuki.consent.decision import Engine
from tasuki.consent.vector import DecisionTable

FORMS = Forms(Engine, DecisionCache, DecisionTable)
SAMPLE = 12


@pytest.fixture(scope="module")
def battery():
    """Fifteen thousand questions with the table's answers."""
    return mutants.Battery(range(600))


def survivors(battery, every=1, start=0):
    """What was changed in the code without being noticed, in every n-th mutant."""
    alive, tried = [], 0
    for number, (module, what, tree) in enumerate(mutants.code_mutants()):
        if number % every == start:
            tried += 1
            if not mutants.noticed(battery, module, tree):
                alive.append(what)
    return alive, tried


def test_the_decision_itself_is_not_told_apart(battery):
    assert not battery.kills(FORMS)
    assert not battery.kills(FORMS, module="cache")


def test_a_sample_of_the_mutants_of_the_code_is_noticed(battery):
    alive, tried = survivors(battery, SAMPLE)

    assert tried > 20
    assert alive == []


def test_every_changed_cell_of_the_table_and_every_changed_context_is_noticed(battery):
    rows = list(mutants.row_mutants())

    assert len(rows) == 3 * (7 + 8)
    assert [what for what, change in rows if not battery.kills(FORMS, change)] == []


if __name__ == "__main__":
    found, tried = survivors(mutants.Battery(range(600)))
    print(f"{tried} mutants of the code, {len(found)} not noticed")
    print("\n".join(found))
    sys.exit(bool(found))
