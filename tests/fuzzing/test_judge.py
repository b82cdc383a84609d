"""The judge's rules for what becomes of a hub."""

import pytest

from tasuki.fleet.fuzzing.asked import Asked
from tasuki.fleet.fuzzing.judge import Fault, Judge
from tasuki.fleet.fuzzing.world import World
from tasuki_wire import layout


@pytest.fixture
def judge():
    return Judge(World(), Asked(frozenset()))


def identity(life):
    number = layout.LIFE_CYCLE.index(life)
    return (1, bytes(range(8)), bytes(8), bytes(32), bytes(8), number, 0, 0, 0, b"")


def test_a_hub_may_have_been_locked_before_the_run(judge):
    judge._identity(identity("locked"))

    assert judge.world.life == "locked"


def test_a_hub_that_was_seen_blank_is_not_locked_by_itself(judge):
    judge._identity(identity("blank"))

    with pytest.raises(Fault, match="from 'blank' 'to' 'locked'"):
        judge._identity(identity("locked"))
