"""Times of the records of a block, which its frames tell by their own."""

from types import SimpleNamespace

import numpy as np
import pytest

from tasuki import values


def times(starts, counts, last_us, places=None):
    """Times of the records of frames that start at these times, microseconds."""
    places = np.array(range(len(starts)) if places is None else places)
    block = SimpleNamespace(places=places, count=int(places[-1]) + 1, t0_us=starts[0], t1_us=last_us)
    return values._times(block, starts, counts).tolist()


def test_records_lie_evenly_between_their_frames():
    assert times([0, 100, 200], [25, 25, 25], 296) == [4 * i for i in range(75)]


@pytest.mark.parametrize("gap_at", [1, 2, 3])
def test_a_gap_between_two_frames_stretches_no_record(gap_at):
    """The hub closes a frame early before a gap, and its seq goes on."""
    counts = [25, 25, 25, 25, 25]
    counts[gap_at - 1] = 20
    starts = [100 * i + (320 - 20 if i >= gap_at else 0) for i in range(5)]
    expected = [start + 4 * k for start, n in zip(starts, counts, strict=True) for k in range(n)]

    assert times(starts, counts, starts[-1] + 96) == expected


def test_a_frame_that_is_not_held_leaves_its_place():
    got = times([0, 200, 300], [25, 25, 25], 396, places=[0, 2, 3])

    assert got == [4 * k for k in range(25)] + [200 + 4 * k for k in range(50)]
