"""The memory that C writes what it found into, kept from block to block."""

import numpy as np

from tasuki.native.filters import RAW_BREATH, Found


def breaths(found, *samples):
    rows = found.room(len(samples))
    for row, sample in zip(rows, samples, strict=False):
        row.sample, row.interval = sample, 7
    return found.take(len(samples))


def test_rows_stay_as_they_are_when_more_are_found():
    found = Found("struct tsk_breath", RAW_BREATH)

    first, second = breaths(found, 1, 2), breaths(found, 3, 4, 5)

    assert (first["sample"].tolist(), second["sample"].tolist()) == ([1, 2], [3, 4, 5])


def test_there_is_room_for_any_number_of_rows():
    found = Found("struct tsk_breath", RAW_BREATH)

    assert breaths(found, *range(1000))["sample"].tolist() == list(range(1000))
    assert breaths(found, 8).tolist() == [(8, 7)]


def test_no_rows_have_the_same_fields():
    none = Found("struct tsk_breath", RAW_BREATH).take(0)

    assert (none.dtype, none.shape) == (RAW_BREATH, (0,))
    assert np.array_equal(none["interval"] > 5, [])
