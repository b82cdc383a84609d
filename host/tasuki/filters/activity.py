"""Walking, running, still, and steps, from the acceleration of a body-worn sensor."""

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tasuki.filters.kept import Kept
from tasuki.native.filters import floats, missing
from tasuki.native.motion import axes
from tasuki.native.motion_rows import Rows, RowsMany

ACTIVITIES = ("unknown", "still", "moving", "walking", "running")
"""By their number in ACTIVITY; moving is without steps."""

ACTIVITY = np.dtype([("activity", "<u1"), ("steps", "<i4"), ("steps_per_min", "<f4")])
"""After each sample: number in ACTIVITIES, steps since the start, pace (0 without steps)."""

_INNER_HZ = 50.0


def settings(rate_hz: float) -> dict[str, Any]:
    """The fields of tsk_activity_coef; ValueError outside 25 to 2000 Hz."""
    if not 25 <= rate_hz <= 2000:
        raise ValueError(f"activity needs 25 to 2000 Hz, got {rate_hz}")
    decimate = max(1, round(rate_hz / _INNER_HZ))
    dt = decimate / rate_hz

    def share(tau_s: float) -> float:
        return 1 - math.exp(-dt / tau_s)

    return {
        "decimate": decimate,
        "dt": dt,
        "level": share(2.0),
        "smooth": share(0.05),
        "power": share(1.0),
        "still": 0.2**2,
        "strong": 4.0**2,
        "turn": 0.7,
        "turn_part": 0.4,
        "fastest": 0.25,
        "slowest": 1.4,
        "even": 0.4,
        "needed": 4.0,
        "running": 0.45,
        "hold": 1.0,
    }


def _felt(samples: int, rate_hz: float) -> int:
    """How many missing samples have the effect of so many: after 5 s only the remainder counts."""
    made = settings(rate_hz)
    decimate, inner_s = int(made["decimate"]), float(made["dt"])
    enough = decimate * math.ceil(5 / inner_s)
    return min(samples, enough + (samples - enough) % decimate)


def _said(out: NDArray[np.float32]) -> NDArray[np.void]:
    """Rows of ACTIVITY from three outputs along the second axis."""
    number = out[:, 0]
    rows = np.empty(number.shape, ACTIVITY)
    rows["activity"], rows["steps"], rows["steps_per_min"] = number, out[:, 1], out[:, 2]
    return rows


class Activity(Kept[Rows]):
    """Steps and what they amount to, causal.

    Swings of the acceleration's length that come evenly are steps; the first four
    count together. It needs gravity in the acceleration, else each step is two. Bad
    samples are left out; after 1 s of them nothing is known. The thresholds are set
    by hand and were checked on HIFD's daily activities, not fitted.
    """

    def __init__(self, rate_hz: float) -> None:
        """rate_hz: 25 to 2000, else ValueError."""
        self._rate_hz = rate_hz
        self._core = Rows("activity", **settings(rate_hz))

    def process(self, accel: ArrayLike) -> NDArray[np.void]:
        """m/s2 with gravity, shape (n, 3): n rows of ACTIVITY."""
        return _said(self._core.run(axes(accel, "accel")))

    def gap(self, samples: int) -> None:
        """Announce missing samples: as so many bad ones."""
        self.process(np.full((_felt(missing(samples), self._rate_hz), 3), np.nan, np.float32))


class ActivityMany(Kept[RowsMany]):
    """The same for many hubs that sample together, the same bits for each; a missing sample is NaN."""

    def __init__(self, rate_hz: float, hubs: int) -> None:
        """hubs: at least 1; the rest as for Activity."""
        self._hubs, self._rate_hz = hubs, rate_hz
        self._core = RowsMany("activity", hubs, **settings(rate_hz))

    def process(self, accel: ArrayLike) -> NDArray[np.void]:
        """Shape (n, 3, hubs): rows of ACTIVITY, shape (n, hubs)."""
        block = floats(accel)
        if block.ndim != 3 or block.shape[1:] != (3, self._hubs):
            raise ValueError(f"expected a block of shape (n, 3, {self._hubs}), got {block.shape}")
        return _said(self._core.run(block))

    def gap(self, samples: int) -> None:
        """Announce missing samples of all hubs."""
        self.process(np.full((_felt(missing(samples), self._rate_hz), 3, self._hubs), np.nan, np.float32))
