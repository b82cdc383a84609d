"""The only module that imports wfdb: files in, arrays out, every failure a UsageError.

wfdb takes a second to import with all it brings along, so it is imported when
the first record is read. It is given only paths of files that exist here, so
it never turns to the network.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasuki.errors import UsageError

# Annotation codes that are beats, https://physionet.org/physiobank/annotations.shtml
BEAT_SYMBOLS = frozenset("NLRBAaJSVrFejnE/fQ?")

_EXTENSIONS = (".hea", ".dat", ".atr")


@dataclass(frozen=True)
class Channel:
    """One signal of a record that is written: physical value = raw / gain, in unit.

    first: its first sample. checksum: sum of all of its samples.
    """

    name: str
    unit: str
    gain: float
    first: int
    checksum: int


@dataclass(frozen=True)
class Header:
    """What the .hea file says; names, units and rates_hz have one element per signal."""

    name: str
    rate_hz: float
    names: tuple[str, ...]
    units: tuple[str, ...]
    rates_hz: tuple[float, ...]
    comments: tuple[str, ...]


def find(path: Path) -> Path:
    """The record's path without extension; UsageError when there is no header."""
    base = path.with_suffix("") if path.suffix in _EXTENSIONS else path
    if _with(base, ".hea").is_file():
        return base
    if path.is_dir():
        names = sorted(p.stem for p in path.glob("*.hea"))[:3]
        hint = f"Name a record in it, e.g. {path / names[0]}." if names else "It holds no .hea file."
        raise UsageError(f"{path} is a folder, not a WFDB record", hint)
    raise UsageError(
        f"no WFDB record at {path}: {_with(base, '.hea')} does not exist",
        "A record is a .hea file with its .dat file beside it; name it with or without the extension.",
    )


def read_header(base: Path) -> Header:
    """Read the header file."""
    raw = _guarded(base, lambda wfdb: wfdb.rdheader(str(base)))
    if not raw.n_sig or not raw.fs or getattr(raw, "segments", None) is not None:
        what = "has no signals" if not raw.n_sig or not raw.fs else "has several segments"
        raise UsageError(f"record {base} {what}", "Choose a record of one segment with signals.")
    per_frame = raw.samps_per_frame or [1] * raw.n_sig
    return Header(
        name=base.name,
        rate_hz=float(raw.fs),
        names=tuple(str(name or "") for name in raw.sig_name),
        units=tuple(str(unit or "mV") for unit in raw.units),
        rates_hz=tuple(float(raw.fs) * n for n in per_frame),
        comments=tuple(str(line).strip() for line in raw.comments or ()),
    )


def read_signals(base: Path, channels: list[int]) -> list[NDArray[np.float64]]:
    """Some signals in physical units, NaN where a sample is marked invalid."""
    rising = sorted(channels)
    raw = _guarded(base, lambda wfdb: wfdb.rdrecord(str(base), channels=rising, smooth_frames=False))
    return [np.asarray(raw.e_p_signal[rising.index(channel)], np.float64) for channel in channels]


def read_beats(base: Path, rate_hz: float) -> NDArray[np.float64] | None:
    """Times of the annotated beats in seconds; None without an .atr file."""
    if not _with(base, ".atr").is_file():
        return None
    raw = _guarded(base, lambda wfdb: wfdb.rdann(str(base), "atr"))
    beats = [at for at, code in zip(raw.sample, raw.symbol, strict=True) if code in BEAT_SYMBOLS]
    return np.asarray(beats, np.float64) / float(raw.fs or rate_hz)


def write_annotations(path: Path, samples: NDArray[np.int64], symbol: str, rate_hz: float) -> None:
    """Annotations of one symbol, as the file RECORD.EXTENSION in WFDB's own format."""
    extension = path.suffix[1:]
    if not extension.isalpha():
        raise UsageError(
            f"{path} has no ending of letters, which names the annotator",
            "Give one, for example 100.qrs.",
        )
    if not len(samples):
        raise UsageError("nothing was found to annotate", "Look at it with --plot.")
    symbols = [symbol] * len(samples)
    folder = str(path.parent)
    _guarded(
        path,
        lambda wfdb: wfdb.wrann(path.stem, extension, samples, symbols, fs=rate_hz, write_dir=folder),
    )


def write_header(
    base: Path,
    bits: str,
    rate_hz: float,
    samples: int,
    start: datetime | None,
    channels: Sequence[Channel],
    comments: Sequence[str],
) -> None:
    """The .hea file of a record of one .dat file.

    base: path without extension. bits: WFDB's signal format, 16 or 24. samples: of each channel.
    start: of the first sample, UTC, which the header holds to the millisecond.
    """
    n = len(channels)

    def write(wfdb: Any) -> None:
        wfdb.Record(
            record_name=base.name,
            n_sig=n,
            fs=rate_hz,
            sig_len=samples,
            base_date=start.date() if start else None,
            base_time=start.time() if start else None,
            file_name=[f"{base.name}.dat"] * n,
            fmt=[bits] * n,
            adc_gain=[float(one.gain) for one in channels],
            baseline=[0] * n,
            units=[one.unit for one in channels],
            adc_res=[int(bits)] * n,
            adc_zero=[0] * n,
            init_value=[one.first for one in channels],
            checksum=[one.checksum % 65536 for one in channels],
            block_size=[0] * n,
            sig_name=[one.name for one in channels],
            comments=list(comments),
        ).wrheader(write_dir=str(base.parent), expanded=False)

    _guarded(base, write)


def _with(base: Path, extension: str) -> Path:
    return base.with_name(base.name + extension)


def _guarded(base: Path, read: Any) -> Any:
    """Call `read(wfdb)`; whatever the library stumbles over means that the files are odd."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # wfdb 4.3 uses what pandas 3 calls deprecated
        import wfdb

        try:
            return read(wfdb)
        except FileNotFoundError as error:
            raise UsageError(
                f"record {base} is not complete: {Path(error.filename or '').name} is missing",
                "Put the .hea and .dat files (and .atr, if there is one) into one folder.",
            ) from error
        except PermissionError as error:
            raise UsageError(
                f"no permission to read {error.filename}", "Check its owner and mode."
            ) from error
        except Exception as error:
            raise UsageError(
                f"{base} cannot be read as a WFDB record: {error}",
                "Check that the files are whole, and of one record.",
            ) from error
