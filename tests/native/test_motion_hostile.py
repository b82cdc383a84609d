"""Whatever bits come in, the motion filters answer with numbers and go on afterwards."""

import numpy as np
import pytest

from motion_signals import fallen, waved_arm
from tasuki.filters import Activity, FallDetector, Orientation, OrientationMany, Posture
from tasuki.filters.orientation import SETTLING
from tasuki.filters.score_orientation import orientation_error


def hostile(columns, rows=3000, seed=7):
    """Random bits as floats; extremes; then zeros."""
    random = np.random.default_rng(seed)
    bits = np.frombuffer(random.bytes(4 * columns * rows), np.float32).reshape(rows, columns).copy()
    extremes = random.choice(np.float32([0, -0.0, 69, -69, 900, -900, 1e-38, 3e38, np.nan]), (rows, columns))
    return np.concatenate([bits, extremes, np.zeros((500, columns), np.float32)])


@pytest.mark.parametrize("magnetometer", [True, False])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_orientation_stays_a_rotation_and_recovers(magnetometer, seed):
    filt = Orientation(100, magnetometer)
    block = filt.process(hostile(9, seed=seed)[:, : 9 if magnetometer else 6])

    assert np.linalg.norm(block.quaternion.astype(float), axis=1) == pytest.approx(1, abs=1e-3)
    assert np.abs(block.gyro_bias_rad_s).max() <= np.radians(2.001)

    gyro, accel, mag, truth = waved_arm(60)
    filt.gap(1000)
    after = filt.process(gyro, accel, mag if magnetometer else None)
    assert after.quality[0] & SETTLING
    assert orientation_error(after.quaternion, truth, np.arange(6000) > 4000).inclination < 1


def test_a_hostile_hub_does_not_touch_its_neighbours():
    gyro, accel, _, _ = waved_arm(30)
    blocks = [np.repeat(each[:, :, None], 16, axis=2) for each in (gyro, accel)]
    wild = hostile(6, 1250)
    blocks[0][:, :, 5], blocks[1][:, :, 5] = wild[:, :3], wild[:, 3:]

    together = OrientationMany(100, 16).process(*blocks)

    alone = Orientation(100).process(gyro, accel)
    for hub in set(range(16)) - {5}:
        assert together.quaternion[:, :, hub].tobytes() == alone.quaternion.tobytes()


def test_falls_are_still_found_after_anything():
    detector = FallDetector(100)
    found = detector.process(hostile(3))
    detector.gap(300)

    assert np.isfinite(found["confidence"]).all()
    assert detector.process(fallen())["sample"].tolist() == [pytest.approx(6500 + 300 + 800, abs=2)]


def test_activity_and_posture_say_something_defined():
    activity = Activity(50).process(hostile(3))
    posture = Posture().process(hostile(4), activity)

    assert activity["activity"].max() <= 4
    assert np.isfinite(activity["steps_per_min"]).all()
    assert posture["posture"].max() <= 4
    assert np.isfinite(posture["upness"]).all()
