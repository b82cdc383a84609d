"""Activity and posture in plain Python, for reading and for checking the C: same operations, same bits."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasuki.filters.plain_falls import length
from tasuki.filters.plain_rotation import ONE, ZERO, Scalar

UNKNOWN, STILL, MOVING, WALKING, RUNNING = range(5)
LYING, SITTING, STANDING, UPRIGHT = range(1, 5)


class PlainActivity:
    """One hub; inner() takes the inputs of one inner sample."""

    def __init__(self, c: dict[str, Any]) -> None:
        self.k = {name: Scalar(value) for name, value in c.items()}
        self.level = self.smooth = self.smoother = self.power = ZERO
        self.top = self.valley = self.swing = self.since = self.interval = ZERO
        self.run = self.steps = self.count = self.missing = self.pace = ZERO
        self.rising, self.kind = False, UNKNOWN

    def inner(self, inputs: NDArray[np.float32]) -> None:
        """inputs: (decimate, 3), good and bad."""
        k, good = self.k, [row for row in inputs if np.abs(row).max() <= 1000]
        if good:
            total = [ZERO] * 3
            for row in good:
                total = [total[i] + row[i] for i in range(3)]
            self._filter(length([each * (ONE / Scalar(len(good))) for each in total]))
        self.since = min(self.since + k["dt"], Scalar(2) * k["slowest"])
        self.missing = ZERO if good else min(self.missing + k["dt"], Scalar(2) * k["hold"])
        if good:
            self._follow(self.smoother)
        self._judge()

    def _filter(self, size: Scalar) -> None:
        k = self.k
        self.level += max(ONE / (self.count + ONE), k["level"]) * (size - self.level)
        off = size - self.level
        self.smooth += k["smooth"] * (off - self.smooth)
        self.smoother += k["smooth"] * (self.smooth - self.smoother)
        self.power += k["power"] * (off * off - self.power)
        self.count = min(self.count + ONE, Scalar(1000))

    def _follow(self, y: Scalar) -> None:
        """The swing up and down."""
        turn = max(self.k["turn"], self.k["turn_part"] * self.swing)
        if self.rising:
            self.top = max(self.top, y)
            if y < self.top - turn:
                if self.since >= self.k["fastest"]:
                    self._step(self.top - self.valley)
                self.rising, self.valley = False, y
        else:
            self.valley = min(self.valley, y)
            if y > self.valley + turn:
                self.rising, self.top = True, y

    def _step(self, height: Scalar) -> None:
        k = self.k
        change = abs(self.since - self.interval)
        even = self.run < Scalar(1.5) or change <= k["even"] * self.interval
        follows = self.since <= k["slowest"] and even and self.run > Scalar(0.5)
        self.run = min(self.run + ONE, Scalar(1000)) if follows else ONE
        young = self.run < Scalar(2.5)
        self.swing = height if young else self.swing + Scalar(0.3) * (height - self.swing)
        self.interval = self.since if young else self.interval + Scalar(0.3) * (self.since - self.interval)
        self.steps += k["needed"] if self.run == k["needed"] else ONE if self.run > k["needed"] else ZERO
        self.since = ZERO

    def _judge(self) -> None:
        k = self.k
        if self.since > k["slowest"]:
            self.run = self.swing = ZERO
        steps, lost = self.run >= k["needed"], self.missing > k["hold"]
        self.kind = STILL if self.power < k["still"] else MOVING
        if steps:
            quick = self.interval <= k["running"] and self.power >= k["strong"]
            self.kind = RUNNING if quick else WALKING
        if lost or self.count == 0:
            self.kind = UNKNOWN
        self.pace = Scalar(60) / max(self.interval, k["fastest"]) if steps and not lost else ZERO
        if lost:
            self.count = self.power = self.run = self.smooth = self.smoother = ZERO


def plain_activity(c: dict[str, Any], accel: NDArray[np.float32]) -> NDArray[np.float32]:
    """Activity, steps and pace after each sample: shape (n, 3). accel: (n, 3); c: activity.settings()."""
    activity, rows, size = PlainActivity(c), [], c["decimate"]
    for i in range(len(accel)):
        if (i + 1) % size == 0:
            activity.inner(accel[i + 1 - size : i + 1])
        rows.append([Scalar(activity.kind), activity.steps, activity.pace])
    return np.array(rows, np.float32).reshape(-1, 3)


def plain_posture(
    c: dict[str, Any], quaternion: NDArray[np.float32], activity: NDArray[np.uint8]
) -> NDArray[np.float32]:
    """Posture and cosine of the tilt: shape (n, 2). quaternion: (n, 4); c: posture.settings()."""
    two, up, front = Scalar(2), [Scalar(v) for v in c["up"]], [Scalar(v) for v in c["front"]]
    lying = erect = stood = False
    rows, missing = [], 0
    for q, moving in zip(quaternion, activity, strict=True):
        if not np.abs(q).max() <= Scalar(1.01):
            rows.append([ZERO, ZERO])
            missing += 1
            if missing >= c["hold"]:
                lying = erect = stood = False
            continue
        missing = 0
        vertical = [
            two * (q[1] * q[3] - q[0] * q[2]),
            two * (q[2] * q[3] + q[0] * q[1]),
            ONE - two * (q[1] * q[1] + q[2] * q[2]),
        ]
        rise = vertical[0] * up[0] + vertical[1] * up[1] + vertical[2] * up[2]
        face = vertical[0] * front[0] + vertical[1] * front[1] + vertical[2] * front[2]
        lying = bool(rise < Scalar(c["get_up"] if lying else c["lie_down"]))
        erect = bool(rise > Scalar(c["lean"] if erect else c["erect"]))
        stood = erect and (moving in (WALKING, RUNNING) or stood)
        other = SITTING if not erect and face > 0 else UPRIGHT
        rows.append([Scalar(LYING if lying else STANDING if stood else other), rise])
    return np.array(rows, np.float32).reshape(-1, 2)
