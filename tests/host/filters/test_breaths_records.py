"""The breath detector against annotated breaths of the MARSH subjects."""

import numpy as np
import pytest

import breath_score
from filter_signals import marsh, marsh_names
from tasuki.filters import RespirationRate

RATE = 50


def subjects():
    if not marsh_names():
        pytest.skip("no MARSH subjects in ../shared/data/marsh")
    return [marsh(name) for name in marsh_names()]


def test_the_rate_is_a_quarter_of_a_breath_off_at_most_on_average():
    off = [breath_score.errors(RespirationRate(RATE), s.impedance, RATE, s.ends_s) for s in subjects()]

    windows = sum(len(each) for each in off)
    assert windows >= 55 * len(off)  # a filter that says nothing is not counted as right
    assert np.mean([each.mean() for each in off]) <= 0.25


@pytest.mark.parametrize("start_s", [200, 500])
def test_a_stretch_without_breaths_is_flagged_as_apnoea(start_s):
    """15 s of a recording made flat, all that moves in it kept at a fiftieth."""
    assert all(flagged_when_flat(s.impedance, start_s) for s in subjects())


def flagged_when_flat(impedance, start_s, length_s=15):
    flat = slice(start_s * RATE, (start_s + length_s) * RATE)
    samples = impedance.copy()
    samples[flat] = samples[flat.start] + 0.02 * (samples[flat] - samples[flat.start])
    rate = RespirationRate(RATE)
    rate.process(samples[: flat.stop - 1])
    return rate.process(samples[flat.stop - 1 : flat.stop]).apnoea


def test_where_the_subjects_breathe_no_apnoea_is_flagged():
    """Some hold their breath for ten seconds by themselves; those seconds are left out."""
    seconds = [seconds_of(subject) for subject in subjects()]

    breathing, flagged = np.sum(seconds, axis=0)
    assert breathing > 10_000
    assert flagged <= 0.005 * breathing


def seconds_of(subject):
    """(seconds inside breaths shorter than 9 s, how many of them were flagged)."""
    rate, ends_s = RespirationRate(RATE), breath_score.once(subject.ends_s)
    breathing = flagged = 0
    for second in range(len(subject.impedance) // RATE):
        reading = rate.process(subject.impedance[second * RATE : (second + 1) * RATE])
        after = np.searchsorted(ends_s, second)
        if 0 < after < len(ends_s) - 1 and (np.diff(ends_s[after - 1 : after + 2]) < 9).all():
            breathing += 1
            flagged += reading.apnoea
    return breathing, flagged


def test_a_breath_is_placed_where_the_annotation_is():
    near = []
    for subject in subjects():
        found = RespirationRate(RATE).process(subject.impedance).breath_times_s
        ends_s = breath_score.once(subject.ends_s)
        near.append(np.abs(found[:, None] - ends_s).min(axis=0))

    assert np.median(np.concatenate(near)) < 0.1
    assert (np.concatenate(near) < 0.5).mean() > 0.95
