"""Respiration rate from chest strain or impedance, breath by breath."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import signal

from tasuki.filters.kept import Kept
from tasuki.native.filters import line
from tasuki.native.vital import Breaths

_INNER_HZ = 12.5
BAND_HZ = (0.05, 0.5)
_USUAL_HZ = 0.25
_WINDOW_S = 60.0
APNOEA_S = 10.0


@dataclass(frozen=True)
class RespirationReading:
    """What is known at the end of a block.

    Attributes:
        rate_bpm: breaths per minute, from the mean interval of the last 60 s; None until two
            intervals are known. A top that the signal falls from counts before its breath ends.
        confidence: 0 to 1: how regular the intervals are and how many; 0 without a rate.
        breath_times_s: end of inspiration of the breaths decided in this block, seconds since
            the first sample, gaps included, shape (k,).
        apnoea: True while, or when in this block, more than 10 s passed without a breath after
            one was seen. Never over a gap, i.e. more than half a second of missing or bad samples.
    """

    rate_bpm: float | None
    confidence: float
    breath_times_s: NDArray[np.float64]
    apnoea: bool


class RespirationRate(Kept[Breaths]):
    """Causal breath detector: a gentle band-pass, then turns with hysteresis.

    As Khodadad et al. (Physiol Meas 39:094001, 2018) it takes for breaths what is large beside
    the mean deflection, here of the last 12 s and less the longer a breath is waited for;
    an artefact, however large, counts in it as four such deflections.
    docs/adr/0018-breaths.md says what was tuned on what.
    """

    def __init__(self, rate_hz: float) -> None:
        """rate_hz: 5 to 1000 Hz, else ValueError."""
        self._rate_hz = rate_hz
        self._core = Breaths(*breath_design(rate_hz))

    def process(self, block: ArrayLike) -> RespirationReading:
        """Take a block of any scale, offset and length, shape (n,), rising with inspiration."""
        return self._read(self._core.run(line(block)))

    def gap(self, samples: int) -> RespirationReading:
        """Announce missing samples, as so many NaN: no interval and no apnoea is counted over them."""
        return self._read(self._core.gap(samples))

    def _read(self, found: NDArray[np.void]) -> RespirationReading:
        rate, confidence, apnoea = self._core.read()
        if not len(found):  # most blocks decide none
            return RespirationReading(rate or None, confidence, np.empty(0), apnoea)
        apnoea = apnoea or bool((found["interval"] > APNOEA_S * self._rate_hz).any())
        return RespirationReading(rate or None, confidence, found["sample"] / self._rate_hz, apnoea)


def breath_design(rate_hz: float) -> tuple[NDArray[np.float64], dict[str, float]]:
    """Sections and fields of struct tsk_breath_coef; ValueError outside 5 to 1000 Hz."""
    if not 5 <= rate_hz <= 1000:
        raise ValueError(f"respiration needs 5 to 1000 Hz, got {rate_hz}")
    decimate = max(1, int(rate_hz / _INNER_HZ))
    inner_hz = rate_hz / decimate
    sos = np.ascontiguousarray(signal.butter(1, BAND_HZ, "bandpass", fs=inner_hz, output="sos"))
    return sos, {
        "rate_hz": rate_hz,
        "decimate": decimate,
        "hold": max(1, round(0.5 * rate_hz)),
        "window": round(_WINDOW_S * rate_hz),
        "apnoea": round(APNOEA_S * rate_hz),
        "delay": round(_delay(sos, _USUAL_HZ, inner_hz)),
        "reach": round(0.6 * inner_hz),
        "settle": round(3 * inner_hz),
        "follow": 1 / (12 * inner_hz),
        "hysteresis": 0.7,
        "shallowest": 0.1,
        "patience": 1.3,
        "least": 0.3,
        "largest": 4.0,
        "deepest": 4.0,
        "lost": round(30 * inner_hz),
        "early": 0.3,
    }


def _delay(sos: NDArray[np.float64], frequency_hz: float, rate_hz: float) -> float:
    """Phase delay of a cascade at one frequency, samples: how late the top of a wave comes."""
    _, response = signal.sosfreqz(sos, [frequency_hz], fs=rate_hz)
    return float(-np.angle(response[0]) / (2 * np.pi * frequency_hz) * rate_hz)
