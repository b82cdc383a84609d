"""The C filters equal their plain Python twins, to the bit, on a recorded signal."""

import numpy as np
import pytest
from scipy import signal

from filter_signals import ecg_250, simulator
from tasuki.filters import BeatDetector, Biquads
from tasuki.filters.plain_biquads import plain_biquads_f32, plain_biquads_i32
from tasuki.filters.plain_decide import plain_beats

LOWPASS = signal.butter(8, 0.3, output="sos")
NOTCHES = signal.cheby2(8, 40, 0.2, output="sos")


def spoilt(samples):
    """The same with bad samples: one, a few, a gap of 0.4 s and one of 2.4 s, a step, a rail, a flat line."""
    samples = samples.copy()
    samples[[1000, 2000, 2001, 2002]] = np.nan, np.inf, -np.inf, 3e6
    samples[4000:4100] = np.nan
    samples[7000:7600] = np.nan
    samples[9000:] += 5000
    samples[10_000:10_200] = 32_767
    samples[11_000:11_040] = samples[11_000]
    samples[11_010] = np.nan
    return samples


@pytest.mark.parametrize("sections", [1, 2, 3, 4])
@pytest.mark.parametrize("channels", [1, 2, 40])
def test_biquads_in_float32_are_bit_equal(sections, channels):
    samples = spoilt(ecg_250())[:3000]

    found = Biquads(LOWPASS[:sections], channels).process(np.repeat(samples[:, None], channels, axis=1))

    plain = plain_biquads_f32(LOWPASS[:sections], samples).tobytes()
    assert {column.tobytes() for column in found.T} == {plain}


@pytest.mark.parametrize("sections", [5, 8])
def test_more_sections_than_vector_lanes_are_bit_equal(sections):
    sos = signal.butter(16, 0.3, output="sos")[:sections]
    samples = ecg_250()[:1500]

    assert Biquads(sos).process(samples).tobytes() == plain_biquads_f32(sos, samples).tobytes()


@pytest.mark.parametrize("size", range(1, 12))
def test_blocks_shorter_and_a_little_longer_than_the_skew_of_a_wave_are_bit_equal(size):
    samples = ecg_250()[:300]
    filt = Biquads(LOWPASS)

    found = [filt.process(samples[at : at + size]).tobytes() for at in range(0, 300, size)]

    assert b"".join(found) == plain_biquads_f32(LOWPASS, samples).tobytes()


# as SciPy gives them; alone, a numerator of [1, 2, 1] keeps its 2
FIXED = {
    "notches": NOTCHES,
    "low-pass": signal.butter(8, 0.02, output="sos"),
    "high-pass": signal.butter(2, 0.004, "highpass", output="sos"),
    "band-pass": signal.butter(4, (0.004, 0.3), "bandpass", output="sos"),
    "one of 2": np.array([[1.0, 2, 1, 1, -0.5, 0.2]]),
    "one below 8": np.array([[0, -7.99, 3, 1, -1.99, 0.995]]),
}


@pytest.mark.parametrize("name", FIXED)
@pytest.mark.parametrize("gain", [1, 10_000_000])
def test_biquads_in_fixed_point_are_bit_equal_also_where_they_are_limited(gain, name):
    samples = np.clip(ecg_250()[:3000].astype(np.int64) * gain, -(2**31), 2**31 - 1).astype(np.int32)

    found = Biquads(FIXED[name]).process(samples)

    assert found.tolist() == plain_biquads_i32(FIXED[name], samples).tolist()


@pytest.mark.parametrize("name", ["notches", "low-pass", "high-pass", "band-pass", "one of 2"])
def test_biquads_in_fixed_point_stay_within_a_few_counts_of_scipys_double(name):
    samples = ecg_250().astype(np.int32)

    found = Biquads(FIXED[name]).process(samples)

    assert np.abs(found - signal.sosfilt(FIXED[name], samples.astype(float))).max() < 4


def test_float32_biquads_stay_near_scipys_double():
    found = Biquads(LOWPASS).process(ecg_250())

    exact = signal.sosfilt(LOWPASS, ecg_250().astype(float))
    assert np.abs(found - exact).max() < 1e-5 * np.abs(exact).max()  # some 100 roundings of 6e-8


def simulated(rate_hz):
    """Flat between beats; then a pause, zeros that jump back, a lead off, a rail, coarse steps."""
    samples = simulator(np.arange(0.4, 22, 0.8), 22, rate_hz)
    second = round(rate_hz)
    samples[4 * second : 6 * second] = 0
    samples[6 * second :] += 9000
    samples[8 * second : 8 * second + second // 2] = 9700
    samples[10 * second : 14 * second] = samples[10 * second]
    samples[15 * second : 16 * second] = 32_767
    samples[17 * second + 9] = np.nan
    samples[18 * second :] = 300 * np.rint(samples[18 * second :] / 300)
    return samples


@pytest.mark.parametrize("rate_hz", [100, 250, 600])
def test_in_flat_lines_the_beats_are_those_of_the_plain_detector(rate_hz):
    samples = np.concatenate([simulated(rate_hz), np.full(rate_hz, np.nan, np.float32)])

    found = BeatDetector(rate_hz).process(samples)

    plain = plain_beats(samples, rate_hz)
    assert len(plain) >= 12
    assert found["sample"].tolist() == [r for r, _, _ in plain]
    assert np.nan_to_num(found["rr_s"] * rate_hz).round().tolist() == [rr for _, rr, _ in plain]
    assert (found["confidence"] * 256).tolist() == [confidence for _, _, confidence in plain]


@pytest.mark.parametrize("rate_hz", [250, 125.5, 720, 1440])
def test_the_beats_are_those_of_the_plain_detector(rate_hz):
    ended = np.concatenate([spoilt(ecg_250()), np.full(1440, np.nan, np.float32)])

    found = BeatDetector(rate_hz).process(ended)

    plain = plain_beats(ended, rate_hz)
    assert len(plain) >= 15
    assert found["sample"].tolist() == [r for r, _, _ in plain]
    assert np.nan_to_num(found["rr_s"] * rate_hz).round().tolist() == [rr for _, rr, _ in plain]
    assert (found["confidence"] * 256).tolist() == [confidence for _, _, confidence in plain]
