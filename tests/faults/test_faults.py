"""Whatever breaks on the way to PostgreSQL: nothing lost, doubled or leaked. `make faults` has it large."""

import pytest

from faults import matrix
from faults import stage as staging
from servers import need_servers


@pytest.fixture(scope="module")
def stage():
    need_servers()
    with staging.stage() as made:
        yield made


@pytest.mark.rule("S-03", "allow", "evidence")
@pytest.mark.rule("D-04", "deny")
@pytest.mark.parametrize("fault", matrix.ROWS)
def test_nothing_is_lost_doubled_or_leaked(stage, fault):
    counts = matrix.ROWS[fault](stage, 600)

    assert counts.faults > 0
    assert counts.blocks > 300
    assert (counts.lost, counts.duplicated, counts.leaked) == (0, 0, 0)
