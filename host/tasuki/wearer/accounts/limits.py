"""How often somebody may try: a bucket of tokens for each name, in memory, bounded."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

_MOST = 50_000  # names remembered; the one that waited longest goes first


class Limits:
    """Buckets by name. Safe to use from several threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._full: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, name: str, most: int, per_s: float) -> bool:
        """Take one try of at most `most` at once, which come back at a rate; False when there is none."""
        now = self._clock()
        with self._lock:
            left, since = self._full.pop(name, (float(most), now))
            left = min(float(most), left + (now - since) * per_s)
            allowed = left >= 1
            self._full[name] = (left - 1 if allowed else left, now)
            if len(self._full) > _MOST:
                self._full.popitem(last=False)
        return allowed
