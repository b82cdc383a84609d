"""Waveforms and big digits made of characters."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from rich.cells import cell_len

from tasuki.view.braille import columns, draw
from tasuki.view.digits import HEIGHT, big


def dots(lines: list[str]) -> np.ndarray:
    """Which dots are set, shape (4 * lines, 2 * characters); written from the Unicode chart."""
    order = [(0, 0), (1, 0), (2, 0), (0, 1), (1, 1), (2, 1), (3, 0), (3, 1)]
    out = np.zeros((4 * len(lines), 2 * len(lines[0])), bool)
    for row, line in enumerate(lines):
        for column, char in enumerate(line):
            for bit, (r, c) in enumerate(order):
                out[4 * row + r, 2 * column + c] = (ord(char) - 0x2800) >> bit & 1
    return out


def test_ramp_goes_from_the_lower_left_to_the_upper_right():
    drawn = dots(draw(np.arange(8.0), 4, 2))

    assert np.array_equal(drawn.argmax(axis=0), np.arange(8)[::-1])


def test_spike_of_one_sample_among_thousands_is_drawn_at_full_height():
    values = np.zeros(5000)
    values[2500] = 1.0

    drawn = dots(draw(values, 20, 3))

    assert drawn[0].any()
    assert drawn[:, 20].all()


@pytest.mark.parametrize("levels", [(0.0, 1.0), (1.0, 0.0)])
def test_steep_slope_has_no_holes(levels):
    drawn = dots(draw(np.repeat(levels, 20), 20, 4))

    assert any(drawn[:, column].all() for column in range(40))


def test_gap_leaves_empty_columns_and_nothing_else():
    values = np.ones(40)
    values[10:20] = np.nan

    drawn = dots(draw(values, 20, 2))

    assert np.flatnonzero(~drawn.any(axis=0)).tolist() == list(range(10, 20))


def test_noise_smaller_than_the_smallest_span_stays_flat():
    noise = np.array([0.0, 1.0] * 40)

    assert dots(draw(noise, 20, 4, smallest_span=1000.0)).any(axis=1).sum() <= 2
    assert dots(draw(noise, 20, 4)).any(axis=1).all()


@given(
    arrays(np.float64, st.integers(0, 300), elements=st.floats(-1e6, 1e6) | st.just(float("nan"))),
    st.integers(1, 60),
    st.integers(1, 8),
)
def test_any_values_fill_exactly_the_place_they_are_given(values, width, height):
    lines = draw(values, width, height)

    assert [cell_len(line) for line in lines] == [width] * height


@given(arrays(np.float64, st.integers(1, 400), elements=st.floats(-1e6, 1e6)), st.integers(1, 50))
def test_columns_keep_lowest_and_highest_value(values, count):
    low, high = columns(values, count)

    assert low.shape == high.shape == (count,)
    assert (low <= high).all()
    if len(values) >= count:
        assert (low.min(), high.max()) == (values.min(), values.max())


@pytest.mark.parametrize("text", ["0123456789", "-3.5", "--", ""])
def test_big_digits_are_three_lines_of_equal_width(text):
    lines = big(text)

    assert len(lines) == HEIGHT
    assert len({len(line) for line in lines}) == 1


def test_no_two_big_digits_look_the_same():
    assert len({tuple(big(digit)) for digit in "0123456789"}) == 10
