"""How an estimated orientation compares with an optical one."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Quaternions = NDArray[np.floating]


class OrientationError(NamedTuple):
    """Root mean square errors of one recording, degrees."""

    total: float
    heading: float
    inclination: float


def _product(a: Quaternions, b: Quaternions) -> NDArray[np.float64]:
    (w, x, y, z), (r, i, j, k) = a.T.astype(float), b.T.astype(float)
    return np.stack(
        [
            w * r - x * i - y * j - z * k,
            w * i + x * r + y * k - z * j,
            w * j - x * k + y * r + z * i,
            w * k + x * j - y * i + z * r,
        ]
    )


def orientation_error(
    estimate: Quaternions, truth: Quaternions, scored: NDArray[np.bool_]
) -> OrientationError:
    """Errors where `scored`: the turn in the earth frame, its part about the vertical, and the rest.

    estimate, truth: w x y z, shape (n, 4). After Laidig et al., "BROAD", Data 6:72 (2021):
    the turn's angle is 2 acos |w|, heading 2 atan |z / w|, inclination 2 acos of the root of
    w^2 + z^2. A truth that is rounded to 16 bits is not quite of length 1, which these
    formulas show as some tenths of a degree in inclination; all filters are scored alike.
    """
    w, _, _, z = _product(estimate[scored], truth[scored] * np.array([1, -1, -1, -1]))
    angles = (
        2 * np.arccos(np.clip(np.abs(w), 0, 1)),
        2 * np.arctan2(np.abs(z), np.abs(w)),
        2 * np.arccos(np.clip(np.hypot(w, z), 0, 1)),
    )
    return OrientationError(*(float(np.degrees(np.sqrt(np.mean(each**2)))) for each in angles))


def mean_error(errors: list[OrientationError]) -> OrientationError:
    """The mean over recordings."""
    return OrientationError(*(float(np.mean(each)) for each in zip(*errors, strict=True)))
