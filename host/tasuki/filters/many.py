"""Filters of many independent hubs at once, for gateways and reprocessing.

Each is the twin of a class without `Many` and gives each hub that class's bits.
Blocks have one column a hub, shape (n, hubs): all hubs of one object are sampled at
the same rate and fed together. What one hub lacks, a gap or a lost frame, is NaN in
its column. process, reset, state and restore are those of the single form.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tasuki.filters.biquads import Biquads
from tasuki.filters.ecg import conditioner_design
from tasuki.filters.kept import Kept
from tasuki.filters.respiration import APNOEA_S, breath_design
from tasuki.filters.temperature import TEMPERATURE, warmth_design
from tasuki.native.filters import BEAT, Floats, floats
from tasuki.native.many import BeatLanes, BreathsMany, LevelLanes, RateMany, WarmthMany

HUB_BEATS = np.dtype([("hub", "<i8"), *[(name, BEAT[name]) for name in BEAT.names or ()]])
"""A row of BEAT behind the number of its hub, counted from 0."""
HUB_BREATHS = np.dtype([("hub", "<i8"), ("time_s", "<f8")])
"""A breath's end of inspiration, seconds since the first sample, behind the number of its hub."""


def _columns(block: ArrayLike, hubs: int) -> Floats:
    samples = floats(block)
    if samples.ndim != 2 or samples.shape[1] != hubs:
        raise ValueError(f"expected samples of shape (n, {hubs}), got {samples.shape}")
    return samples


def _at_least_one(hubs: int) -> int:
    if hubs < 1:
        raise ValueError(f"expected at least one hub, got {hubs}")
    return hubs


class BiquadsMany(Biquads):
    """Biquads of many hubs: a hub's channels lie beside each other, shape (n, hubs * channels)."""

    def __init__(self, sos: ArrayLike, hubs: int, channels: int = 1) -> None:
        """sos: as in Biquads."""
        super().__init__(sos, _at_least_one(hubs) * channels)


class EcgConditionerMany:
    """EcgConditioner of many hubs."""

    def __init__(self, rate_hz: float, hubs: int, mains_hz: float = 50) -> None:
        """rate_hz, mains_hz: as in EcgConditioner."""
        sos, hold = conditioner_design(rate_hz, mains_hz)
        self._hubs = _at_least_one(hubs)
        self._level = LevelLanes(hold, hubs)
        self._biquads = BiquadsMany(sos, hubs)

    def process(self, block: ArrayLike) -> NDArray[np.float32]:
        """Microvolts in, microvolts out, shape (n, hubs)."""
        samples = _columns(block, self._hubs)
        out = np.empty_like(samples)
        self._level.run(samples, out)
        self._biquads.process(out, out)
        return out

    def reset(self) -> None:
        """As before the first sample."""
        self._level.reset()
        self._biquads.reset()

    def state(self) -> bytes:
        """Levels and delays."""
        return self._level.memory.save(self._biquads.state())

    def restore(self, data: bytes) -> None:
        """Go on from state(); ValueError when it is of another filter."""
        biquads = self._level.memory.extra(data)
        self._biquads.restore(biquads)
        self._level.memory.load(data, biquads)


class BeatDetectorMany(Kept[BeatLanes]):
    """BeatDetector of many hubs, 16 side by side in the processor's vectors."""

    def __init__(self, rate_hz: float, hubs: int) -> None:
        """rate_hz: as in BeatDetector."""
        self._hubs = _at_least_one(hubs)
        self._core = BeatLanes(rate_hz, hubs)

    def process(self, block: ArrayLike) -> NDArray[np.void]:
        """Rows of HUB_BEATS decided in this block of microvolts; each hub's in order."""
        found = self._core.run(_columns(block, self._hubs))
        rows = np.empty(len(found), HUB_BEATS)
        rows["hub"] = found["hub"]
        for name in BEAT.names or ():
            rows[name] = found["beat"][name]
        return rows


@dataclass(frozen=True)
class HeartRateReadings:
    """What the latest beats of each hub say, shape (hubs,) each; see HeartRateReading.

    Attributes:
        bpm, rmssd_ms: NaN where unknown.
        irregular: bool.
        quality: 0 to 1.
    """

    bpm: NDArray[np.float32]
    rmssd_ms: NDArray[np.float64]
    irregular: NDArray[np.bool_]
    quality: NDArray[np.float32]


class HeartRateMany(Kept[RateMany]):
    """HeartRate of many hubs."""

    def __init__(self, hubs: int) -> None:
        self._core = RateMany(_at_least_one(hubs))

    def process(self, block: NDArray[np.void]) -> HeartRateReadings:
        """Take rows of HUB_BEATS and read every hub."""
        interval = block["rr_s"] * 1000.0
        known = np.where(interval > 0, interval, 0).astype(np.float32)
        hub = np.ascontiguousarray(block["hub"], np.int64)
        raw = self._core.run(hub, known, block["confidence"].astype(np.float32))
        squares = raw["mean_square"].astype(np.float64)
        return HeartRateReadings(
            np.where(raw["bpm"] > 0, raw["bpm"], np.float32(np.nan)),
            np.sqrt(np.where(squares >= 0, squares, np.nan)),
            raw["irregular"] != 0,
            raw["quality"].copy(),
        )


@dataclass(frozen=True)
class RespirationReadings:
    """What is known of each hub at the end of a block; see RespirationReading.

    Attributes:
        rate_bpm: shape (hubs,), NaN where unknown.
        confidence: shape (hubs,), 0 to 1.
        breaths: rows of HUB_BREATHS decided in this block; each hub's in order.
        apnoea: shape (hubs,), bool.
    """

    rate_bpm: NDArray[np.float32]
    confidence: NDArray[np.float32]
    breaths: NDArray[np.void]
    apnoea: NDArray[np.bool_]


class RespirationRateMany(Kept[BreathsMany]):
    """RespirationRate of many hubs."""

    def __init__(self, rate_hz: float, hubs: int) -> None:
        """rate_hz: as in RespirationRate."""
        self._rate_hz = rate_hz
        self._hubs = _at_least_one(hubs)
        self._core = BreathsMany(hubs, *breath_design(rate_hz))

    def process(self, block: ArrayLike) -> RespirationReadings:
        """Take a block of any scale and offset, shape (n, hubs), rising with inspiration."""
        found = self._core.run(_columns(block, self._hubs))
        now = self._core.read()
        breaths = np.empty(len(found), HUB_BREATHS)
        breaths["hub"] = found["hub"]
        breaths["time_s"] = found["breath"]["sample"] / self._rate_hz
        apnoea = now["apnoea"] != 0
        late = found["breath"]["interval"] > APNOEA_S * self._rate_hz
        apnoea[found["hub"][late]] = True
        rate = np.where(now["rate_bpm"] > 0, now["rate_bpm"], np.float32(np.nan))
        return RespirationReadings(rate, now["confidence"].copy(), breaths, apnoea)


class BodyTemperatureMany(Kept[WarmthMany]):
    """BodyTemperature of many hubs."""

    def __init__(self, rate_hz: float, hubs: int) -> None:
        """rate_hz: as in BodyTemperature."""
        self._hubs = _at_least_one(hubs)
        self._core = WarmthMany(hubs, **warmth_design(rate_hz))

    def process(self, block: ArrayLike) -> NDArray[np.void]:
        """TEMPERATURE of shape (n, hubs) for degrees C of that shape."""
        raw = self._core.run(_columns(block, self._hubs))
        rows = np.empty(raw.shape, TEMPERATURE)
        rows["celsius"] = raw["celsius"]
        rows["slope_c_per_min"] = raw["slope"]
        rows["contact"] = raw["contact"] != 0
        return rows
