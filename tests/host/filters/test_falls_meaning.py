"""Falls: what is one, when it is said, and how surely."""

import importlib
from pathlib import Path

import numpy as np
import pytest

from motion_signals import fallen, hifd
from tasuki.filters import FallDetector, FallDetectorMany
from tasuki.filters.falls import weights_hash

RATE = 100.0
BENCHMARKS = Path(__file__).parents[3] / "benchmarks/filters"
HIFD = Path(__file__).parents[3] / "../shared/data/hifd"


@pytest.mark.parametrize("gravity", [True, False])
@pytest.mark.parametrize("rate_hz", [50, 100, 104, 416])
def test_a_fall_is_found_at_its_impact_with_gravity_and_without(gravity, rate_hz):
    rows = FallDetector(rate_hz).process(fallen(rate_hz=rate_hz, gravity=gravity))

    assert rows["time_s"] == pytest.approx([8.0], abs=0.06)
    assert rows["confidence"][0] > 0.7
    assert rows["impact_m_s2"][0] > 30
    assert rows["quality"] == [1]


@pytest.mark.parametrize("gravity", [True, False])
def test_an_arm_that_strikes_is_no_fall(gravity):
    strike = fallen(gravity=gravity, strike=True)

    every = FallDetector(RATE, least_confidence=0).process(strike)

    assert every["impact_m_s2"].max() > 30
    assert every["confidence"].max() < 0.3


def test_nothing_is_said_of_someone_who_walks():
    t = np.arange(6000) / RATE
    walk = np.stack([2 * np.sin(5.9 * t), 1.5 * np.cos(11.8 * t), 9.81 + 3 * np.sin(11.8 * t)], axis=1)

    assert len(FallDetector(RATE, least_confidence=0).process(walk)) == 0


def test_it_is_said_two_and_a_half_seconds_after_the_impact():
    detector = FallDetector(RATE)

    early = detector.process(fallen()[:1050])
    late = detector.process(fallen()[1050:1062])

    assert len(early) == 0
    assert len(late) == 1


@pytest.mark.parametrize("axes", [[1, 2, 0], [2, 0, 1], [0, 2, 1]])
def test_it_does_not_matter_how_the_sensor_is_mounted(axes):
    plain = FallDetector(RATE).process(fallen())
    turned = FallDetector(RATE).process(-fallen()[:, axes])

    assert turned["sample"].tolist() == plain["sample"].tolist()
    assert turned["confidence"] == pytest.approx(plain["confidence"], abs=1e-3)


def test_bad_samples_lower_the_quality_and_not_the_decision():
    accel = fallen()
    accel[900:935] = np.nan

    rows = FallDetector(RATE).process(accel)

    assert rows["sample"].tolist() == FallDetector(RATE).process(fallen())["sample"].tolist()
    assert rows["quality"][0] == pytest.approx(0.9, abs=0.03)


@pytest.mark.parametrize("announced", [True, False])
def test_a_gap_that_swallows_the_aftermath_leaves_a_doubtful_fall(announced):
    detector = FallDetector(RATE, least_confidence=0)
    detector.process(fallen()[:830])

    nothing = np.full((500, 3), np.nan, np.float32)
    rows = detector.gap(500) if announced else detector.process(nothing)

    assert rows["time_s"] == pytest.approx([8.0], abs=0.06)
    assert rows["quality"][0] < 0.5
    assert rows["confidence"][0] <= rows["quality"][0]


def test_recordings_that_end_soon_after_a_movement_are_no_falls():
    """Whole recordings of daily life, ended by a gap: what follows an impact there is not known."""
    names = sorted(path.relative_to(HIFD).with_suffix("") for path in HIFD.glob("subject_*/non-fall/*.mat"))
    if not names:
        pytest.skip("the HIFD recordings are not in ../shared/data/hifd")

    alarms = 0
    for name in names:
        detector = FallDetector(50)
        alarms += len(detector.process(hifd(name))) + len(detector.gap(150)) > 0

    assert alarms <= 0.06 * len(names)


@pytest.mark.parametrize("rate_hz", [50, 104])
@pytest.mark.parametrize("missing", [1, 700, 513, 514, 515, 1031, 20_001])
def test_a_long_gap_is_as_good_as_bad_samples_and_the_time_goes_on(rate_hz, missing):
    announced, seen = (FallDetector(rate_hz, least_confidence=0) for _ in range(2))
    accel = fallen(rate_hz=rate_hz)
    for detector in (announced, seen):
        detector.process(accel[: round(8.2 * rate_hz)])

    said = announced.gap(missing), seen.process(np.full((missing, 3), np.nan))

    assert said[0].tobytes() == said[1].tobytes()
    assert announced.state() == seen.state()
    assert announced.process(accel).tobytes() == seen.process(accel).tobytes()


def test_a_gap_of_a_year_is_over_at_once():
    detector, many = FallDetector(RATE), FallDetectorMany(RATE, 2)
    year = 365 * 24 * 3600 * 100
    detector.gap(year)
    many.gap(year)

    at = year + int(FallDetector(RATE).process(fallen())["sample"][0])
    assert detector.process(fallen())["sample"].tolist() == [at]
    assert many.process(np.stack([fallen()] * 2, axis=2))["sample"].tolist() == [at] * 2


def test_a_step_in_orientation_over_a_gap_is_no_impact():
    detector = FallDetector(RATE, least_confidence=0)
    detector.process(np.tile(np.float32([0, 0, 30]), (500, 1)))
    detector.gap(300)

    assert len(detector.process(np.tile(np.float32([30, 0, 0]), (1500, 1)))) == 0


@pytest.mark.parametrize("hubs", [1, 16, 19])
def test_many_hubs_get_the_bits_of_one(hubs):
    each = [fallen(at=5 + 0.4 * k, seed=k, strike=k % 3 == 2, gravity=k % 2 == 0) for k in range(hubs)]
    each[0][700:720] = np.nan

    together = FallDetectorMany(RATE, hubs, least_confidence=0).process(np.stack(each, axis=2))

    alone = [FallDetector(RATE, least_confidence=0).process(accel) for accel in each]
    names = alone[0].dtype.names
    assert together["hub"].tolist() == np.repeat(np.arange(hubs), [len(rows) for rows in alone]).tolist()
    assert all(together[name].tobytes() == np.concatenate(alone)[name].tobytes() for name in names)


def test_the_weights_are_the_frozen_ones():
    assert weights_hash() == "9ab86cf42ffa343f"


@pytest.mark.parametrize("rate_hz", [0, 10, 1e9, float("nan")])
def test_a_rate_that_it_is_not_made_for_is_refused(rate_hz):
    with pytest.raises(ValueError, match="Hz"):
        FallDetector(rate_hz)


@pytest.mark.skipif(not HIFD.exists(), reason="the HIFD recordings are not in ../shared/data/hifd")
def test_falls_of_people_it_never_saw_are_told_from_daily_life(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    fit = importlib.import_module("fit_falls")
    seen = [fit.impacts(recording, "without gravity") for recording in fit.recordings()]
    both = seen + [fit.impacts(each.recording, "with gravity") for each in seen]

    found = fit.figures(fit.leave_one_out(both)[: len(seen)], np.array([e.recording.fall for e in seen]))

    assert len(seen) == 183
    assert found.auc > 0.99
    assert found.sensitivity > 0.97


@pytest.mark.skipif(not HIFD.exists(), reason="the HIFD recordings are not in ../shared/data/hifd")
def test_the_frozen_weights_are_those_that_training_gives(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    fit = importlib.import_module("fit_falls")
    frozen = importlib.import_module("tasuki.filters.fall_weights")

    model = fit.learn([fit.impacts(r, form) for r in fit.recordings() for form in fit.FORMS])

    assert model.weights == pytest.approx(frozen.WEIGHTS, abs=1e-5)
    assert model.offset == pytest.approx(frozen.OFFSET, abs=1e-5)
