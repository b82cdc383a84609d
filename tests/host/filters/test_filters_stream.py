"""What holds for every filter: any split, saved states, resets, gaps, wrong input."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from filter_signals import ecg_250, wave
from tasuki.filters import (
    Activity,
    BeatDetector,
    Biquads,
    BodyTemperature,
    EcgConditioner,
    FallDetector,
    HeartRate,
    Orientation,
    Posture,
    RespirationRate,
    detect_beats,
)

SOS = signal.butter(10, (0.05, 0.4), "bandpass", output="sos")
NOTCH = signal.cheby2(4, 40, 0.2, output="sos")


def spoilt(samples):
    """The same with bad samples of every kind and a longer run of them."""
    samples = np.array(samples, np.float32)
    samples[[7, 700, 1501]] = np.nan, np.inf, -np.inf
    samples[2000:2100] = np.nan
    return samples


# name -> (make it, an input of 3,000 samples or rows)
FILTERS = {
    "Biquads": (lambda: Biquads(SOS), spoilt(ecg_250()[:3000])),
    "Biquads of 3 channels": (lambda: Biquads(SOS, 3), spoilt(ecg_250()[:9000]).reshape(-1, 3)),
    "Biquads of 70 channels": (
        lambda: Biquads(SOS[:3], 70),
        spoilt(np.tile(ecg_250()[:3000], 70)).reshape(-1, 70),
    ),
    "Biquads in fixed point": (lambda: Biquads(NOTCH), ecg_250()[:3000].astype(np.int32)),
    "Biquads of 3 in fixed point": (
        lambda: Biquads(NOTCH, 3),
        ecg_250()[:9000].astype(np.int32).reshape(-1, 3),
    ),
    "EcgConditioner": (lambda: EcgConditioner(250), spoilt(ecg_250()[:3000])),
    "BeatDetector": (lambda: BeatDetector(250), spoilt(ecg_250()[:3000])),
    "BeatDetector, decimating": (lambda: BeatDetector(600), spoilt(ecg_250()[:3000])),
    "HeartRate": (HeartRate, detect_beats(ecg_250(), 250)),
    "RespirationRate": (lambda: RespirationRate(25), spoilt(wave(15, 120, 25))),
    "BodyTemperature": (lambda: BodyTemperature(1), spoilt(36.5 + 0.2 * wave(0.1, 3000, 1))),
}
every_filter = pytest.mark.parametrize("name", FILTERS)


def bits(results):
    """All that a filter said, as bytes; of readings the lists joined and the last values."""
    if isinstance(results[0], np.ndarray):
        return np.concatenate(results).tobytes()
    breaths = [result.breath_times_s for result in results if hasattr(result, "breath_times_s")]
    last = {key: value for key, value in vars(results[-1]).items() if key not in ("breath_times_s", "apnoea")}
    return np.concatenate([[0.0], *breaths]).tobytes() + repr(last).encode()


@every_filter
@settings(max_examples=25, deadline=None)
@given(cuts=st.lists(st.integers(0, 3000), max_size=12))
def test_any_split_gives_the_same_bits_as_the_whole(name, cuts):
    make, samples = FILTERS[name]
    whole, split = make(), make()
    edges = [0, *sorted(cuts), len(samples)]

    results = [split.process(samples[a:b]) for a, b in pairwise(edges)]

    assert bits(results) == bits([whole.process(samples)])
    assert split.state() == whole.state()


@every_filter
def test_samples_one_by_one_give_the_same_bits_as_the_whole(name):
    make, samples = FILTERS[name]
    whole, single = make(), make()

    results = [single.process(samples[i : i + 1]) for i in range(len(samples))]

    assert bits(results) == bits([whole.process(samples)])


@every_filter
@settings(max_examples=20, deadline=None)
@given(cut=st.integers(0, 3000))
def test_a_restored_state_goes_on_with_the_same_bits(name, cut):
    make, samples = FILTERS[name]
    straight, before, after = make(), make(), make()
    straight.process(samples[:cut])
    before.process(samples[:cut])

    after.process(samples[: cut // 2])
    after.restore(before.state())

    assert bits([after.process(samples[cut:])]) == bits([straight.process(samples[cut:])])


@every_filter
def test_after_a_reset_it_is_as_new(name):
    make, samples = FILTERS[name]
    used = make()
    used.process(samples)

    used.reset()

    assert used.state() == make().state()
    assert bits([used.process(samples)]) == bits([make().process(samples)])


@every_filter
def test_a_damaged_or_foreign_state_is_refused_and_changes_nothing(name):
    make, samples = FILTERS[name]
    filled = make()
    filled.process(samples)
    state = filled.state()
    damaged = [
        state[:-1],
        b"",
        state + b"\0",
        state[:-1] + bytes([state[-1] ^ 1]),
        bytes([state[0] ^ 1]) + state[1:],
    ]
    foreign = [make().state() for other, (make, _) in FILTERS.items() if other != name]

    for wrong in damaged + foreign:
        with pytest.raises(ValueError, match="state"):
            filled.restore(wrong)
    assert filled.state() == state


@every_filter
def test_an_empty_block_changes_nothing(name):
    make, samples = FILTERS[name]
    filled = make()
    filled.process(samples[:1000])
    state = filled.state()

    filled.process(samples[:0])

    assert filled.state() == state


@every_filter
def test_what_was_given_stays_as_it_is_when_the_filter_goes_on(name):
    make, samples = FILTERS[name]
    filt = make()
    results, given = [], []

    for at in range(0, len(samples), 500):
        results.append(filt.process(samples[at : at + 500]))
        given.append(bits(results[-1:]))

    assert [bits([result]) for result in results] == given


@pytest.mark.parametrize("name", [name for name in FILTERS if name.startswith("Biquads")])
def test_in_place_equals_out_of_place(name):
    make, samples = FILTERS[name]
    block = samples.copy()

    make().process(block, block)

    assert block.tobytes() == make().process(samples).tobytes()


def test_the_state_of_one_hub_stays_below_8_kib():
    one_of_each = [
        BeatDetector(250),
        EcgConditioner(250),
        HeartRate(),
        RespirationRate(25),
        BodyTemperature(1),
        Orientation(100, magnetometer=True),
        Posture(),
        Activity(100),
        FallDetector(100),
    ]

    assert sum(len(each.state()) for each in one_of_each) <= 8192


@pytest.mark.parametrize(
    "make", [lambda: BeatDetector(250), lambda: EcgConditioner(250), lambda: RespirationRate(25)]
)
def test_a_block_of_several_channels_is_refused_where_one_is_expected(make):
    with pytest.raises(ValueError, match=r"shape \(n,\)"):
        make().process(np.zeros((5, 2), np.float32))


@pytest.mark.parametrize(
    "section", [[1, 2, 1, 1, -2, 1], [8, 0, 0, 1, 0, 0], [1e308, 1e308, 1e308, 1, 0, 0], [1, 0, 0, 1, 0, -2]]
)
def test_what_does_not_fit_fixed_point_is_refused_for_integers_and_taken_for_floats(section):
    biquads = Biquads([section])

    with pytest.raises(ValueError, match="does not fit fixed point"):
        biquads.process(np.ones(9, np.int32))
    assert len(biquads.process(np.zeros(9, np.float32))) == 9
