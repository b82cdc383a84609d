"""Which block may go where, and why not elsewhere."""

import dataclasses
from collections import Counter

import pytest

from tasuki.block import Block
from tasuki.consent.registers import Binding
from worlds import ECG, NOON, RESPIRATION, SECOND, STATUS, Hub, World


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def route(world, streams=(ECG, STATUS), number=0):
    return world.router.route(world.acquired(number, streams), world.clock())


def by_reason(refusals):
    return Counter(refusal.decision.reason for refusal in refusals)


def destinations(routed):
    return {(parcel.item, d.destination) for parcel in routed.parcels for d in parcel.decisions}


@pytest.mark.rule("S-01", "allow")
def test_the_demo_wearers_grants_decide_where_each_block_goes(world):
    assert destinations(route(world, (ECG, RESPIRATION, STATUS))) == {
        ("ecg", "store"),
        ("ecg", "improvement"),
        ("respiration", "store"),
        ("device_status", "store"),
    }


def test_every_destination_that_gets_nothing_is_a_refusal_with_reason_rule_and_remedy(world):
    refusals = route(world).refusals

    assert {(r.item, r.destination, r.decision.reason) for r in refusals} == {
        ("ecg", "development", "refused"),
        ("ecg", "research-statistics", "refused"),
        ("device_status", "improvement", "purpose_not_in_policy"),
        ("device_status", "development", "purpose_not_in_policy"),
        ("device_status", "research-statistics", "purpose_not_in_policy"),
    }
    for refusal in refusals:
        assert refusal.decision.rules
        assert refusal.decision.remedy("en")
        assert refusal.decision.remedy("ja")
    assert by_reason(refusals) == {"refused": 2, "purpose_not_in_policy": 3}


def test_with_every_consent_withdrawn_nothing_goes_and_the_reason_says_so(world):
    for purpose in world.policy.purposes:
        world.say("withdrawn", purpose, world.policy.category_of, NOON)

    routed = route(world)

    assert routed.parcels == []
    assert by_reason(routed.refusals)["withdrawn"] == 5


@pytest.mark.rule("S-02", "deny")
def test_a_hub_that_nobody_registered_is_refused(world):
    stranger = Hub(seed=9)
    blocks = [world.timed(block) for block in stranger.epoch(0)]

    routed = world.router.route(blocks, world.clock())

    assert routed.parcels == []
    assert by_reason(routed.refusals)["unknown_key"] == 5


def test_a_block_that_claims_another_device_than_its_keys_is_refused(world):
    (acquired, _) = world.acquired(0)
    record = bytearray(acquired.block.record)
    record[1:9] = b"x" * 8
    forged = dataclasses.replace(acquired.block, record=bytes(record))

    routed = world.router.route([dataclasses.replace(acquired, block=forged)], world.clock())

    assert routed.parcels == []
    assert by_reason(routed.refusals)["unknown_device"] == 4


def test_what_nobody_is_known_to_have_worn_is_held_not_sent(world):
    world.registers.bindings.clear()
    world.registers.version += 1

    (ecg, _) = route(world).parcels

    assert {(d.destination, d.outcome, d.reason) for d in ecg.decisions} == {
        ("store", "hold", "no_wearer_binding"),
        ("improvement", "hold", "no_wearer_binding"),
    }


def test_two_wearers_bound_at_once_are_as_good_as_none(world):
    world.registers.bind(Binding(b"c" * 16, world.hub.device, "other", 0, NOON + 9000 * SECOND))

    assert {d.reason for parcel in route(world).parcels for d in parcel.decisions} == {"no_wearer_binding"}


def test_a_withdrawal_counts_for_the_very_next_block(world):
    before = route(world, number=0)
    world.say("withdrawn", "service_improvement", ["ecg"])
    after = route(world, number=1)

    assert ("ecg", "improvement") in destinations(before)
    assert ("ecg", "improvement") not in destinations(after)


@pytest.mark.rule("S-01", "deny", "evidence")
def test_an_uncertain_clock_around_a_change_of_consent_refuses(world):
    world.say("withdrawn", "service_improvement", ["ecg"], NOON - 100 * SECOND)
    world.say("granted", "service_improvement", ["ecg"], NOON - 1 * SECOND)

    sure = world.router.route(world.acquired(0, [ECG], uncertainty_ns=SECOND // 2), world.clock())
    unsure = world.router.route(world.acquired(1, [ECG], uncertainty_ns=10 * SECOND), world.clock())

    assert ("ecg", "improvement") in destinations(sure)
    assert by_reason(unsure.refusals)["clock_uncertain"] == 1


def test_a_parcel_holds_the_whole_block(world):
    acquired = world.acquired(0, [ECG])

    (parcel,) = world.router.route(acquired, world.clock()).parcels

    assert Block.from_bytes(parcel.content).bodies() == acquired[0].block.bodies()
    assert b"content" not in repr(parcel).encode()


def test_every_decision_is_counted(world):
    routed = world.router.route([a for n in range(3) for a in world.acquired(n)], world.clock())

    assert sum(n for _, n in routed.decided.values()) == 3 * 2 * 4
