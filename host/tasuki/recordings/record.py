"""Read a recording: any WFDB record on disk, never from the network."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tasuki.errors import UsageError
from tasuki.recordings import wfdb_files

BUNDLED = Path(__file__).with_name("ecg208")
"""The record that is shipped; ATTRIBUTION.md beside it says where it comes from."""

Floats = NDArray[np.float64]

# Best first: lead II and its likes show the largest R wave.
ECG_NAMES = (
    re.compile(r"(ML ?|lead )?(II|2)", re.I),
    re.compile(r"(E[CK]G|ECG.*|EKG.*)", re.I),
    re.compile(r"((ML ?|lead )?(I|III|1|3)|aV[RLF]|(M?V|D|CM|CC)[1-9])", re.I),
)
_RESPIRATION_NAME = re.compile(r"(resp.*|rr|impedance|imp|nasal|abdo.*|chest|thorax)", re.I)
RESPIRATION_NAMES = (_RESPIRATION_NAME, re.compile(r"(ip|strain|breath)\w*", re.I))
_CREDITS = ("Source:", "Authors:", "Licence:", "License:", "Changes:", "Cite:")
MICROVOLTS = {"nv": 1e-3, "uv": 1.0, "µv": 1.0, "μv": 1.0, "mv": 1e3, "v": 1e6}


@dataclass(frozen=True)
class Recording:
    """One recording in memory.

    Attributes:
        name: name of the record.
        title: what its origin is called, e.g. "MIT-BIH 208".
        lead: name of the ECG signal.
        ecg: shape (n,), microvolts; NaN where the recorder had no sample.
        ecg_hz: its sampling rate.
        respiration: shape (m,), in the recording's own unit, or None.
        respiration_hz: its sampling rate, 0 without one.
        respiration_name: its name in the record.
        beats: times of the annotated beats in seconds, rising; None without annotations.
        credits: the header's comment lines that say who made it and under which licence. The others
            are not kept: they may hold the person's age, sex and medication.
    """

    name: str
    title: str
    lead: str
    ecg: Floats
    ecg_hz: float
    respiration: Floats | None = None
    respiration_hz: float = 0.0
    respiration_name: str = ""
    beats: Floats | None = None
    credits: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        """Length of the ECG."""
        return len(self.ecg) / self.ecg_hz


def load(path: Path | str | None = None) -> Recording:
    """Read the record at `path`, with or without .hea, .dat or .atr; None reads the bundled one.

    Raises:
        UsageError: no record there, a damaged one, or one without an ECG.
    """
    base = wfdb_files.find(BUNDLED if path is None else Path(path))
    header = wfdb_files.read_header(base)
    at = _find_ecg(header)
    chest = _find_respiration(header, at)
    signals = wfdb_files.read_signals(base, [at] if chest is None else [at, chest])
    ecg = signals[0] * MICROVOLTS[header.units[at].lower()]
    if not np.isfinite(ecg).any():
        raise UsageError(f"signal {header.names[at]} of {base} holds no sample", "Choose another recording.")
    return Recording(
        name=base.name,
        title=_title(header),
        lead=header.names[at],
        ecg=ecg,
        ecg_hz=header.rates_hz[at],
        respiration=None if chest is None else signals[1],
        respiration_hz=0.0 if chest is None else header.rates_hz[chest],
        respiration_name="" if chest is None else header.names[chest],
        beats=wfdb_files.read_beats(base, header.rate_hz),
        credits=tuple(line for line in header.comments if line.startswith(_CREDITS)),
    )


def _find_ecg(header: wfdb_files.Header) -> int:
    """The signal to use: by name, lead II first, else the first one that is a voltage."""
    volts = [i for i, unit in enumerate(header.units) if unit.lower() in MICROVOLTS]
    for pattern in ECG_NAMES:
        for i in volts:
            if pattern.fullmatch(header.names[i].strip()):
                return i
    others = [i for i in volts if not _RESPIRATION_NAME.fullmatch(header.names[i].strip())]
    if not others:
        signals = ", ".join(f"{n} ({u})" for n, u in zip(header.names, header.units, strict=True))
        raise UsageError(
            f"record {header.name} has no ECG: its signals are {signals or 'none'}",
            "Choose a recording with an ECG in volts, or leave --recording out for the bundled one.",
        )
    return others[0]


def _find_respiration(header: wfdb_files.Header, ecg: int) -> int | None:
    for i, name in enumerate(header.names):
        if i != ecg and _RESPIRATION_NAME.fullmatch(name.strip()):
            return i
    return None


def _title(header: wfdb_files.Header) -> str:
    for line in header.comments:
        if line.startswith("Title:"):
            return line.removeprefix("Title:").strip()
    return f"record {header.name}"
