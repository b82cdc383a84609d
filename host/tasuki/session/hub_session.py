"""Joins the stages: one hub from hello to the outbox.

acquire -> decode -> enforce -> filter, then verify -> route -> outbox. The
uploader works beside it, in a thread of its own.
"""

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasuki.clock import ClockModel
from tasuki.consent.registers import DEMO_GARMENT, Binding, Garment, Manifest
from tasuki.errors import LinkLost, Refused, Untrusted
from tasuki.frames import Batch, Stream
from tasuki.pipeline.enforce import Gate
from tasuki.pipeline.filter import Derived, Deriver
from tasuki.pipeline.outbox import OutboxFull
from tasuki.pipeline.parcel import Acquired
from tasuki.pipeline.route import Router
from tasuki.pipeline.verify import Timing, Verifier
from tasuki.session import consent_token, greet, known, wiping
from tasuki.session.connection import Connection, HubRebooted, Line, Reboot
from tasuki.session.counts import Counts
from tasuki.session.forwarded import KIND as STORED
from tasuki.session.forwarded import Forwarded
from tasuki.session.listener import Listener
from tasuki.session.permission import Permission
from tasuki.session.state import State
from tasuki.session.storing import Storing
from tasuki.session.upkeep import Upkeep
from tasuki.trust.chain import Chain
from tasuki.trust.verdict import Missing, Verdict, Verified
from tasuki_wire import codec, layout
from tasuki_wire import items as wire_items

_LOG = codec.number("log")
_SYNC_S = 5.0
_LOOK_S = 1.0  # consent may begin or end by the clock alone
_HEAR_S = 0.2  # how often we look whether another process recorded something
_SILENT_S = 4 * _SYNC_S
_LOG_S = 1.0  # how often the audit log is brought up to date, at most
_GREETINGS = 5
_MOST_UNSTORED = 256  # epochs verified that the outbox had no room for
_BINDING_AHEAD_NS = 1_000_000_000  # above any uncertainty of the clock model at the start
_QUIET_S = 0.4  # without a frame: the hub has said all
_SIGNING_S = 3.0  # the same while a record is due; a hub without C code signs for half a second


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
        counts: those of an earlier session on the same hub, to go on counting in.

    Attributes:
        decided: True once the session is over and all that was open is counted.

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
        counts: Counts | None = None,
    ) -> None:
        self.state = state
        self.subject = subject
        self.engine = state.engine
        self.listeners = list(listeners)
        self.counts = counts or Counts()
        self.connection = Connection(line, ClockModel(speed))
        self._given_key = public_key
        self._product = product
        self._withheld = wire_items.mask(withhold)
        self._lifetime_s = lifetime_s
        self._storing = Storing(state.outbox, Router(self.engine), state.refresh)
        self._late: set[tuple[int, int]] = set()  # epochs that came from the hub's store
        self._next_log = 0.0
        self._next_sync = 0.0
        self._next_look = self._next_hear = 0.0
        self._latest_us = 0
        self._bad_before = Counter(self.counts.frames_bad)
        self._logged_drops = Counter(self.counts.dropped)
        self._upkeep = Upkeep(self.connection, state, self._tell_trouble)
        self._stopped = False
        self.decided = False
        self.binding: Binding | None = None
        try:
            self._begin()
        except BaseException:
            self.close()
            raise

    # -- the beginning --------------------------------------------------------

    def _begin(self) -> None:
        """Greet the hub; one that reboots meanwhile is greeted anew, for a while."""
        for _ in range(_GREETINGS):
            self.counts.reboots += self.connection.skip_lives()
            with suppress(HubRebooted):
                return self._greet()
        raise LinkLost("the hub reboots again and again", "Look at its power supply.")

    def _greet(self) -> None:
        connection = self.connection
        self.identity = greet.meet(connection)
        if not self.identity.enrolled:
            raise Refused(
                "not_enrolled", "the hub has no key yet", "Run `tasuki hub enroll --port PORT` first."
            )
        if wiping.at_contact(connection, self.state, self.identity):
            self._given_key = None
            raise HubRebooted("it has a new key")
        self.state.register.check(self.identity.device)
        self.public_key = self._given_key or known.trusted_key(connection, self.identity, self.state)
        if self.public_key != self.identity.public:
            raise Untrusted(
                "wrong_key",
                "the hub shows another key than the one that is trusted for it",
                "After a change of its key run `tasuki hub rotate --port PORT`. If you know why else it was"
                " replaced, run `tasuki hub enroll --port PORT`.",
            )
        self.streams: dict[int, Stream] = greet.describe(connection)
        connection.await_sync()
        self._upkeep.note_clock(0.0, self.identity)
        self._register()
        self.verifier = Verifier(
            self.public_key,
            self.identity.device,
            self.state.ledger,
            timing=_timing(connection.clock.speed),
            chain=self._chain(),
            whole=self._hub_stores,
        )
        self.forwarded = Forwarded(
            self.state,
            self.verifier,
            self.identity.device,
            self.manifest,
            self.counts,
            lambda session, number: connection.tell("stored_ack", session, number),
            self._tell_trouble,
        )
        self._upkeep.greeted()
        self.deriver = Deriver(self.streams)
        self._look()
        self.permission = Permission(
            connection,
            self.state,
            self.identity,
            self.binding.id if self.binding else bytes(16),
            lambda: self._allowed,
            self._lifetime_s,
        )
        self.permission.begin()
        self._set_gate()

    def _before(self) -> list[tuple[bytes, int]]:
        """Keys that led to the hub's, each with its last session; none to a key that was given."""
        return [] if self._given_key else self.state.register.before(self.identity.device)

    def _chain(self) -> Chain:
        device, state = self.identity.device, self.state
        return Chain(self.public_key, device, state.ledger, state.tokens.knows, self._before())

    def _register(self) -> None:
        """What the host knows of this hub: its product's manifest (A-03) and who wears it (C3-02)."""
        book, device = self.state.book, self.identity.device
        garment = book.registers.garments.get(self.identity.key_id)
        if garment is None or garment.device != device:
            garment = Garment(self.identity.key_id, device, self._product)
            book.enrol(garment)
        self.manifest = garment.manifest
        if self.subject is not None and book.log.events(self.subject):  # not a wearer who was erased
            self.state.vault.add_subject(self.subject)
            self.binding = book.bind(device, self.subject, time.time_ns() - _BINDING_AHEAD_NS)

    def _look(self) -> None:
        """What consent, policy, product and this session's options leave at this moment."""
        self.state.refresh()
        self.state.anchors.refuse_revoked(self.identity.public, [old for old, _ in self._before()])
        self._version = self.engine.version
        self._allowed = 0
        garment = self.state.book.registers.garments.get(self.identity.key_id)
        if garment is not None:
            self.manifest = garment.manifest
        wearer = self._wearer()
        if wearer is not None:
            consented = self.engine.item_mask(wearer, self._now_ns(), self.manifest.product)
            self._allowed = int(consented & wire_items.mask(self.manifest.items) & ~self._withheld)

    def _wearer(self) -> str | None:
        """The wearer of this session, as long as the hub was not handed to somebody else (C3-02)."""
        worn = self.state.book.registers.bindings.get(self.identity.device, ())
        return self.subject if self.binding in worn else None

    def _now_ns(self) -> int:
        """The moment to decide for: the wall clock's, but never before the wearer's last word."""
        now = time.time_ns()
        return now if self.subject is None else self.engine.consents.present(self.subject, now)

    def _set_gate(self) -> None:
        """What the host keeps from now on: nothing that the token or consent of now leaves out."""
        mask = self.permission.items & self._allowed
        self._passing = self._version, mask
        self.gate = Gate(self.engine, self._wearer(), self.manifest, mask, self._now_ns())
        self.gate.drops = self.counts.dropped  # one count over all gates

    @property
    def items(self) -> int:
        """Consent bits that are sampled and kept."""
        return self._passing[1]

    @property
    def sampling(self) -> bool:
        """True while something is sampled, or was until consent ended it."""
        return bool(self.items)

    # -- one turn -------------------------------------------------------------

    def step(self, timeout_s: float = 0.05) -> list[Acquired]:
        """Read once and take everything as far as it goes; returns the blocks now in the outbox."""
        self.connection.pump(timeout_s)
        out: list[Acquired] = []
        verdicts: list[Verdict] = []
        for event in self.connection.take():
            if isinstance(event, Batch):
                verdicts += self._batch(event)
            elif isinstance(event, Reboot):
                out += self._settle(verdicts + self.verifier.end(), time.monotonic())
                verdicts = []
                self._rebooted()
            elif event.kind == STORED:
                self._arrived(event.payload)
            else:
                verdicts += self.verifier.message(event.kind, event.payload)
        now = time.monotonic()
        out += self._settle(verdicts + self.verifier.poll(now), now)
        self._keep_up(now)
        return out

    def _arrived(self, message: bytes) -> None:
        """A part of an epoch that the hub stored while no host was there."""
        arrived = self.forwarded.take(message)
        if arrived is None:
            return
        epoch = arrived.verified
        self.verifier.settled(epoch.session, epoch.epoch)
        if self._storing.holds(epoch):  # verified before a reboot, and the outbox has no room
            return
        self._late.add((epoch.session, epoch.epoch))
        self.counts.recover(epoch)
        self._storing.add(epoch, arrived.clock, arrived.subject)
        if arrived.nonce == self.connection.nonce:
            for listener in self.listeners:
                listener.on_verdict(epoch)

    def _batch(self, batch: Batch) -> list[Verdict]:
        rows = batch.rows
        good = rows["status"] == 0
        self.counts.frames += int(good.sum())
        keep = np.zeros(len(rows), np.bool_)
        keep[good] = self.gate.keep(rows["kind"][good], rows["stream"][good])
        verdicts = self.verifier.frames(batch, keep)
        self._count_kinds(rows[good])
        if good.any():
            self._latest_us = max(self._latest_us, int(rows["time_us"][good].max()))
        view = keep & self.gate.view(rows["kind"], rows["stream"])
        samples = self.deriver.feed(batch, view)
        if samples:
            for listener in self.listeners:
                listener.on_samples(samples)
        for body in batch.bodies(view & (rows["kind"] == _LOG)):
            text = body[layout.HEADER_SIZE + 1 :].decode(errors="replace")
            for listener in self.listeners:
                listener.on_log(body[layout.HEADER_SIZE], text)
        return verdicts

    def _count_kinds(self, rows: NDArray[Any]) -> None:
        for number, n in enumerate(np.bincount(rows["kind"]).tolist()):
            if n and codec.KINDS[number].item:
                self.counts.kinds[codec.KINDS[number].name] += n

    def _settle(self, verdicts: list[Verdict], now: float) -> list[Acquired]:
        for verdict in verdicts:
            self.counts.add(verdict)
            if isinstance(verdict, Verified):
                self._storing.add(verdict, self.connection.clock, self.subject)
            for listener in self.listeners:
                listener.on_verdict(verdict)
        out = self._store(now)
        for verdict in verdicts:
            if isinstance(verdict, Missing):
                self._ask_again(verdict)
        return out

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
        """What is durable now is counted, told and acknowledged, in this order."""
        try:
            stored = self._storing.store(now, self.counts.dropped - self._logged_drops, last=self.decided)
        except OutboxFull as e:
            self._tell_trouble(str(e))
            self.counts.gaps += self._storing.give_up(_MOST_UNSTORED)
            return []
        self._logged_drops.update(stored.routed.dropped)
        self.counts.add_stored(stored.blocks, stored.routed, self.state.block_name)
        for listener in self.listeners if stored.epochs else ():
            listener.on_stored(stored.epochs, stored.routed)
        for epoch in stored.epochs:
            place = epoch.session, epoch.epoch
            if place in self._late:
                self._late.discard(place)
                self.connection.tell("stored_ack", *place)
            else:
                self.connection.tell("ack", *place)
        if stored.epochs and now >= self._next_log:
            self._next_log = now + _LOG_S
            self._log_decisions()
        return stored.blocks

    def _log_decisions(self) -> None:
        """Entries that cannot be taken into the audit log now wait where they are durable."""
        try:
            self.state.collector.keep_up()
        except LinkLost as e:
            self._tell_trouble(str(e))

    def _tell_trouble(self, what: str) -> None:
        for listener in self.listeners:
            listener.on_trouble(what)

    # -- what has to be done now and then ---------------------------------------

    def _keep_up(self, now: float) -> None:
        if now - self.connection.heard_s > _SILENT_S:
            raise LinkLost("the hub has fallen silent", "Plug it in again, or look whether it still runs.")
        if now >= self._next_sync:
            self._next_sync = now + _SYNC_S
            sampling = self.sampling and not self._stopped
            self._upkeep.sync(now, self.identity, self.forwarded, sampling, self.counts.kinds.total())
        if self._stopped:
            return
        if now >= self._next_hear:
            self._next_hear = now + _HEAR_S
            self.state.refresh()
        if now >= self._next_look or self.engine.version != self._version:
            self._next_look = now + _LOOK_S
            self._look()
        refused = self.permission.refused
        self.permission.follow(now, self._latest_us)
        if self.permission.refused != refused and self.permission.refused:
            self._tell_trouble(f"the hub refuses a new token: {self.permission.refused}")
        if self._passing != (self._version, self.permission.items & self._allowed):
            self._set_gate()

    def _rebooted(self) -> None:
        """The hub started anew: greet it again. What was open is decided already."""
        self.counts.reboots += 1
        self._bank_beats()
        self.connection.clock = ClockModel(self.connection.clock.speed)
        self._latest_us = 0
        self._begin()
        for listener in self.listeners:
            listener.on_reboot()

    # -- the end ----------------------------------------------------------------

    def stop(self, patience_s: float = 10.0) -> list[Acquired]:
        """Stop sampling cleanly, wait for the last epochs, decide what is left open."""
        out: list[Acquired] = []
        deadline = time.monotonic() + patience_s
        self._stopped = True
        self.connection.ask("stop")
        heard = now = time.monotonic()
        # by the clock, not by steps: a slow line gives every step a few bytes of a frame
        while now < min(deadline, heard + (_SIGNING_S if self.verifier.unproved else _QUIET_S)):
            before = self.counts.frames
            out += self.step(0.1)
            now = time.monotonic()
            if self.counts.frames != before or self.verifier.waiting:
                heard = now
        return out + self.decide()

    def decide(self) -> list[Acquired]:
        """Decide what is left open, with or without a link; what cannot be stored now is counted as lost."""
        self._stopped = self.decided = True
        self._storing.hurry()
        out: list[Acquired] = []
        with suppress(LinkLost):  # an ack that does not arrive costs a resend in the next session
            out = self._settle(self.verifier.end(over=True), time.monotonic())
        self.counts.gaps += self._storing.give_up(0)
        self._bank_beats()
        return out

    @property
    def _hub_stores(self) -> bool:
        return not self.connection.flags >> layout.HELLO_FLAGS.index("no_store") & 1

    def _bank_beats(self) -> None:
        self.counts.beats += self.derived.beats
        self.derived.beats = 0

    def blocks(self) -> Iterator[Acquired]:
        """Blocks as they become durable, until nothing is sampled any more; LinkLost as of `step`."""
        while self.sampling:
            yield from self.step()

    @property
    def derived(self) -> Derived:
        """What the filters say now."""
        return self.deriver.derived

    @property
    def beats(self) -> int:
        """Beats so far, over all sessions that share these counts."""
        return self.counts.beats + self.derived.beats

    def summary_counts(self) -> Counts:
        """Counts so far, with the decoder's damaged frames filled in."""
        decoder = self.connection.decoder.counts
        bad = Counter({name: n for name, n in decoder.items() if n and name != "ok"})
        self.counts.frames_bad = self._bad_before + bad
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
