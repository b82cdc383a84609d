"""How fast the filters are beside SciPy, SleepECG and gqrs, each pair measured in turn."""

import numpy as np
import peers
from row import Row, best_of, in_turn
from scipy import signal

from filter_signals import ecg_250, mitdb, wave
from tasuki.filters import (
    BeatDetector,
    BeatDetectorMany,
    Biquads,
    BodyTemperature,
    BodyTemperatureMany,
    EcgConditioner,
    EcgConditionerMany,
    RespirationRate,
    RespirationRateMany,
)

SOS = signal.butter(8, 0.3, output="sos")
SOS_F32 = SOS.astype(np.float32)
HUBS = 256


def biquads():
    """Four sections of float32: large blocks, short blocks, many channels."""
    noise = np.random.default_rng(20261122).standard_normal(1_000_000).astype(np.float32)
    return [_large(noise), _short(noise[:25_000].reshape(-1, 25)), _channels(noise)]


def _beside_scipy(what, samples, target, ours, scipys, rounds):
    mine, theirs = in_turn(rounds, ours, scipys)
    figure = {"scipy, M samples/s": samples / theirs / 1e6}
    note = f"ours {samples / mine / 1e6:.0f} M samples/s"
    return Row(what, theirs / mine, "times scipy", target, False, 2, figure, [note])


def _large(noise):
    filt, out = Biquads(SOS), np.empty_like(noise)
    ours, theirs = (lambda: filt.process(noise, out)), (lambda: signal.sosfilt(SOS_F32, noise))
    return _beside_scipy(
        "sosfilt, 4 sections, one channel, a million samples", noise.size, 1.5, ours, theirs, 12
    )


def _short(blocks):
    filt = Biquads(SOS)

    def ours():
        for block in blocks:
            filt.process(block)

    def scipys():
        zi = np.zeros((4, 2), np.float32)
        for block in blocks:
            _, zi = signal.sosfilt(SOS_F32, block, zi=zi)

    return _beside_scipy("sosfilt, the same in blocks of 25", blocks.size, 20, ours, scipys, 8)


def _channels(noise):
    block = noise[: 4000 * 64].reshape(-1, 64)
    filt, out = Biquads(SOS, 64), np.empty_like(block)

    def ours():
        filt.process(block, out)

    def scipys():
        signal.sosfilt(SOS_F32, block, axis=0)

    return _beside_scipy("sosfilt, the same over 64 channels, 4,000 rows", block.size, 6, ours, scipys, 12)


def beats():
    """The detector on one channel in blocks of a second beside SleepECG's C over the whole record."""
    record = np.ascontiguousarray(mitdb("100")[0], np.float32)
    double = record.astype(np.float64)
    detector = BeatDetector(360)
    blocks = [record[at : at + 360] for at in range(0, len(record), 360)]

    def ours():
        for block in blocks:
            detector.process(block)

    try:
        peers.sleepecg(double[:3600], 360)
        mine, theirs = in_turn(30, ours, lambda: peers.sleepecg(double, 360))
        ratio, figures = theirs / mine, {"SleepECG, M samples/s": len(record) / theirs / 1e6}
    except peers.Absent as reason:
        mine, ratio, figures = best_of(12, ours), None, {"SleepECG": str(reason)}
    try:
        minute = double[: 60 * 360]
        figures["gqrs, M samples/s"] = len(minute) / best_of(2, lambda: peers.gqrs(minute, 360)) / 1e6
    except peers.Absent as reason:
        figures["gqrs"] = str(reason)
    note = f"ours {len(record) / mine / 1e6:.1f} M samples/s"
    return [Row("beats, one channel, 1-s blocks", ratio, "times SleepECG", 1.2, False, 2, figures, [note])]


def many():
    """Many hubs in one object beside as many objects, blocks of a second."""
    ecg = np.stack([np.roll(ecg_250(), -37 * hub)[:2500] for hub in range(HUBS)], axis=1)
    breaths = np.stack([wave(9 + hub % 17, 20, 50) for hub in range(HUBS)], axis=1)
    warm = np.full((60, HUBS), 36.5, np.float32)
    cases = {
        "EcgConditioner": (EcgConditioner(250), EcgConditionerMany(250, HUBS), ecg, 250),
        "BeatDetector": (BeatDetector(250), BeatDetectorMany(250, HUBS), ecg, 250),
        "RespirationRate": (RespirationRate(50), RespirationRateMany(50, HUBS), breaths, 50),
        "BodyTemperature": (BodyTemperature(1), BodyTemperatureMany(1, HUBS), warm, 1),
    }
    return [_many(name, *case) for name, case in cases.items()]


def _many(name, single, several, samples, size):
    samples = np.ascontiguousarray(samples)
    rows = [samples[at : at + size] for at in range(0, len(samples), size)]
    column = np.ascontiguousarray(samples[:, 0])
    pieces = [column[at : at + size] for at in range(0, len(column), size)]

    def together():
        for block in rows:
            several.process(block)

    def alone():
        for block in pieces:
            single.process(block)

    mine, one = in_turn(5, together, alone)
    figures = {"one by one, M samples/s": len(column) / one / 1e6}
    return Row(
        f"{name}Many, {HUBS} hubs, 1-s blocks",
        samples.size / mine / 1e6,
        "M samples/s",
        None,
        False,
        1,
        figures,
    )
