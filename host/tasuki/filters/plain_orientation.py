"""The orientation filter in plain Python, for reading and for checking the C: same operations, same bits.

After VQF, Laidig and Seel, Information Fusion 91:187-204 (2023); motion_orient_step.h says what differs.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tasuki.filters.plain_north import North
from tasuki.filters.plain_rotation import (
    ONE,
    ZERO,
    Scalar,
    Vector,
    cosine,
    dot,
    inverse_root,
    matrix,
    product,
    sine_ratio,
    times,
    turn_back,
    unit,
)

_DIAGONAL = (0, 3, 5)


def limited(x: Scalar, limit: Scalar) -> Scalar:
    """x, or the limit that it exceeds."""
    return max(min(x, limit), -limit)


def _zeros(n: int) -> Vector:
    return [ZERO] * n


@dataclass
class PlainOrientation:
    """One hub. c: settings() of orientation.py; process() takes good and bad samples one by one."""

    c: dict[str, float]
    turn: Vector = field(default_factory=lambda: [ONE, ZERO, ZERO, ZERO])
    tilt: Vector = field(default_factory=lambda: [ONE, ZERO, ZERO, ZERO])
    bias: Vector = field(default_factory=lambda: _zeros(3))
    still: list[Vector] = field(default_factory=lambda: [_zeros(8), _zeros(8)])
    slow: list[Vector] = field(default_factory=lambda: [_zeros(15) for _ in range(3)])
    rest_time: Scalar = ZERO
    count: Scalar = ZERO
    missing: Scalar = ZERO
    answer: Vector = field(default_factory=lambda: [ONE, ZERO, ZERO, ZERO])

    def __post_init__(self) -> None:
        self.k = {name: Scalar(value) for name, value in self.c.items()}
        self.level = matrix(self.tilt)
        start = self.k["bias_start"]
        self.covariance = [start, ZERO, ZERO, start, ZERO, start]
        self.north = North(self.k)

    def sample(self, gyro: Vector, accel: Vector, mag: Vector | None) -> Vector:
        """The quaternion after one sample."""
        worst = max(abs(v) for v in gyro), max(abs(v) for v in accel)
        if not (worst[0] <= 70 and worst[1] <= 1000) or np.isnan(sum([*gyro, *accel])):
            self.missing = min(self.missing + self.k["dt"], Scalar(2) * self.k["hold"] + self.k["dt"])
            return self.answer
        if self.missing > self.k["hold"]:
            self.count = self.rest_time = ZERO
            self.north.start_again()
        self.missing = ZERO
        self._rest(gyro, accel)
        rate = [gyro[i] - self.bias[i] for i in range(3)]
        half = [limited(Scalar(0.5) * self.k["dt"] * each, Scalar(0.8)) for each in rate]
        lag = [Scalar(2) * self.k["mag_lag"] * each for each in half]
        view = self._look()
        square = dot(half, half)
        ratio = sine_ratio(square)
        self.turn = unit(product(self.turn, [cosine(square), *(each * ratio for each in half)]))
        to_fixed = matrix(self.turn)
        mean = self._means(
            [*times(to_fixed, turn_back(half, accel)), *to_fixed, *times(to_fixed, self.bias)],
        )
        off = self._level(mean[:3])
        self._learn_bias(off, *view)
        if mag is not None:
            seen = bool(max(abs(v) for v in mag) <= 1e6 and dot(mag, mag) > 0)
            field = times(self.level, times(to_fixed, turn_back(lag, mag if seen else [ONE] * 3)))
            self.north.sample(field, dot(half, half), seen)
        level = product(self.tilt, self.turn)
        self.answer = product([self.north.half[0], ZERO, ZERO, self.north.half[1]], level)
        return self.answer

    def _rest(self, gyro: Vector, accel: Vector) -> None:
        now = [*gyro, ZERO, *accel, ZERO]
        share = ONE if self.count == 0 else self.k["still"]
        self._follow(self.still[0], now, share)
        self._follow(self.still[1], self.still[0], share)
        off = [now[i] - self.still[1][i] for i in range(8)]
        quiet = dot(off, off) < self.k["still_gyro"] and dot(off[4:], off[4:]) < self.k["still_accel"]
        quiet = quiet and max(abs(each) for each in self.still[1][:3]) <= self.k["bias_limit"]
        longer = min(self.rest_time + self.k["dt"], Scalar(2) * self.k["rest_after"])
        self.rest_time = longer if quiet else ZERO

    @property
    def rest(self) -> bool:
        """Still for long enough."""
        return bool(self.rest_time >= self.k["rest_after"])

    @staticmethod
    def _follow(x: Vector, now: Vector, share: Scalar) -> None:
        for i, each in enumerate(now):
            x[i] += share * (each - x[i])

    def _means(self, now: Vector) -> Vector:
        even = ONE / (self.count + ONE)
        young = self.count < self.k["gravity_count"]
        share = max(even, self.k["gravity"]) if young else self.k["gravity"]
        self.count += ONE if young else ZERO
        for mean, source in zip(self.slow, [now, *self.slow], strict=False):
            self._follow(mean, source, share)
        return self.slow[2]

    def _level(self, mean: Vector) -> Vector:
        off = times(self.level, mean)
        size = dot(off, off)
        scale = inverse_root(size)
        off = [ZERO, ZERO, ONE] if size < Scalar(1e-2) else [each * scale for each in off]
        square = max(Scalar(0.5) + Scalar(0.5) * off[2], ZERO)
        inverse = inverse_root(square)
        step = [square * inverse, Scalar(0.5) * off[1] * inverse, Scalar(-0.5) * off[0] * inverse, ZERO]
        if square < Scalar(1e-3):
            step = [ZERO, ONE, ZERO, ZERO]
        self.tilt = unit(product(step, self.tilt))
        self.level = matrix(self.tilt)
        return off

    def _look(self) -> tuple[list[Vector], Vector]:
        """How the mean acceleration has seen the bias: two rows that turn it level, its parts in it."""
        mean = self.slow[2][3:]
        rows, seen = [], []
        for i in range(2):
            level = self.level[3 * i : 3 * i + 3]
            rows.append(
                [level[0] * mean[j] + level[1] * mean[3 + j] + level[2] * mean[6 + j] for j in range(3)]
            )
            seen.append(dot(level, mean[9:]))
        return [*rows, _zeros(3)], seen

    def _learn_bias(self, off: Vector, rows: list[Vector], seen: Vector) -> None:
        """A Kalman step for each row of what inclination, or rest, tells of the bias."""
        per_s, p = ONE / self.k["dt"], self.covariance
        wrong = [seen[0] - off[1] * per_s, seen[1] + off[0] * per_s, ZERO]
        variance = self.k["bias_resting"] if self.rest else self.k["bias_moving"]
        for at in _DIAGONAL:
            p[at] += self.k["bias_drift"] if p[at] < self.k["bias_start"] else ZERO
        for i in range(3 if self.rest else 2):
            h = [Scalar(i == j) for j in range(3)] if self.rest else rows[i]
            error = (self.still[1][i] if self.rest else wrong[i]) - dot(h, self.bias)
            self._bias_step(h, limited(error, self.k["bias_limit"]), variance)
        self.bias = [limited(each, self.k["bias_limit"]) for each in self.bias]

    def _bias_step(self, h: Vector, error: Scalar, variance: Scalar) -> None:
        p = self.covariance
        ph = [dot(p[:3], h), dot([p[1], p[3], p[4]], h), dot([p[2], p[4], p[5]], h)]
        inverse = ONE / (dot(h, ph) + variance)
        for i in range(3):
            gain = ph[i] * inverse
            self.bias[i] += gain * error
            for j in range(i, 3):
                p[j if i == 0 else i + j + 1] -= gain * ph[j]


def plain_orientation(
    c: dict[str, float],
    gyro: NDArray[np.float32],
    accel: NDArray[np.float32],
    mag: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """Quaternion, bias, rest of each sample: shape (n, 8). Inputs (n, 3), c from settings()."""
    filt, rows = PlainOrientation(c), []
    for i in range(len(gyro)):
        field_now = None if mag is None else list(mag[i])
        good = filt.sample(list(gyro[i]), list(accel[i]), field_now)
        rows.append([*good, *filt.bias, Scalar(filt.rest and filt.missing == 0)])
    return np.array(rows, np.float32)
