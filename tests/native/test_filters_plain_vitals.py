"""Breaths, temperature, heart rate and conditioned ECG equal their plain Python twins, to the bit."""

import numpy as np
import pytest

from filter_signals import ecg_250, marsh, wave
from tasuki.filters import BodyTemperature, EcgConditioner, HeartRate, RespirationRate, detect_beats
from tasuki.filters.ecg import conditioner_design
from tasuki.filters.plain_biquads import plain_biquads_f32
from tasuki.filters.plain_breaths import plain_breaths
from tasuki.filters.plain_level import plain_level
from tasuki.filters.plain_vitals import plain_heart_rate, plain_temperature


def spoilt(samples):
    """The same with single bad samples, gaps of 0.4 s to 20 s at 50 Hz, and a step after one."""
    samples = np.array(samples, np.float32)
    samples[[300, 301, 1700]] = np.nan, np.inf, -np.inf
    samples[2000:2020] = np.nan
    samples[3000:4000] = np.nan
    samples[6000:6100] = np.inf
    samples[6100:] += 3000
    return samples


def assert_same_breaths(samples, rate_hz, least):
    rate = RespirationRate(rate_hz)
    reading = rate.process(samples)

    plain = plain_breaths(samples, rate_hz)
    assert len(plain.breaths) >= least
    assert reading.breath_times_s.tolist() == [sample / rate_hz for sample, _ in plain.breaths]
    assert (reading.rate_bpm or 0.0, reading.confidence) == (plain.rate_bpm, plain.confidence)
    state = rate._core._state
    assert (state.mean, state.depth, state.interval) == plain.levels
    late = any(interval > 10 * rate_hz for _, interval in plain.breaths)
    assert reading.apnoea == (plain.apnoea or late)


@pytest.mark.parametrize("name", ["0256", "5111", "8000"])
@pytest.mark.parametrize("seconds", [153.3, 158.02, 700])
def test_breaths_of_a_recording(name, seconds):
    assert_same_breaths(spoilt(marsh(name).impedance[: round(50 * seconds)]), 50, 10)


def test_the_rate_of_a_recording_at_many_moments():
    for tenths in range(600, 640):
        assert_same_breaths(marsh("0047").impedance[: 5 * tenths], 50, 5)


@pytest.mark.parametrize("rate_hz", [5, 12.5, 25, 40, 101])
def test_breaths_at_other_rates(rate_hz):
    assert_same_breaths(wave(13, 90, rate_hz) + 0.2 * wave(71, 90, rate_hz), rate_hz, 15)


def test_breaths_after_artefacts():
    samples = wave(15, 240, 25)
    samples[:10], samples[1500:1510] = 1000, -300  # the first sets the usual depth, the second blinds
    assert_same_breaths(samples, 25, 10)


def test_breaths_that_stop_and_a_gap_that_lasts():
    samples = np.concatenate([wave(15, 60, 25), np.zeros(25 * 14, np.float32)])
    assert_same_breaths(samples, 25, 10)
    assert_same_breaths(np.concatenate([samples, np.full(25 * 20, np.nan, np.float32)]), 25, 10)


def test_temperature():
    nasal = marsh("0018").nasal[::10][:4000]
    samples = (34 + 4 * nasal / np.abs(nasal).max()).astype(np.float32)
    samples[[100, 101]] = np.nan
    samples[500:600] = np.nan
    samples[900:1100] = 20

    rows = BodyTemperature(5).process(samples)

    plain = plain_temperature(samples, 5)
    assert {True, False} == {contact for _, _, contact in plain}
    np.testing.assert_array_equal(rows["celsius"], np.array([c for c, _, _ in plain], np.float32))
    np.testing.assert_array_equal(rows["slope_c_per_min"], np.array([s for _, s, _ in plain], np.float32))
    assert rows["contact"].tolist() == [contact for _, _, contact in plain]


@pytest.mark.parametrize("beats", [0, 1, 2, 7, 20, 33, 100])
def test_heart_rate(beats):
    rows = detect_beats(ecg_250(), 250)[:beats]
    if beats > 40:
        rows["rr_s"][[90, 95]] = np.nan, 0.1

    reading = HeartRate().process(rows)

    bpm, square, irregular, quality = plain_heart_rate(np.nan_to_num(rows["rr_s"] * 1000), rows["confidence"])
    rmssd = None if square < 0 else np.sqrt(square)
    found = (reading.bpm or 0.0, reading.rmssd_ms, reading.irregular, reading.quality)
    assert found == (bpm, rmssd, irregular, quality)


def test_conditioned_ecg():
    samples = spoilt(ecg_250())[:7000]
    sos, hold = conditioner_design(250, 50)

    found = EcgConditioner(250).process(samples)

    levelled, _ = plain_level(samples, hold)
    assert found.tobytes() == plain_biquads_f32(sos, levelled).tobytes()
