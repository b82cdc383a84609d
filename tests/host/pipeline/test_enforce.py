"""What may be kept the moment it arrives."""

import numpy as np
import pytest

from tasuki.consent.registers import DEMO_GARMENT
from tasuki.pipeline.enforce import Gate
from tasuki_wire import codec, items
from worlds import ECG, IMU, NOON, STATUS, World

NAMES = list(codec.BY_NAME)
EVERYTHING = items.ALL_ITEMS


def gate(world, subject="demo-wearer", manifest=DEMO_GARMENT, token=EVERYTHING):
    return Gate(world.engine, subject, manifest, token, NOON)


def kept(gate_, *frames):
    kinds, streams = (np.array(column, np.uint8) for column in zip(*frames, strict=True))
    return gate_.keep(kinds, streams).tolist()


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def flipped(*frames):
    return [(kind, stream) for stream, kind in frames]


def test_what_is_granted_worn_and_listed_is_kept(world):
    assert kept(gate(world), *flipped(ECG, IMU, STATUS)) == [True, True, True]


def test_link_messages_pass_on_their_own_stream_only(world):
    assert kept(gate(world), (32, 255), (32, 0), (1, 255)) == [True, False, False]


@pytest.mark.parametrize("kind", [10, 31, 200, 255])
def test_an_unknown_kind_is_dropped_and_counted(world, kind):
    it = gate(world)

    assert kept(it, (kind, 0)) == [False]
    assert it.drops["unknown_item", ""] == 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"subject": None}, "no_wearer_binding"),
        ({"subject": "stranger"}, "no_consent"),
        ({"manifest": None}, "unknown_device"),
        ({"token": EVERYTHING & ~items.bit("ecg")}, "not_in_token"),
        ({"token": 0}, "not_in_token"),
    ],
)
def test_what_misses_one_condition_is_dropped_with_its_reason(world, change, reason):
    it = gate(world, **change)

    assert kept(it, *flipped(ECG, ECG)) == [False, False]
    assert it.drops == {(reason, "ecg"): 2}


def test_a_stream_that_the_product_does_not_have_is_dropped_even_with_consent(world):
    it = gate(world)

    assert kept(it, (1, 7)) == [False]
    assert it.drops == {("not_in_manifest", "ecg"): 1}


def test_one_granted_purpose_keeps_an_item_and_none_drops_it(world):
    world.say("withdrawn", "service_information", ["ecg"], NOON)
    with_one = gate(world)
    world.say("withdrawn", "service_improvement", ["ecg"], NOON)
    without = gate(world)

    assert kept(with_one, *flipped(ECG)) == [True]
    assert kept(without, *flipped(ECG)) == [False]
    assert without.drops == {("withdrawn", "ecg"): 1}


def test_filters_and_view_need_service_information_on_top(world):
    world.say("withdrawn", "service_information", ["ecg"], NOON)
    it = gate(world)

    shown = it.view(np.array([1, 4], np.uint8), np.array([0, 3], np.uint8))

    assert shown.tolist() == [False, True]
    assert it.rules["ecg"].view == "withdrawn"


def test_what_is_derived_needs_what_all_its_inputs_need(world):
    world.say("withdrawn", "service_information", ["respiration"], NOON)
    it = gate(world)

    assert it.may_derive(["ecg"])
    assert not it.may_derive(["ecg", "respiration"])
    assert not it.may_derive(["ecg", "unheard"])
    assert not it.may_derive([])


@pytest.mark.parametrize("mask", range(64))
def test_hub_and_host_agree_over_every_item_mask(world, mask):
    """What a token leaves out is never kept, what it names is, over all 64 masks."""
    it = gate(world, token=mask)
    frames = [(kind, stream) for stream, kinds in DEMO_GARMENT.streams.items() for kind in kinds]

    for (kind, _), keep in zip(frames, kept(it, *frames), strict=True):
        assert keep == bool(mask & items.bit(codec.KINDS[kind].item))


def test_the_gate_tells_that_consent_changed_since_it_was_made(world):
    it = gate(world)
    assert it.version == world.engine.version

    world.say("withdrawn", "service_information", ["ecg"])

    assert it.version != world.engine.version
