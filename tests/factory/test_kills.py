"""Whatever is cut, wherever: one identity, no orphan, no key in a log (all of it: make kill-matrix)."""

import pytest

from factory.conftest import Chain
from factory.kills import cut, secrets_found
from factory.tray import Tray, settle

pytestmark = pytest.mark.hub

CASES = [
    ("keyed", "station", "before"),
    ("issued", "station", "before"),
    ("installed", "station", "after"),
    ("keyed", "hub", "before"),
    ("installed", "hub", "after"),
    ("issued", "hsm", "before"),
    ("certified", "disk full", "after"),
]


@pytest.mark.parametrize(("state", "victim", "moment"), CASES)
def test_a_cut_leaves_exactly_one_identity(tmp_path, replay, state, victim, moment):
    outcome = cut(tmp_path / "case", replay, state, victim, moment)

    assert outcome.cut
    assert (outcome.duplicates, outcome.orphans, outcome.logged) == (0, [], 0)


def test_the_search_for_secrets_finds_one(tmp_path, replay):
    chain = Chain()
    with Tray(tmp_path / "tray", replay, 1) as tray:
        settle(0.1)
        (tmp_path / "station.log").write_text(f"key={chain.station_key._private.private_bytes_raw().hex()}")

        assert secrets_found(tmp_path, chain, tray, []) == 1
