"""Noise and threshold: from exact counts and sums of bounded numbers to what may be said.

Neighbours differ by one subject, who contributes at most once. A count is released when the noisy count
is at least k + margin *and* the true one at least k: the second never lets a smaller cell out, and the
margin is so wide that a cell of exactly k, which differs from its neighbour by that, is let out with
probability at most delta. So the whole is (epsilon, delta)-differentially private (Korolova et al.,
"Releasing Search Queries and Clicks Privately", WWW 2009, for thresholds on noisy counts).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from tasuki.errors import UsageError
from tasuki.stats.sampling import discrete_laplace

K = 10
DELTA = Fraction(1, 1_000_000)

Noise = Callable[[Fraction], int]
"""Discrete Laplace noise of a scale."""


@dataclass(frozen=True)
class Mean:
    """A mean of bounded numbers and the noisy count behind it."""

    mean: float
    count: int


def margin(epsilon: Fraction, delta: Fraction = DELTA) -> int:
    """The smallest m so that noise of scale 1/epsilon is m or more with probability at most delta.

    P(noise >= m) = a^m / (1 + a) with a = exp(-epsilon).
    """
    a = math.exp(-float(epsilon))
    m = max(0, math.floor(-math.log(float(delta) * (1 + a)) / float(epsilon)) - 1)
    while a**m / (1 + a) > float(delta):
        m += 1
    return m


def spread(epsilon: Fraction) -> int:
    """The smallest q so that a count's noise is within plus or minus q at least 95 times of 100."""
    a, q = math.exp(-float(epsilon)), 0
    while 2 * a ** (q + 1) / (1 + a) > 0.05:
        q += 1
    return q


def count(subjects: int, epsilon: Fraction, noise: Noise = discrete_laplace) -> int | None:
    """A noisy number of subjects; None when there are too few. Costs epsilon and DELTA."""
    noisy = subjects + noise(1 / epsilon)
    return noisy if noisy >= K + margin(epsilon) and subjects >= K else None


def histogram(cells: Sequence[int], epsilon: Fraction, noise: Noise = discrete_laplace) -> list[int | None]:
    """A noisy count per cell; every subject is in one cell, so all cells together cost epsilon and DELTA."""
    return [count(cell, epsilon, noise) for cell in cells]


def mean(
    values: Sequence[float],
    low: Fraction,
    high: Fraction,
    step: Fraction,
    epsilon: Fraction,
    noise: Noise = discrete_laplace,
) -> Mean | None:
    """The mean of one number per subject, each clamped to [low, high] and put on a grid of `step`.

    Half of epsilon goes to the count, half to the sum, which is taken around the middle so that one subject
    moves it by half the range at most. None when there are too few. Costs epsilon and DELTA.
    """
    steps = (high - low) / step if step > 0 else Fraction(0)
    if steps <= 0 or steps.denominator != 1:
        raise UsageError(
            f"no grid of {step} from {low} to {high}", "Let the range be a multiple of the step."
        )
    n = count(len(values), epsilon / 2, noise)
    total = sum(2 * _grid(value, low, high, step) - int(steps) for value in values)
    noisy = total + noise(2 * steps / epsilon)
    if n is None:
        return None
    found = float((low + high) / 2) + float(step / 2) * noisy / n
    return Mean(min(max(found, float(low)), float(high)), n)


def cell_of(value: float, edges: Sequence[Fraction]) -> int:
    """The cell of a value, 0 to len(edges) - 2; what lies outside belongs to the cell at that end."""
    inside = sum(value >= edge for edge in edges[1:-1])
    return int(inside)


def _grid(value: float, low: Fraction, high: Fraction, step: Fraction) -> int:
    """Steps from low to the nearest point of the grid, after clamping."""
    clamped = min(max(Fraction(value), low), high)
    return round((clamped - low) / step)
