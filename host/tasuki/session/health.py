"""What a hub says of itself: power, resets, its streams and its log, newest first of all."""

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from tasuki.frames import Samples
from tasuki_wire import codec, layout

_DEVICE = codec.number("device_status")
_STREAMS = codec.number("stream_status")
_LOG_LINES = 32
_POWER_CHANGES = 32
WARNING = 30


@dataclass(frozen=True)
class StreamReport:
    """The newest report about one stream.

    Attributes:
        state: one of layout.STREAM_STATES.
        period_us: measured between records; None when unknown.
        jitter_us: longest wait of a record since the report before.
        late, overruns: records since the hub's boot.
    """

    state: str
    period_us: float | None
    jitter_us: int
    late: int
    overruns: int


@dataclass
class Health:
    """Collects reports; what has not been reported is None or empty.

    Attributes:
        power, power_reason, reset_cause: names of layout; the newest.
        powers: how the power state changed, as (state, reason).
        causes: reset causes of the hub's lives, as far as they were told.
        battery_mv: None where it is not measured.
        streams: by stream number.
        log: (level, text), the newest last.
    """

    power: str | None = None
    power_reason: str | None = None
    reset_cause: str | None = None
    battery_mv: int | None = None
    powers: deque[tuple[str, str]] = field(default_factory=lambda: deque(maxlen=_POWER_CHANGES))
    causes: list[str] = field(default_factory=list)
    streams: dict[int, StreamReport] = field(default_factory=dict)
    log: deque[tuple[int, str]] = field(default_factory=lambda: deque(maxlen=_LOG_LINES))

    def begin_life(self) -> None:
        """The hub booted: what it counts since its boot begins again."""
        self.streams.clear()
        self.reset_cause = None

    def take(self, samples: list[Samples]) -> None:
        """Read the reports among the samples of a batch."""
        for part in samples:
            if part.kind == _DEVICE:
                for row in part.raw:
                    self._device(row)
            elif part.kind == _STREAMS:
                for row in part.raw:
                    self._stream(row)

    def _device(self, row: Any) -> None:
        self.power = _name(layout.POWER_STATES, int(row["power"]))
        self.power_reason = _name(layout.POWER_REASONS, int(row["power_reason"]))
        self.battery_mv = int(row["battery"]) or None
        if self.reset_cause is None:
            self.causes.append(_name(layout.RESET_CAUSES, int(row["reset_cause"])))
        self.reset_cause = self.causes[-1]
        power = (self.power, self.power_reason)
        if not self.powers or self.powers[-1] != power:
            self.powers.append(power)

    def _stream(self, row: Any) -> None:
        period = int(row["period"])
        self.streams[int(row["stream"])] = StreamReport(
            _name(layout.STREAM_STATES, int(row["state"])),
            period / 16 if period else None,
            int(row["jitter"]),
            int(row["late"]),
            int(row["overruns"]),
        )

    def line(self, level: int, text: str) -> None:
        """A line of the hub's log."""
        self.log.append((level, text))

    def summary(self, names: dict[int, str]) -> dict[str, Any]:
        """Plain figures for `--json`; `names` gives the streams theirs."""
        return {
            "power": self.power,
            "power_reason": self.power_reason,
            "powers": [list(power) for power in self.powers],
            "reset_causes": list(self.causes),
            "battery_mv": self.battery_mv,
            "streams": {
                names.get(number, str(number)): {
                    "state": report.state,
                    "period_us": report.period_us,
                    "jitter_us": report.jitter_us,
                    "late": report.late,
                    "overruns": report.overruns,
                }
                for number, report in sorted(self.streams.items())
            },
            "log": [text for _, text in self.log],
        }


def _name(names: tuple[str, ...], number: int) -> str:
    return names[number] if number < len(names) else str(number)
