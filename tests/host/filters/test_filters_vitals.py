"""Conditioned ECG, heart rate, breaths and temperature: what they say and when they say nothing."""

import numpy as np
import pytest
from scipy import signal

from filter_signals import ecg_250, wave
from tasuki.filters import BEAT, BodyTemperature, EcgConditioner, HeartRate, RespirationRate, detect_beats


def beats(rr_s, confidence=1.0):
    rows = np.zeros(len(rr_s), BEAT)
    rows["rr_s"] = rr_s
    rows["confidence"] = confidence
    return rows


def test_heart_rate_is_known_from_the_first_interval():
    rate = HeartRate()

    assert rate.process(beats([])).bpm is None
    assert rate.process(beats([np.nan])).bpm is None
    assert rate.process(beats([0.75])).bpm == pytest.approx(80)


def test_one_early_beat_does_not_move_the_rate_but_the_variability():
    steady = HeartRate().process(beats([0.8] * 20))
    early = HeartRate().process(beats([0.8] * 18 + [0.4, 1.2]))

    assert steady.bpm == early.bpm == pytest.approx(75)
    assert steady.rmssd_ms == 0
    assert early.rmssd_ms == pytest.approx(1000 * np.sqrt((0.4**2 + 0.8**2) / 19))


def test_variability_is_not_counted_across_an_unknown_interval():
    assert HeartRate().process(beats([0.8, np.nan, 1.0])).rmssd_ms is None


def test_without_new_beats_the_reading_is_that_of_the_latest_whatever_became_of_the_filter():
    rate, other = HeartRate(), HeartRate()
    other.process(beats([0.5, 0.5]))

    first = rate.process(beats([0.75, 0.75]))
    assert rate.process(beats([])) == first
    rate.restore(other.state())
    assert rate.process(beats([])).bpm == pytest.approx(120)
    rate.reset()
    assert rate.process(beats([])).bpm is None


def test_irregular_intervals_are_flagged_and_a_breathing_sinus_rhythm_is_not():
    seed = 20261122
    fibrillation = np.random.default_rng(seed).uniform(0.45, 1.0, 32)
    breathing = 0.85 + 0.04 * np.sin(np.arange(32) * 2 * np.pi / 5)

    assert HeartRate().process(beats(fibrillation)).irregular, seed
    assert not HeartRate().process(beats(breathing)).irregular
    assert not HeartRate().process(beats(fibrillation[:10])).irregular  # too few to say


def test_quality_is_the_confidence_of_the_latest_beats():
    rate = HeartRate()
    rate.process(beats([0.8] * 8, 1.0))

    assert rate.process(beats([0.8] * 4, 0.0)).quality == pytest.approx(0.5)


def test_the_bundled_recording_has_a_plausible_heart_rate():
    reading = HeartRate().process(detect_beats(ecg_250(), 250))

    assert 90 < reading.bpm < 125  # MIT-BIH 208: sinus rhythm of 88 to 135 with many ectopic beats
    assert reading.irregular


@pytest.mark.parametrize("bpm", [8, 12, 18, 25])
@pytest.mark.parametrize(("scale", "offset"), [(1, 0), (-1e4, 2e6), (1e-3, 5)])
def test_breaths_are_counted_at_any_scale_and_offset(bpm, scale, offset):
    reading = RespirationRate(25).process(wave(bpm, 120, 25) * scale + offset)

    assert reading.rate_bpm == pytest.approx(bpm, abs=0.3)
    assert reading.confidence > 0.7
    assert not reading.apnoea


def test_a_breath_is_timed_at_the_end_of_inspiration():
    times = RespirationRate(25).process(wave(15, 120, 25)).breath_times_s

    from_the_top = (times[5:] - 1 + 2) % 4 - 2  # the wave is highest at 1, 5, 9 ... s
    assert np.abs(from_the_top).max() < 0.4


@pytest.mark.parametrize("bpm", [10, 20])
def test_breathing_that_stops_for_ten_seconds_is_flagged_and_not_before(bpm):
    rate = RespirationRate(25)
    quiet = np.random.default_rng(1).normal(0, 0.08, 25 * 30).astype(np.float32)
    rate.process(wave(bpm, 120, 25))

    soon = rate.process(quiet[: 25 * 4])
    rate.process(quiet[25 * 4 : 25 * 28])
    late = rate.process(quiet[25 * 28 :])

    assert not soon.apnoea
    assert late.apnoea  # the faint noise of the pause is not taken for breaths
    assert not [rate.process(wave(bpm, 20, 25)), rate.process(wave(bpm, 20, 25))][1].apnoea


def test_nothing_is_said_of_breathing_before_there_were_breaths():
    reading = RespirationRate(25).process(np.zeros(25 * 60, np.float32))

    assert (reading.rate_bpm, reading.confidence, reading.apnoea) == (None, 0.0, False)
    assert len(reading.breath_times_s) == 0


@pytest.mark.parametrize("announced", [True, False])
def test_a_gap_in_the_breaths_is_neither_an_interval_nor_an_apnoea(announced):
    rate = RespirationRate(25)
    rate.process(wave(15, 60, 25))

    during = None if announced else rate.process(np.full(25 * 30, np.nan))
    if announced:
        rate.gap(25 * 30)
    soon = rate.process(wave(15, 1, 25))
    reading = rate.process(wave(15, 60, 25))

    assert not (soon.apnoea or reading.apnoea or (during and during.apnoea))
    assert reading.rate_bpm == pytest.approx(15, abs=0.5)
    assert reading.breath_times_s.min() > 90 - 1


def test_temperature_follows_slowly_and_knows_its_slope():
    minutes = np.arange(0, 30, 1 / 60)
    rows = BodyTemperature(1).process(33 + 0.1 * minutes)

    assert rows["slope_c_per_min"][-1] == pytest.approx(0.1, abs=0.005)
    assert rows["celsius"][-1] == pytest.approx(33 + 0.1 * 30, abs=0.1)
    assert rows["contact"][20:].all()


def test_a_sensor_that_comes_off_loses_contact_and_gets_it_back():
    on, cooling, back = np.full(300, 34.0), 34 - 12 * (1 - np.exp(-np.arange(120) / 40)), np.full(600, 34.0)
    contact = BodyTemperature(1).process(np.concatenate([on, cooling, back]))["contact"]

    assert contact[20:300].all()
    assert not contact[330:420].any()
    assert contact[-100:].all()


def test_one_wild_temperature_changes_nothing_and_a_missing_one_repeats_the_last():
    samples = np.full(200, 36.5)
    samples[100], samples[150] = 85.0, np.nan
    rows = BodyTemperature(1).process(samples)

    assert rows["celsius"] == pytest.approx(np.full(200, 36.5))
    assert rows["contact"][20:].all()


def test_after_ten_seconds_without_a_temperature_nothing_is_known():
    temperature = BodyTemperature(1)
    temperature.process(np.full(60, 36.5))

    rows = temperature.process(np.full(20, np.nan))

    assert rows["celsius"][9] == pytest.approx(36.5)
    assert np.isnan(rows["celsius"][10:]).all()
    assert not rows["contact"][10:].any()


@pytest.mark.parametrize("mains_hz", [50, 60])
def test_the_conditioner_takes_wander_and_mains_off_and_leaves_the_beat(mains_hz):
    seconds = np.arange(len(ecg_250())) / 250
    clean = EcgConditioner(250, mains_hz).process(ecg_250())
    wander = 2000 * np.sin(2 * np.pi * 0.05 * seconds)
    mains = 500 * np.sin(2 * np.pi * mains_hz * seconds)

    conditioned = EcgConditioner(250, mains_hz).process(ecg_250() + wander + mains)

    settled = slice(250 * 10, None)
    assert np.abs(conditioned - clean)[settled].max() < 40
    assert np.ptp(clean[settled]) > 0.6 * np.ptp(signal.detrend(ecg_250()[settled]))


def test_an_electrode_offset_starts_no_transient():
    plain = EcgConditioner(250).process(ecg_250())

    assert np.abs(EcgConditioner(250).process(ecg_250() + 100_000) - plain).max() < 0.01


@pytest.mark.parametrize("announced", [True, False])
def test_a_jump_over_a_gap_starts_no_transient(announced):
    moved = ecg_250()[5000:] + 100_000
    conditioner, same = EcgConditioner(250), EcgConditioner(250)
    for each in (conditioner, same):
        each.process(ecg_250()[:5000])
        (each.gap(500) if announced else each.process(np.full(500, np.nan)))

    assert np.abs(conditioner.process(moved) - same.process(ecg_250()[5000:])).max() < 0.1


@pytest.mark.parametrize("make", [RespirationRate, BodyTemperature, EcgConditioner])
@pytest.mark.parametrize("rate_hz", [0, -5, 1e9, float("nan")])
def test_a_rate_that_a_filter_is_not_made_for_is_refused(make, rate_hz):
    with pytest.raises(ValueError, match="Hz"):
        make(rate_hz)


@pytest.mark.parametrize(("rate_hz", "mains_hz"), [(100, 50), (100, 60), (110, 60), (128, 60), (257, 60)])
def test_mains_are_taken_off_also_where_a_slow_converter_folds_them_to(rate_hz, mains_hz):
    mains = 500 * np.cos(2 * np.pi * mains_hz * np.arange(60 * rate_hz) / rate_hz)

    left = EcgConditioner(rate_hz, mains_hz).process(mains)[30 * rate_hz :]

    assert np.abs(left).max() < 5


@pytest.mark.parametrize("start_s", [0, 1, 60])
@pytest.mark.parametrize("size", [10, 1000])
@pytest.mark.parametrize("shape", ["knock", "step"])
def test_after_an_artefact_of_any_size_breaths_are_counted_again(size, start_s, shape):
    rate_hz, part = 25, slice(25 * start_s, 25 * start_s + 10 if shape == "knock" else None)
    samples = wave(15, 360, rate_hz)
    samples[part] += size

    breaths = RespirationRate(rate_hz).process(samples)

    late = breaths.breath_times_s[breaths.breath_times_s >= 240]
    assert len(late) in (29, 30)
    assert breaths.rate_bpm == pytest.approx(15, abs=0.2)
