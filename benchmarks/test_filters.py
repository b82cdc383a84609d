"""Filters beside SciPy in the same run, as ratios; beats as samples a second.

python -m pytest benchmarks/test_filters.py --benchmark-only -s
"""

import time

import numpy as np
import pytest
from scipy import signal

from filter_signals import ecg_250
from tasuki.filters import BeatDetector, Biquads, detect_beats

SECTIONS = 4
SOS = signal.butter(2 * SECTIONS, 0.3, output="sos")
SOS_F32 = SOS.astype(np.float32)
LONG = 1_000_000
SHORT = 25
HUBS = 64


def best_of(rounds, run):
    """Shortest of some runs, seconds: the machine is shared."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)


def report(benchmark, what, samples, ours, theirs):
    """Print both and their ratio, and keep them in the benchmark's JSON."""
    figures = {
        "ours_msps": samples / ours / 1e6,
        "scipy_msps": samples / theirs / 1e6,
        "ratio": theirs / ours,
    }
    benchmark.extra_info.update(figures)
    ours_msps, scipy_msps, ratio = figures.values()
    print(f"\n{what}: {ours_msps:.1f} M samples/s, scipy {scipy_msps:.1f}, x{ratio:.2f}")


@pytest.fixture(scope="module")
def noise():
    return np.random.default_rng(20261122).standard_normal(LONG).astype(np.float32)


def test_biquads_in_large_blocks(benchmark, noise):
    filt, out = Biquads(SOS), np.empty_like(noise)

    benchmark.pedantic(filt.process, args=(noise, out), rounds=10, warmup_rounds=1)

    theirs = best_of(10, lambda: signal.sosfilt(SOS_F32, noise))
    assert np.abs(Biquads(SOS).process(noise) - signal.sosfilt(SOS, noise.astype(float))).max() < 1e-4
    report(benchmark, f"{SECTIONS} sections, one block of {LONG}", LONG, benchmark.stats.stats.min, theirs)


def test_biquads_in_short_blocks(benchmark, noise):
    blocks = noise[: 1000 * SHORT].reshape(-1, SHORT)
    filt = Biquads(SOS)

    def ours():
        for block in blocks:
            filt.process(block)

    def scipys():
        zi = np.zeros((SECTIONS, 2), np.float32)
        for block in blocks:
            _, zi = signal.sosfilt(SOS_F32, block, zi=zi)

    benchmark.pedantic(ours, rounds=20, warmup_rounds=1)

    theirs = best_of(5, scipys)
    report(
        benchmark, f"{SECTIONS} sections, blocks of {SHORT}", blocks.size, benchmark.stats.stats.min, theirs
    )


def test_biquads_of_many_channels(benchmark, noise):
    block = noise[: LONG // HUBS * HUBS].reshape(-1, HUBS)
    filt, out = Biquads(SOS, HUBS), np.empty_like(block)

    benchmark.pedantic(filt.process, args=(block, out), rounds=10, warmup_rounds=1)

    theirs = best_of(5, lambda: signal.sosfilt(SOS_F32, block, axis=0))
    report(benchmark, f"{SECTIONS} sections, {HUBS} channels", block.size, benchmark.stats.stats.min, theirs)


@pytest.mark.parametrize("seconds", [0.1, 1, 60])
def test_beats_in_blocks(benchmark, seconds):
    record = np.tile(ecg_250(), 10)
    size = round(250 * seconds)
    detector = BeatDetector(250)
    blocks = [record[at : at + size] for at in range(0, len(record), size)]

    def run():
        detector.reset()
        return sum(len(detector.process(block)) for block in blocks)

    found = benchmark.pedantic(run, rounds=10, warmup_rounds=1)

    assert abs(found - len(detect_beats(record, 250))) <= 1
    rate = len(record) / benchmark.stats.stats.min / 1e6
    benchmark.extra_info["msps"] = rate
    print(f"\nbeats, {seconds}-s blocks: {rate:.1f} M samples/s")
