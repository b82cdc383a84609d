"""Streaming filters and detectors, each a thin class over the C core.

Each has process(block), gap(samples), reset(), state() -> bytes and
restore(bytes). Any split of an input gives the same bits as the whole; a state
that was saved and restored goes on with the same bits. Bad samples (NaN,
infinite) and gaps lose only what they cover.
"""

from tasuki.filters.activity import ACTIVITY, Activity, ActivityMany
from tasuki.filters.beats import BEAT, BeatDetector, detect_beats
from tasuki.filters.biquads import Biquads
from tasuki.filters.ecg import EcgConditioner
from tasuki.filters.falls import FALL, FallDetector, FallDetectorMany
from tasuki.filters.heart_rate import HeartRate, HeartRateReading
from tasuki.filters.many import (
    HUB_BEATS,
    HUB_BREATHS,
    BeatDetectorMany,
    BiquadsMany,
    BodyTemperatureMany,
    EcgConditionerMany,
    HeartRateMany,
    HeartRateReadings,
    RespirationRateMany,
    RespirationReadings,
)
from tasuki.filters.orientation import Orientation, OrientationBlock, OrientationMany
from tasuki.filters.posture import POSTURE, Posture, PostureMany
from tasuki.filters.respiration import RespirationRate, RespirationReading
from tasuki.filters.temperature import TEMPERATURE, BodyTemperature

__all__ = [
    "ACTIVITY",
    "BEAT",
    "FALL",
    "HUB_BEATS",
    "HUB_BREATHS",
    "POSTURE",
    "TEMPERATURE",
    "Activity",
    "ActivityMany",
    "BeatDetector",
    "BeatDetectorMany",
    "Biquads",
    "BiquadsMany",
    "BodyTemperature",
    "BodyTemperatureMany",
    "EcgConditioner",
    "EcgConditionerMany",
    "FallDetector",
    "FallDetectorMany",
    "HeartRate",
    "HeartRateMany",
    "HeartRateReading",
    "HeartRateReadings",
    "Orientation",
    "OrientationBlock",
    "OrientationMany",
    "Posture",
    "PostureMany",
    "RespirationRate",
    "RespirationRateMany",
    "RespirationReading",
    "RespirationReadings",
    "detect_beats",
]
