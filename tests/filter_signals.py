"""Real signals for the tests of the filters."""

import warnings
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import resample_poly

from tasuki.filters import score
from tasuki.recordings import load

MITDB = Path(__file__).parents[1] / "../shared/data/mitdb"


@cache
def ecg_250(seconds=60):
    """The bundled record as the hub samples it: 250 Hz, whole microvolts, read-only."""
    recording = load(None)
    whole = resample_poly(recording.ecg[: round(seconds * recording.ecg_hz)], 25, 36)
    samples = np.rint(whole).astype(np.float32)
    samples.flags.writeable = False
    return samples


def wave(bpm, seconds, rate_hz, depth=1.0):
    """A breathing-like wave, synthetic, shape (n,)."""
    return (depth * np.sin(2 * np.pi * bpm / 60 * np.arange(round(seconds * rate_hz)) / rate_hz)).astype("f4")


def mitdb_names():
    """Names of the MIT-BIH records at hand."""
    return sorted(path.stem for path in MITDB.glob("*.dat"))


def mitdb(name):
    """(microvolts at 360 Hz, annotated beats, flutter spans) of a record; skips where it is absent."""
    if not (MITDB / f"{name}.dat").exists():
        pytest.skip(f"MIT-BIH record {name} is not in ../shared/data/mitdb")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # wfdb 4.3 uses what pandas 3 deprecates
        import wfdb

        record = wfdb.rdrecord(str(MITDB / name), channels=[0])
        notes = wfdb.rdann(str(MITDB / name), "atr")
    beats = score.beat_samples(notes.sample, notes.symbol)
    return record.p_signal[:, 0] * 1000, beats, score.flutter_spans(notes.sample, notes.symbol)


def at_250(microvolts):
    """A 360-Hz record as the hub's converter gives it: 250 Hz, int16 microvolts."""
    return np.clip(np.rint(resample_poly(microvolts, 25, 36)), -32768, 32767).astype(np.int16)
