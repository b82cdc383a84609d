"""The noise stress test rebuilt: electrode motion added to clean records, by its published recipe.

Moody, Muldrow and Mark, Computers in Cardiology 11:381-384 (1984); ../shared/data/SOURCES.md.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest

from filter_signals import DATA, channels, mitdb

RECORDS = ("118", "119")
RATIOS_DB = (24, 18, 12, 6, 0, -6)
RATE = 360
_CLEAN_S, _TURN_S = 300, 120  # noise for two minutes, none for two, after five clean ones


@dataclass(frozen=True)
class Noisy:
    """A record with noise: microvolts, annotated beats, and which samples are noisy."""

    microvolts: np.ndarray
    beats: np.ndarray
    noisy: np.ndarray

    def within(self, samples):
        """Those of the samples that lie in noise."""
        inside = samples[(samples >= 0) & (samples < len(self.noisy))]
        return inside[self.noisy[inside]]


def _trimmed(values):
    """Mean without the lowest and highest 5 %."""
    cut = int(0.05 * len(values))
    return np.sort(values)[cut : len(values) - cut].mean()


def _qrs_amplitude(microvolts, beats):
    """Peak to peak, 50 ms each side of the first 300 beats."""
    around = [microvolts[at - 18 : at + 18] for at in beats[:300] if at > 18]
    return _trimmed([np.ptp(part) for part in around])


@cache
def _motion():
    if not (DATA / "nstdb_noise/em.dat").exists():
        pytest.skip("the noise records are not in ../shared/data/nstdb_noise")
    return channels(DATA / "nstdb_noise/em", [0])[:, 0] * 1000


def noisy(name, ratio_db):
    """A record with so many dB of signal over noise; skips where the recordings are absent."""
    microvolts, beats, _ = mitdb(name)
    motion = _motion()
    power = _trimmed([motion[at : at + RATE].var() for at in range(0, len(motion) - RATE, RATE)])
    gain = np.sqrt(_qrs_amplitude(microvolts, beats) ** 2 / 8 / (power * 10 ** (ratio_db / 10)))
    second = np.arange(len(microvolts)) // RATE
    where = (second >= _CLEAN_S) & ((second - _CLEAN_S) // _TURN_S % 2 == 0)
    return Noisy(microvolts + np.where(where, gain * motion[: len(microvolts)], 0), beats, where)
