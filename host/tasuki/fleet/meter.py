"""Counts what a hub sends: rates, gaps and faults by stream. No I/O, no clock of its own.

A meter looks at headers and at the hub's reports of itself. Values of a
wearer's signals are given to it by whoever may see them (`values`).
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tasuki.frames import Batch, Samples, Stream
from tasuki.session.health import Health
from tasuki_wire import codec, layout

_WINDOW_S = 5.0
_REPORTS = tuple(codec.number(name) for name in ("device_status", "stream_status"))
_DEVICE = codec.number("device_status")
_LOG = codec.number("log")
_DROPS = ("overruns", "dropped", "damaged", "unsigned", "store_lost")
_UNITS = {row[0]: {name: unit for name, _, _, unit, _, _ in row[5]} for row in layout.MESSAGES}


@dataclass
class _Count:
    """One stream of one boot of the hub."""

    kind: int
    frames: int = 0
    bytes: int = 0
    missing: int = 0
    repeated: int = 0
    next_seq: int | None = None
    time_us: int = 0
    value: str = ""
    recent: deque[tuple[float, int, int]] = field(default_factory=deque)

    def add(self, seq: int, length: int) -> None:
        """One intact frame. A seq that was passed over and comes late closes its gap."""
        self.frames += 1
        self.bytes += length
        if self.next_seq is None or seq == self.next_seq:
            self.next_seq = seq + 1
        elif seq > self.next_seq:
            self.missing += seq - self.next_seq
            self.next_seq = seq + 1
        else:
            self.repeated += 1
            self.missing = max(0, self.missing - 1)

    def rates(self, now: float) -> tuple[float, float]:
        """Frames and bytes a second over the last seconds."""
        while self.recent and self.recent[0][0] < now - _WINDOW_S:
            self.recent.popleft()
        if not self.recent:
            return 0.0, 0.0
        span = max(now - self.recent[0][0], 0.5)
        return sum(n for _, n, _ in self.recent) / span, sum(size for _, _, size in self.recent) / span


class Meter:
    """Takes batches; `snapshot` has plain figures.

    Attributes:
        health: the hub's reports of itself.
        lines: log lines that nobody took yet, as (level, text).
    """

    def __init__(self) -> None:
        self.health = Health()
        self.lines: deque[tuple[int, str]] = deque(maxlen=1000)
        self.reboots = 0
        self._counts: dict[int, _Count] = {}
        self._drops: dict[str, int] = {}
        self._faults: dict[str, int] = {}

    def begin_life(self) -> None:
        """The hub booted anew: its seqs begin again."""
        self.reboots += 1
        self.health.begin_life()
        self._counts.clear()
        self._drops.clear()

    def take(self, batch: Batch, now: float) -> None:
        """Count the frames of a batch; now is time.monotonic()."""
        good = batch.good()
        for status in batch.rows["status"][~good].tolist():
            name = layout.FAULTS[status]
            self._faults[name] = self._faults.get(name, 0) + 1
        rows = batch.rows[good]
        for number in np.unique(rows["stream"]).tolist():
            mine = rows[rows["stream"] == number]
            count = self._counts.setdefault(number, _Count(int(mine["kind"][0])))
            for seq, length in zip(mine["seq"].tolist(), mine["length"].tolist(), strict=True):
                count.add(seq, length)
            count.time_us = int(mine["time_us"][-1])
            count.recent.append((now, len(mine), int(mine["length"].sum())))
        self._look_at_reports(batch, rows)

    def _look_at_reports(self, batch: Batch, rows: Any) -> None:
        reports = rows[np.isin(rows["kind"], _REPORTS)]
        pairs = {(int(row["stream"]), int(row["kind"])) for row in reports}
        samples = [batch.samples(Stream(stream, kind, 0, 1, 1)) for stream, kind in sorted(pairs)]
        self.health.take(samples)
        self.values(samples)
        for part in samples:
            if part.kind == _DEVICE and len(part.raw):
                self._drops = {name: int(part.raw[-1][name]) for name in _DROPS}
        for body in batch.bodies(batch.good() & (batch.rows["kind"] == _LOG)):
            text = body[layout.HEADER_SIZE + 1 :].decode(errors="replace")
            self.lines.append((body[layout.HEADER_SIZE], printed(text)))

    def values(self, samples: Iterable[Samples]) -> None:
        """Show the last value of samples that may be seen."""
        for part in samples:
            count = self._counts.get(part.stream)
            if count is not None and len(part.raw):
                count.value = _last_value(part)

    def snapshot(self, now: float) -> dict[str, Any]:
        """Figures as of now; a stream's `missing` are frames that never came, `drops` what the hub says."""
        streams = {}
        for number, count in sorted(self._counts.items()):
            frames_s, bytes_s = count.rates(now)
            streams[str(number)] = {
                "kind": _name(number, count.kind),
                "frames": count.frames,
                "frames_s": round(frames_s, 2),
                "bytes_s": round(bytes_s, 1),
                "missing": count.missing,
                "repeated": count.repeated,
                "hub_s": round(count.time_us / 1e6, 3),
                "value": count.value,
            }
        return {
            "streams": streams,
            "faults": dict(self._faults),
            "drops": dict(self._drops),
            "reboots": self.reboots,
            "battery_mv": self.health.battery_mv,
            "power": self.health.power,
        }


def printed(text: str) -> str:
    """Text of a hub, fit for a terminal."""
    return "".join(c if c.isprintable() else "?" for c in text)


def _name(stream: int, kind: int) -> str:
    if stream == layout.LINK_STREAM:
        return "link"
    return codec.KINDS[kind].name if kind in codec.KINDS else f"kind {kind}"


def _last_value(part: Samples) -> str:
    units: Mapping[str, str] = _UNITS[part.kind]
    names = part.raw.dtype.names or ()
    shown = []
    for name in names[:2]:
        last = np.atleast_1d(part.physical(name)[-1])
        numbers = ",".join(f"{number:.4g}" for number in last[:3])
        shown.append(f"{name} {numbers}{' ' + units[name] if units[name] else ''}")
    return "  ".join(shown)
