"""Whose data it is: wearers, second-hand garments, children, and clocks that jump."""

import dataclasses

import pytest

from host.decision_world import BINDING, FROM_ECG, GRANTED, POLICY, SECOND, World, said
from tasuki.consent.cache import DecisionCache
from tasuki.consent.context import Context, Interval, context_of
from tasuki.consent.registers import Binding, Source


def block(t0_s, uncertainty_s=0):
    return Interval(t0_s * SECOND, (t0_s + 4) * SECOND, uncertainty_s * SECOND)


def by_guardian(at_s):
    return said("granted", at_s, by="parent", relation="parent")


@pytest.mark.rule("C3-02", "allow", "evidence")
@pytest.mark.rule("C3-02", "deny")
def test_a_second_hand_garment_s_data_belongs_to_who_wore_it_and_the_handover_to_nobody():
    world = World(GRANTED, dataclasses.replace(GRANTED, subject="t"))
    registers = world.registers
    registers.add_garment(FROM_ECG.garment)
    registers.bind(dataclasses.replace(BINDING, until_ns=1500 * SECOND))
    registers.bind(Binding(b"n" * 16, BINDING.device, "t", 1500 * SECOND, 9000 * SECOND))

    def reason(subject, t0_s):
        context = context_of(registers, b"k" * 8, None, 0, 1, block(t0_s))
        question = (subject, "ecg", "service_improvement", "improvement", 2000 * SECOND, context)
        return world.engine.decide(*question).reason

    assert [reason("s", t) for t in (1000, 1498, 1600)] == ["granted", "no_wearer_binding", "wrong_wearer"]
    assert [reason("t", t) for t in (1000, 1498, 1600)] == ["wrong_wearer", "no_wearer_binding", "granted"]


@pytest.mark.rule("C3-02", "deny")
def test_a_new_wearer_who_said_nothing_gives_nothing():
    worn = dataclasses.replace(FROM_ECG, binding=dataclasses.replace(BINDING, subject="t"))

    assert World(GRANTED).decide(subject="t", source=worn).reason == "no_consent"


def test_a_change_of_wearer_inside_the_clock_s_uncertainty_is_held():
    worn = dataclasses.replace(FROM_ECG, binding=dataclasses.replace(BINDING, since_ns=999 * SECOND))
    world = World(GRANTED)

    assert world.decide(source=worn, block=block(1000)).allowed
    unsure = world.decide(source=worn, block=block(1000, uncertainty_s=2))
    assert (unsure.outcome, unsure.reason) == ("hold", "no_wearer_binding")


def test_quarantine_ends_in_a_denial_when_nobody_says_who_wore_the_hub():
    week = POLICY.hold_ns // SECOND
    unworn = dataclasses.replace(FROM_ECG, binding=None)
    world = World(GRANTED)

    assert world.decide(at_s=2000 + week, source=unworn, held_s=2000).outcome == "hold"
    assert world.decide(at_s=2001 + week, source=unworn, held_s=2000).outcome == "deny"
    assert world.decide(at_s=2001 + week, held_s=2000).allowed


@pytest.mark.rule("A-01", "deny")
def test_a_child_s_own_yes_does_not_count_the_guardian_s_does():
    own, guarded = World(GRANTED), World(by_guardian(0))
    for world in (own, guarded):
        world.registers.under_age("s", 5000 * SECOND)

    assert own.decide().reason == "guardian_needed"
    assert guarded.decide().allowed


@pytest.mark.rule("A-01", "allow")
def test_who_came_of_age_speaks_alone_and_what_the_guardian_granted_stays_until_withdrawn():
    """EDPB Guidelines 05/2020, section 7.1.4."""
    late = block(6000)
    guarded = World(by_guardian(0))
    own = World(said("granted", 5000))
    withdrawn = World(by_guardian(0), said("withdrawn", 5500))
    for world in (guarded, own, withdrawn):
        world.registers.under_age("s", 5000 * SECOND)

    assert guarded.decide(at_s=7000, block=late).allowed
    assert own.decide(at_s=7000, block=late).allowed
    assert withdrawn.decide(at_s=7000, block=late).reason == "withdrawn"


def test_a_child_may_say_no_without_a_guardian():
    world = World(by_guardian(0), said("withdrawn", 1500))
    world.registers.under_age("s", 5000 * SECOND)

    assert world.decide().reason == "withdrawn"


@pytest.mark.rule("S-01", "deny")
@pytest.mark.parametrize("at_s", [0, 1010, 1499, 1500])
def test_a_clock_that_was_set_back_takes_back_no_withdrawal(at_s):
    world = World(GRANTED, said("withdrawn", 1500))
    cache = DecisionCache(world.engine)
    context = Context(block(1000), FROM_ECG)
    question = ("s", "ecg", "service_improvement", "improvement", at_s * SECOND, context)

    assert world.decide(at_s=at_s).reason == "withdrawn"
    assert cache.decide(*question).reason == "withdrawn"


def test_a_clock_that_was_set_back_makes_new_data_wait():
    decision = World(GRANTED).decide(at_s=900)

    assert (decision.outcome, decision.reason) == ("hold", "time_ahead")


def test_a_clock_that_jumped_ahead_ends_what_has_an_end():
    world = World(GRANTED, said("withdrawn", 8000, known_s=1))

    assert world.decide(at_s=7999).allowed
    assert world.decide(at_s=8000).reason == "withdrawn"


@pytest.mark.parametrize("uncertainty_s", [0, 1, 500])
def test_consent_that_changed_inside_the_uncertainty_denies(uncertainty_s):
    world = World(said("granted", 999.5))

    decision = world.decide(block=block(1000, uncertainty_s))

    assert decision.reason == ("granted" if uncertainty_s == 0 else "clock_uncertain")


def test_location_ends_when_either_of_its_two_consents_does():
    words = [
        said("granted", 0, "service_information", ["location"]),
        said("granted", 0, "location", ["location"]),
        said("withdrawn", 2100, "location", ["location"], known_s=1),
    ]
    source = Source(acquired_in="service_use", location_permission=True)

    def ask(t0_s):
        return World(*words).decide("store", 2099, item="location", source=source, block=block(t0_s))

    assert ask(2000).allowed
    assert ask(2097).reason == "clock_uncertain"


def test_a_lane_does_not_reach_back_before_a_grant_that_was_announced():
    world = World(said("granted", 2000, known_s=1))

    lane = world.engine.lane("s", "ecg", "service_improvement", "improvement", 2000 * SECOND, FROM_ECG)

    assert lane.since_ns == 2000 * SECOND


def test_a_binding_that_ended_when_it_began_binds_nobody():
    never = dataclasses.replace(BINDING, since_ns=1500, until_ns=1500)

    assert World(GRANTED).decide(source=dataclasses.replace(FROM_ECG, binding=never)).reason == (
        "no_wearer_binding"
    )
