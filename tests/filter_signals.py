"""Real signals for the tests of the filters."""

import warnings
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import resample_poly

from tasuki.filters import score
from tasuki.recordings import load

DATA = Path(__file__).parents[1] / "../shared/data"
MITDB = DATA / "mitdb"
MARSH = DATA / "marsh"


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
    millivolts = channels(MITDB / name, [0])[:, 0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import wfdb

        notes = wfdb.rdann(str(MITDB / name), "atr")
    beats = score.beat_samples(notes.sample, notes.symbol)
    return millivolts * 1000, beats, score.flutter_spans(notes.sample, notes.symbol)


def channels(record, numbers):
    """Those channels of a WFDB record in physical units, shape (n, len(numbers))."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # wfdb 4.3 uses what pandas 3 deprecates
        import wfdb

        return wfdb.rdrecord(str(record), channels=numbers).p_signal


def at_250(microvolts):
    """A 360-Hz record as the hub's converter gives it: 250 Hz, int16 microvolts."""
    return np.clip(np.rint(resample_poly(microvolts, 25, 36)), -32768, 32767).astype(np.int16)


@dataclass(frozen=True)
class Breathing:
    """A MARSH subject, 50 Hz: impedance and nasal thermistor, and when inspirations end, seconds."""

    impedance: np.ndarray
    nasal: np.ndarray
    ends_s: np.ndarray


def marsh_names():
    """Names of the MARSH subjects at hand."""
    return sorted(path.stem for path in MARSH.glob("*.npz"))


def marsh(name):
    """Breathing of a subject; skips where it is absent."""
    if not (MARSH / f"{name}.npz").exists():
        pytest.skip(f"MARSH subject {name} is not in ../shared/data/marsh")
    with np.load(MARSH / f"{name}.npz") as arrays:
        channels = (arrays["ip50"].astype(np.float32), arrays["nasal50"].astype(np.float32))
        return Breathing(*channels, arrays["ip_breaths250"] / 250)


def simulator(beats_s, seconds, rate_hz, waves=("P", "QRS", "T")):
    """Microvolts as a patient simulator gives them: those waves, and exactly zero between them."""
    shapes = {  # microvolts, width in seconds, centre after the R peak in seconds
        "P": [(120, 0.02, -0.16)],
        "QRS": [(-100, 0.008, -0.025), (1000, 0.01, 0), (-200, 0.01, 0.03)],
        "T": [(250, 0.04, 0.26)],
    }
    at = np.arange(round(seconds * rate_hz)) / rate_hz
    signal = np.zeros(len(at))
    for beat in beats_s:
        for height, width, after in (wave for name in waves for wave in shapes[name]):
            away = (at - beat - after) / width
            signal += np.where(np.abs(away) < 3, height * np.exp(-away * away / 2), 0)
    return np.rint(signal).astype(np.float32)
