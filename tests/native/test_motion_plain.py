"""The C motion filters equal their plain Python twins, to the bit."""

import numpy as np
import pytest

from motion_signals import broad, spoilt, waved_arm
from tasuki.filters import Orientation
from tasuki.filters.orientation import settings
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
