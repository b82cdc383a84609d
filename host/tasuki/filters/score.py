"""How detected beats compare with annotated ones."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

BEAT_SYMBOLS = frozenset("NLRBAaJSVrFejnE/fQ?")
"""Annotation symbols of MIT-BIH style records that stand for a beat (PhysioNet's annotation codes)."""


@dataclass(frozen=True)
class BeatScore:
    """Counts of one comparison; scores of several records add up with +."""

    matched: int
    extra: int
    missed: int

    def __add__(self, other: "BeatScore") -> "BeatScore":
        return BeatScore(self.matched + other.matched, self.extra + other.extra, self.missed + other.missed)

    @property
    def f1(self) -> float:
        """Harmonic mean of sensitivity and positive predictivity, 0 to 1; 1 where there is nothing."""
        all_of_them = 2 * self.matched + self.extra + self.missed
        return 2 * self.matched / all_of_them if all_of_them else 1.0


def compare(detected: ArrayLike, annotated: ArrayLike, tolerance: float) -> BeatScore:
    """Match one to one, in time order, what lies at most `tolerance` samples apart.

    detected, annotated: sample numbers, any order.
    """
    found = np.sort(np.asarray(detected)).tolist()
    true = np.sort(np.asarray(annotated)).tolist()
    i = j = matched = 0
    while i < len(found) and j < len(true):
        difference = found[i] - true[j]
        if abs(difference) <= tolerance:
            matched, i, j = matched + 1, i + 1, j + 1
        elif difference < 0:
            i += 1
        else:
            j += 1
    return BeatScore(matched, len(found) - matched, len(true) - matched)


def beat_samples(samples: ArrayLike, symbols: list[str]) -> NDArray[np.int64]:
    """The annotations of a record that are beats."""
    chosen = [symbol in BEAT_SYMBOLS for symbol in symbols]
    numbers: NDArray[np.int64] = np.asarray(samples, np.int64)
    beats: NDArray[np.int64] = numbers[np.array(chosen, bool)]
    return beats


def outside(samples: ArrayLike, spans: list[tuple[int, int]]) -> NDArray[np.int64]:
    """Those samples that lie in none of the spans (first and last sample, both in), e.g. flutter."""
    kept = np.asarray(samples, np.int64)
    for first, last in spans:
        kept = kept[(kept < first) | (kept > last)]
    return kept


def flutter_spans(samples: ArrayLike, symbols: list[str]) -> list[tuple[int, int]]:
    """From each '[' to the next ']': ventricular flutter, which is scored on neither side."""
    places = np.asarray(samples).tolist()
    starts = [at for at, symbol in zip(places, symbols, strict=True) if symbol == "["]
    ends = [at for at, symbol in zip(places, symbols, strict=True) if symbol == "]"]
    return list(zip(starts, ends, strict=False))
