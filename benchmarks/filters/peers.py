"""Libraries of others, as far as they are installed (pip install '.[bench]')."""

import importlib
import warnings
from collections.abc import Callable

import numpy as np


class Absent(Exception):
    """A peer that cannot run here; its text goes into the table."""


def _module(name: str):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return importlib.import_module(name)
        except ImportError as error:
            raise Absent(f"not installed ({error.name})") from error


def _quietly(run: Callable[[], np.ndarray]) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.asarray(run())


def sleepecg(signal: np.ndarray, rate_hz: float) -> np.ndarray:
    """R peaks of SleepECG, its C back end."""
    found = _module("sleepecg")
    return _quietly(lambda: found.detect_heartbeats(signal, rate_hz, backend="c"))


def gqrs(signal: np.ndarray, rate_hz: float) -> np.ndarray:
    """R peaks of gqrs as the wfdb package has it, which expects millivolts."""
    processing = _module("wfdb.processing")
    return _quietly(lambda: processing.gqrs_detect(sig=signal / 1000, fs=rate_hz))


def neurokit_beats(method: str) -> Callable[[np.ndarray, float], np.ndarray]:
    """R peaks of a method of neurokit2, on the signal as recorded: these two clean it themselves."""

    def detect(signal: np.ndarray, rate_hz: float) -> np.ndarray:
        nk = _module("neurokit2")

        def run():
            return nk.ecg_peaks(signal, sampling_rate=int(rate_hz), method=method)[1]["ECG_R_Peaks"]

        return _quietly(run)

    return detect


def khodadad(signal: np.ndarray, rate_hz: float) -> np.ndarray:
    """Ends of inspiration, seconds, of neurokit2's khodadad2018; offline."""
    nk = _module("neurokit2")

    def run():
        clean = nk.rsp_clean(signal, sampling_rate=int(rate_hz), method="khodadad2018")
        found = nk.rsp_peaks(clean, sampling_rate=int(rate_hz), method="khodadad2018")[1]
        return found["RSP_Peaks"] / rate_hz

    return _quietly(run)


def version(name: str) -> str:
    """Of an installed package; 'absent' otherwise."""
    from importlib import metadata

    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "absent"
