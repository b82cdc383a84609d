"""Activity, steps and posture: what they say of known movement."""

import numpy as np
import pytest

from motion_signals import hifd
from tasuki.filters import Activity, ActivityMany, Orientation, Posture, PostureMany
from tasuki.filters.activity import ACTIVITIES
from tasuki.filters.posture import POSTURES

RATE = 50.0


def steps(a_minute, seconds, height=3.0, rate_hz=RATE, seed=1):
    """Acceleration at the chest of someone who walks, synthetic: m/s2, (n, 3)."""
    t = np.arange(round(seconds * rate_hz)) / rate_hz
    phase = 2 * np.pi * a_minute / 60 * t
    noise = np.random.default_rng(seed).normal(0, 0.3, (len(t), 3))
    sway = [0.5 * np.sin(phase / 2), 9.81 + height * np.sin(phase) + 0.3 * height * np.sin(2 * phase), 0 * t]
    return (np.stack(sway, axis=1) + noise).astype("f4")


def lying_still(seconds, noise=0.02):
    noises = np.random.default_rng(2).normal(0, noise, (round(seconds * RATE), 3))
    return (noises + np.array([0, 0, 9.81])).astype("f4")


def names(rows, key="activity", words=ACTIVITIES):
    return {words[number] for number in rows[key].ravel()}


@pytest.mark.parametrize("rate_hz", [25, 50, 100, 104, 416])
@pytest.mark.parametrize(
    ("a_minute", "height", "what"), [(100, 2.5, "walking"), (120, 4, "walking"), (165, 9, "running")]
)
def test_steps_are_counted_and_named(rate_hz, a_minute, height, what):
    rows = Activity(rate_hz).process(steps(a_minute, 60, height, rate_hz))

    assert rows["steps"][-1] == pytest.approx(a_minute, abs=2)
    assert names(rows[round(10 * rate_hz) :]) == {what}
    assert rows["steps_per_min"][-1] == pytest.approx(a_minute, rel=0.03)


def test_someone_still_takes_no_step():
    rows = Activity(RATE).process(lying_still(30))

    assert names(rows[100:]) == {"still"}
    assert rows["steps"][-1] == 0


def test_three_swings_are_no_steps():
    accel = np.concatenate([lying_still(10), steps(100, 1.7), lying_still(10)])

    rows = Activity(RATE).process(accel)

    assert rows["steps"][-1] == 0
    assert "walking" not in names(rows)
    assert "moving" in names(rows)


def test_it_does_not_matter_how_the_sensor_is_mounted():
    accel = steps(110, 30)

    rows = Activity(RATE).process(accel)
    turned = Activity(RATE).process(-accel[:, [2, 0, 1]])

    assert turned["steps"][-1] == rows["steps"][-1]


@pytest.mark.parametrize("announced", [True, False])
def test_after_a_second_without_samples_nothing_is_known_and_steps_are_kept(announced):
    activity = Activity(RATE)
    before = activity.process(steps(110, 30))["steps"][-1]
    (activity.gap(100) if announced else activity.process(np.full((100, 3), np.nan)))

    rows = activity.process(np.full((1, 3), np.nan))

    assert ACTIVITIES[rows["activity"][0]] == "unknown"
    assert rows["steps"][0] == before
    assert names(activity.process(steps(110, 20))[500:]) == {"walking"}


def test_a_few_bad_samples_lose_no_step():
    accel = steps(110, 60)
    accel[500:505], accel[1000] = np.nan, np.inf

    assert Activity(RATE).process(accel)["steps"][-1] == pytest.approx(110, abs=2)


def test_writing_is_not_running():
    rows = Activity(RATE).process(hifd("subject_03/non-fall/write") + np.float32([0, 0, 9.81]))

    assert "running" not in names(rows)


def tilted(degrees, n=10):
    """Quaternions of a trunk that leans back by so much (forward if negative), sensor y up and z front."""
    half = np.radians(90 - degrees) / 2  # at 0 the sensor's y is up
    return np.tile(np.float32([np.cos(half), np.sin(half), 0, 0]), (n, 1))


@pytest.mark.parametrize(
    ("degrees", "what"),
    [
        (0, "upright"),
        (20, "upright"),
        (-20, "upright"),
        (45, "sitting"),
        (-45, "upright"),
        (80, "lying"),
        (-90, "lying"),
    ],
)
def test_tilt_tells_the_posture(degrees, what):
    rows = Posture().process(tilted(degrees))

    assert names(rows, "posture", POSTURES) == {what}
    assert rows["upness"] == pytest.approx(np.cos(np.radians(degrees)), abs=1e-5)


def test_steps_make_it_standing_until_the_trunk_leans():
    posture, walking = Posture(), np.full(10, ACTIVITIES.index("walking"), np.uint8)

    said = [
        posture.process(tilted(5)),
        posture.process(tilted(5), walking),
        posture.process(tilted(5)),
        posture.process(tilted(-45)),
        posture.process(tilted(5)),
    ]

    each = [names(rows, "posture", POSTURES) for rows in said]
    assert each == [{"upright"}, {"standing"}, {"standing"}, {"upright"}, {"upright"}]


def test_at_the_limit_the_posture_does_not_flicker():
    posture = Posture()
    posture.process(tilted(70))

    assert names(posture.process(tilted(55)), "posture", POSTURES) == {"lying"}
    assert names(posture.process(tilted(45)), "posture", POSTURES) == {"sitting"}
    assert names(posture.process(tilted(55)), "posture", POSTURES) == {"sitting"}


def test_another_mounting_is_told_by_its_axes():
    quaternion = np.tile(np.float32([1, 0, 0, 0]), (5, 1))

    rows = Posture(up=(0, 0, 2), front=(1, 0, 0)).process(quaternion)

    assert names(rows, "posture", POSTURES) == {"upright"}
    with pytest.raises(ValueError, match="right angles"):
        Posture(up=(0, 1, 0), front=(0, 1, 1))


def test_a_bad_quaternion_is_unknown():
    quaternion = tilted(80)
    quaternion[3, 1] = np.nan

    assert [POSTURES[p] for p in Posture().process(quaternion)["posture"]][2:5] == [
        "lying",
        "unknown",
        "lying",
    ]


@pytest.mark.parametrize(("missing", "what"), [(99, "standing"), (100, "upright"), (5000, "upright")])
def test_after_a_long_gap_it_is_forgotten_that_someone_stood(missing, what):
    posture = Posture()
    posture.process(tilted(5), np.full(10, ACTIVITIES.index("walking")))
    posture.gap(missing)

    assert names(posture.process(tilted(5)), "posture", POSTURES) == {what}


def test_orientation_and_posture_fit_together():
    accel = np.tile(np.float32([0, 9.81, 0]), (300, 1))

    quaternion = Orientation(RATE).process(np.zeros_like(accel), accel).quaternion

    assert Posture().process(quaternion)["upness"][-1] == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("hubs", [1, 16, 19])
def test_many_hubs_get_the_bits_of_one(hubs):
    each = [steps(80 + 5 * k, 20, 2 + k / 3, seed=k) for k in range(hubs)]
    each[0][300:400] = np.nan
    turned = [
        np.roll(np.concatenate([tilted(d) for d in range(-90, 100, 10)]), k, axis=0) for k in range(hubs)
    ]

    activity = ActivityMany(RATE, hubs).process(np.stack(each, axis=2))
    posture = PostureMany(hubs).process(np.stack(turned, axis=2), activity["activity"][: len(turned[0])])

    for hub in range(hubs):
        alone = Activity(RATE).process(each[hub])
        lone = Posture().process(turned[hub], alone["activity"][: len(turned[0])])
        assert activity[:, hub].tobytes() == alone.tobytes()
        assert posture[:, hub].tobytes() == lone.tobytes()


def test_posture_takes_what_orientation_and_activity_gave():
    accel = steps(100, 20)
    orientation = Orientation(RATE).process(np.zeros_like(accel), accel)

    rows = Posture().process(orientation, Activity(RATE).process(accel))

    assert POSTURES[rows["posture"][-1]] == "standing"
    with pytest.raises(ValueError, match="activity of"):
        Posture().process(orientation, accel)
