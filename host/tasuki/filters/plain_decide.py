"""Which peaks are beats, in plain Python; the counterpart of native/src/beat_decide.c."""

import numpy as np
from numpy.typing import NDArray

from tasuki.filters.plain_beats import Lengths, Peak, energy, locate, peaks, share
from tasuki.filters.plain_line import Signal, read


def plain_beats(signal_uv: NDArray[np.float32], rate_hz: float) -> list[tuple[int, int, int]]:
    """(R peak, samples since the last one or 0, confidence 0 to 256) of each beat of a record.

    The record should end with a second of NaN, so that its last beats are decided.
    """
    n = Lengths(round(rate_hz * 1000))
    signal = read(np.asarray(signal_uv, np.float32), n)
    found = peaks(energy(signal.x, n), signal.bad, n)
    return _Decider(n, signal).decide(found)


def _toward(value: int, target: int) -> int:
    """An eighth of the way, rounded towards zero as C divides."""
    step = target - value
    return value + (abs(step) // 8 if step >= 0 else -(abs(step) // 8))


class _Decider:
    def __init__(self, n: Lengths, signal: Signal) -> None:
        self.n = n
        self.signal = signal
        self.level = n.floor
        self.noise = 0
        self.rr = 16 * n.ms(800)
        self.last: Peak | None = None
        self.last_r = -1

    def decide(self, found: list[Peak]) -> list[tuple[int, int, int]]:
        if not found:
            return []
        found = [peak for peak in found if not self._step(peak)]
        self._learn(found)
        beats = []
        for i, peak in enumerate(found):
            since = self.n.learn if self.last is None else peak.at - self.last.at
            threshold = self._threshold(since)
            beat = since >= self.n.ms(210) and peak.energy >= threshold
            if beat and peak.energy // 8 > self.level:
                self.level += self.level // 2
            elif beat and not self._overtaken(peak, found[i + 1 :]):
                beats.append(self._accept(peak, threshold))
            else:
                self._refuse(peak, since)
        return beats

    def _step(self, peak: Peak) -> bool:
        """Whether it is the step into a flat line."""
        return any(start - self.n.ms(80) <= peak.at <= start + self.n.window for start in self.signal.steps)

    def _learn(self, found: list[Peak]) -> None:
        end = self.n.learn
        while found[0].known_at > end:
            end += self.n.learn + 1
        heights = sorted((peak.energy for peak in found if peak.known_at <= end), reverse=True)
        first, second = (*heights, 0)[:2]
        self.level = first // 2 + second // 2 if second > share(first, 102) else first
        self.noise = self.level // 10

    def _threshold(self, since: int) -> int:
        ticks = self.rr if since > self.rr // 16 else since * 16
        falling = share(self.level, 154 - 103 * ticks // self.rr)
        noise = share(self.noise, 512 + 384 * (self.rr - ticks) // self.rr)
        level = max(falling, min(noise, share(self.level, 186)))
        if since < self.n.ms(360) and self.last is not None:
            level = max(level, min(share(self.last.energy, 154), self.level))
        return level

    def _overtaken(self, peak: Peak, later: list[Peak]) -> bool:
        near = [other.energy for other in later[:64] if other.at - peak.at < self.n.ms(250)]
        return any(height > peak.energy + peak.energy // 8 for height in near)

    def _accept(self, peak: Peak, threshold: int) -> tuple[int, int, int]:
        r = locate(self.signal.x, peak.at, self.n)
        gap_to = max((end for start, end in self.signal.gaps if start <= peak.at), default=-1)
        known = self.last is not None and self.last_r > gap_to
        confidence = self._confidence(peak, threshold)
        if known and self.last is not None:
            interval = min(peak.at - self.last.at, self.n.learn)
            self.rr = _toward(self.rr, interval * 16)
        rr = (r - self.last_r) * self.n.decimate if known else 0
        self.level = _toward(self.level, min(peak.energy, self.level + self.level // 2))
        self.last, self.last_r = peak, r
        return r * self.n.decimate + self.n.decimate // 2, rr, confidence

    def _confidence(self, peak: Peak, threshold: int) -> int:
        above = min(256, (peak.energy - threshold) * 512 // self.level)
        clean = max(0, 256 - self.noise * 256 // self.level)
        return above * clean // (512 if peak.unsure else 256)

    def _refuse(self, peak: Peak, since: int) -> None:
        if since >= self.n.ms(210) and peak.energy < self.level:
            self.noise = _toward(self.noise, peak.energy)
        if since > self.n.learn and since > self.rr * 3 // 32:
            self.level = max(self.level - self.level // 8, self.n.floor)
