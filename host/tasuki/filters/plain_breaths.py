"""The breath detector in plain Python over a whole record: slow, for reading and for tests.

Operation for operation what native/src/filter_breath*.c does in float32, so both
must give the same breaths and the same rate, to the bit.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tasuki.filters.plain_biquads import plain_biquads_f32
from tasuki.filters.plain_level import plain_level
from tasuki.filters.respiration import breath_design

F = np.float32


@dataclass
class PlainBreaths:
    """What a record holds.

    Attributes:
        breaths: (sample of the end of inspiration, interval or 0) of each.
        rate_bpm, confidence, apnoea: as known after the last sample; rate 0 when unknown.
        levels: mean deflection, usual depth, usual interval, all in the filter's own units.
    """

    breaths: list[tuple[int, int]] = field(default_factory=list)
    rate_bpm: float = 0.0
    confidence: float = 0.0
    apnoea: bool = False
    levels: tuple[float, float, float] = (0.0, 0.0, 0.0)


def plain_breaths(samples: NDArray[np.float32], rate_hz: float) -> PlainBreaths:
    """All breaths of a record of any scale, shape (n,)."""
    return _Detector(np.asarray(samples, np.float32), rate_hz).run()


class _Detector:
    def __init__(self, samples: NDArray[np.float32], rate_hz: float) -> None:
        sos, fields = breath_design(rate_hz)
        self.n = {name: int(value) for name, value in fields.items() if isinstance(value, int)}
        self.share = {name: F(value) for name, value in fields.items()}
        self.level, self.gaps = plain_level(samples, self.n["hold"])
        self.raw = self._means()
        self.filtered = plain_biquads_f32(sos, self.raw)
        self.total = len(samples)
        self.rising, self.turn, self.turn_at = False, F(0), 0
        self.mean = self.valley = self.depth = self.interval = self.value = F(0)
        self.seen, self.last_at, self.gap_at = 0, -1, -1
        self.known: list[bool] = []
        self.found = PlainBreaths()

    def _means(self) -> NDArray[np.float32]:
        """Each inner sample: the mean of its good inputs, in their order; NaN without one."""
        width = self.n["decimate"]
        means = []
        for start in range(0, len(self.level) - width + 1, width):
            total, good = F(0), 0
            for value in self.level[start : start + width]:
                if np.isfinite(value):
                    total, good = total + value, good + 1
            means.append(total / F(good) if good else F(np.nan))
        return np.array(means, np.float32)

    def run(self) -> PlainBreaths:
        ends = {end // self.n["decimate"] for end in self.gaps}  # inner sample in which a gap ends
        for at, y in enumerate(self.filtered):
            if at in ends:
                self.gap_at = at
            if np.isfinite(y):
                self._follow(at, y)
        # a gap may end within the inner sample that is still under way
        self.gap_at = max([self.gap_at, *(end // self.n["decimate"] for end in self.gaps)])
        self._read()
        self.found.levels = (float(self.mean), float(self.depth), float(self.interval))
        return self.found

    def _follow(self, at: int, y: np.float32) -> None:
        if self.seen < self.n["settle"]:
            self.seen += 1
            self.mean += (abs(y) - self.mean) * max(F(1) / F(self.seen), self.share["follow"])
        else:
            most = self.share["largest"] * self.mean
            self.mean += (min(abs(y), most) - self.mean) * self.share["follow"]
        self.value = y
        past = self.turn - y if self.rising else y - self.turn
        if past > self._least(at):
            if self.rising:
                self._breathe(at)
            else:
                self.valley = self.turn
            self.rising = not self.rising
        elif past > 0:
            return
        self.turn, self.turn_at = y, at

    def _least(self, at: int) -> np.float32:
        least = self.share["hysteresis"] * self.mean
        if self.interval > 0:
            waited = F(at - self.last_at) / self.interval
            share = F(1) + self.share["patience"] - waited
            least *= min(F(1), max(self.share["least"], share))
        return np.float32(least)

    def _top(self, at: int) -> int:
        centre = self.turn_at - self.n["delay"]
        first = max(0, at + 1 - 64, centre - self.n["reach"])
        top, highest = centre, F(-np.inf)
        for i in range(first, min(at, centre + self.n["reach"]) + 1):
            if self.raw[i] > highest:
                top, highest = i, self.raw[i]
        return max(0, top)

    def _joined(self) -> bool:
        return self.last_at >= 0 and self.gap_at <= self.last_at

    def _deep(self) -> bool:
        return bool(self.turn - self.valley >= self.share["shallowest"] * self.depth)

    def _breathe(self, at: int) -> None:
        recent = self.raw[max(0, at - 63) : at + 1]
        if self.seen < self.n["settle"]:
            return
        if not self._deep():
            if at - self.last_at > self.n["lost"]:
                self.depth -= F(0.125) * self.depth
            return
        if np.nanmax(recent) - np.nanmin(recent) < self.share["shallowest"] * self.depth:
            return
        sample, joined = self._top(at) * self.n["decimate"], self._joined()
        before = self.found.breaths[-1][0] if self.found.breaths else 0
        if self.last_at >= 0 and sample <= before:
            return
        if joined:
            latest = F(self.turn_at - self.last_at)
            step = (min(latest, F(2) * self.interval) - self.interval) * F(0.2)
            self.interval = self.interval + step if self.interval > 0 else latest
        self.found.breaths.append((sample, sample - before if joined else 0))
        self.known.append(joined)
        depth = self.turn - self.valley
        if self.depth > 0:
            depth = self.depth + (min(depth, self.share["deepest"] * self.depth) - self.depth) * F(0.25)
        self.depth = depth
        self.last_at = self.turn_at

    def _intervals(self) -> Iterator[int]:
        """Those of the window, and the one that a top which the signal falls from will end."""
        samples = [sample for sample, _ in self.found.breaths[-64:]]
        oldest = self.total - self.n["window"]
        for before, after, known in zip(samples, samples[1:], self.known[-64:][1:], strict=False):
            if before >= oldest and known:
                yield after - before
        at = len(self.filtered) - 1
        fallen = self.rising and self.turn - self.value > self.share["early"] * self._least(at)
        if (
            fallen
            and self._joined()
            and self.seen >= self.n["settle"]
            and self._deep()
            and samples[-1] >= oldest
        ):
            early = self._top(at) * self.n["decimate"] - samples[-1]
            if early > 0:
                yield early

    def _read(self) -> None:
        lengths = list(self._intervals())
        if len(lengths) >= 2:
            middle = float(np.median(lengths))
            spread = F(np.median([int(abs(length - middle)) for length in lengths])) / F(middle)
            enough = F(len(lengths)) / F(5) if len(lengths) < 5 else F(1)
            rate = F(60) * self.share["rate_hz"] * F(len(lengths)) / F(sum(lengths))
            self.found.rate_bpm = float(rate)
            self.found.confidence = float(max(F(0), F(1) - F(2) * spread) * enough)
        last = self.found.breaths[-1][0] if self.found.breaths else 0
        since = self.total - max(last, self.gap_at * self.n["decimate"])
        missing = self.total - 1 - np.flatnonzero(np.isfinite(self.level))[-1] if self.total else 0
        in_gap = missing > self.n["hold"]
        self.found.apnoea = bool(self.found.breaths) and not in_gap and since > self.n["apnoea"]
