"""A line that is exactly flat between beats is a simulator or a coarse converter; else the lead is off."""

import numpy as np
import pytest
from scipy.signal import resample_poly

from filter_signals import mitdb, simulator
from tasuki.filters import BeatDetector, BeatDetectorMany, detect_beats
from tasuki.filters.score import compare

RATES = [100, 125, 250, 360, 500, 1000]


def wrong(found_s, true_s):
    score = compare(np.asarray(found_s), np.asarray(true_s), 0.05)
    return score.missed, score.extra


@pytest.mark.parametrize("waves", [("QRS",), ("P", "QRS", "T")])
@pytest.mark.parametrize("bpm", [20, 25, 30, 60, 120, 180])
@pytest.mark.parametrize("rate_hz", RATES)
def test_every_beat_of_a_simulator_is_found(rate_hz, bpm, waves):
    beats = np.arange(0.4, 59, 60 / bpm)

    rows = detect_beats(simulator(beats, 60, rate_hz, waves), rate_hz)

    assert wrong(rows["time_s"], beats) == (0, 0)
    assert np.isnan(rows["rr_s"]).sum() == 1  # no interval but the first is taken for a gap


def test_an_irregular_simulator_loses_no_beat():
    beats = np.cumsum(np.random.default_rng(4).uniform(0.35, 1.4, 120))

    rows = detect_beats(simulator(beats, beats[-1] + 2, 250), 250)

    assert wrong(rows["time_s"], beats) == (0, 0)
    assert np.isnan(rows["rr_s"]).sum() <= 0.05 * len(beats)


def test_a_heart_that_stops_for_two_seconds_is_believed_again_at_once():
    beats = np.concatenate([np.arange(0.4, 30, 0.8), np.arange(32, 60, 0.8)])

    rows = detect_beats(simulator(beats, 62, 250), 250)

    assert wrong(rows["time_s"], beats) == (0, 0)


@pytest.mark.parametrize("step_uv", [20, 50])
@pytest.mark.parametrize("rate_hz", RATES)
@pytest.mark.parametrize("name", ["100", "101", "115", "119"])
def test_coarse_steps_change_hardly_a_beat(name, rate_hz, step_uv):
    fine = resample_poly(mitdb(name)[0][: 120 * 360], rate_hz, 360)

    coarse = detect_beats(step_uv * np.rint(fine / step_uv), rate_hz)

    exact = detect_beats(fine, rate_hz)
    assert sum(wrong(coarse["time_s"], exact["time_s"])) <= 1
    assert np.isnan(coarse["rr_s"]).sum() <= 0.05 * len(exact)


@pytest.mark.parametrize("gain", [0.2, 1])
@pytest.mark.parametrize("rate_hz", RATES)
def test_rounding_to_whole_microvolts_changes_hardly_a_beat_at_any_rate(rate_hz, gain):
    fine = resample_poly(gain * mitdb("115")[0][: 120 * 360], rate_hz, 360)

    found, exact = (detect_beats(each, rate_hz)["time_s"] for each in (np.rint(fine), fine))

    assert sum(wrong(found, exact)) <= 1


@pytest.mark.parametrize("seconds", [0.5, 1.5, 10])
@pytest.mark.parametrize("jump_uv", [0, 100, -300, 1000, -5000])
@pytest.mark.parametrize("name", ["100", "119", "230"])
def test_a_lead_that_comes_off_is_a_gap_wherever_it_rests(name, jump_uv, seconds):
    rate, start, cut = 360, 100 * 360, 0.15 * 360
    signal = mitdb(name)[0][: 130 * rate].astype(np.float32)
    off = slice(start, start + round(seconds * rate))
    spoilt = signal.copy()
    spoilt[off] = np.float32(np.median(signal[start - rate : start])) + jump_uv

    rows, before = detect_beats(spoilt, rate), detect_beats(signal, rate)["sample"]

    def around(samples):
        return samples[(samples < off.start - cut) | (samples >= off.stop + cut)]

    score = compare(around(rows["sample"]), around(before), 0.05 * rate)
    after = rows[rows["sample"] >= off.stop + cut][0]
    within = rows["sample"][(rows["sample"] >= off.start + cut) & (rows["sample"] < off.stop - cut)]
    assert (score.missed, score.extra, len(within)) == (0, 0, 0)
    assert np.isnan(after["rr_s"]) or rows["sample"][rows["sample"] < after["sample"]][-1] >= off.stop - cut


@pytest.mark.parametrize("offset_uv", [-4000, 500, 100_000])
def test_a_record_that_begins_with_zeros_begins_when_they_end(offset_uv):
    rate, zeros_s = 360, 1
    signal = mitdb("100")[0][: 60 * rate] + offset_uv

    found = detect_beats(np.concatenate([np.zeros(zeros_s * rate), signal]), rate)["time_s"] - zeros_s

    expected = detect_beats(signal, rate)["time_s"]
    assert wrong(found[found > 2], expected[expected > 2]) == (0, 0)


def test_hubs_side_by_side_judge_flat_lines_as_one_alone():
    """Among 20 hubs some are simulated, some coarse, some off; the last group has idle lanes."""
    beats = np.arange(0.4, 29, 0.7)
    samples = np.stack([simulator(beats + 0.01 * hub, 30, 250) for hub in range(20)], axis=1)
    samples[:, 3] = 50 * np.rint(samples[:, 3] / 50)
    samples[3000:3500, 5], samples[3000:3100, 18], samples[4000:4010, 7] = 700, -32_768, np.nan

    rows = BeatDetectorMany(250, 20).process(samples)

    for hub in range(20):
        alone = BeatDetector(250).process(np.ascontiguousarray(samples[:, hub]))
        assert rows[rows["hub"] == hub]["sample"].tolist() == alone["sample"].tolist()
        assert rows[rows["hub"] == hub]["confidence"].tolist() == alone["confidence"].tolist()
