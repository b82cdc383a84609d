"""Orientation: what it says of known movement, and how surely."""

import numpy as np
import pytest

from motion_signals import G, broad, broad_names, spoilt, waved_arm
from tasuki.filters import Orientation, OrientationMany
from tasuki.filters.orientation import (
    BAD,
    FIELD_DISTURBED,
    NO_MAGNETOMETER,
    SATURATED,
    SETTLING,
    constants_hash,
)
from tasuki.filters.score_orientation import mean_error, orientation_error

RATE = 100.0


def still(seconds, accel=(0, 0, G), mag=(0, 20, -42), gyro=(0, 0, 0)):
    n = round(seconds * RATE)
    return tuple(np.tile(np.array(each, np.float32), (n, 1)) for each in (gyro, accel, mag))


def up(quaternion):
    """Where the earth's vertical lies in the sensor, shape (n, 3)."""
    w, x, y, z = quaternion.T
    return np.stack([2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)], axis=1)


@pytest.mark.parametrize("accel", [(0, 0, G), (0, 0, -G), (G, 0, 0), (0, -G, 0), (3, -4, 8), (-5, 5, -5)])
def test_gravity_gives_the_inclination_at_once(accel):
    block = Orientation(RATE).process(*still(1, accel)[:2])

    expected = np.array(accel) / np.linalg.norm(accel)
    assert np.abs(up(block.quaternion) - expected)[1:].max() < 1e-3


@pytest.mark.parametrize("heading", [0, 40, 90, 135, 180, -100])
def test_the_field_gives_the_heading(heading):
    angle = np.radians(heading)
    mag = (20 * np.sin(angle), 20 * np.cos(angle), -42)

    quaternion = Orientation(RATE, magnetometer=True).process(*still(2, mag=mag)).quaternion[-1]

    found = np.degrees(2 * np.arctan2(quaternion[3], quaternion[0]))
    assert (found - heading + 180) % 360 - 180 == pytest.approx(0, abs=0.1)


def test_a_constant_rotation_is_followed():
    gyro, accel, _ = still(10)
    gyro[200 : 200 + 157] = 0, 0, 1.0  # 1.57 rad about the vertical, too short to be rest

    quaternion = Orientation(RATE).process(gyro, accel).quaternion

    turned = 2 * np.arctan2(quaternion[400, 3], quaternion[400, 0]) - 2 * np.arctan2(*quaternion[150, [3, 0]])
    assert turned == pytest.approx(1.57, abs=0.01)


def test_the_bias_is_learnt_at_rest_and_rest_is_flagged():
    block = Orientation(RATE).process(*still(20, gyro=(0.01, -0.02, 0.015))[:2])

    assert not block.rest[:140].any()
    assert block.rest[160:].all()
    assert block.gyro_bias_rad_s[-1] == pytest.approx([0.01, -0.02, 0.015], abs=1e-4)


def test_movement_with_bias_and_noise_is_followed_within_a_degree():
    gyro, accel, mag, truth = waved_arm(90)

    block = Orientation(RATE, magnetometer=True).process(gyro, accel, mag)

    error = orientation_error(block.quaternion, truth, np.arange(len(truth)) > 1000)
    assert error.inclination < 0.5
    assert error.total < 1.0
    assert block.gyro_bias_rad_s[-1] == pytest.approx([0.004, -0.006, 0.003], abs=1e-3)


def test_the_unit_of_the_field_does_not_matter():
    gyro, accel, mag, _ = waved_arm(20)

    one = Orientation(RATE, magnetometer=True).process(gyro, accel, mag)
    other = Orientation(RATE, magnetometer=True).process(gyro, accel, mag * 1024)

    assert one.quaternion.tobytes() == other.quaternion.tobytes()


def test_inclination_does_not_depend_on_the_field():
    gyro, accel, mag, _ = waved_arm(30)

    with_field = Orientation(RATE, magnetometer=True).process(gyro, accel, mag)
    without = Orientation(RATE).process(gyro, accel)

    assert up(with_field.quaternion) == pytest.approx(up(without.quaternion), abs=2e-6)


def test_a_sensor_mounted_otherwise_gives_the_same_bias_and_vertical_in_its_own_axes():
    gyro, accel, _, _ = waved_arm(30)
    axes, signs = [1, 2, 0], np.array([1, -1, -1], np.float32)

    plain = Orientation(RATE).process(gyro, accel)
    turned = Orientation(RATE).process(gyro[:, axes] * signs, accel[:, axes] * signs)

    assert up(turned.quaternion) == pytest.approx(up(plain.quaternion)[:, axes] * signs, abs=2e-4)
    assert turned.gyro_bias_rad_s == pytest.approx(plain.gyro_bias_rad_s[:, axes] * signs, abs=2e-5)


def test_a_magnet_that_comes_near_is_flagged_and_hardly_turns_the_heading():
    gyro, accel, mag, truth = waved_arm(60)
    filt = Orientation(RATE, magnetometer=True)
    filt.process(gyro[:4000], accel[:4000], mag[:4000])

    block = filt.process(gyro[4000:5500], accel[4000:5500], mag[4000:5500] * 1.6 + 15)

    assert np.mean(block.quality & FIELD_DISTURBED > 0) > 0.9
    assert orientation_error(block.quaternion, truth[4000:5500], np.ones(1500, bool)).heading < 2


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e9])
@pytest.mark.parametrize("which", [0, 1])
def test_a_bad_sample_repeats_the_last_answer_and_says_so(bad, which):
    gyro, accel, mag, truth = waved_arm(20)
    blocks = [gyro, accel, mag]
    blocks[which][1500, 1] = bad

    block = Orientation(RATE, magnetometer=True).process(*blocks)

    assert block.quaternion[1500].tobytes() == block.quaternion[1499].tobytes()
    assert block.quality[1500] & BAD
    assert not block.quality[1501] & BAD
    assert orientation_error(block.quaternion, truth, np.arange(2000) > 1500).total < 2


def test_a_bad_field_loses_nothing_but_the_correction():
    gyro, accel, mag, truth = waved_arm(30)
    mag[1500:1800] = np.nan

    block = Orientation(RATE, magnetometer=True).process(gyro, accel, mag)

    assert (block.quality[1500:1800] & NO_MAGNETOMETER).all()
    assert orientation_error(block.quaternion, truth, np.arange(3000) > 1500).total < 1.5


@pytest.mark.parametrize("announced", [True, False])
def test_after_a_gap_the_inclination_is_found_anew_and_the_bias_is_kept(announced):
    filt = Orientation(RATE)
    before = filt.process(*still(20, gyro=(0.01, 0, 0))[:2])
    (filt.gap(500) if announced else filt.process(*(each * np.nan for each in still(5)[:2])))

    after = filt.process(*still(1, (G, 0, 0), gyro=(0.01, 0, 0))[:2])

    assert up(after.quaternion)[0] == pytest.approx([1, 0, 0], abs=1e-3)
    assert after.quality[0] & SETTLING
    assert after.gyro_bias_rad_s[-1] == pytest.approx(before.gyro_bias_rad_s[-1], abs=1e-4)


def test_a_sensor_at_its_limit_is_flagged():
    gyro, accel, _ = still(1)
    gyro[50, 2], accel[60, 0] = np.radians(2000), -16 * 9.80665

    quality = Orientation(RATE).process(gyro, accel).quality

    assert np.nonzero(quality & SATURATED)[0].tolist() == [50, 60]


@pytest.mark.parametrize("magnetometer", [True, False])
@pytest.mark.parametrize("hubs", [1, 5, 16, 19])
def test_many_hubs_get_the_bits_of_one(hubs, magnetometer):
    each = [spoilt(*waved_arm(15, seed=seed)[:3]) for seed in range(hubs)]
    many = OrientationMany(RATE, hubs, magnetometer)

    together = many.process(*(np.stack([hub[i] for hub in each], axis=2) for i in range(3)))

    for hub, blocks in enumerate(each):
        alone = Orientation(RATE, magnetometer).process(*blocks)
        assert together.quaternion[:, :, hub].tobytes() == alone.quaternion.tobytes()
        assert together.gyro_bias_rad_s[:, :, hub].tobytes() == alone.gyro_bias_rad_s.tobytes()
        assert together.quality[:, hub].tolist() == alone.quality.tolist()
        assert together.rest[:, hub].tolist() == alone.rest.tolist()


def test_one_block_of_nine_columns_is_as_good_as_three():
    blocks = waved_arm(5)[:3]

    apart = Orientation(RATE, magnetometer=True).process(*blocks)
    joined = Orientation(RATE, magnetometer=True).process(np.hstack(blocks))

    assert joined.quaternion.tobytes() == apart.quaternion.tobytes()


def test_the_constants_are_the_frozen_ones():
    assert constants_hash() == "c461a8327f1f237b"


def test_wrong_shapes_and_rates_are_refused():
    rows = np.zeros((5, 3), np.float32)

    with pytest.raises(ValueError, match="shape"):
        Orientation(RATE).process(rows[:, :2], rows)
    with pytest.raises(ValueError, match="length"):
        Orientation(RATE).process(rows, rows[:4])
    with pytest.raises(ValueError, match="magnetometer"):
        Orientation(RATE, magnetometer=True).process(rows, rows)
    with pytest.raises(ValueError, match="Hz"):
        Orientation(5)
    with pytest.raises(ValueError, match="hub"):
        OrientationMany(RATE, 0)


@pytest.mark.skipif(not broad_names(), reason="the BROAD trials are not in ../shared/data/broad")
def test_the_broad_trials_are_followed_as_exactly_as_stated():
    trials = [broad(name) for name in broad_names()]

    full = [Orientation(t.rate_hz, True).process(t.gyro, t.accel, t.mag).quaternion for t in trials]
    six = [Orientation(t.rate_hz).process(t.gyro, t.accel).quaternion for t in trials]

    error = mean_error([orientation_error(q, t.truth, t.scored) for q, t in zip(full, trials, strict=True)])
    without = mean_error([orientation_error(q, t.truth, t.scored) for q, t in zip(six, trials, strict=True)])
    assert error.total < 1.85
    assert error.inclination < 0.60
    assert without.inclination < 0.60
