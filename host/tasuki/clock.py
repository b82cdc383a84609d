"""The host's model of a hub's clock: offset, drift and how sure it is of them.

Signatures prove device time only; wall time is the host's statement, and it
always comes with its uncertainty. Exchanges are those of NTP (RFC 5905
section 8): t1 sent, rx received, tx answered, t4 back.
"""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

_KEPT = 32
_DRIFT_SPAN_US = 10_000_000
_CRYSTAL = 100e-6  # what an unmeasured clock may be off by
_STEPS = 2
_SAME_PACE = 0.02
_STEP_US = 50_000.0  # more than any path's jitter: one of the clocks stood still, or was set


@dataclass(frozen=True)
class Fit:
    """What a clock model said at one moment, for device times that are looked at later.

    Attributes:
        device_us, wall_us: one moment by both clocks, wall time since 1970.
        rate: device microseconds in one of the wall's.
        base_us: uncertainty at that moment; it grows with the distance from it.
    """

    device_us: float
    wall_us: float
    rate: float
    base_us: float

    def wall_ns(self, device_us: float) -> int:
        """Wall time of a device time, nanoseconds since 1970."""
        return int((self.wall_us + (device_us - self.device_us) / self.rate) * 1000)

    def uncertainty_us(self, device_us: float) -> float:
        """Half-width of the interval that wall time surely lies in, microseconds."""
        return self.base_us + abs(device_us - self.device_us) / self.rate * _CRYSTAL


@dataclass(frozen=True)
class Exchange:
    """One time sync: host microseconds (monotonic) against device microseconds.

    wall_minus_host_us is what the wall clock said then; it changes when that is set.
    """

    host_us: float
    device_us: float
    round_trip_us: float
    wall_minus_host_us: float


class ClockModel:
    """Maps device time to host and wall time.

    Args:
        speed: how many times faster than the wall's the hub's clock runs; 1
            but for replayed recordings.
        wall_minus_host_ns: tells the wall clock's lead over the monotonic one.

    The host's monotonic clock stands still while the machine sleeps, and its wall
    clock may be set: an exchange that fits none of the earlier ones begins the
    model anew, and a step of the wall clock widens the uncertainty while it is
    remembered.
    """

    def __init__(self, speed: float = 1.0, wall_minus_host_ns: Callable[[], int] | None = None) -> None:
        self.speed = speed
        self._exchanges: deque[Exchange] = deque(maxlen=_KEPT)
        self._lead_ns = wall_minus_host_ns or _wall_minus_host_ns
        self._paces: list[float] = []  # of the exchanges that fitted none before them, in a row

    def add(self, t1_us: int, rx_us: int, tx_us: int, t4_us: int) -> None:
        """Take one exchange; an impossible one (t4 before t1, tx before rx) is left out."""
        busy_us = (tx_us - rx_us) / self.speed
        round_trip = t4_us - t1_us - busy_us
        if t4_us < t1_us or tx_us < rx_us or round_trip < -1000 * self.speed:
            return
        lead_us = self._lead_ns() / 1000
        new = Exchange((t1_us + t4_us) / 2, (rx_us + tx_us) / 2, max(round_trip, 0.0), lead_us)
        if self.ready:
            if self._stepped(new):
                last = self._exchanges[-1]
                self._paces.append((new.device_us - last.device_us) / max(new.host_us - last.host_us, 1))
                self._exchanges.clear()
            else:
                self._paces.clear()
        self._exchanges.append(new)

    def _stepped(self, new: Exchange) -> bool:
        off = abs(self.host_us(new.device_us) - new.host_us)
        return off > _STEP_US + new.round_trip_us / 2 + self.uncertainty_us(new.device_us)

    @property
    def ready(self) -> bool:
        """True once there was an exchange."""
        return bool(self._exchanges)

    @property
    def pace(self) -> float | None:
        """How fast the hub's clock runs where that is clearly not `speed`: all times are wrong then.

        One step is a machine that slept or a clock that was set; two in a row at the same pace are not.
        """
        if len(self._paces) < _STEPS or abs(self._paces[-1] / self._paces[-2] - 1) > _SAME_PACE:
            return None
        return self._paces[-1]

    @property
    def _best(self) -> Exchange:
        return min(self._exchanges, key=lambda e: e.round_trip_us)

    @property
    def drift(self) -> float:
        """Relative rate error of the device clock; 0 until it can be measured."""
        first, last = self._exchanges[0], self._exchanges[-1]
        span = last.host_us - first.host_us
        noise = (first.round_trip_us + last.round_trip_us) / 2
        if span < _DRIFT_SPAN_US or noise > span * _CRYSTAL:
            return 0.0
        return (last.device_us - first.device_us) / (span * self.speed) - 1

    def host_us(self, device_us: float) -> float:
        """Monotonic host time of a device time, microseconds."""
        best = self._best
        return best.host_us + (device_us - best.device_us) / (self.speed * (1 + self.drift))

    def wall_ns(self, device_us: float) -> int:
        """Wall time of a device time, nanoseconds since 1970."""
        return int((self.host_us(device_us) + self._exchanges[-1].wall_minus_host_us) * 1000)

    def fit(self) -> Fit:
        """The model as it stands at the latest exchange; only once it is ready."""
        at_us = self._exchanges[-1].device_us
        rate = self.speed * (1 + self.drift)
        return Fit(at_us, self.wall_ns(at_us) / 1000, rate, self.uncertainty_us(at_us))

    def uncertainty_us(self, device_us: float) -> float:
        """Half-width of the interval that host and wall time surely lie in, microseconds."""
        best = self._best
        age = abs(device_us - best.device_us) / self.speed
        leads = [e.wall_minus_host_us for e in self._exchanges]
        return best.round_trip_us / 2 + age * _CRYSTAL + max(leads) - min(leads)


def _wall_minus_host_ns() -> int:
    return time.time_ns() - time.monotonic_ns()
