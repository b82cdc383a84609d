"""The host's model of a hub's clock: offset, drift and how sure it is of them.

Signatures prove device time only; wall time is the host's statement, and it
always comes with its uncertainty. Exchanges are those of NTP (RFC 5905
section 8): t1 sent, rx received, tx answered, t4 back.
"""

import time
from collections import deque
from dataclasses import dataclass

_KEPT = 32
_DRIFT_SPAN_US = 10_000_000
_CRYSTAL = 100e-6  # what an unmeasured clock may be off by


@dataclass(frozen=True)
class Exchange:
    """One time sync: host microseconds (monotonic) against device microseconds."""

    host_us: float
    device_us: float
    round_trip_us: float


class ClockModel:
    """Maps device time to host and wall time.

    Args:
        speed: how many times faster than the wall's the hub's clock runs; 1
            but for replayed recordings.
    """

    def __init__(self, speed: float = 1.0) -> None:
        self.speed = speed
        self._exchanges: deque[Exchange] = deque(maxlen=_KEPT)
        self._wall_minus_host_us = (time.time_ns() - time.monotonic_ns()) / 1000

    def add(self, t1_us: int, rx_us: int, tx_us: int, t4_us: int) -> None:
        """Take one exchange; an impossible one (t4 before t1, tx before rx) is left out."""
        busy_us = (tx_us - rx_us) / self.speed
        round_trip = t4_us - t1_us - busy_us
        if t4_us < t1_us or tx_us < rx_us or round_trip < -1000 * self.speed:
            return
        middle = Exchange((t1_us + t4_us) / 2, (rx_us + tx_us) / 2, max(round_trip, 0.0))
        self._exchanges.append(middle)

    @property
    def ready(self) -> bool:
        """True once there was an exchange."""
        return bool(self._exchanges)

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
        return int((self.host_us(device_us) + self._wall_minus_host_us) * 1000)

    def uncertainty_us(self, device_us: float) -> float:
        """Half-width of the interval that the host time surely lies in, microseconds."""
        best = self._best
        age = abs(device_us - best.device_us) / self.speed
        return best.round_trip_us / 2 + age * _CRYSTAL
