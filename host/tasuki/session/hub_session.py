"""Joins the stages: one hub from hello to the outbox.

acquire -> decode -> enforce -> filter, then verify -> route -> outbox. The
uploader works beside it, in a thread of its own.
"""

import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasuki.clock import ClockModel
from tasuki.consent.registers import DEMO_GARMENT, Binding, Garment, Manifest
from tasuki.errors import Refused, Untrusted
from tasuki.frames import Batch, Samples, Stream
from tasuki.pipeline.enforce import Gate
from tasuki.pipeline.filter import Derived, Deriver
from tasuki.pipeline.outbox import OutboxFull
from tasuki.pipeline.parcel import Acquired, Routed
from tasuki.pipeline.route import Router
from tasuki.pipeline.verify import Timing, Verifier
from tasuki.session import consent_token, greet
from tasuki.session.connection import Connection, Line, Reboot
from tasuki.session.state import State
from tasuki.trust import ledger
from tasuki.trust.verdict import Gap, Missing, Omitted, Rejected, SessionJump, UnknownTail, Verdict, Verified
from tasuki_wire import codec
from tasuki_wire import items as wire_items

_SYNC_S = 5.0
_RETRY_OUTBOX_S = 1.0
_MOST_UNSTORED = 256  # epochs verified that the outbox had no room for
_BINDING_AHEAD_NS = 1_000_000_000  # above any uncertainty of the clock model at the start


@dataclass
class Counts:
    """What happened so far; every loss stands here.

    Attributes:
        gaps: frames or epochs that nothing brought back.
        refusals: reason code to blocks, over all destinations.
        dropped: (reason code, item) to frames that the gate did not let in.
        kinds: sample kind to intact frames on the wire, kept or not.
        rejected: reason code to epochs.
    """

    frames: int = 0
    frames_bad: dict[str, int] = field(default_factory=dict)
    epochs_verified: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    gaps: int = 0
    unknown_tails: int = 0
    blocks: int = 0
    blocks_refused: int = 0
    refusals: Counter[str] = field(default_factory=Counter)
    dropped: Counter[tuple[str, str]] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    reboots: int = 0
    resends: int = 0


_QUIET_S = 0.4  # without a frame: the hub has said all
_SIGNING_S = 3.0  # the same while a record is due; a hub without C code signs for half a second


class Listener:
    """Sees what passes; a session without one loses nothing. Override what you need."""

    def on_samples(self, samples: list[Samples]) -> None:
        """Samples that may be viewed; provisional until their epoch verifies."""

    def on_verdict(self, verdict: Verdict) -> None:
        """An epoch was verified, rejected, lost."""

    def on_stored(self, epochs: list[Verified], routed: Routed) -> None:
        """These epochs are durably in the outbox, as far as the decisions let them."""


class Session:
    """One hub, from hello to outbox.

    Args:
        line: what carries the bytes; it is closed with the session.
        state: the open state folder.
        subject: who wears the hub, by the name in the consent book; None binds
            nobody, so that nothing is sampled.
        product: manifest of a hub that no enrolment registered (with public_key).
        public_key: trusted device key, 32 bytes; None takes the register's.
        withhold: items that the token leaves out although consent would allow them.
        speed: how many times faster than the wall's the hub's clock runs.

    Raises Refused (unknown hub, schema, the hub's own no), Untrusted (a hub with
    another key than the register's) and LinkLost.
    """

    def __init__(
        self,
        line: Line,
        state: State,
        subject: str | None,
        *,
        public_key: bytes | None = None,
        product: Manifest = DEMO_GARMENT,
        withhold: Iterable[str] = (),
        speed: float = 1.0,
        lifetime_s: int = consent_token.DEFAULT_LIFETIME_S,
        listeners: Iterable[Listener] = (),
    ) -> None:
        self.state = state
        self.subject = subject
        self.engine = state.engine
        self.listeners = list(listeners)
        self.counts = Counts()
        self.connection = Connection(line, ClockModel(speed))
        self._given_key = public_key
        self._product = product
        self._withheld = wire_items.mask(withhold)
        self._lifetime_s = lifetime_s
        self._router = Router(self.engine)
        self._unstored: deque[Verified] = deque()
        self._retry_at = 0.0
        self._next_sync = 0.0
        self._latest_us = 0
        self.binding: Binding | None = None
        self.grant: greet.Grant | None = None
        self.sampling = False
        try:
            self._begin()
        except BaseException:
            self.close()
            raise

    # -- the beginning --------------------------------------------------------

    def _begin(self) -> None:
        connection = self.connection
        self.identity = greet.meet(connection)
        if not self.identity.enrolled:
            raise Refused(
                "not_enrolled", "the hub has no key yet", "Run `tasuki hub enroll --port PORT` first."
            )
        self.public_key = self._given_key or self.state.register.public_key(self.identity.device)
        if self.public_key != self.identity.public:
            raise Untrusted("wrong_key", "the hub shows another key than the one that is trusted for it")
        self.streams: dict[int, Stream] = greet.describe(connection)
        connection.await_sync()
        self._register()
        self.verifier = Verifier(
            self.public_key,
            self.identity.device,
            self.state.ledger,
            self.state.tokens.knows,
            timing=_timing(connection.clock.speed),
        )
        self.deriver = Deriver(self.streams)
        self._gate(0)
        self.start()

    def _register(self) -> None:
        """What the host knows of this hub: its product's manifest (A-03) and who wears it (C3-02)."""
        book, device = self.state.book, self.identity.device
        garment = book.registers.garments.get(self.identity.key_id)
        if garment is None or garment.device != device:
            garment = Garment(self.identity.key_id, device, self._product)
            book.enrol(garment)
        self.manifest = garment.manifest
        if self.subject is not None:
            self.state.vault.add_subject(self.subject)
            self.binding = book.bind(device, self.subject, time.time_ns() - _BINDING_AHEAD_NS)

    def _gate(self, mask: int) -> None:
        """What the host keeps from now on."""
        self.gate = Gate(self.engine, self.subject, self.manifest, mask, time.time_ns())
        self.gate.drops = self.counts.dropped  # one count over all gates

    def allowed_mask(self) -> int:
        """Consent bits that consent, policy, product and this session's options leave."""
        if self.subject is None:
            return 0
        consented = self.engine.item_mask(self.subject, time.time_ns())
        return int(consented & wire_items.mask(self.manifest.items) & ~self._withheld)

    def start(self) -> None:
        """Hand out a token and start sampling; without any allowed item neither happens."""
        mask = self.allowed_mask()
        if not mask:
            self.grant = None
            self._gate(0)
            return
        self._give_token(mask)
        self.connection.ask("start")
        self.sampling = True

    def _give_token(self, mask: int) -> None:
        device = self.identity.device
        sequence = self.state.tokens.reserve(device, self.identity.sequence + 1)
        self.grant = greet.give_token(
            self.connection,
            self.state.vault.signer("authority"),
            device,
            sequence=sequence,
            mask=mask,
            binding=self.binding.id if self.binding else bytes(16),
            policy=self.state.policy.hash,
            lifetime_s=self._lifetime_s,
            remember=lambda token_id: self.state.tokens.note(device, sequence, token_id),
        )
        self._gate(self.grant.items)

    # -- one turn -------------------------------------------------------------

    def step(self, timeout_s: float = 0.05) -> list[Acquired]:
        """Read once and take everything as far as it goes; returns the blocks now in the outbox."""
        self.connection.pump(timeout_s)
        verdicts: list[Verdict] = []
        for event in self.connection.take():
            if isinstance(event, Batch):
                verdicts += self._batch(event)
            elif isinstance(event, Reboot):
                self._rebooted()
            else:
                verdicts += self.verifier.message(event.kind, event.payload)
        now = time.monotonic()
        verdicts += self.verifier.poll(now)
        out = self._settle(verdicts, now)
        self._keep_up(now)
        return out

    def _batch(self, batch: Batch) -> list[Verdict]:
        rows = batch.rows
        good = rows["status"] == 0
        self.counts.frames += int(good.sum())
        keep = np.zeros(len(rows), np.bool_)
        keep[good] = self.gate.keep(rows["kind"][good], rows["stream"][good])
        verdicts = self.verifier.frames(batch, keep)
        self._count_kinds(rows[good])
        samples = self.deriver.feed(batch, keep & self.gate.view(rows["kind"], rows["stream"]))
        for part in samples:
            self._latest_us = max(self._latest_us, int(part.times_us[-1]))
        if samples:
            for listener in self.listeners:
                listener.on_samples(samples)
        return verdicts

    def _count_kinds(self, rows: NDArray[Any]) -> None:
        for number, n in enumerate(np.bincount(rows["kind"]).tolist()):
            if n and codec.KINDS[number].item:
                self.counts.kinds[codec.KINDS[number].name] += n

    def _settle(self, verdicts: list[Verdict], now: float) -> list[Acquired]:
        for verdict in verdicts:
            self._count(verdict)
            for listener in self.listeners:
                listener.on_verdict(verdict)
            if isinstance(verdict, Verified):
                self._unstored.append(verdict)
            elif isinstance(verdict, Missing):
                self._ask_again(verdict)
        if self._unstored and now >= self._retry_at:
            return self._store(now)
        return []

    def _count(self, verdict: Verdict) -> None:
        counts = self.counts
        if isinstance(verdict, Verified):
            counts.epochs_verified += 1
            counts.gaps += len(verdict.gaps)
        elif isinstance(verdict, Rejected):
            counts.rejected[verdict.reason] += 1
        elif isinstance(verdict, Gap):
            counts.gaps += 1
        elif isinstance(verdict, Omitted):
            counts.gaps += verdict.count
        elif isinstance(verdict, SessionJump):
            counts.gaps += verdict.session - verdict.last - 1
        elif isinstance(verdict, UnknownTail):
            counts.unknown_tails += 1

    def _ask_again(self, missing: Missing) -> None:
        self.counts.resends += 1
        if missing.record or missing.opening:
            self.connection.poke("epoch_request", missing.epoch)
        for run in missing.frames:
            if missing.leaves:
                self.connection.poke("leaves_request", missing.epoch, run.stream, run.index, run.count)
            else:
                self.connection.poke("resend", run.stream, run.seq, run.count)

    def _store(self, now: float) -> list[Acquired]:
        """Route what is verified and store it with its ledger rows in one transaction; then ack."""
        epochs = list(self._unstored)
        blocks = [[self._acquired(block) for block in epoch.blocks()] for epoch in epochs]
        routed = self._router.route([b for of_epoch in blocks for b in of_epoch], time.time_ns())

        def also(connection: Any) -> None:
            for epoch in epochs:
                ledger.record(connection, epoch.record.key, epoch.session, epoch.epoch)

        try:
            self.state.outbox.put(routed, also)
        except OutboxFull:
            # nothing was stored and nothing is acknowledged: the hub keeps what it can
            self._retry_at = now + _RETRY_OUTBOX_S
            while len(self._unstored) > _MOST_UNSTORED:
                self._unstored.popleft()
                self.counts.gaps += 1
            return []
        self._unstored.clear()
        self.counts.refusals.update(refusal.decision.reason for refusal in routed.refusals)
        self.counts.blocks_refused += len(routed.refusals)
        for epoch, of_epoch in zip(epochs, blocks, strict=True):
            self.connection.tell("ack", epoch.session, epoch.epoch)
            self.counts.blocks += len(of_epoch)
        for listener in self.listeners:
            listener.on_stored(epochs, routed)
        return [block for of_epoch in blocks for block in of_epoch]

    def _acquired(self, block: Any) -> Acquired:
        clock = self.connection.clock
        uncertainty = max(clock.uncertainty_us(block.t0_us), clock.uncertainty_us(block.t1_us))
        return Acquired(
            block,
            self.subject or "",
            clock.wall_ns(block.t0_us),
            clock.wall_ns(block.t1_us),
            int(uncertainty * 1000) + 1,
        )

    # -- what has to be done now and then ---------------------------------------

    def _keep_up(self, now: float) -> None:
        if now >= self._next_sync:
            self._next_sync = now + _SYNC_S
            self.connection.sync()
        if self.engine.version != self.gate.version:
            self._consent_changed()
        if self.grant and self._latest_us > self.grant.from_us + self._lifetime_s * 500_000:
            self._give_token(self.allowed_mask())

    def _consent_changed(self) -> None:
        """Narrow at once; a token for what is new follows."""
        mask = self.allowed_mask()
        in_force = self.grant.items if self.grant else 0
        if in_force & ~mask:
            self._gate(mask & in_force)
            self.connection.ask("narrow", mask & in_force)
        if mask & ~in_force:
            self._give_token(mask)
        self._gate(mask)

    def _rebooted(self) -> None:
        """The hub started anew: decide what was open, greet again."""
        self.counts.reboots += 1
        self._settle(self.verifier.end(), time.monotonic())
        speed = self.connection.clock.speed
        self.connection.clock = ClockModel(speed)
        self._latest_us = 0
        self.sampling = False
        self._begin()

    # -- the end ----------------------------------------------------------------

    def stop(self, patience_s: float = 10.0) -> list[Acquired]:
        """Stop sampling cleanly, wait for the last epochs, decide what is left open."""
        out: list[Acquired] = []
        deadline = time.monotonic() + patience_s
        if self.sampling:
            self.connection.ask("stop")
            self.sampling = False
        heard = now = time.monotonic()
        # by the clock, not by steps: a slow line gives every step a few bytes of a frame
        while now < min(deadline, heard + (_SIGNING_S if self.verifier.unproved else _QUIET_S)):
            before = self.counts.frames
            out += self.step(0.1)
            now = time.monotonic()
            if self.counts.frames != before or self.verifier.waiting:
                heard = now
        out += self._settle(self.verifier.end(), time.monotonic())
        return out

    def blocks(self) -> Iterator[Acquired]:
        """Blocks as they become durable, until the caller stops or the link is lost."""
        while True:
            yield from self.step()

    @property
    def derived(self) -> Derived:
        """What the filters say now."""
        return self.deriver.derived

    def summary_counts(self) -> Counts:
        """Counts so far, with the decoder's damaged frames filled in."""
        decoder = self.connection.decoder.counts
        self.counts.frames_bad = {name: n for name, n in decoder.items() if n and name != "ok"}
        return self.counts

    def close(self) -> None:
        """Give the line back; the state folder stays open."""
        self.connection.close()

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def _timing(speed: float) -> Timing:
    """How long the verifier waits; a hub whose clock runs faster also forgets faster."""
    real = Timing()
    return Timing(
        max(0.1, real.grace_s / speed), max(0.3, real.retry_s / speed), max(1.0, real.window_s / speed)
    )
