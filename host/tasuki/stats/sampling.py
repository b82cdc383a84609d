"""The discrete Laplace distribution, sampled exactly: integers and fair coins, no floating point.

Canonne, Kamath, Steinke 2020, "The Discrete Gaussian for Differential Privacy": algorithm 1 for
Bernoulli(exp(-x)), algorithm 2 for the Laplace. Noise that is rounded from floats leaks by its last bits
(Mironov 2012); here every value has exactly the probability that the proof speaks of.
"""

import secrets
from fractions import Fraction
from typing import Protocol


class Random(Protocol):
    """Where uniform numbers come from."""

    def randrange(self, stop: int, /) -> int:
        """Uniform in 0 to stop - 1."""


SYSTEM: Random = secrets.SystemRandom()


def bernoulli(p: Fraction, random: Random) -> bool:
    """True with probability p, 0 <= p <= 1."""
    return random.randrange(p.denominator) < p.numerator


def bernoulli_exp(x: Fraction, random: Random) -> bool:
    """True with probability exp(-x), x >= 0 (algorithm 1)."""
    whole = x.numerator // x.denominator
    if not all(_below_one(Fraction(1), random) for _ in range(whole)):
        return False
    return _below_one(x - whole, random)


def discrete_laplace(scale: Fraction, random: Random = SYSTEM) -> int:
    """z with probability proportional to exp(-|z| / scale), scale > 0 (algorithm 2)."""
    t, s = scale.numerator, scale.denominator
    if t <= 0:
        raise ValueError(f"scale {scale} is not above 0")
    while True:
        u = random.randrange(t)
        if not bernoulli_exp(Fraction(u, t), random):
            continue
        v = 0
        while bernoulli_exp(Fraction(1), random):
            v += 1
        size = (u + t * v) // s
        negative = random.randrange(2) == 1
        if not (negative and size == 0):  # zero would come twice as often
            return -size if negative else size


def _below_one(x: Fraction, random: Random) -> bool:
    """True with probability exp(-x), 0 <= x <= 1."""
    k = 1
    while bernoulli(x / k, random):
        k += 1
    return k % 2 == 1
