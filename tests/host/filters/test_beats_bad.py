"""What is bad in a record loses the beats that it covers and no others."""

import numpy as np
import pytest

from filter_signals import mitdb
from tasuki.filters import BeatDetector, detect_beats
from tasuki.filters.score import compare

RATE = 360

# what -> (start, length, value, seconds around it: a QRS complex that it cuts may go with it,
# and a step of 32 mV reaches into the 300-ms mean under an R peak)
BAD = {
    "one NaN": (150, 0.002, np.nan, 0.12),
    "an infinite sample": (151, 0.002, np.inf, 0.12),
    "a gap of 2 s": (150, 2, np.nan, 0.12),
    "a lead off for 10 s": (150, 10, 0.0, 0.12),
    "saturation for 2 s": (150, 2, 5000.0, 0.16),
    "the upper rail for 5 s": (150, 5, 32_767.0, 0.23),
    "the lower rail for 5 s": (150, 5, -32_768.0, 0.23),
}


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("name", ["100", "101", "115", "116", "209", "215", "220", "230"])
def test_a_bad_stretch_loses_only_the_beats_that_it_covers(name, bad):
    start_s, length_s, value, cut_s = BAD[bad]
    signal = mitdb(name)[0][: 300 * RATE].astype(np.float32)
    spoilt = signal.copy()
    part = slice(start_s * RATE, round((start_s + length_s) * RATE))
    spoilt[part] = value

    before, after = (
        outside(detect_beats(each, RATE)["sample"], part, cut_s * RATE) for each in (signal, spoilt)
    )

    score = compare(after, before, 0.05 * RATE)
    assert len(before) > 250
    assert (score.missed, score.extra) == (0, 0)


def outside(samples, part, cut):
    return samples[(samples < part.start - cut) | (samples >= part.stop + cut)]


def test_over_a_gap_the_interval_is_unknown_and_around_it_beats_are_less_sure():
    signal = mitdb("100")[0][: 120 * RATE].astype(np.float32)
    before = detect_beats(signal, RATE)
    covered = before["sample"][70]
    spoilt = signal.copy()
    spoilt[covered + 20 : covered + 40] = np.nan  # 56 ms right after a beat

    rows = detect_beats(spoilt, RATE)

    near = rows[np.abs(rows["sample"] - covered).argmin()]
    assert near["confidence"] < 0.6 * before["confidence"][70]
    assert np.isnan(rows["rr_s"]).sum() == 2
    assert rows["confidence"][:60].tolist() == before["confidence"][:60].tolist()


def test_a_lead_that_stays_off_says_nothing_and_costs_nothing_when_it_comes_back():
    signal = mitdb("100")[0][: 60 * RATE].astype(np.float32)
    detector = BeatDetector(RATE)
    detector.process(signal)

    silent = detector.process(np.zeros(600 * RATE, np.float32))
    again = detector.process(signal)["sample"] - 660 * RATE

    assert len(silent) <= 1  # the step to zero is not taken for a run of beats
    expected = detect_beats(signal, RATE)["sample"]
    late = expected[(expected > 3 * RATE) & (expected < 58 * RATE)]
    assert compare(again[(again > 3 * RATE) & (again < 58 * RATE)], late, 0.05 * RATE).missed == 0
