"""From frames, records and openings to proved epochs. Rules only: no I/O, no clock.

Feed batches with `frames` and whole link messages with `message`, in any order;
call `poll` with the time now and then. Each call returns verdicts. What was
verified is entered into the durable ledger by whoever stores its blocks, in the
same transaction (tasuki.trust.ledger.record).
"""

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tasuki.errors import Untrusted
from tasuki.native import epoch as native
from tasuki.trust.chain import Chain
from tasuki.trust.ledger import Ledger
from tasuki.trust.pending import ENTRIES, Opening, Pending, Timing, join_omitted
from tasuki.trust.verdict import (
    Gap,
    Missing,
    Omitted,
    Record,
    Rejected,
    SessionJump,
    UnknownTail,
    Verdict,
    Verified,
)
from tasuki_wire import codec, epoch, layout

__all__ = ["Timing", "Verifier"]

_LEAVES = codec.number("leaf_hashes")
_LEAVES_HEAD = codec.KINDS[_LEAVES].head_size
_OPENING = codec.KINDS[epoch.OPENING].head_size
_MOST_PENDING = 64
_MOST_ASKED = 4
_MOST_LOOKED_UP = 100_000


class Frames(Protocol):
    """What the decode stage hands over: bodies in an arena, and a row of native.wire.ROW for each."""

    @property
    def arena(self) -> NDArray[np.uint8]:
        """Shape (bytes,)."""

    @property
    def rows(self) -> NDArray[Any]:
        """Shape (frames,), structured."""


class Verifier:
    """Proves the epochs of one hub.

    Give reads of at most 64 KiB, frames before messages: the window keeps some
    8,000 frames of 100 bytes, and the oldest go when nothing claims them.

    Raises ValueError for a key or id of a wrong size; everything that the hub
    sends ends in a verdict.
    """

    def __init__(
        self,
        public_key: bytes,
        device: bytes,
        ledger: Ledger,
        tokens: Callable[[bytes], bool] | None = None,
        window: native.Window | None = None,
        timing: Timing | None = None,
        chain: Chain | None = None,
        whole: bool = False,
    ) -> None:
        """tokens: see tasuki.trust.chain.Chain. chain: another verifier's, to accept epochs once by both.

        whole: the hub stores what it gets no ack for, so that an epoch with lost frames is
        not accepted: the whole one comes later.
        """
        self.window = window or native.Window()
        self._chain = chain or Chain(public_key, device, ledger, tokens)
        self._whole = whole
        self._sources = public_key, device, ledger
        self._timing = timing or Timing()
        self._pending: dict[tuple[int, int], Pending] = {}
        self._asked: dict[tuple[int, int], None] = {}
        self._session: int | None = None  # of the newest record since the last end
        self._before: int | None = None  # session that a jump is counted from
        self._following = 0
        self._next_seq = [0] * layout.STREAMS
        self._clean = True
        self.counts = {"repeated": 0, "crowded": 0}

    @property
    def waiting(self) -> bool:
        """True while an epoch is neither proved nor given up."""
        return bool(self._pending)

    @property
    def unproved(self) -> bool:
        """True while frames are here whose epoch record is not: the hub may still be signing."""
        return any(self.window.tail(self._next_seq))

    @property
    def key_id(self) -> bytes:
        """Key id of the hub's key."""
        return self._chain.key_id

    def accepted(self, session: int, number: int) -> bool:
        """True when the epoch was accepted, by this verifier, a companion, or durably before."""
        return self._chain.accepted(session, number)

    def companion(self) -> "Verifier":
        """A verifier for epochs of the same hub that arrive by another way; each is accepted once by both."""
        return Verifier(*self._sources, timing=self._timing, chain=self._chain)

    def settled(self, session: int, number: int) -> None:
        """The epoch came by another way: nothing of it is waited for any more."""
        self._pending.pop((session, number), None)

    # -- what comes in ---------------------------------------------------------

    def frames(self, batch: Frames, keep: NDArray[np.bool_] | None = None) -> list[Verdict]:
        """Take the sample frames of a batch.

        `keep`, shape (frames,), is the gate's answer: where it is False the frame
        is not kept, and the block that it belongs to is reported as dropped.
        """
        self.window.put(batch.arena, batch.rows, keep)
        out: list[Verdict] = []
        for pending in [p for p in self._pending.values() if p.missing]:
            out += self._try(pending)
        return out

    def message(self, kind: int, message: bytes) -> list[Verdict]:
        """Take a whole link message; kinds other than record, opening and leaf hashes are ignored."""
        if kind == epoch.RECORD:
            return self._take_record(message)
        if kind == epoch.OPENING:
            return self._take_opening(message)
        return self._take_leaves(message) if kind == _LEAVES else []

    def _take_record(self, raw: bytes) -> list[Verdict]:
        place = (int.from_bytes(raw[17:21], "little"), int.from_bytes(raw[21:25], "little"))
        known = self._pending.get(place)
        if (known and known.raw == raw) or (place in self._asked and self._chain.accepted(*place)):
            # What we asked for may come twice; that is no replay.
            self.counts["repeated"] += 1
            return []
        try:
            record = self._chain.check(raw)
        except Untrusted as error:
            return [Rejected(error.reason, *place, str(error))]
        out = self._place(record)
        pending = known or self._new(*place)
        pending.raw, pending.record = raw, record
        while len(self._pending) > _MOST_PENDING:
            out += self._give_up(next(iter(self._pending.values())))
        return out + self._try(pending)

    def _take_opening(self, message: bytes) -> list[Verdict]:
        if len(message) < _OPENING or (len(message) - _OPENING) % layout.ENTRY_SIZE:
            return [Rejected("malformed", 0, 0, f"opening of {len(message)} bytes")]
        session, number = int.from_bytes(message[:4], "little"), int.from_bytes(message[4:8], "little")
        pending = self._pending.get((session, number))
        if pending is None:
            if self._chain.accepted(session, number):
                self.counts["repeated"] += 1
                return []
            if len(self._pending) >= _MOST_PENDING:
                self.counts["crowded"] += 1
                return []
            pending = self._new(session, number)
        if pending.missing:
            # Its opening is proved already, only frames are missing.
            self.counts["repeated"] += 1
            return []
        pending.opening = Opening(message[8:24], message[24:_OPENING], message[_OPENING:])
        return self._try(pending)

    def _take_leaves(self, message: bytes) -> list[Verdict]:
        size = layout.NODE_SIZE
        if len(message) < _LEAVES_HEAD or (len(message) - _LEAVES_HEAD) % size:
            return [Rejected("malformed", 0, 0, f"leaf hashes of {len(message)} bytes")]
        _, number, stream, first, joined = codec.unpack(_LEAVES, message)
        waiting = [p for p in self._pending.values() if p.epoch == number and p.missing]
        out: list[Verdict] = []
        for pending in waiting:
            # Only what is missing is taken, so that no flood of leaves fills the memory.
            for index in pending.lacks(stream, range(first, first + len(joined) // size)):
                at = size * (index - first)
                pending.leaves.setdefault(stream, {})[index] = joined[at : at + size]
            out += self._try(pending)
        return out

    # -- order of sessions and epochs ------------------------------------------

    def _new(self, session: int, number: int) -> Pending:
        pending = self._pending[(session, number)] = Pending(session, number)
        return pending

    def _place(self, record: Record) -> list[Verdict]:
        """Sessions and epochs that a signed record shows to be skipped."""
        out: list[Verdict] = []
        if self._session is None or record.session > self._session:
            last = self._chain.last()
            if self._before is None and last:
                self._before = last[0]
            if self._before is not None and record.session > self._before + 1:
                out.append(SessionJump(self._before, record.session))
            self._session = record.session
            self._before = max(record.session, self._before or 0)
            self._following = last[1] + 1 if last and last[0] == record.session else 0
            self._clean = False
        if record.session != self._session:
            return out
        asked_from = max(self._following, record.epoch - _MOST_ASKED)
        if asked_from > self._following:
            out += self._skipped(record.session, self._following, asked_from)
        for number in range(asked_from, record.epoch):
            if (record.session, number) not in self._pending and not self.accepted(record.session, number):
                self._new(record.session, number)
        self._following = max(self._following, record.epoch + 1)
        return out

    def _skipped(self, session: int, first: int, behind: int) -> list[Verdict]:
        """Epochs that a record passes over, but those that came by another way."""
        if behind - first > _MOST_LOOKED_UP:
            return [Omitted(session, first, behind - first)]
        lost: list[Verdict] = [
            Omitted(session, number, 1)
            for number in range(first, behind)
            if not self.accepted(session, number)
        ]
        return join_omitted(lost)

    # -- proof ---------------------------------------------------------------

    def _try(self, pending: Pending, final: bool = False) -> list[Verdict]:
        record, opening = pending.record, pending.opening
        if record is None or opening is None:
            return []
        leaves = pending.supplement()
        status = self.window.check(record.root, *opening, leaves, final)
        if status == native.OPENING:
            return self._reject(pending, "root_mismatch", "the opening is not that of the record")
        if status == native.BOUNDS:
            return self._reject(pending, "bad_bounds", "an entry of the opening breaks a bound")
        found = self.window.take(len(opening.entries) // layout.ENTRY_SIZE)
        pending.missing = pending.runs(self.window, found.status) if status or final else ()
        if status == native.INCOMPLETE:
            return []
        if native.ALTERED in found.status:
            return self._altered(pending, opening, found, final)
        if native.BAD_FRAME in found.status:
            return self._reject(pending, "bad_bounds", "a frame does not fit its entry")
        return self._accept(pending, record, opening, found)

    def _accept(
        self, pending: Pending, record: Record, opening: Opening, found: native.Checked
    ) -> list[Verdict]:
        entries = opening.entries
        self._forget(pending)
        self._chain.accept(record)
        self.window.release(entries)
        if record.session == self._session:
            for stream, first, count in ENTRIES.iter_unpack(entries):
                if first + count > self._next_seq[stream]:
                    self._next_seq[stream] = first + count
            if record.epoch + 1 == self._following:
                self._clean = opening.meta[0] == layout.CLOSE_REASONS.index("stop")
        return [Verified(record, pending.raw, opening.meta, entries, found, pending.leaves, pending.missing)]

    def _altered(
        self, pending: Pending, opening: Opening, found: native.Checked, final: bool
    ) -> list[Verdict]:
        """Once, what is in doubt is dropped and asked for again; then the epoch is rejected."""
        doubtful = bool(pending.leaves) or any(entry.doubted for entry in found.entries())
        if pending.doubted or not doubtful:
            return self._reject(pending, "root_mismatch", "frames are not those that were signed")
        for stream, first, count in ENTRIES.iter_unpack(opening.entries):
            self.window.drop(stream, first, count, doubted_only=True)
        pending.leaves = {}
        pending.doubted = True
        pending.asked = 0
        return self._try(pending, final)

    def _reject(self, pending: Pending, reason: str, detail: str) -> list[Verdict]:
        self._forget(pending)
        if pending.opening and reason != "root_mismatch":
            self.window.release(pending.opening.entries)
        return [Rejected(reason, pending.session, pending.epoch, detail)]

    def _forget(self, pending: Pending) -> None:
        self._pending.pop((pending.session, pending.epoch), None)

    # -- time ------------------------------------------------------------------

    def poll(self, now: float) -> list[Verdict]:
        """What to ask for, and what is lost, at a time in seconds of any steady clock."""
        out: list[Verdict] = []
        for pending in list(self._pending.values()):
            if pending.since is None:
                pending.since = now
            waited = now - pending.since
            if waited >= self._timing.window_s:
                out += self._give_up(pending, self._whole)
            else:
                out += self._ask(pending, waited)
        return join_omitted(out)

    def _ask(self, pending: Pending, waited: float) -> list[Verdict]:
        due = waited >= (0.0 if pending.missing else self._timing.grace_s)
        due = due if not pending.asked else pending.asked == 1 and waited >= self._timing.retry_s
        if not due:
            return []
        pending.asked += 1
        self._asked[(pending.session, pending.epoch)] = None
        if len(self._asked) > _MOST_PENDING:
            del self._asked[next(iter(self._asked))]
        return [
            Missing(
                pending.session,
                pending.epoch,
                record=pending.record is None,
                opening=pending.opening is None,
                frames=pending.missing,
                leaves=bool(pending.missing) and pending.asked > 1 and not self._whole,
            )
        ]

    def _give_up(self, pending: Pending, kept: bool = False) -> list[Verdict]:
        if pending.record is None:
            self._forget(pending)
            # An opening that no record proves says nothing about which epochs exist.
            known = pending.session == self._session and pending.epoch < self._following
            known = known and not self.accepted(pending.session, pending.epoch)
            return [Omitted(pending.session, pending.epoch, 1)] if known else []
        if pending.opening is None or kept:
            self._forget(pending)
            return [Gap(pending.session, pending.epoch)]
        return self._try(pending, final=True)

    def end(self, over: bool = False) -> list[Verdict]:
        """Decide all that is open and forget the frames: the hub rebooted, or the link was closed.

        over: the session is, not the hub's life; with a hub that stores only whole epochs are accepted then.

        Ends with UnknownTail unless the hub closed its last epoch by a stop and
        no frames came after it.
        """
        out: list[Verdict] = []
        for pending in list(self._pending.values()):
            out += self._give_up(pending, over and self._whole)
        tail = {stream: n for stream, n in enumerate(self.window.tail(self._next_seq)) if n}
        if tail or not self._clean:
            bodies = tuple(self.window.tail_bodies(self._next_seq))
            out.append(UnknownTail(self._session, self._following - 1, tail, bodies))
        self.window.clear()
        self._session = None
        self._following = 0
        self._next_seq = [0] * layout.STREAMS
        self._clean = True
        return join_omitted(out)
