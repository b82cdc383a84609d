"""What the samples of a beat detector count, in plain Python; the counterpart of native/src/beat_flat.c."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tasuki.filters.plain_beats import LARGEST_STEP, Lengths, energy, get, peaks, share

_LIMIT_UV = 262144.0


@dataclass
class Signal:
    """Input in eighths of a microvolt, offset and jumps over gaps taken off."""

    x: list[int] = field(default_factory=list)
    bad: list[bool] = field(default_factory=list)
    gaps: list[tuple[int, int]] = field(default_factory=list)  # first and last inner sample
    steps: list[int] = field(default_factory=list)  # where a flat line begins that was jumped into


def read(signal_uv: NDArray[np.float32], n: Lengths) -> Signal:
    """Counts per inner sample: the sum of `decimate` inputs."""
    reader = _Reader(n)
    for i, microvolts in enumerate(signal_uv.tolist()):
        reader.take(i // n.decimate, microvolts)
        reader.block += reader.held
        if i % n.decimate == n.decimate - 1:
            reader.end_block()
    return reader.out


class _Reader:
    """The line so far; `same` counts how often its latest value was repeated, n.off says that it is off."""

    def __init__(self, n: Lengths) -> None:
        self.n = n
        self.out = Signal()
        self.base = self.held = self.same = self.block = 0
        self.missing = n.hold + 1
        self.bad = False
        self.usual, self.flat_for = n.off // 2, 0
        self.counted = 0

    def end_block(self) -> None:
        self.out.x.append(self.block)
        self.out.bad.append(self.bad)
        self.block, self.bad = 0, False

    def take(self, now: int, microvolts: float) -> None:
        if -_LIMIT_UV <= microvolts <= _LIMIT_UV:
            counts = np.float32(microvolts) * np.float32(8 // self.n.decimate)
            x = int(counts - np.float32(0.5)) if counts < 0 else int(counts + np.float32(0.5))
            self._step(now, x - self.base - self.held)
            return
        self.bad = True
        self.missing = min(self.missing, self.n.hold) + 1
        if self.missing > self.n.hold:
            self._miss(now - self.n.hold, now)

    def _step(self, now: int, step: int) -> None:
        n, gap = self.n, self.missing > self.n.hold
        if gap and self.same == n.off and step == 0:
            self._miss(now, now)
            return
        leaps = self.same >= n.flat and self._energy_of(step * n.decimate) // 2 > self._levels()
        if leaps and not gap:
            self._miss(now - self.same // n.decimate, now)
        if leaps or gap:
            if self.same == n.off:
                self._levels()
                self.usual = min(max(n.quiet, 2 * self.usual), n.off)
            self.base, self.missing, self.same = self.base + step, 0, 0
            return
        if step != 0 and self.same >= n.flat:
            self._levels()
            self.usual = max(self.usual, self.same)
        self.held, self.missing, self.same = self.held + step, 0, self.same + 1 if step == 0 else 0
        self._see_flat(now)

    def _see_flat(self, now: int) -> None:
        n, start = self.n, now - self.same // self.n.decimate
        if self.same == n.flat:
            loudest = self._levels()
            self.flat_for = min(max(n.quiet, 2 * self.usual), n.off)
            if self._jumped(loudest):
                self.out.steps.append(start)
                self.flat_for = n.flat
        if self.same >= n.flat and self.same >= self.flat_for:
            self._miss(start, now)
            self.missing, self.same = n.hold + 1, n.off

    def _miss(self, first: int, now: int) -> None:
        self.bad = True
        gaps = self.out.gaps
        if not gaps or gaps[-1][1] < now - 1:
            gaps.append((first, now))
        gaps[-1] = (gaps[-1][0], now)

    def _jumped(self, loudest: int) -> bool:
        """Whether the line, flat for 100 ms, jumped there from a level that it had kept."""
        x, flat = self.out.x, self.n.flat // self.n.decimate
        ago = range(flat + self.n.ms(40), flat + self.n.ms(200) + 1)
        before = [get(x, len(x) - 1 - samples) for samples in ago]
        jump = get(x, len(x) - 1) - before[0]
        level = max(before) - min(before) <= abs(jump) // 2
        return level and self._energy_of(jump) > share(loudest, 64)

    def _energy_of(self, step: int) -> int:
        return min(abs(step), LARGEST_STEP) * self.n.slope * self.n.smooth**2 >> 1

    def _levels(self) -> int:
        """Energy of the largest peaks, up twofold at most, down by an eighth; `usual` falls as well."""
        found = peaks(energy(self.out.x, self.n), self.out.bad, self.n)
        loudest = 0
        for peak in found:
            twofold = loudest > 0 and peak.energy // 2 > loudest
            loudest = 2 * loudest if twofold else max(peak.energy, loudest - loudest // 8)
        for _ in found[self.counted :]:
            self.usual -= self.usual // 32
        self.counted = len(found)
        return loudest
