"""The HIFD recordings: wrist, 50 Hz, falls and daily activities (Nho et al., IEEE Access 2020)."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy import io

HIFD = Path(__file__).parents[2] / "../shared/data/hifd"
RATE_HZ = 50.0
G = 9.81


class Recording(NamedTuple):
    """One recording. accel: m/s2 without gravity, (n, 3); gravity: the same for what was taken off."""

    subject: int
    fall: bool
    name: str
    accel: np.ndarray
    gravity: np.ndarray


def _recording(path: Path) -> Recording:
    data = io.loadmat(path)
    accel = np.hstack([data[k] for k in ("ax", "ay", "az")]).astype(float) * G
    w, x, y, z = (data[k].ravel().astype(float) for k in "wxyz")
    up = np.stack([2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)], axis=1)
    subject = int(path.parts[-3].removeprefix("subject_"))
    return Recording(subject, path.parts[-2] == "fall", path.stem, accel, G * up)


def recordings() -> list[Recording]:
    """All that are at hand, in order."""
    return [_recording(path) for path in sorted(HIFD.glob("subject_*/*/*.mat"))]
