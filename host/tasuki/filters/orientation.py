"""Which way a sensor points, from its gyroscope, accelerometer and magnetometer."""

import hashlib
import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tasuki.filters.kept import Kept
from tasuki.native.filters import floats, missing
from tasuki.native.motion import LANES, Orient, OrientLanes, axes

BAD, SATURATED, SETTLING, FIELD_DISTURBED, NO_MAGNETOMETER = 1, 2, 4, 8, 16

GRAVITY_S = 3.5
"""Time constant of the mean acceleration. This and the next four: benchmarks/filters/fit_orientation.py."""
HEADING_S = 10.0
"""Time constant of the correction by the magnetometer."""
MAG_LAG_S = 0.006
"""Age of a magnetometer sample beside the accelerometer's: the sensor samples more slowly."""
BIAS_MOVING_DPS = 0.06
"""How well movement tells the bias, deg/s."""
REJECT_SLOW = 3.0
"""How much slower the heading is corrected in a disturbed field that stays."""

_BIAS_RESTING_DPS = 0.03
_BIAS_START_DPS = 0.5
_BIAS_LIMIT_DPS = 2.0
_BIAS_FORGET_S = 100.0  # in which the bias may change by 0.1 deg/s
_STILL_S, _STILL_DPS, _STILL_M_S2, _REST_AFTER_S = 0.5, 2.0, 0.5, 1.5
_FIELD_S, _FIELD_REFERENCE_S, _FIELD_LIMIT, _FIELD_MOVING_DPS = 0.05, 20.0, 0.12, 20.0
_HOLD_S = 0.1
_BOOL, _UINT8 = np.dtype(bool), np.dtype(np.uint8)


class OrientationBlock(NamedTuple):
    """What is known after each sample of a block."""

    quaternion: NDArray[np.float32]
    """Shape (n, 4): w x y z, sensor to east-north-up; without magnetometer the heading is arbitrary."""
    gyro_bias_rad_s: NDArray[np.float32]
    """Shape (n, 3): what the gyroscope shows too much."""
    rest: NDArray[np.bool_]
    """Shape (n,): the sensor has been lying still for 1.5 s."""
    quality: NDArray[np.uint8]
    """Shape (n,): 0 or a sum of BAD, SATURATED, SETTLING, FIELD_DISTURBED and NO_MAGNETOMETER."""


def _share(tau_s: float, dt: float) -> float:
    return 1 - math.exp(-dt / tau_s)


def settings(
    rate_hz: float,
    magnetometer: bool,
    gyro_full_rad_s: float = math.radians(2000),
    accel_full_m_s2: float = 16 * 9.80665,
    gravity_s: float = GRAVITY_S,
    heading_s: float = HEADING_S,
    mag_lag_s: float = MAG_LAG_S,
    bias_moving_dps: float = BIAS_MOVING_DPS,
    reject_slow: float = REJECT_SLOW,
) -> dict[str, float]:
    """The fields of tsk_orient_coef; ValueError outside 20 to 2000 Hz."""
    if not 20 <= rate_hz <= 2000:
        raise ValueError(f"orientation needs 20 to 2000 Hz, got {rate_hz}")
    dt = 1 / rate_hz
    drift = math.radians(0.1) ** 2 * dt / _BIAS_FORGET_S

    def variance(dps: float) -> float:
        """The measurement variance with which a bias known so well stays so well known."""
        known = math.radians(dps) ** 2
        return known * known / drift + known

    return {
        "magnetometer": int(magnetometer),
        "dt": dt,
        "gyro_full": 0.999 * gyro_full_rad_s,
        "accel_full": 0.999 * accel_full_m_s2,
        "gravity": _share(gravity_s / 3, dt),
        "gravity_count": gravity_s * rate_hz,
        "still": _share(_STILL_S / 2, dt),
        "still_gyro": math.radians(_STILL_DPS) ** 2,
        "still_accel": _STILL_M_S2**2,
        "rest_after": _REST_AFTER_S,
        "bias_limit": math.radians(_BIAS_LIMIT_DPS),
        "bias_start": math.radians(_BIAS_START_DPS) ** 2,
        "bias_drift": drift,
        "bias_moving": variance(bias_moving_dps),
        "bias_resting": variance(_BIAS_RESTING_DPS),
        "mag_lag": 0.5 + mag_lag_s * rate_hz,
        "heading": _share(heading_s, dt),
        "field": _share(_FIELD_S, dt),
        "field_follow": _share(_FIELD_REFERENCE_S, dt),
        "field_limit": _FIELD_LIMIT**2,
        "field_moving": (math.radians(_FIELD_MOVING_DPS) * dt / 2) ** 2,
        "field_first": 5.0,
        "field_new": 20.0,
        "field_clean": 0.5,
        "reject_for": 60.0,
        "reject_slow": reject_slow,
        "hold": _HOLD_S,
    }


def constants_hash() -> str:
    """SHA-256 of all constants as float32 at 100 Hz, first 16 digits: which filter a table belongs to."""
    made = settings(100, magnetometer=True)
    return hashlib.sha256(np.array(list(made.values()), "<f4").tobytes()).hexdigest()[:16]


def _told(out: NDArray[np.float32]) -> OrientationBlock:
    """From ORIENT_OUT outputs along the second axis; rest is 0 or 1 there."""
    rest, quality = out[:, 7].astype(_BOOL), out[:, 8].astype(_UINT8)
    return OrientationBlock(out[:, :4], out[:, 4:7], rest, quality)


class Orientation(Kept[Orient]):
    """Quaternion, gyroscope bias and rest of one sensor, causal, float32.

    After VQF (Laidig and Seel, Information Fusion 91:187-204, 2023), written anew.
    Each sample of gyroscope and accelerometer stands for the interval that ends
    with it; the answer holds at the interval's end. A bad sample (NaN, infinite,
    impossible) repeats the last answer; after a gap of more than 0.1 s inclination
    and heading are found anew and the bias is kept.
    """

    def __init__(self, rate_hz: float, magnetometer: bool = False, **constants: float) -> None:
        """rate_hz: 20 to 2000; constants: those of settings(); ValueError for others."""
        self._magnetometer = magnetometer
        self._core = Orient(**settings(rate_hz, magnetometer, **constants))

    def process(
        self, gyro: ArrayLike, accel: ArrayLike | None = None, mag: ArrayLike | None = None
    ) -> OrientationBlock:
        """gyro rad/s, accel m/s2, mag in any unit: shape (n, 3) each, or one block of 6 or 9 columns."""
        if accel is None:
            block = floats(gyro)
            if block.ndim != 2 or block.shape[1] not in (6, 9):
                raise ValueError(
                    f"expected gyro and accel, or one block of 6 or 9 columns, got {block.shape}"
                )
            gyro, accel, mag = block[:, :3], block[:, 3:6], block[:, 6:] if block.shape[1] == 9 else mag
        turns, forces, field = axes(gyro, "gyro"), axes(accel, "accel"), self._field(mag)
        if len(turns) != len(forces) or (field is not None and len(turns) != len(field)):
            raise ValueError("gyro, accel and mag differ in length")
        return _told(self._core.run(turns, forces, field))

    def _field(self, mag: ArrayLike | None) -> NDArray[np.float32] | None:
        if not self._magnetometer:
            return None
        if mag is None:
            raise ValueError("this filter was made with a magnetometer")
        return axes(mag, "mag")

    def gap(self, samples: int) -> None:
        """Announce missing samples."""
        self._core.gap(samples)


class OrientationMany(Kept[OrientLanes]):
    """The same for many hubs that sample together: arrays of axis by hub, the same bits for each.

    A hub without a sample at some time has NaN there.
    """

    def __init__(self, rate_hz: float, hubs: int, magnetometer: bool = False, **constants: float) -> None:
        """hubs: at least 1; the rest as for Orientation."""
        if hubs < 1:
            raise ValueError("at least one hub is needed")
        self._hubs = hubs
        self._rate_hz = rate_hz
        self._magnetometer = magnetometer
        self._core = OrientLanes(hubs, **settings(rate_hz, magnetometer, **constants))

    def process(self, gyro: ArrayLike, accel: ArrayLike, mag: ArrayLike | None = None) -> OrientationBlock:
        """Shape (n, 3, hubs) each; of the answer (n, 4, hubs), (n, 3, hubs), (n, hubs) and (n, hubs)."""
        if self._magnetometer and mag is None:
            raise ValueError("this filter was made with a magnetometer")
        given = [gyro, accel, *([mag] if self._magnetometer else [])]
        taken = [floats(each) for each in given]
        for each in taken:
            if each.ndim != 3 or each.shape != (len(taken[0]), 3, self._hubs):
                raise ValueError(f"expected blocks of shape (n, 3, {self._hubs}), got {each.shape}")
        groups = [self._group(taken, first) for first in range(0, self._hubs, LANES)]
        out = np.concatenate(groups, axis=2)[:, :, : self._hubs]
        return _told(out)

    def _group(self, blocks: list[NDArray[np.float32]], first: int) -> NDArray[np.float32]:
        """The hubs from `first` on; lanes without a hub see nothing."""
        wide = []
        for block in blocks:
            part = block[:, :, first : first + LANES]
            idle = np.full((len(part), 3, LANES - part.shape[2]), np.nan, np.float32)
            wide.append(np.concatenate([part, idle], axis=2))
        mag = wide[2] if self._magnetometer else None
        return self._core.run(first // LANES, wide[0], wide[1], mag)

    def gap(self, samples: int) -> None:
        """Announce samples that are missing of all hubs; after the first few nothing more changes."""
        enough = min(missing(samples), math.ceil(2 * _HOLD_S * self._rate_hz) + 2)
        nothing = np.full((enough, 3, self._hubs), np.nan, np.float32)
        self.process(nothing, nothing, nothing)
