"""What holds for every motion filter: any split, saved states, resets, gaps announced or seen."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motion_signals import fallen, spoilt, waved_arm
from tasuki.filters import (
    Activity,
    ActivityMany,
    FallDetector,
    FallDetectorMany,
    Orientation,
    OrientationMany,
    Posture,
    PostureMany,
)

ARM = spoilt(*waved_arm(20)[:3])
CROWD = [np.stack([each, each[::-1], -each], axis=2) for each in ARM]
DOWN = spoilt(fallen(seconds=20, at=6), fallen(at=9, seed=2))[1][:2000]
DOWN_MANY = np.stack([fallen(at=5), DOWN, fallen(at=9, seed=3)], axis=2)
TURNED = np.repeat(np.random.default_rng(5).normal(0.5, 0.2, (200, 4)), 10, axis=0)
TURNED[[50, 60], [0, 3]] = np.nan, np.inf
WALKED = np.repeat(np.random.default_rng(6).integers(0, 5, 100), 20).astype(np.float32)

# name -> (make it, its input blocks of 2,000 samples)
FILTERS = {
    "Orientation": (lambda: Orientation(100, magnetometer=True), ARM),
    "Orientation without magnetometer": (lambda: Orientation(100), ARM[:2]),
    "OrientationMany": (lambda: OrientationMany(100, 3, magnetometer=True), CROWD),
    "FallDetector": (lambda: FallDetector(100, least_confidence=0), [DOWN]),
    "FallDetectorMany": (lambda: FallDetectorMany(100, 3, least_confidence=0), [DOWN_MANY]),
    "Activity": (lambda: Activity(100), [DOWN]),
    "ActivityMany": (lambda: ActivityMany(100, 3), [DOWN_MANY]),
    "Posture": (Posture, [TURNED, WALKED]),
    "PostureMany": (lambda: PostureMany(3), [np.stack([TURNED] * 3, axis=2), np.stack([WALKED] * 3, axis=1)]),
}
every_filter = pytest.mark.parametrize("name", FILTERS)


def in_order(rows):
    """Falls of many hubs by the time of their decision, as blocks give them."""
    return rows[np.lexsort((rows["hub"], rows["sample"]))] if "hub" in (rows.dtype.names or ()) else rows


def bits(results):
    """All that a filter said, as bytes."""
    parts = zip(*([r] if isinstance(r, np.ndarray) else r for r in results), strict=True)
    return b"".join(in_order(np.concatenate(part)).tobytes() for part in parts)


def part(blocks, first, last):
    return [block[first:last] for block in blocks]


@every_filter
@settings(max_examples=20, deadline=None)
@given(cuts=st.lists(st.integers(0, 2000), max_size=12))
def test_any_split_gives_the_same_bits_as_the_whole(name, cuts):
    make, blocks = FILTERS[name]
    whole, split = make(), make()
    edges = [0, *sorted(cuts), 2000]

    results = [split.process(*part(blocks, a, b)) for a, b in pairwise(edges)]

    assert bits(results) == bits([whole.process(*blocks)])
    assert split.state() == whole.state()


@every_filter
@pytest.mark.parametrize("cut", [0, 1, 64, 1020, 1500])
def test_a_restored_state_goes_on_with_the_same_bits(name, cut):
    make, blocks = FILTERS[name]
    straight, before, after = make(), make(), make()
    straight.process(*part(blocks, 0, cut))
    before.process(*part(blocks, 0, cut))

    after.process(*part(blocks, 0, cut // 2))
    after.restore(before.state())

    assert bits([after.process(*part(blocks, cut, None))]) == bits(
        [straight.process(*part(blocks, cut, None))]
    )


@every_filter
def test_what_was_given_stays_as_it_is_when_the_filter_goes_on(name):
    make, blocks = FILTERS[name]
    filt = make()
    results, given = [], []

    for at in range(0, 2000, 200):
        results.append(filt.process(*part(blocks, at, at + 200)))
        given.append(bits(results[-1:]))

    assert [bits([result]) for result in results] == given


@every_filter
def test_after_a_reset_it_is_as_new(name):
    make, blocks = FILTERS[name]
    used = make()
    used.process(*blocks)

    used.reset()

    assert used.state() == make().state()
    assert bits([used.process(*blocks)]) == bits([make().process(*blocks)])


@every_filter
def test_a_damaged_or_foreign_state_is_refused_and_changes_nothing(name):
    make, blocks = FILTERS[name]
    filled = make()
    filled.process(*blocks)
    state = filled.state()
    foreign = [make().state() for other, (make, _) in FILTERS.items() if other != name]

    for wrong in [state[:-1], b"", state + b"\0", state[:-1] + bytes([state[-1] ^ 1]), *foreign]:
        with pytest.raises(ValueError, match="state"):
            filled.restore(wrong)
    assert filled.state() == state


@every_filter
@pytest.mark.parametrize("missing", [1, 7, 12, 400, 2001])
def test_an_announced_gap_is_as_good_as_bad_samples(name, missing):
    make, blocks = FILTERS[name]
    announced, seen = make(), make()
    announced.process(*part(blocks, 0, 900))
    seen.process(*part(blocks, 0, 900))

    announced.gap(missing)
    seen.process(*(np.full_like(block[:1], np.nan).repeat(missing, axis=0) for block in blocks))

    rest = part(blocks, 1200, None)
    assert bits([announced.process(*rest)]) == bits([seen.process(*rest)])


@every_filter
def test_an_empty_block_changes_nothing(name):
    make, blocks = FILTERS[name]
    filled = make()
    filled.process(*part(blocks, 0, 1000))
    state = filled.state()

    filled.process(*part(blocks, 0, 0))

    assert filled.state() == state


def test_the_motion_state_of_one_hub_is_small():
    one_of_each = [Orientation(100, magnetometer=True), FallDetector(100), Activity(100), Posture()]

    assert sum(len(each.state()) for each in one_of_each) < 1800
