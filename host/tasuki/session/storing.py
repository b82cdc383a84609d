"""From verified epochs to the outbox: timed, routed, and stored in one transaction with the ledger."""

import sqlite3
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tasuki.block import Block
from tasuki.clock import ClockModel, Fit
from tasuki.errors import Refused
from tasuki.pipeline.outbox import Outbox, OutboxFull
from tasuki.pipeline.parcel import Acquired, Routed
from tasuki.pipeline.route import Router
from tasuki.trust import ledger
from tasuki.trust.verdict import Verified

Also = Callable[[sqlite3.Connection], None]
_RETRY_S = 1.0


@dataclass
class Stored:
    """What is durable now: the hub may be told to forget these epochs."""

    epochs: list[Verified] = field(default_factory=list)
    blocks: list[Acquired] = field(default_factory=list)
    routed: Routed = field(default_factory=Routed)


class Storing:
    """Epochs that are verified and not in the outbox yet."""

    def __init__(self, outbox: Outbox, router: Router, learn: Callable[[], object]) -> None:
        """learn: takes what other processes recorded, consent above all."""
        self._outbox = outbox
        self._router = router
        self._learn = learn
        self._waiting: deque[tuple[Verified, list[Acquired]]] = deque()
        self._retry_at = 0.0

    def add(self, epoch: Verified, clock: ClockModel | Fit, subject: str | None) -> None:
        """Take an epoch; its blocks are timed now, by the clock of the hub's life that measured them."""
        self._waiting.append((epoch, [_acquired(block, clock, subject or "") for block in epoch.blocks()]))

    def holds(self, epoch: Verified) -> bool:
        """True while this epoch, from whichever way, waits here."""
        place = epoch.record.key, epoch.session, epoch.epoch
        return any((e.record.key, e.session, e.epoch) == place for e, _ in self._waiting)

    def store(self, now: float, dropped: Mapping[tuple[str, str], int], last: bool = False) -> Stored:
        """Route and store all that waits; after a full outbox nothing is tried for a second.

        Args:
            now: seconds of any steady clock.
            dropped: frames refused since the last time, to be logged; in the result when done.
            last: log them even when there is no epoch any more.

        Raises OutboxFull: nothing was stored, and nothing may be acknowledged.
        """
        if not (self._waiting or (last and dropped)) or now < self._retry_at:
            return Stored()
        epochs = [epoch for epoch, _ in self._waiting]
        blocks = [block for _, of_epoch in self._waiting for block in of_epoch]

        def also(connection: sqlite3.Connection) -> None:
            for epoch in epochs:
                ledger.record(connection, epoch.record.key, epoch.session, epoch.epoch)

        try:
            try:
                routed = self._put(blocks, dropped, also)
            except Refused as e:
                if e.reason != "key_erased":
                    raise
                self._learn()  # another process erases a wearer: consent ended before the keys did
                routed = self._put(blocks, dropped, also)
        except OutboxFull:
            self._retry_at = now + _RETRY_S
            raise
        self._waiting.clear()
        return Stored(epochs, blocks, routed)

    def _put(self, blocks: list[Acquired], dropped: Mapping[tuple[str, str], int], also: Also) -> Routed:
        routed = self._router.route(blocks, time.time_ns())
        routed.dropped = dropped
        self._outbox.put(routed, also)
        return routed

    def hurry(self) -> None:
        """Try at the next `store` whatever happened before."""
        self._retry_at = 0.0

    def give_up(self, most: int) -> int:
        """Drop the oldest epochs until no more than `most` wait; how many went."""
        lost = max(0, len(self._waiting) - most)
        for _ in range(lost):
            self._waiting.popleft()
        return lost


def _acquired(block: Block, clock: ClockModel | Fit, subject: str) -> Acquired:
    uncertainty = max(clock.uncertainty_us(block.t0_us), clock.uncertainty_us(block.t1_us))
    return Acquired(
        block,
        subject,
        clock.wall_ns(block.t0_us),
        clock.wall_ns(block.t1_us),
        int(uncertainty * 1000) + 1,
    )
