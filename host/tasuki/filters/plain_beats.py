"""The beat detector in plain Python over a whole record: slow, for reading and for tests.

What native/src/beat*.c does as a stream, written as if all samples were there at
once: plain_line reads them, here peaks are found, plain_decide says which are beats.
All arithmetic is in integers, so both must give the same beats, to the bit.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LARGEST_STEP = 131072


@dataclass
class Lengths:
    """All times in samples of the inner rate, see struct tsk_beat_coef."""

    rate_mhz: int
    decimate: int = 1

    def __post_init__(self) -> None:
        self.decimate = 4 if self.rate_mhz > 1_000_000 else 2 if self.rate_mhz > 500_000 else 1
        self.smooth = max(1, self.ms(11))
        self.slope = self.ms(41) - 2 * self.smooth
        self.window = self.top = self.ms(100)
        self.delay = (self.slope + 2 * self.smooth - 2 + self.window) // 2
        self.learn, self.hold = self.ms(2000), self.ms(20)
        self.flat, self.quiet, self.off = (
            (self.rate_mhz * ms + 500_000) // 1_000_000 for ms in (100, 400, 3000)
        )
        self.floor = 4 * self.smooth**2 * self.window

    def ms(self, milliseconds: int) -> int:
        """Milliseconds in inner samples, rounded."""
        return (self.rate_mhz // self.decimate * milliseconds + 500_000) // 1_000_000


@dataclass
class Peak:
    """A peak of slope energy: centre, height, when it was known, whether bad samples lie under it."""

    at: int
    energy: int
    known_at: int
    unsure: bool


def energy(x: list[int], n: Lengths) -> list[int]:
    """Absolute slope between 8 and 40 Hz, summed over 100 ms."""
    at = np.array([0] * n.slope + x, np.int64)
    slope = np.clip(at[n.slope :] - at[: -n.slope], -LARGEST_STEP, LARGEST_STEP)
    once = _moving_sum(slope, n.smooth)
    twice = _moving_sum(once, n.smooth)
    return [int(value) for value in _moving_sum(np.abs(twice) >> 1, n.window)]


def share(level: int, of_256: int) -> int:
    """A level times so many 256ths, rounded down."""
    return level * of_256 // 256


def _moving_sum(x: NDArray[np.int64], length: int) -> NDArray[np.int64]:
    total: NDArray[np.int64] = np.concatenate([np.zeros(length, np.int64), np.cumsum(x)])
    return total[length:] - total[:-length]


def peaks(height: list[int], bad: list[bool], n: Lengths) -> list[Peak]:
    """Tops that fell by 3/8 or stood for 100 ms, after valleys that rose by 5/8."""
    found: list[Peak] = []
    rising, top, top_at, valley, bad_at = False, 0, 0, 0, -n.learn
    for i, now in enumerate(height):
        bad_at = i if bad[i] else bad_at
        if not rising:
            if now > valley + valley // 2 + valley // 8:
                rising, top, top_at = True, now, i
            valley = min(valley, now)
        elif now > top:
            top, top_at = now, i
        elif now < top - top // 4 - top // 8 or i - top_at >= n.top:
            rising, valley = False, now
            if top >= n.floor:
                at = top_at - n.delay
                found.append(Peak(at, top, i, bad_at > at - n.window))
    return found


def locate(x: list[int], at: int, n: Lengths) -> int:
    """Where, within 80 ms, the smoothed signal is farthest from its 300-ms mean."""
    half, wide = n.smooth // 2, n.ms(150)
    best, best_at = -1, at
    for i in range(at - n.ms(80), at + n.ms(80) + 1):
        near_sum = sum(get(x, k) for k in range(i - half, i + half + 1))
        wide_sum = sum(get(x, k) for k in range(i - wide, i + wide + 1))
        height = abs(near_sum * (2 * wide + 1) - wide_sum * (2 * half + 1))
        if height > best:
            best, best_at = height, i
    return best_at


def get(x: list[int], i: int) -> int:
    """The signal at a place; before it begins and behind its end zero."""
    return x[i] if 0 <= i < len(x) else 0
