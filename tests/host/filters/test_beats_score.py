"""Counting matched, extra and missed beats."""

import pytest

from tasuki.filters.score import BeatScore, beat_samples, compare, flutter_spans, outside


@pytest.mark.parametrize(
    ("detected", "annotated", "expected"),
    [
        ([], [], BeatScore(0, 0, 0)),
        ([10, 20], [], BeatScore(0, 2, 0)),
        ([], [10], BeatScore(0, 0, 1)),
        ([15], [10], BeatScore(1, 0, 0)),
        ([16], [10], BeatScore(0, 1, 1)),
        ([9, 11], [10], BeatScore(1, 1, 0)),
        ([10], [9, 11], BeatScore(1, 0, 1)),
        ([30, 10, 20], [20, 10, 40], BeatScore(2, 1, 1)),
    ],
)
def test_each_beat_matches_at_most_one_beat_within_the_tolerance(detected, annotated, expected):
    assert compare(detected, annotated, 5) == expected


def test_f1_weighs_extra_and_missed_beats_alike():
    assert BeatScore(matched=90, extra=5, missed=15).f1 == pytest.approx(0.9)
    assert BeatScore(90, 15, 5).f1 == BeatScore(90, 5, 15).f1


def test_rhythm_and_noise_marks_are_no_beats():
    assert beat_samples([1, 2, 3, 4, 5], ["+", "N", "~", "V", "|"]).tolist() == [2, 4]


def test_flutter_is_left_out_with_its_ends():
    spans = flutter_spans([5, 10, 20, 30], ["N", "[", "!", "]"])

    assert spans == [(10, 30)]
    assert outside([5, 10, 15, 30, 31], spans).tolist() == [5, 31]
