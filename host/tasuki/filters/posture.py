"""Lying, sitting, standing or upright, from the orientation of a sensor at the chest."""

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tasuki.filters.kept import Kept
from tasuki.filters.orientation import OrientationBlock
from tasuki.native.filters import floats, missing
from tasuki.native.motion_rows import Rows, RowsMany

POSTURES = ("unknown", "lying", "sitting", "standing", "upright")
"""By their number in POSTURE; upright is sitting or standing."""

POSTURE = np.dtype([("posture", "<u1"), ("upness", "<f4")])
"""After each sample: number in POSTURES, cosine of the trunk's tilt from the vertical (0 when unknown)."""

Axis = tuple[float, float, float]
_LIE_DOWN_DEG, _GET_UP_DEG, _ERECT_DEG, _LEAN_DEG = 60.0, 50.0, 25.0, 35.0
_HOLD_SAMPLES = 100


def settings(up: Axis, front: Axis) -> dict[str, Any]:
    """The fields of tsk_posture_coef; ValueError unless the axes are at right angles."""
    if abs(float(np.dot(up, front))) > 1e-3 * float(np.linalg.norm(up) * np.linalg.norm(front)):
        raise ValueError("up and front must be at right angles")
    if not np.linalg.norm(up) > 0 or not np.linalg.norm(front) > 0:
        raise ValueError("up and front must have a direction")
    return {
        "up": (np.array(up) / np.linalg.norm(up)).tolist(),
        "front": (np.array(front) / np.linalg.norm(front)).tolist(),
        "lie_down": math.cos(math.radians(_LIE_DOWN_DEG)),
        "get_up": math.cos(math.radians(_GET_UP_DEG)),
        "erect": math.cos(math.radians(_ERECT_DEG)),
        "lean": math.cos(math.radians(_LEAN_DEG)),
        "hold": _HOLD_SAMPLES,
    }


def _said(out: NDArray[np.float32]) -> NDArray[np.void]:
    number = out[:, 0]
    rows = np.empty(number.shape, POSTURE)
    rows["posture"], rows["upness"] = number, out[:, 1]
    return rows


def _joined(
    orientation: ArrayLike | OrientationBlock, activity: ArrayLike | None, shape: tuple[int, ...]
) -> NDArray[np.float32]:
    """Four rows of quaternion and one of activity, along the second axis; ValueError for other shapes."""
    given = orientation.quaternion if isinstance(orientation, OrientationBlock) else orientation
    turned = floats(given)
    if turned.shape[1:] != shape:
        raise ValueError(f"expected quaternions of shape {('n', *shape)}, got {turned.shape}")
    joined = np.empty((len(turned), shape[0] + 1, *shape[1:]), np.float32)
    joined[:, :-1] = turned
    joined[:, -1] = 0 if activity is None else _numbers(activity, (len(turned), *shape[1:]))
    return joined


def _numbers(activity: ArrayLike, shape: tuple[int, ...]) -> NDArray[Any]:
    moving: NDArray[Any] = np.asarray(activity)
    if moving.dtype.names:
        moving = moving["activity"]
    if moving.shape != shape:
        raise ValueError(f"expected the activity of {shape[0]} samples, got {moving.shape}")
    return moving


class Posture(Kept[Rows]):
    """Posture of the trunk, causal.

    More than 60 degrees of tilt is lying, until it is less than 50. A trunk that
    leans back between is sitting. Sitting upright and standing look alike: standing
    is said from steps on, for as long as the trunk stays erect (to sit down it leans
    forward by more than 35 degrees), and upright otherwise. A bad quaternion is unknown;
    after 100 of them what was seen before is forgotten.
    """

    def __init__(self, up: Axis = (0, 1, 0), front: Axis = (0, 0, 1)) -> None:
        """up: towards the head, front: out of the chest, both in the sensor's axes, at right angles."""
        self._core = Rows("posture", **settings(up, front))

    def process(
        self, orientation: ArrayLike | OrientationBlock, activity: ArrayLike | None = None
    ) -> NDArray[np.void]:
        """n rows of POSTURE.

        orientation: what Orientation gave, or its quaternions, shape (n, 4).
        activity: what Activity gave for the same samples, or numbers in ACTIVITIES, shape (n,).
        """
        return _said(self._core.run(_joined(orientation, activity, (4,))))

    def gap(self, samples: int) -> None:
        """Announce missing samples: as so many bad ones."""
        self.process(np.full((min(missing(samples), _HOLD_SAMPLES), 4), np.nan, np.float32))


class PostureMany(Kept[RowsMany]):
    """The same for the wearers of many hubs, the same bits for each."""

    def __init__(self, hubs: int, up: Axis = (0, 1, 0), front: Axis = (0, 0, 1)) -> None:
        """hubs: at least 1; the rest as for Posture."""
        self._hubs = hubs
        self._core = RowsMany("posture", hubs, **settings(up, front))

    def process(
        self, orientation: ArrayLike | OrientationBlock, activity: ArrayLike | None = None
    ) -> NDArray[np.void]:
        """Quaternions of shape (n, 4, hubs), activity (n, hubs): rows of POSTURE, shape (n, hubs)."""
        return _said(self._core.run(_joined(orientation, activity, (4, self._hubs))))

    def gap(self, samples: int) -> None:
        """Announce missing samples of all hubs."""
        self.process(np.full((min(missing(samples), _HOLD_SAMPLES), 4, self._hubs), np.nan, np.float32))
