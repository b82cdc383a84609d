"""A host whose clock is set back: what was withdrawn stays withdrawn, wherever it is decided."""

import pytest

from worlds import ECG, SECOND, World


@pytest.fixture
def withdrawn(tmp_path):
    """The wearer withdrew the ecg, then the clock was set back by a minute."""
    world = World(tmp_path)
    world.put(0, [ECG])
    world.say("withdrawn", "service_information", ["ecg"])
    world.clock.now_ns -= 60 * SECOND
    return world


@pytest.mark.rule("A-01", "deny")
def test_the_router_refuses_what_was_withdrawn_in_the_minute_that_comes_again(withdrawn):
    routed = withdrawn.router.route(withdrawn.acquired(1, [ECG]), withdrawn.clock())

    found = {row.destination: row.decision.reason for row in routed.refusals}
    assert found["store"] == "withdrawn"


@pytest.mark.rule("A-01", "deny")
def test_the_queue_refuses_it_too(withdrawn):
    withdrawn.uploader.drain()

    assert withdrawn.outbox.ended()["store", "denied_late", "withdrawn"] == 1
    assert withdrawn.outbox.ended()["improvement", "confirmed", ""] == 1


def test_a_wearer_who_said_nothing_meanwhile_is_decided_by_the_clock(tmp_path):
    world = World(tmp_path)
    world.clock.now_ns -= 60 * SECOND

    routed = world.router.route(world.acquired(1, [ECG]), world.clock())

    passed = {one.destination for parcel in routed.parcels for one in parcel.decisions}
    assert passed == {"store", "improvement"}
