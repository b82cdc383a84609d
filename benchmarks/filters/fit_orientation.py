"""How much the orientation filter's five chosen constants owe to the trials that they are scored on.

    python benchmarks/filters/fit_orientation.py

Scores every choice of a grid around ours on the BROAD trials, and each trial with the
choice that is best on all others.
"""

import sys
from itertools import product
from pathlib import Path

import numpy as np

_ROOT = Path(__file__).parents[2]
if str(_ROOT / "tests") not in sys.path:
    sys.path.insert(0, str(_ROOT / "tests"))

from motion_signals import broad, broad_names  # noqa: E402
from tasuki.filters import Orientation  # noqa: E402
from tasuki.filters.score_orientation import OrientationError, mean_error, orientation_error  # noqa: E402

GRID = {
    "gravity_s": (3.0, 3.5, 4.0),
    "heading_s": (8.0, 10.0, 12.0),
    "mag_lag_s": (0.004, 0.006, 0.008),
    "bias_moving_dps": (0.05, 0.06, 0.08),
    "reject_slow": (2.0, 3.0, 4.0),
}
"""Constants of orientation.settings(); the middle ones are ours."""


def trials():
    """All BROAD trials at hand."""
    return [broad(name) for name in broad_names()]


def error(trial, magnetometer=True, **constants) -> OrientationError:
    """Of one trial."""
    filt = Orientation(trial.rate_hz, magnetometer, **constants)
    block = filt.process(trial.gyro, trial.accel, trial.mag if magnetometer else None)
    return orientation_error(block.quaternion, trial.truth, trial.scored)


def choices():
    """All of the grid."""
    return [dict(zip(GRID, values, strict=True)) for values in product(*GRID.values())]


def leave_one_out(seen) -> tuple[OrientationError, OrientationError, OrientationError]:
    """Mean error with each trial scored by the best choice on the others; best and worst mean of a choice.

    Best is the sum of total and inclination.
    """
    errors = np.array([[error(trial, **choice) for trial in seen] for choice in choices()])
    whole = errors.sum(axis=1)
    picked = []
    for i in range(len(seen)):
        others = (whole - errors[:, i])[:, [0, 2]].sum(axis=1)
        picked.append(OrientationError(*errors[others.argmin(), i]))
    order = whole[:, [0, 2]].sum(axis=1).argsort()
    best, worst = (mean_error([OrientationError(*e) for e in errors[k]]) for k in (order[0], order[-1]))
    return mean_error(picked), best, worst


def _line(what, found) -> str:
    return (
        f"{what}: total {found.total:.3f}, heading {found.heading:.3f}, inclination {found.inclination:.3f}"
    )


def main() -> None:
    """Print all of it."""
    seen = trials()
    print(_line("ours, all trials", mean_error([error(trial) for trial in seen])))
    print(_line("ours, without magnetometer", mean_error([error(trial, False) for trial in seen])))
    left_out, best, worst = leave_one_out(seen)
    print(_line(f"best of {len(choices())} choices on the other trials", left_out))
    print(_line("best choice on all", best))
    print(_line("worst choice on all", worst))


if __name__ == "__main__":
    main()
