"""Runs of blocks as EDF+ (Kemp and Olivan 2003), so that any viewer of biosignals reads them.

Samples are the hub's own integers. EDF has one rate for a signal and no sign for a missing sample: each
sample stands at its place in time on the grid of the rate, and where none is, the lowest digital value and
an annotation with its length.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyedflib
from numpy.typing import NDArray

from tasuki import values
from tasuki.block import Block
from tasuki.wearer.holdings.proofs import Run
from tasuki.wearer.holdings.signals import plain
from tasuki_wire import codec, layout

_LOW, _HIGH = -32768, 32767
_ROWS = {row[0]: row[5] for row in layout.MESSAGES}
_SIGNALS = frozenset({"ecg", "respiration", "body_temperature", "imu", "strain"})
_HIGHEST_HZ = 10_000


@dataclass(frozen=True)
class _Signal:
    label: str
    unit: str
    scale: int
    rate_hz: int
    at_s: NDArray[np.float64]
    raw: NDArray[np.int64]


def write(run: Run, path: Path) -> bool:
    """The run's signals in a new file; False, and no file, when it has none."""
    by_stream: dict[int, list[Block]] = {}
    for block in run.blocks:
        if codec.KINDS[block.kind].name in _SIGNALS and plain(block):
            by_stream.setdefault(block.stream, []).append(block)
    start_us = min((blocks[0].t0_us for blocks in by_stream.values()), default=0)
    signals = [signal for blocks in by_stream.values() for signal in _signals(blocks, start_us)]
    if not signals:
        return False
    seconds = int(np.ceil(max(float(s.at_s[-1]) + 1 / s.rate_hz for s in signals) - 1e-6))
    writer = pyedflib.EdfWriter(str(path), len(signals), file_type=pyedflib.FILETYPE_EDFPLUS)
    try:
        writer.setStartdatetime(_wall(run, start_us))
        writer.setSignalHeaders([_header(signal) for signal in signals])
        grids = [_grid(signal, seconds) for signal in signals]
        writer.writeSamples([grid for grid, _ in grids], digital=True)
        for signal, (_, missing) in zip(signals, grids, strict=True):
            for first, count in missing:
                label = f"missing: {signal.label}"
                writer.writeAnnotation(first / signal.rate_hz, count / signal.rate_hz, label)
    finally:
        writer.close()
    return True


def _signals(blocks: list[Block], start_us: int) -> list[_Signal]:
    """One signal for every field and element of a stream."""
    read = [values.read(block) for block in blocks]
    at_s = (np.concatenate([one.times_us for one in read]) - start_us) / 1e6
    steps = np.diff(at_s)
    step = float(np.median(steps)) if len(steps) else 1.0
    rate = int(np.clip(round(1 / max(step, 1e-6)), 1, _HIGHEST_HZ))
    name, out = codec.KINDS[blocks[0].kind].name, []
    for field, _, count, unit, scale, _ in _ROWS[blocks[0].kind]:
        whole = np.concatenate([one.fields[field] for one in read])
        raw = np.rint(whole * scale).astype(np.int64).reshape(len(at_s), -1)
        for i in range(raw.shape[1]):
            label = f"{name if field == name else f'{name} {field}'}{f' {i + 1}' if count > 1 else ''}"
            stream = f"{label} s{blocks[0].stream}" if name in ("imu", "strain") else label
            out.append(_Signal(stream[:16], unit, scale, rate, at_s, raw[:, i]))
    return out


def _header(signal: _Signal) -> dict[str, str | int | float | None]:
    return {
        "label": signal.label,
        "dimension": signal.unit[:8],
        "sample_frequency": signal.rate_hz,
        "physical_min": _eight(_LOW / signal.scale),
        "physical_max": _eight(_HIGH / signal.scale),
        "digital_min": _LOW,
        "digital_max": _HIGH,
        "transducer": "",
        "prefilter": "",
    }


def _eight(value: float) -> float:
    """The nearest value that EDF's eight characters can say; the raw integers are exact in any case."""
    texts = (f"{value:.{digits}f}" for digits in (4, 3, 2, 1, 0))
    return float(next(text for text in texts if len(text) <= 8))


def _grid(signal: _Signal, seconds: int) -> tuple[NDArray[np.int32], list[tuple[int, int]]]:
    """The samples at their places, and (first, count) of every stretch without one."""
    size = seconds * signal.rate_hz
    grid = np.full(size, _LOW, np.int32)
    there = np.zeros(size, bool)
    at = np.clip(np.rint(signal.at_s * signal.rate_hz).astype(np.int64), 0, size - 1)
    grid[at] = np.clip(signal.raw, _LOW, _HIGH)
    there[at] = True
    edges = np.flatnonzero(np.diff(np.concatenate(([False], ~there, [False])).astype(np.int8)))
    return grid, [(int(a), int(b - a)) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a > 1]


def _wall(run: Run, start_us: int) -> datetime:
    """When the file begins, by the host's statement; device time alone is signed."""
    tags, _ = min(run.kept, key=lambda one: abs(one[1].t0_us - start_us))
    return datetime.fromtimestamp(tags.t0_ns / 1e9, UTC).replace(tzinfo=None)
