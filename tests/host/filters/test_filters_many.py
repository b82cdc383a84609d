"""Many hubs at once: each gets the bits that it would get alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from filter_signals import ecg_250, wave
from tasuki.filters import (
    BeatDetector,
    BeatDetectorMany,
    Biquads,
    BiquadsMany,
    BodyTemperature,
    BodyTemperatureMany,
    EcgConditioner,
    EcgConditionerMany,
    HeartRate,
    HeartRateMany,
    RespirationRate,
    RespirationRateMany,
)

SOS = signal.butter(8, (0.05, 0.4), "bandpass", output="sos")
HUBS = [1, 16, 37]
hubs_at_a_time = pytest.mark.parametrize("hubs", HUBS)


def ecgs(hubs, seconds=24):
    """One real recording from another place for each hub; some with bad samples, gaps, a lead that is off."""
    n = seconds * 250
    columns = np.stack([np.roll(ecg_250(), -311 * hub)[:n] * (1 - hub / 50) for hub in range(hubs)], axis=1)
    columns[1000, ::3] = np.nan
    columns[2000:2600, 1::5] = np.nan
    columns[3000, 2::7] = np.inf
    columns[:1500, 3::11] = np.nan
    columns[4000:, 4::9] += 5000
    columns[:, 5::13] = 0
    columns[2500:2900, 6::10] = -32_768
    return columns


def breathing(hubs, seconds=150):
    columns = np.stack([wave(9 + hub % 17, seconds, 50) for hub in range(hubs)], axis=1)
    columns[1000:1300, ::4] = np.nan
    columns[3000:, 1::6] = 0.2
    return columns


def pieces(columns, cuts=(0, 1, 700, 701, 2500)):
    return np.split(columns, [cut for cut in cuts if 0 < cut < len(columns)])


@hubs_at_a_time
def test_biquads(hubs):
    many, block = BiquadsMany(SOS, hubs), ecgs(hubs, 16)

    found = np.concatenate([many.process(piece) for piece in pieces(block)])

    for hub in range(hubs):
        assert found[:, hub].tobytes() == Biquads(SOS).process(block[:, hub]).tobytes()


@hubs_at_a_time
def test_conditioned_ecg(hubs):
    many, block = EcgConditionerMany(250, hubs), ecgs(hubs, 16)

    found = np.concatenate([many.process(piece) for piece in pieces(block)])

    for hub in range(hubs):
        assert found[:, hub].tobytes() == EcgConditioner(250).process(block[:, hub]).tobytes()


@hubs_at_a_time
@pytest.mark.parametrize("rate_hz", [250, 700, 1500])
def test_beats(hubs, rate_hz):
    many, block = BeatDetectorMany(rate_hz, hubs), ecgs(hubs)

    found = np.concatenate([many.process(piece) for piece in pieces(block)])

    for hub in range(hubs):
        alone = BeatDetector(rate_hz).process(block[:, hub])
        mine = found[found["hub"] == hub]
        for name in alone.dtype.names:
            assert mine[name].tobytes() == alone[name].tobytes(), (hub, name)
    assert len(found) > 15 * hubs * 250 / rate_hz


@settings(max_examples=20, deadline=None)
@given(
    cuts=st.lists(st.integers(1, 2999), max_size=6),
    bad=st.lists(st.tuples(st.integers(0, 2999), st.integers(0, 4), st.integers(1, 300)), max_size=6),
)
def test_beats_with_any_bad_stretches_in_any_split(cuts, bad):
    block = np.stack([ecg_250()[hub * 1000 : hub * 1000 + 3000] for hub in range(5)], axis=1)
    for start, hub, length in bad:
        block[start : start + length, hub] = np.nan
    many = BeatDetectorMany(250, 5)

    found = np.concatenate([many.process(piece) for piece in np.split(block, sorted(cuts))])

    for hub in range(5):
        alone = BeatDetector(250).process(block[:, hub])
        assert found[found["hub"] == hub]["sample"].tolist() == alone["sample"].tolist()
        assert found[found["hub"] == hub]["confidence"].tolist() == alone["confidence"].tolist()


@hubs_at_a_time
def test_heart_rate(hubs):
    block = ecgs(hubs)
    found = BeatDetectorMany(250, hubs).process(block)

    readings = HeartRateMany(hubs).process(found)

    for hub in range(hubs):
        alone = HeartRate().process(found[found["hub"] == hub])
        mine = (readings.bpm[hub], readings.rmssd_ms[hub], readings.irregular[hub], readings.quality[hub])
        expected = (alone.bpm or np.nan, np.nan if alone.rmssd_ms is None else alone.rmssd_ms)
        np.testing.assert_equal(mine, (*expected, alone.irregular, alone.quality))


@hubs_at_a_time
def test_breaths(hubs):
    many, block = RespirationRateMany(50, hubs), breathing(hubs)

    readings = [many.process(piece) for piece in pieces(block, (0, 1, 700, 3001, 6200))]

    breaths = np.concatenate([reading.breaths for reading in readings])
    for hub in range(hubs):
        single = RespirationRate(50)
        alone = [single.process(piece[:, hub]) for piece in pieces(block, (0, 1, 700, 3001, 6200))]
        times = np.concatenate([reading.breath_times_s for reading in alone])
        assert breaths["time_s"][breaths["hub"] == hub].tolist() == times.tolist()
        for mine, reading in zip(readings, alone, strict=True):
            np.testing.assert_equal(mine.rate_bpm[hub], reading.rate_bpm or np.nan)
            assert (mine.confidence[hub], mine.apnoea[hub]) == (reading.confidence, reading.apnoea)


@hubs_at_a_time
def test_temperature(hubs):
    minutes = np.arange(900)[:, None] / 60
    block = 33 + 0.05 * np.arange(hubs) * np.sin(minutes)
    block[300:320, ::3] = np.nan
    many = BodyTemperatureMany(1, hubs)

    found = np.concatenate([many.process(piece) for piece in pieces(block)])

    for hub in range(hubs):
        assert found[:, hub].tobytes() == BodyTemperature(1).process(block[:, hub]).tobytes()


MANY = {
    "BiquadsMany": (lambda hubs: BiquadsMany(SOS, hubs), lambda hubs: ecgs(hubs, 16)),
    "EcgConditionerMany": (lambda hubs: EcgConditionerMany(250, hubs), lambda hubs: ecgs(hubs, 16)),
    "BeatDetectorMany": (lambda hubs: BeatDetectorMany(250, hubs), ecgs),
    "RespirationRateMany": (lambda hubs: RespirationRateMany(50, hubs), breathing),
    "BodyTemperatureMany": (lambda hubs: BodyTemperatureMany(50, hubs), lambda hubs: 34 + breathing(hubs)),
    "HeartRateMany": (HeartRateMany, lambda hubs: BeatDetectorMany(250, hubs).process(ecgs(hubs))),
}


@pytest.mark.parametrize("name", MANY)
def test_a_restored_state_goes_on_as_the_saved_one(name):
    make, samples = MANY[name]
    block = samples(5)
    before, after = make(5), make(5)
    before.process(block[: len(block) // 2])

    after.restore(before.state())

    before.process(block[len(block) // 2 :])
    after.process(block[len(block) // 2 :])
    assert after.state() == before.state()
    after.reset()
    assert after.state() == make(5).state()


@pytest.mark.parametrize("name", MANY)
def test_the_state_of_another_number_of_hubs_is_refused(name):
    make, _ = MANY[name]

    with pytest.raises(ValueError, match="state"):
        make(5).restore(make(6).state())
    with pytest.raises(ValueError, match="hub"):
        make(0)


def test_a_block_of_another_number_of_hubs_is_refused():
    with pytest.raises(ValueError, match=r"\(n, 5\)"):
        BeatDetectorMany(250, 5).process(np.zeros((10, 4), np.float32))
