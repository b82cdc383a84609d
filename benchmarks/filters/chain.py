"""What the filters add to a block of 100 ms of one hub, from samples to readings."""

import time

import numpy as np
from row import Row

from filter_signals import ecg_250, wave
from tasuki.filters import BeatDetector, BodyTemperature, EcgConditioner, HeartRate, RespirationRate

BLOCKS, ROUNDS = 2000, 6


def _steps():
    """One step of the chain for block number i: ECG at 250 Hz, chest at 50 Hz, temperature once a second."""
    ecg, chest = ecg_250(), wave(15, 60, 50)
    warm = np.full(1, 36.5, np.float32)
    conditioner, beats, heart = EcgConditioner(250), BeatDetector(250), HeartRate()
    breaths, warmth = RespirationRate(50), BodyTemperature(1)

    def vitals(i):
        at = i % 600
        block = ecg[25 * at : 25 * at + 25]
        conditioner.process(block)
        heart.process(beats.process(block))
        breaths.process(chest[5 * at : 5 * at + 5])
        if i % 10 == 0:
            warmth.process(warm)

    return [("ECG, beats, heart rate, respiration, temperature", vitals), *_motion()]


def _motion():
    """Orientation, activity and falls at 100 Hz, as far as they are there."""
    try:
        from tasuki.filters import Activity, FallDetector, Orientation, Posture
    except ImportError:
        return []
    rng = np.random.default_rng(5)
    gyro = rng.normal(0, 0.3, (1000, 3)).astype(np.float32)
    accel = rng.normal((0, 0, 9.81), 0.5, (1000, 3)).astype(np.float32)
    orientation, posture = Orientation(100), Posture()
    activity, falls = Activity(100), FallDetector(100)

    def motion(i):
        part = slice(10 * (i % 100), 10 * (i % 100) + 10)
        turned = orientation.process(gyro[part], accel[part])
        posture.process(turned, activity.process(accel[part]))
        falls.process(accel[part])

    return [("orientation, posture, activity, falls", motion)]


def _round(steps):
    """Microseconds of each block, when all have settled."""
    taken = np.empty(BLOCKS)
    for i in range(BLOCKS):
        start = time.perf_counter_ns()
        for _, step in steps:
            step(i)
        taken[i] = (time.perf_counter_ns() - start) / 1e3
    return taken[100:]


def latency():
    """The 99th percentile over many blocks, in the quietest of some rounds."""
    steps = _steps()
    rounds = sorted((_round(steps) for _ in range(ROUNDS)), key=lambda taken: np.percentile(taken, 99))
    p99 = [float(np.percentile(taken, 99)) for taken in rounds]
    what = "; ".join(name for name, _ in steps)
    quietest = f"the quietest of {ROUNDS} rounds, the loudest had {p99[-1]:.0f}"
    note = f"median {np.median(rounds[0]):.0f}; {quietest}; {what}"
    return [Row("all filters of one hub over a block of 100 ms, p99", p99[0], "µs", 100, True, 0, {}, [note])]
