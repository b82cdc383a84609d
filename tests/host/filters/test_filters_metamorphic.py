"""How the answer must change when the question is changed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from filter_signals import at_250, ecg_250, marsh, mitdb, wave
from tasuki.filters import (
    BeatDetector,
    Biquads,
    BodyTemperature,
    EcgConditioner,
    HeartRate,
    RespirationRate,
    detect_beats,
)
from tasuki.filters.score import compare

SOS = signal.butter(8, (0.02, 0.3), "bandpass", output="sos")


@pytest.mark.parametrize("make", [lambda: Biquads(SOS), lambda: EcgConditioner(250)])
@pytest.mark.parametrize("factor", [-1, 2, -0.25, 1024])
def test_a_linear_filter_scales_with_powers_of_two_to_the_bit(make, factor):
    found = make().process(ecg_250() * np.float32(factor))

    assert np.array_equal(found, make().process(ecg_250()) * np.float32(factor))


def test_two_signals_at_once_give_the_sum_of_their_answers():
    other = wave(70, 60, 250) * 800

    both = Biquads(SOS).process(ecg_250() + other)

    apart = Biquads(SOS).process(ecg_250()) + Biquads(SOS).process(other)
    assert np.abs(both - apart).max() < 1e-4 * np.abs(apart).max()


def test_an_order_of_channels_is_the_order_of_the_answers():
    block = np.stack([np.roll(ecg_250(), 100 * k) for k in range(40)], axis=1)
    order = np.random.default_rng(3).permutation(40)

    shuffled = Biquads(SOS, 40).process(block[:, order])

    assert shuffled.tobytes() == np.ascontiguousarray(Biquads(SOS, 40).process(block)[:, order]).tobytes()


@settings(max_examples=15, deadline=None)
@given(scale=st.floats(0.25, 4), offset=st.floats(-100_000, 100_000), flip=st.booleans())
def test_gain_offset_and_polarity_change_no_beat(scale, offset, flip):
    samples = ecg_250()[:7500].astype(np.float64)

    found = detect_beats((-samples if flip else samples) * scale + offset, 250)["sample"]

    score = compare(found, detect_beats(samples, 250)["sample"], 2)
    assert score.missed + score.extra == 0


@pytest.mark.parametrize("name", ["100", "119", "209"])
@pytest.mark.parametrize("rate_hz", [125, 250, 500, 720, 1000])
def test_a_resampled_record_has_the_same_beats(name, rate_hz):
    microvolts = mitdb(name)[0][: 300 * 360]
    resampled = signal.resample_poly(microvolts, rate_hz // 5, 72)

    found = detect_beats(resampled, rate_hz)["time_s"] * 360

    before = detect_beats(microvolts, 360)["sample"]
    score = compare(found, before, 0.03 * 360)
    assert score.missed + score.extra <= 0.01 * len(before)


def test_rounding_to_whole_microvolts_changes_no_beat():
    microvolts = mitdb("100")[0][: 120 * 360]
    exact = signal.resample_poly(microvolts, 25, 36)

    found = detect_beats(at_250(microvolts), 250)["sample"]

    assert found.tolist() == detect_beats(exact, 250)["sample"].tolist()


def test_a_slower_record_has_a_slower_heart():
    rows = detect_beats(ecg_250(), 250)
    slower = rows.copy()
    slower["rr_s"] *= 1.25

    fast, slow = HeartRate().process(rows), HeartRate().process(slower)

    assert slow.bpm == pytest.approx(fast.bpm / 1.25, rel=1e-6)
    assert slow.rmssd_ms == pytest.approx(1.25 * fast.rmssd_ms, rel=1e-6)
    assert (slow.irregular, slow.quality) == (fast.irregular, fast.quality)


@pytest.mark.parametrize("factor", [2.0**-20, 0.5, 4096])
def test_breaths_scale_to_the_bit(factor):
    impedance = marsh("0037").impedance[: 300 * 50]

    found = RespirationRate(50).process(impedance * np.float32(factor))

    expected = RespirationRate(50).process(impedance)
    assert found.breath_times_s.tolist() == expected.breath_times_s.tolist()
    assert (found.rate_bpm, found.confidence) == (expected.rate_bpm, expected.confidence)


@pytest.mark.parametrize("name", ["0037", "5111"])
@pytest.mark.parametrize("rate_hz", [10, 25, 100, 250])
def test_a_resampled_chest_has_the_same_breaths_and_rate(name, rate_hz):
    impedance = marsh(name).impedance[: 300 * 50].astype(float)
    resampled = signal.resample_poly(impedance, rate_hz, 50)

    found = RespirationRate(rate_hz).process(resampled)

    expected = RespirationRate(50).process(impedance)
    assert found.rate_bpm == pytest.approx(expected.rate_bpm, abs=0.5)
    score = compare(found.breath_times_s, expected.breath_times_s, 0.4)
    assert score.missed + score.extra <= 0.06 * len(expected.breath_times_s)


def test_an_inverted_chest_has_the_same_rate():
    impedance = marsh("0037").impedance[: 300 * 50]

    rates = [RespirationRate(50).process(sign * impedance).rate_bpm for sign in (1, -1)]

    assert rates[0] == pytest.approx(rates[1], abs=1)


def test_a_warmer_wearer_is_warmer_by_as_much():
    samples = 34 + 0.5 * wave(0.2, 1200, 1)

    cool, warm = BodyTemperature(1).process(samples), BodyTemperature(1).process(samples + 2)

    assert warm["celsius"] - cool["celsius"] == pytest.approx(2, abs=1e-4)
    assert warm["slope_c_per_min"] == pytest.approx(cool["slope_c_per_min"], abs=1e-3)


def test_beats_of_later_samples_do_not_change_the_earlier_ones():
    """Causal: what was decided stands, whatever comes."""
    half = len(ecg_250()) // 2
    noise = np.random.default_rng(8).normal(0, 3000, half).astype(np.float32)
    real, other = BeatDetector(250), BeatDetector(250)

    assert real.process(ecg_250()[:half]).tobytes() == other.process(ecg_250()[:half]).tobytes()
    after = [each.process(rest)["sample"] for each, rest in ((real, ecg_250()[half:]), (other, noise))]
    assert all((samples >= half - 0.5 * 250).all() for samples in after)
