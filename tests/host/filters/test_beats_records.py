"""The beat detector against the cardiologists' annotations of MIT-BIH records."""

import pytest
from scipy.signal import resample_poly

from filter_signals import at_250, mitdb, mitdb_names
from tasuki.filters import detect_beats
from tasuki.filters.score import BeatScore, compare, outside

TARGETS = {
    (360, 0.15): 0.9985,
    (360, 0.05): 0.991,
    (250, 0.15): 0.998,
    (250, 0.05): 0.991,
    (125, 0.15): 0.998,
    (300, 0.15): 0.998,
}
"""At least this F1 at a rate and a tolerance in seconds; offline gqrs reaches 0.99755 at 150 ms."""


def count_within(detected, annotated, share):
    return abs(detected - annotated) <= max(1, share * annotated)


@pytest.mark.parametrize(("name", "share"), [("100", 0.01), ("208", 0.05)])
def test_the_number_of_beats_at_the_recorded_rate_is_the_annotated_one(name, share):
    microvolts, beats, _ = mitdb(name)

    assert count_within(len(detect_beats(microvolts, 360)), len(beats), share)


@pytest.mark.parametrize(("name", "share"), [("100", 0.01), ("208", 0.05)])
def test_the_number_of_beats_at_the_hubs_rate_is_the_annotated_one(name, share):
    microvolts, beats, _ = mitdb(name)

    assert count_within(len(detect_beats(at_250(microvolts), 250)), len(beats), share)


def scored(name, rate_hz, tolerance_s):
    microvolts, beats, flutter = mitdb(name)
    samples = microvolts if rate_hz == 360 else resample_poly(microvolts, rate_hz, 360)
    found = detect_beats(samples, rate_hz)["sample"] * 360 / rate_hz
    return compare(outside(found, flutter), outside(beats, flutter), tolerance_s * 360)


@pytest.mark.parametrize(("rate_hz", "tolerance_s"), TARGETS)
def test_over_all_records_at_hand_hardly_a_beat_is_wrong(rate_hz, tolerance_s):
    if not mitdb_names():
        pytest.skip("no MIT-BIH records in ../shared/data/mitdb")

    total = sum((scored(name, rate_hz, tolerance_s) for name in mitdb_names()), BeatScore(0, 0, 0))

    assert total.f1 >= TARGETS[rate_hz, tolerance_s]
