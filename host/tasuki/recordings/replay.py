"""Write what the virtual hub's replay board reads: one file of raw values per channel.

`replay.json` names the channels. Each channel's file holds records of
`values` little-endian int16 numbers, in the units of `tasuki_wire.layout`;
record i was taken at i * period_us.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tasuki.errors import UsageError
from tasuki.recordings import synthetic
from tasuki.recordings.record import Recording
from tasuki.recordings.resample import fill, to_rate
from tasuki_wire import layout

Floats = NDArray[np.float64]
ProfileRow = tuple[int, int, int, int, int]

_NAMES = {row[0]: row[1] for row in layout.MESSAGES}
_ROWS = {row[0]: row[5] for row in layout.MESSAGES}
_INT16 = np.iinfo(np.int16)
_SYNTHETIC_COUNTS = 6000.0  # a full breath, either side of rest
_MEASURED_BY_BOARD = ("device_status", "log")


@dataclass(frozen=True)
class Channel:
    """One channel of a replay.

    Attributes:
        name: kind name; a second stream of the kind adds its site, e.g. "imu_left_wrist".
        stream, kind, site: as in the hub's profile.
        file: name of its file beside replay.json.
        period_us: time between records. per_frame: records in a full frame.
        values: int16 numbers in a record.
        records: how many records the file holds.
        origin: "recorded: ..." or "synthetic_...".
        clipped: values that int16 could not hold and that were set to its end.
        filled: source samples that were marked invalid and bridged by a straight line.
    """

    name: str
    stream: int
    kind: int
    site: int
    file: str
    period_us: int
    per_frame: int
    values: int
    records: int
    origin: str
    clipped: int = 0
    filled: int = 0


@dataclass(frozen=True)
class Replay:
    """A prepared replay: `path` is its replay.json; `beats` are annotated times from its start, seconds."""

    path: Path
    seconds: float
    channels: tuple[Channel, ...]
    beats: Floats | None

    @property
    def origins(self) -> dict[str, str]:
        """Origin of each channel by name."""
        return {channel.name: channel.origin for channel in self.channels}


@dataclass(frozen=True)
class _Signal:
    values: Floats
    origin: str
    filled: int = 0


def prepare(
    recording: Recording,
    seconds: float | None,
    out_dir: Path,
    start: float = 0.0,
    profile: Sequence[ProfileRow] = layout.DEFAULT_PROFILE,
    loop: bool = False,
) -> Replay:
    """Write the replay of `seconds` from `start` (None: all that is left) into `out_dir`.

    With `loop` the board starts over at the end, else the channels fall silent there.

    Raises:
        UsageError: the recording is shorter than that.
    """
    length = _span(recording, seconds, start)
    out_dir.mkdir(parents=True, exist_ok=True)
    channels: list[Channel] = []
    for row in profile:
        if _NAMES[row[1]] not in _MEASURED_BY_BOARD:
            taken = {channel.name for channel in channels}
            channels.append(_write(row, _name(row, taken), recording, start, length, out_dir))
    replay = Replay(out_dir / "replay.json", length, tuple(channels), _beats(recording, start, length))
    content = {"seconds": length, "loop": loop, "channels": [asdict(channel) for channel in channels]}
    replay.path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return replay


def _span(recording: Recording, seconds: float | None, start: float) -> float:
    left = recording.seconds - start
    if start < 0 or left <= 0:
        raise UsageError(
            f"recording {recording.name} has {recording.seconds:g} s and cannot start at {start:g} s",
            f"Start between 0 and {recording.seconds:g} s.",
        )
    length = left if seconds is None else float(seconds)
    if not 0 < length <= left + 1e-9:
        raise UsageError(
            f"recording {recording.name} holds {left:g} s from there, asked were {length:g} s",
            f"Give --seconds {int(left)} or less, and more than 0.",
        )
    return length


def _name(row: ProfileRow, taken: set[str]) -> str:
    name = _NAMES[row[1]]
    return f"{name}_{layout.SITES[row[2]]}" if name in taken else name


def _write(
    row: ProfileRow, name: str, recording: Recording, start: float, length: float, out_dir: Path
) -> Channel:
    stream, kind, site, period_us, per_frame = row
    # sample times before the end: the first is 0
    records = -(-round(length * 1e6) // period_us)
    times = np.arange(records, dtype=np.float64) * (period_us / 1e6)
    signal = _make(row, recording, start, times)
    raw = np.rint(signal.values.reshape(records, -1))
    clipped = int(((raw < _INT16.min) | (raw > _INT16.max)).sum())
    np.clip(raw, _INT16.min, _INT16.max).astype("<i2").tofile(out_dir / f"{name}.i16")
    return Channel(
        name=name,
        stream=stream,
        kind=kind,
        site=site,
        file=f"{name}.i16",
        period_us=period_us,
        per_frame=per_frame,
        values=int(raw.shape[1]),
        records=records,
        origin=signal.origin,
        clipped=clipped,
        filled=signal.filled,
    )


def _make(row: ProfileRow, recording: Recording, start: float, times: Floats) -> _Signal:
    """Raw values of one channel at `times`."""
    _, kind, site, period_us, _ = row
    name = _NAMES[kind]
    rate = 1e6 / period_us
    scales = np.concatenate([np.full(field[2], field[4], float) for field in _ROWS[kind]])
    if name == "ecg":
        values, filled = to_rate(recording.ecg, recording.ecg_hz, rate, start, len(times))
        return _Signal(values, _recorded(recording, recording.lead, recording.ecg_hz, rate), filled)
    if name == "respiration" and recording.respiration is not None:
        return _recorded_breath(recording, rate, start, len(times))
    if name == "respiration":
        return _Signal(synthetic.respiration(times) * _SYNTHETIC_COUNTS, "synthetic_respiration")
    if name == "body_temperature":
        return _Signal(synthetic.temperature(times) * scales, "synthetic_body_temperature")
    if name == "imu":
        return _Signal(synthetic.imu(times, site) * scales, "synthetic_imu")
    if name == "strain":
        return _Signal(synthetic.strain(times, len(scales)), "synthetic_strain")
    return _Signal(synthetic.subjective(times), "synthetic_subjective")


def _recorded_breath(recording: Recording, rate: float, start: float, count: int) -> _Signal:
    """The recorded respiration, its 5th to 95th percentile stretched to -6000 to 6000 counts."""
    if recording.respiration is None:
        raise ValueError("no respiration in this recording")
    values, filled = to_rate(recording.respiration, recording.respiration_hz, rate, start, count)
    low, high = np.percentile(fill(recording.respiration)[0], [5, 95])
    gain = 2 * _SYNTHETIC_COUNTS / (high - low) if high > low else 1.0
    origin = _recorded(recording, recording.respiration_name, recording.respiration_hz, rate)
    return _Signal((values - (low + high) / 2) * gain, f"{origin}, scaled to counts", filled)


def _recorded(recording: Recording, signal: str, source_hz: float, rate: float) -> str:
    how = "" if round(source_hz, 3) == round(rate, 3) else f", resampled {source_hz:g} -> {rate:g} Hz"
    return f"recorded: {recording.title} {signal}{how}"


def _beats(recording: Recording, start: float, length: float) -> Floats | None:
    if recording.beats is None:
        return None
    times = recording.beats - start
    return times[(times >= 0) & (times < length)]
