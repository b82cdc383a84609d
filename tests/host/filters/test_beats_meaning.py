"""What must not change a beat, and what may cost one."""

import numpy as np
import pytest
from scipy.signal import resample_poly

from filter_signals import ecg_250
from tasuki.filters import BeatDetector, detect_beats
from tasuki.filters.score import compare

RATE = 250


@pytest.fixture(scope="module")
def beats():
    return detect_beats(ecg_250(), RATE)["sample"]


def test_polarity_changes_nothing(beats):
    assert detect_beats(-ecg_250(), RATE)["sample"].tolist() == beats.tolist()


@pytest.mark.parametrize("offset_uv", [-200_000, 1, 120_000])
def test_an_electrode_offset_changes_nothing(beats, offset_uv):
    assert detect_beats(ecg_250() + offset_uv, RATE)["sample"].tolist() == beats.tolist()


@pytest.mark.parametrize("scale", [0.05, 0.1, 0.2, 0.5, 2, 5, 10])
def test_the_gain_changes_no_beat(beats, scale):
    score = compare(detect_beats(ecg_250() * scale, RATE)["sample"], beats, 2)

    assert score.extra + score.missed == 0


@pytest.mark.parametrize("rate_hz", [125, 500, 1000])
def test_the_sampling_rate_changes_hardly_a_beat(beats, rate_hz):
    samples = resample_poly(ecg_250().astype(float), rate_hz // 125, 250 // 125)
    found = detect_beats(samples, rate_hz)["sample"] * RATE / rate_hz
    score = compare(found, beats, 10)

    assert score.extra + score.missed <= 0.02 * len(beats)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 3e38, 300_000])
def test_one_bad_sample_loses_no_beat(beats, bad):
    samples = ecg_250().copy()
    samples[beats[20]] = bad

    score = compare(detect_beats(samples, RATE)["sample"], beats, 10)
    assert score.extra + score.missed == 0


def test_a_gap_of_two_seconds_loses_only_the_beats_that_it_covers(beats):
    start, end = 5000, 5500
    detector = BeatDetector(RATE)
    rows = np.concatenate(
        [
            detector.process(ecg_250()[:start]),
            detector.gap(end - start),
            detector.process(ecg_250()[end:]),
            detector.gap(3 * RATE),
        ]
    )

    near = 0.12 * RATE  # a beat cut by the gap's edge may go as well
    covered = beats[(beats >= start - near) & (beats < end + near)]
    around = beats[beats < end + 10 * RATE]  # later a doubtful peak may be decided otherwise: levels remember
    score = compare(rows["sample"][rows["sample"] < end + 10 * RATE], around, 10)
    assert score.missed <= len(covered)
    assert score.extra == 0
    crossing = rows[rows["sample"] >= end][0]
    assert np.isnan(crossing["rr_s"])
    assert np.isnan(rows["rr_s"]).sum() == 2  # the first beat and the one after the gap


@pytest.mark.parametrize("start", [0, 30, 400, 5003])
@pytest.mark.parametrize("length", [1, 6, 400, 1700])
@pytest.mark.parametrize("rate_hz", [250, 600])
def test_a_gap_is_the_same_as_that_many_bad_samples(start, length, rate_hz):
    announced, bad = BeatDetector(rate_hz), BeatDetector(rate_hz)
    samples = ecg_250()[:12_000].copy()

    rows = [
        announced.process(samples[:start]),
        announced.gap(length),
        announced.process(samples[start + length :]),
    ]
    samples[start : start + length] = np.nan

    assert np.concatenate(rows).tobytes() == bad.process(samples).tobytes()


def test_a_spike_many_times_larger_than_the_beats_is_no_beat(beats):
    samples = ecg_250() * 0.3
    between = (beats[40] + beats[41]) // 2
    samples[between : between + 4] += 20_000

    found = detect_beats(samples, RATE)["sample"]
    assert np.abs(found - between).min() > 20


@pytest.mark.parametrize("before", [0, 15_000])
def test_a_gap_of_a_year_takes_no_time_and_keeps_the_count(beats, before):
    detector = BeatDetector(RATE)
    detector.process(ecg_250()[:before])
    year = 365 * 86400 * RATE

    detector.gap(year)
    after = detector.process(ecg_250())["sample"] - year - before

    assert after[0] >= 0
    assert compare(after, beats, 10).missed <= 2


@pytest.mark.parametrize("flat", [0, 32767, np.nan])
def test_a_lead_that_is_off_has_no_beats(flat):
    samples = np.full(60 * RATE, flat, np.float32)

    assert len(detect_beats(samples, RATE)) == 0


def test_a_lead_that_comes_on_late_is_found_again_within_seconds(beats):
    samples = np.concatenate([np.zeros(30 * RATE, np.float32), ecg_250() - ecg_250()[0]])

    found = detect_beats(samples, RATE)["sample"] - 30 * RATE
    assert compare(found[found > 5 * RATE], beats[beats > 5 * RATE], 10).missed <= 1


def test_each_beat_is_decided_within_half_a_second_of_its_r_peak():
    detector = BeatDetector(RATE)
    late = []
    for now, sample in enumerate(ecg_250()):
        late += [now - row["sample"] for row in detector.process(sample.reshape(1))]

    assert max(late[6:]) <= 0.5 * RATE  # the first two seconds are learned from


def test_an_interval_is_the_time_between_the_beats_and_confidence_a_share():
    rows = detect_beats(ecg_250(), RATE)

    assert rows["rr_s"][1:] == pytest.approx(np.diff(rows["time_s"]))
    assert np.isnan(rows["rr_s"][0])
    assert rows["time_s"] == pytest.approx(rows["sample"] / RATE)
    assert (rows["confidence"] >= 0).all()
    assert (rows["confidence"] <= 1).all()


@pytest.mark.parametrize("rate_hz", [0, -1, 99, 2001, float("inf"), float("nan")])
def test_a_rate_that_it_is_not_made_for_is_refused(rate_hz):
    with pytest.raises(ValueError, match="100 to 2000 Hz"):
        BeatDetector(rate_hz)
