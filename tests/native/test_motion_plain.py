"""The C motion filters equal their plain Python twins, to the bit."""

import numpy as np
import pytest

from motion_signals import broad, fallen, hifd, spoilt, waved_arm
from tasuki.filters import Activity, FallDetector, Orientation, Posture, activity, falls, posture
from tasuki.filters.orientation import settings
from tasuki.filters.plain_activity import plain_activity, plain_posture
from tasuki.filters.plain_falls import plain_falls
from tasuki.filters.plain_orientation import plain_orientation


def both(rate_hz, gyro, accel, mag):
    """(rows of the C filter, rows of the plain one): quaternion, bias, rest."""
    field = mag is not None
    block = Orientation(rate_hz, field).process(gyro, accel, mag)
    rows = np.hstack([block.quaternion, block.gyro_bias_rad_s, block.rest[:, None].astype(np.float32)])
    return rows, plain_orientation(settings(rate_hz, field), gyro, accel, mag)


@pytest.mark.parametrize("rate_hz", [100, 47.5, 1000])
@pytest.mark.parametrize("magnetometer", [True, False])
def test_orientation_of_synthetic_movement_is_bit_equal(rate_hz, magnetometer):
    gyro, accel, mag = spoilt(*waved_arm(13)[:3])

    found, plain = both(rate_hz, gyro, accel, mag if magnetometer else None)

    assert found.tobytes() == plain.tobytes()


def test_a_field_that_comes_and_goes_is_bit_equal():
    gyro, accel, mag, _ = waved_arm(60, 50)
    for first, last in ((1000, 1010), (1200, 1400), (1405, 1415), (1500, 2700), (2720, 2750)):
        mag[first:last] = mag[first:last] * 1.5 + 10

    found, plain = both(50, gyro, accel, mag)

    assert found.tobytes() == plain.tobytes()
    assert len(set(Orientation(50, True).process(gyro, accel, mag).quality)) >= 3


@pytest.mark.parametrize("name", ["21_undisturbed_fast_combined", "33_disturbed_attached_magnet_2cm"])
@pytest.mark.parametrize("magnetometer", [True, False])
def test_orientation_of_recorded_movement_is_bit_equal(name, magnetometer):
    trial = broad(name)
    part = slice(3000, 6000)

    found, plain = both(
        trial.rate_hz, trial.gyro[part], trial.accel[part], trial.mag[part] if magnetometer else None
    )

    assert found.tobytes() == plain.tobytes()
    assert np.ptp(found[:, 0]) > 0.5  # it moves in this part


def same_falls(accel, rate_hz):
    """The C detector's falls after they were found equal to the plain one's."""
    found = FallDetector(rate_hz, least_confidence=0).process(accel)
    plain = plain_falls(falls.settings(rate_hz, 0), np.asarray(accel, np.float32))
    assert found["sample"].tolist() == [sample for sample, _, _ in plain]
    assert found["confidence"].tolist() == [float(confidence) for _, confidence, _ in plain]
    assert found["features"].tolist() == [[float(x) for x in features] for _, _, features in plain]
    return found


@pytest.mark.parametrize("rate_hz", [50, 104])
@pytest.mark.parametrize("gravity", [True, False])
def test_synthetic_falls_are_bit_equal(rate_hz, gravity):
    accel = np.concatenate([fallen(rate_hz=rate_hz, gravity=gravity, seed=seed) for seed in range(3)])
    accel[150], accel[300:360], accel[500:510, 1] = np.nan, np.inf, 5000

    assert len(same_falls(accel, rate_hz)) >= 3


@pytest.mark.parametrize(
    "name",
    [
        "09/fall/fall1",
        "09/fall/fall6",
        "09/non-fall/clap",
        "04/non-fall/teeth",
        "06/non-fall/hair",
        "06/non-fall/wash",
    ],
)
def test_recorded_impacts_are_bit_equal(name):
    assert len(same_falls(hifd(f"subject_{name}"), 50)) >= 1


def same_activity(accel, rate_hz):
    """The C filter's rows after they were found equal to the plain one's."""
    accel = np.asarray(accel, np.float32)
    found = Activity(rate_hz).process(accel)
    plain = plain_activity(activity.settings(rate_hz), accel)
    assert (
        np.stack([found[name] for name in found.dtype.names], axis=1).astype("f4").tobytes()
        == plain.tobytes()
    )
    return found


@pytest.mark.parametrize(("rate_hz", "a_minute", "height"), [(50, 110, 3), (104, 160, 9), (100, 40, 1)])
def test_activity_is_bit_equal(rate_hz, a_minute, height):
    swing = height * np.sin(2 * np.pi * a_minute / 60 * np.arange(30 * rate_hz) / rate_hz)
    accel = waved_arm(30, rate_hz)[1] + np.stack([0 * swing, 0 * swing, swing], axis=1)
    accel[500:520], accel[700, 1], accel[900:1100] = np.nan, 1e6, np.inf

    assert len(set(same_activity(accel, rate_hz)["activity"])) >= 3


@pytest.mark.parametrize("name", ["non-fall/walk", "non-fall/stair", "fall/fall1"])
def test_recorded_activity_is_bit_equal(name):
    assert len(set(same_activity(hifd(f"subject_04/{name}") + np.float32([0, 0, 9.81]), 50)["activity"])) >= 2


def test_posture_is_bit_equal():
    gyro, accel, _, _ = waved_arm(60)
    quaternion = Orientation(100).process(gyro, accel).quaternion
    quaternion[300, 2], quaternion[1000:1120] = np.nan, np.inf
    walked = np.repeat(np.random.default_rng(6).integers(0, 5, 60), 100).astype(np.uint8)

    found = Posture().process(quaternion, walked)

    plain = plain_posture(posture.settings((0, 1, 0), (0, 0, 1)), quaternion, walked)
    assert found["posture"].tolist() == plain[:, 0].tolist()
    assert found["upness"].tobytes() == plain[:, 1].tobytes()
    assert len(set(found["posture"])) >= 4
