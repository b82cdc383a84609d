"""Respiration rate from chest strain or impedance, breath by breath."""

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import signal

from tasuki.native.filters import line
from tasuki.native.vital import Breaths

_INNER_HZ = 12.5
_BAND_HZ = (0.05, 0.5)
_USUAL_HZ = 0.25
_WINDOW_S = 60.0
_APNOEA_S = 10.0
_FEWEST = 3
_HEAD = struct.Struct("<qq")


@dataclass(frozen=True)
class RespirationReading:
    """What is known at the end of a block.

    Attributes:
        rate_bpm: breaths per minute, from the mean interval of the last 60 s; None until two
            intervals are known.
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


class RespirationRate:
    """Causal breath detector: a gentle band-pass, 0.05 to 0.5 Hz, then turns with hysteresis."""

    def __init__(self, rate_hz: float) -> None:
        """rate_hz: 5 to 1000 Hz, else ValueError."""
        if not 5 <= rate_hz <= 1000:
            raise ValueError(f"respiration needs 5 to 1000 Hz, got {rate_hz}")
        self._rate_hz = rate_hz
        decimate = max(1, int(rate_hz / _INNER_HZ))
        inner_hz = rate_hz / decimate
        sos = signal.butter(1, _BAND_HZ, "bandpass", fs=inner_hz, output="sos")
        self._breaths = Breaths(
            np.ascontiguousarray(sos),
            decimate=decimate,
            hold=max(1, round(0.5 * rate_hz)),
            delay=round(_delay(sos, _USUAL_HZ, inner_hz)),
            settle=round(3 * inner_hz),
            follow=1 / (10 * inner_hz),
            hysteresis=0.6,
            shallowest=0.15,
        )
        self._now = 0  # samples so far, gaps included
        self._latest = -1  # latest breath, -1 before the first
        self._recent: list[tuple[int, int]] = []  # (sample, interval) of the last minute

    def process(self, block: ArrayLike) -> RespirationReading:
        """Take a block of any scale, offset and length, shape (n,), rising with inspiration."""
        samples = line(block)
        found = self._breaths.run(samples)
        self._now += len(samples)
        apnoea = bool((found["interval"] > _APNOEA_S * self._rate_hz).any())
        self._recent.extend(zip(found["sample"].tolist(), found["interval"].tolist(), strict=True))
        oldest = self._now - _WINDOW_S * self._rate_hz
        self._recent = [breath for breath in self._recent if breath[0] >= oldest]
        if len(found):
            self._latest = int(found["sample"][-1])
        apnoea = apnoea or self._silent_s() > _APNOEA_S
        rate, confidence = self._read()
        return RespirationReading(rate, confidence, found["sample"] / self._rate_hz, apnoea)

    def gap(self, samples: int) -> None:
        """Announce missing samples: no interval and no apnoea is counted over them."""
        self._breaths.gap(samples)
        self._now += samples

    def reset(self) -> None:
        """As before the first sample."""
        self._breaths.reset()
        self._now = 0
        self._latest = -1
        self._recent = []

    def state(self) -> bytes:
        """The detector and the breaths of the last minute."""
        breaths = np.array(self._recent, "<i8").tobytes()
        return self._breaths.memory.save(_HEAD.pack(self._now, self._latest) + breaths)

    def restore(self, data: bytes) -> None:
        """Go on from state(); ValueError when it is of another filter or rate."""
        extra = self._breaths.memory.load(data)
        self._now, self._latest = _HEAD.unpack_from(extra)
        breaths = np.frombuffer(extra[_HEAD.size :], "<i8").reshape(-1, 2)
        self._recent = [(int(sample), int(interval)) for sample, interval in breaths]

    def _silent_s(self) -> float:
        """Seconds of signal since the latest breath or gap; 0 before the first breath and in a gap."""
        sure_from = self._breaths.sure_from()
        if self._latest < 0 or sure_from is None:
            return 0.0
        return (self._now - max(self._latest, sure_from)) / self._rate_hz

    def _read(self) -> tuple[float | None, float]:
        oldest = self._now - _WINDOW_S * self._rate_hz
        known = [length for end, length in self._recent if length > 0 and end - length >= oldest]
        intervals = np.array(known, np.float64)
        if len(intervals) < _FEWEST - 1:
            return None, 0.0
        spread = float(np.median(np.abs(intervals - np.median(intervals))) / np.median(intervals))
        confidence = max(0.0, 1.0 - 2.0 * spread) * min(1.0, len(intervals) / 5)
        return float(60.0 * self._rate_hz / intervals.mean()), confidence


def _delay(sos: NDArray[np.float64], frequency_hz: float, rate_hz: float) -> float:
    """Phase delay of a cascade at one frequency, samples: how late the top of a wave comes."""
    _, response = signal.sosfreqz(sos, [frequency_hz], fs=rate_hz)
    return float(-np.angle(response[0]) / (2 * np.pi * frequency_hz) * rate_hz)
