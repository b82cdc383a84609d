"""What is counted about a wearer: from the attested blocks of one wearer to one number.

Blocks come stream by stream in the order of their numbers. Sums are of integers, so that no order of
adding changes them. A number that is missing between two blocks is a gap.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from tasuki.filters import BeatDetector
from tasuki.frames import record_dtype
from tasuki.vault.attested import AttestedBlock
from tasuki_wire import codec, items

_PAUSE_S = 3.0  # what a detector is told of a gap of unknown length
_MIN_BEAT_S = 30.0  # less signal than this tells no rate

_ITEMS = tuple(item for item in items.NAMES if items.category(item) == 3)  # no other serves statistics

Blocks = Iterable[AttestedBlock]


@dataclass(frozen=True)
class Measure:
    """One number about a wearer.

    Attributes:
        item: of which blocks. unit: of the number.
        of: makes it, None when the blocks tell nothing.
    """

    item: str
    unit: str
    of: Callable[[Blocks], float | None]


def present(blocks: Blocks) -> float | None:
    """1 when there is any signal."""
    return 1.0 if any(block.rows for block in blocks) else None


def hours(blocks: Blocks) -> float | None:
    """Hours of signal; of kinds without a period, None."""
    us = sum(block.period_us * sum(rows for _, rows in block.runs) for block in blocks)
    return us / 3_600_000_000 if us else None


def skin_temperature(blocks: Blocks) -> float | None:
    """Mean temperature, degC."""
    total = n = 0
    for block in _of_kind(blocks, "body_temperature"):
        raw = np.frombuffer(block.rows, record_dtype(block.kind))["temperature"].astype(np.int64)
        total, n = total + int(raw.sum()), n + len(raw)
    return total / n / 128 if n else None


def motion(blocks: Blocks) -> float | None:
    """Mean distance of the specific force from 1 g, in mg: 0 at rest."""
    total = n = 0
    for block in _of_kind(blocks, "imu"):
        raw = np.frombuffer(block.rows, record_dtype(block.kind))["accel"].astype(np.float64) / 2.048
        off = np.rint(np.abs(np.sqrt((raw * raw).sum(axis=1)) - 1000.0)).astype(np.int64)
        total, n = total + int(off.sum()), n + len(off)
    return total / n if n else None


def heart_rate(blocks: Blocks) -> float | None:
    """Beats per minute of signal; None below half a minute of it."""
    beats = us = 0
    for _, of_stream in groupby(_of_kind(blocks, "ecg"), key=lambda block: block.stream):
        found, time_us = _beats(of_stream)
        beats, us = beats + found, us + time_us
    return beats * 60e6 / us if us >= _MIN_BEAT_S * 1e6 else None


MEASURES: Mapping[str, Measure] = {
    **{item: Measure(item, "", present) for item in _ITEMS},
    **{f"{item}_hours": Measure(item, "h", hours) for item in _ITEMS},
    "heart_rate": Measure("ecg", "/min", heart_rate),
    "skin_temperature": Measure("body_temperature", "degC", skin_temperature),
    "motion": Measure("body_motion", "mg", motion),
}


def _of_kind(blocks: Blocks, name: str) -> Iterable[AttestedBlock]:
    number = codec.number(name)
    return (block for block in blocks if block.kind == number)


def _beats(blocks: Blocks) -> tuple[int, int]:
    """(beats, microseconds of signal) of one stream."""
    detector: BeatDetector | None = None
    beats = us = 0
    following = period = 0
    for block in blocks:
        if not block.period_us:
            continue
        if detector is None or block.period_us != period:
            period, detector = block.period_us, BeatDetector(1e6 / block.period_us)
        signal = np.frombuffer(block.rows, record_dtype(block.kind))["ecg"].astype(np.float64)
        at = end = 0
        for start, rows in block.runs:
            if start != end or (not at and block.label.number != following):
                beats += len(detector.gap(round(_PAUSE_S * 1e6 / period)))
            beats += len(detector.process(signal[at : at + rows]))
            at, end = at + rows, start + rows
        us += period * at
        following = block.label.number + 1
    if detector is not None:
        beats += len(detector.gap(round(_PAUSE_S * 1e6 / period)))
    return beats, us
