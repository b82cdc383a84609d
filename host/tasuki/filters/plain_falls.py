"""The fall detector in plain Python, for reading and for checking the C: same operations, same bits."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasuki.filters.plain_rotation import ONE, ZERO, Scalar, Vector, dot, inverse_root

_BAD = 65535


def length(v: Vector) -> Scalar:
    """Root of the sum of squares."""
    square = dot(v, v)
    return square * inverse_root(square)


def logarithm(x: Scalar) -> Scalar:
    """log2(x): absolute error below 2e-5."""
    word = int(Scalar(x).view(np.int32))
    m = np.int32((word & 0x7FFFFF) | 0x3F800000).view(np.float32)
    t = (m - ONE) / (m + ONE)
    s = t * t
    series = ONE + s * (Scalar(0.333333333) + s * (Scalar(0.2) + s * Scalar(0.142857143)))
    return Scalar((word >> 23) - 127) + Scalar(2.88539008) * t * series


def chance(x: Scalar) -> Scalar:
    """1 / (1 + 2^-x): absolute error below 1e-5."""
    y = min(max(-x, Scalar(-30)), Scalar(30))
    whole = int(y + Scalar(64)) - 64
    f = (y - Scalar(whole)) * Scalar(0.693147181)
    power = Scalar(1.38888889e-3)
    for factor in (8.33333333e-3, 4.16666667e-2, 0.166666667, 0.5, 1.0, 1.0):
        power = Scalar(factor) + f * power
    return ONE / (ONE + power * Scalar(2.0**whole))


class Conditioner:
    """Movement without gravity and jerk of each inner sample, from the inputs in it."""

    def __init__(self, c: dict[str, Any]) -> None:
        self.c = c
        self.gravity, self.last = [ZERO] * 3, [ZERO] * 3
        self.count = self.bad = ZERO

    def inner(self, inputs: NDArray[np.float32]) -> tuple[Scalar | None, Scalar | None]:
        """None where a value is bad or unknown. inputs: (decimate, 3)."""
        good = [row for row in inputs if np.abs(row).max() <= 1000]
        if not good:
            self.bad = min(self.bad + ONE, Scalar(self.c["restart"]) + ONE)
            return None, None
        total = [ZERO] * 3
        for row in good:
            total = [total[i] + row[i] for i in range(3)]
        mean = [each * (ONE / Scalar(len(good))) for each in total]
        again = self.bad > self.c["restart"] or self.count == 0
        self.count = ZERO if again else self.count
        self.gravity = list(mean) if again else self.gravity
        off = [mean[i] - self.gravity[i] for i in range(3)]
        change = [mean[i] - self.last[i] for i in range(3)]
        known = self.bad == 0 and self.count > 0
        self._follow(off)
        self.last, self.bad = mean, ZERO
        return length(off), Scalar(self.c["jerk"]) * length(change) if known else None

    def _follow(self, off: Vector) -> None:
        share = max(ONE / (self.count + ONE), Scalar(self.c["gravity"]))
        most = Scalar(self.c["gravity_step"]) * inverse_root(dot(off, off))
        step = share * min(most, ONE)
        self.gravity = [self.gravity[i] + step * off[i] for i in range(3)]
        self.count = min(self.count + ONE, Scalar(1e6))


def _counted(x: Scalar | None) -> int:
    return _BAD if x is None else min(int(x * Scalar(64) + Scalar(0.5)), _BAD - 1)


class Judge:
    """Which impacts are falls."""

    def __init__(self, c: dict[str, Any]) -> None:
        self.c = c
        self.moved: list[int] = []
        self.jerk: list[int] = []
        self.impact_at = -1

    def inner(self, moved: Scalar | None, jerk: Scalar | None) -> tuple[int, Scalar, Vector] | None:
        """(inner sample of the impact, confidence, features) when one was decided."""
        x, now = _counted(moved), len(self.moved)
        self.moved.append(x)
        self.jerk.append(_counted(jerk))
        larger = self.impact_at < 0 or x > self.moved[self.impact_at]
        if self.c["least_peak"] <= x < _BAD and larger:
            self.impact_at = now
        if self.impact_at < 0 or now - self.impact_at < self.c["after"]:
            return None
        at, self.impact_at = self.impact_at, -1
        features = self._features(at)
        odds = Scalar(self.c["offset"])
        for weight, feature in zip(self.c["weight"], features, strict=True):
            odds = odds + Scalar(weight) * feature
        confidence = chance(odds) * self._good_share(at)
        return (at, confidence, features) if confidence >= self.c["least"] else None

    def _good_share(self, at: int) -> Scalar:
        """From where the time before begins to where the decision falls."""
        window = [self.c["window"][2][0], self.c["after"] + 1]
        good = sum(x < _BAD for x in self._part(self.moved, at, window))
        return Scalar(good) / Scalar(window[1] - window[0])

    def _features(self, at: int) -> Vector:
        rings = [self.moved] * 3 + [self.jerk] * 2
        levels = [self._level(ring, at, window) for ring, window in zip(rings, self.c["window"], strict=True)]
        limit = 11 * self.moved[at] // 32
        above = [limit < x < _BAD for x in self._part(self.moved, at, self.c["repeats"])]
        rises = sum(now and not before for before, now in zip([False, *above], above, strict=False))
        return [logarithm(Scalar(self.moved[at]) / Scalar(64)), *levels, Scalar(min(rises, 8))]

    @staticmethod
    def _part(ring: list[int], at: int, window: list[int]) -> list[int]:
        return ring[max(0, at + window[0]) : max(0, at + window[1])]

    def _level(self, ring: list[int], at: int, window: list[int]) -> Scalar:
        good = [x for x in self._part(ring, at, window) if x < _BAD]
        return logarithm(Scalar(0.5) + Scalar(sum(good)) / Scalar(64 * max(1, len(good))))


def plain_falls(c: dict[str, Any], accel: NDArray[np.float32]) -> list[tuple[int, Scalar, Vector]]:
    """(sample, confidence, features) of each fall. accel: (n, 3) m/s2; c: settings() of falls.py."""
    front, judge, found = Conditioner(c), Judge(c), []
    size = c["decimate"]
    for first in range(0, len(accel) // size * size, size):
        decided = judge.inner(*front.inner(accel[first : first + size]))
        if decided is not None:
            found.append((decided[0] * size + size // 2, *decided[1:]))
    return found
