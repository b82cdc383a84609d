"""What is derived from samples as they come: beats, heart rate, breaths, temperature.

Derived values are provisional until the epoch of their samples verifies, and
inherit the consent of their inputs: only frames that the gate lets be viewed
come here.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tasuki.filters import (
    BeatDetector,
    BodyTemperature,
    HeartRate,
    HeartRateReading,
    RespirationRate,
    RespirationReading,
)
from tasuki.frames import Batch, Samples, Stream
from tasuki_wire import codec

_ECG = codec.number("ecg")
_RESPIRATION = codec.number("respiration")
_TEMPERATURE = codec.number("body_temperature")
_BEATS_KEPT = 20_000
_JITTER = 0.5  # of a period: more than that is a gap


class Order:
    """Frames of one stream in order, each once: resends that come late are left to the verifier."""

    def __init__(self) -> None:
        self._next = 0

    def choose(self, seqs: NDArray[np.uint32]) -> NDArray[np.bool_]:
        """Which of these frames go on, shape (n,)."""
        before = np.maximum.accumulate(np.concatenate(([self._next - 1], seqs[:-1].astype(np.int64))))
        chosen = seqs > before
        if len(seqs):
            self._next = max(self._next, int(seqs.max()) + 1)
        return chosen


@dataclass
class Derived:
    """What has been derived so far.

    Attributes:
        beats: how many beats.
        beats_us: device time of the latest beats, microseconds.
        heart, respiration: latest readings.
        celsius: skin temperature, NaN when unknown.
    """

    beats: int = 0
    beats_us: deque[float] = field(default_factory=lambda: deque(maxlen=_BEATS_KEPT))
    heart: HeartRateReading | None = None
    respiration: RespirationReading | None = None
    celsius: float = float("nan")
    contact: bool = False


class Deriver:
    """Feeds the filters of one hub; any split into batches gives the same values."""

    def __init__(self, streams: dict[int, Stream]) -> None:
        self.streams = streams
        self.derived = Derived()
        self._order = {number: Order() for number in streams}
        self._next_us: dict[int, float] = {}
        self._origin_us: dict[int, float] = {}
        self._heart = HeartRate()
        self._detectors = {s.stream: BeatDetector(_hz(s)) for s in streams.values() if s.kind == _ECG}
        self._breaths = {
            s.stream: RespirationRate(_hz(s)) for s in streams.values() if s.kind == _RESPIRATION
        }
        self._warmth = {s.stream: BodyTemperature(_hz(s)) for s in streams.values() if s.kind == _TEMPERATURE}

    def feed(self, batch: Batch, view: NDArray[np.bool_]) -> list[Samples]:
        """Filter the frames of a batch that may be viewed; returns them as samples, by stream."""
        rows = batch.rows
        usable = view & (rows["status"] == 0)
        out = []
        for number, stream in self.streams.items():
            mine = rows[usable & (rows["stream"] == number) & (rows["kind"] == stream.kind)]
            if not len(mine):
                continue
            samples = Batch(batch.arena, mine[self._order[number].choose(mine["seq"])]).samples(stream)
            if len(samples.raw):
                self._derive(stream, samples)
                out.append(samples)
        return out

    def _derive(self, stream: Stream, samples: Samples) -> None:
        for missing, part in self._runs(stream, samples):
            if stream.kind == _ECG:
                self._ecg(stream, missing, part.physical("ecg"))
            elif stream.kind == _RESPIRATION:
                breaths = self._breaths[stream.stream]
                if missing:
                    breaths.gap(missing)
                self.derived.respiration = breaths.process(part.physical("respiration"))
            elif stream.kind == _TEMPERATURE:
                warmth = self._warmth[stream.stream]
                if missing:
                    warmth.gap(missing)
                last = warmth.process(part.physical("temperature"))[-1]
                self.derived.celsius = float(last["celsius"])
                self.derived.contact = bool(last["contact"])

    def _ecg(self, stream: Stream, missing: int, microvolts: NDArray[np.float64]) -> None:
        detector = self._detectors[stream.stream]
        found = [detector.gap(missing)] if missing else []
        found.append(detector.process(microvolts))
        origin = self._origin_us[stream.stream]
        for beats in found:
            self.derived.heart = self._heart.process(beats)
            self.derived.beats += len(beats)
            self.derived.beats_us.extend((origin + beats["sample"] * float(stream.period_us)).tolist())

    def _runs(self, stream: Stream, samples: Samples) -> Iterator[tuple[int, Samples]]:
        """Unbroken runs, each with the number of samples that are missing before it."""
        times = samples.times_us.astype(np.float64)
        period = float(stream.period_us)
        self._origin_us.setdefault(stream.stream, times[0])
        expected = np.concatenate(([self._next_us.get(stream.stream, times[0])], times[:-1] + period))
        late = times - expected
        cuts = np.flatnonzero(late > _JITTER * period)
        starts = [0, *[c for c in cuts.tolist() if c], len(times)]
        for start, stop in pairwise(starts):
            missing = round(late[start] / period) if late[start] > _JITTER * period else 0
            part = Samples(
                samples.stream, samples.kind, samples.times_us[start:stop], samples.raw[start:stop]
            )
            yield missing, part
        self._next_us[stream.stream] = times[-1] + period


def _hz(stream: Stream) -> float:
    return 1e6 / stream.period_us
