"""Upload: from the outbox to the destinations, with consent checked inside the send step."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from nacl.public import PublicKey, SealedBox

from tasuki.consent import actions, reasons
from tasuki.consent.cache import DecisionCache
from tasuki.consent.context import context_of
from tasuki.consent.decision import Decision, Engine
from tasuki.consent.registers import ATTESTED, INTERNAL, OWN_STORE, Destination
from tasuki.errors import LinkLost, Refused, Untrusted
from tasuki.pipeline.outbox import HOLD, Due, Late, Outbox, subject_of
from tasuki.pipeline.recalls import Recalls
from tasuki.self_report import SelfReport
from tasuki.self_report import read as read_content
from tasuki.sinks import DAY_NS, Delivery, Key, RemoteSink, Sink
from tasuki.vault import attested, envelope
from tasuki.vault.secret import Signer
from tasuki.vault.vault import Vault
from tasuki_wire import codec

FIRST_WAIT_NS = 500_000_000
LONGEST_WAIT_NS = 60_000_000_000
MAX_AGE_NS = 30 * DAY_NS  # a destination that is away for longer has lost what waits for it


@dataclass
class Step:
    """What one step to one destination did."""

    confirmed: int = 0
    denied: int = 0
    held: int = 0
    lost: str = ""

    @property
    def moved(self) -> int:
        """Deliveries that do not wait as they did before."""
        return self.confirmed + self.denied + self.held


@dataclass
class _Turn:
    """One batch in the making: what the decisions said while the sink took it."""

    sent: dict[Key, int] = field(default_factory=dict)
    denied: list[Late] = field(default_factory=list)
    moved: list[Late] = field(default_factory=list)  # to hold, or from it


class Uploader:
    """Sends what is due. One thread per uploader; the outbox may be filled from another.

    A wearer who speaks while blocks of hers are under way to a remote sink breaks that send off; what it
    took along is recalled where it lies (pipeline/recalls.py), and all of it is decided again.

    sinks: destination name to its sink. What is for a processor or module is encrypted to the key that
    the register has for it; for our own destinations the vault's keys are used.
    """

    def __init__(
        self,
        outbox: Outbox,
        engine: Engine,
        vault: Vault,
        sinks: Mapping[str, Sink],
        clock_ns: Callable[[], int] = time.time_ns,
        batch: int = 256,
        max_age_ns: int = MAX_AGE_NS,
    ) -> None:
        """max_age_ns: how long a delivery may wait before it is given up as `hold_expired`."""
        self._outbox = outbox
        self._engine = engine
        self._cache = DecisionCache(engine)
        self._vault = vault
        self._sinks = sinks
        self._boxes: dict[tuple[str, bytes], SealedBox[PublicKey]] = {}
        self._signer: Signer | None = None
        self._clock_ns = clock_ns
        self._batch = batch
        self._max_age_ns = max_age_ns
        self._failures: dict[str, int] = {}
        self._not_before: dict[str, int] = {}
        self._remote = {name: sink for name, sink in sinks.items() if isinstance(sink, RemoteSink)}
        self._recalls = Recalls(outbox, engine, vault, self._cache.forget_all) if self._remote else None
        self._sending: RemoteSink | None = None
        self._under_way: set[str] = set()  # subjects of the batch that is being sent
        engine.consents.watch(self)

    def forget(self, subject: str) -> None:
        """Break off what is under way of a wearer who speaks (Watcher of the consent log)."""
        sending = self._sending
        if sending is not None and subject in self._under_way:
            sending.interrupt()

    def destinations(self) -> list[str]:
        """Destinations for which something waits: blocks, or a recall."""
        recalls = self._recalls.waiting() if self._recalls else {}
        return sorted({*self._outbox.destinations(), *recalls})

    def step(self, destination: str) -> Step:
        """Send one batch to one destination. A lost link is a result, not an error; it sets a wait."""
        sink = self._sinks.get(destination)
        if lost := self._recall(destination):
            return Step(lost=lost)
        due = self._outbox.due(destination, self._batch)
        if not due:
            return Step()
        if sink is None:
            return Step(lost=f"no sink for {destination}")
        if away := self._outside(destination):
            self._wait(destination)
            return Step(lost=away)
        turn, ids = _Turn(), []
        try:
            confirmed = self._send(sink, destination, due, turn)
            ids = [turn.sent[key] for key in confirmed if key in turn.sent]
            self._outbox.confirm(destination, ids)
        except LinkLost as e:
            self._wait(destination)
            return Step(0, len(turn.denied), len(turn.moved), str(e))
        self._failures.pop(destination, None)
        return Step(len(ids), len(turn.denied), len(turn.moved))

    def _outside(self, destination: str) -> str:
        """Why nothing goes to an outside party for now, whatever consent says; it waits. Else empty."""
        registers = self._engine.registers
        place = registers.destinations.get(destination)
        if place is None or place.kind == INTERNAL:
            return ""
        if registers.trouble:
            return registers.trouble
        return "" if registers.key_of(place) else f"the register has no key of {destination}"

    def _send(self, sink: Sink, destination: str, due: list[Due], turn: _Turn) -> list[Key]:
        remote, place = self._remote.get(destination), self._engine.registers.destinations.get(destination)
        if remote and self._recalls and place:
            self._recalls.note(destination, place.purpose, due)
        self._under_way.clear()
        self._sending = remote
        try:
            return sink.send(self._deliveries(destination, due, turn))
        finally:
            self._sending = None
            self._settle(destination, turn)  # denials count, whether or not the rest arrived

    def _recall(self, destination: str) -> str:
        """Tombstones go before any block, of whichever destination; why the one for this one did not."""
        lost = ""
        for name, recalls in (self._recalls.waiting() if self._recalls else {}).items():
            sink = self._remote.get(name)  # none where it has left sinks.toml: an erasure waits for a person
            if self._recalls and sink and self._may_try(name, destination):
                try:
                    self._recalls.confirm(sink.recall(recalls[: self._batch]))
                except LinkLost as e:
                    self._wait(name)
                    lost = str(e) if name == destination else lost
        return lost

    def _may_try(self, name: str, destination: str) -> bool:
        return name == destination or self._not_before.get(name, 0) <= time.monotonic_ns()

    def review(self, destination: str) -> Step:
        """Decide again about everything on hold; what waited longer than the policy lets is given up.

        So is what may go and waits for longer than `max_age_ns`.
        """
        step, after = Step(denied=self._give_up(destination)), 0
        while due := self._outbox.due(destination, self._batch, HOLD, after):
            after = due[-1].id
            turn = _Turn()
            for one in due:
                late = self._decide(destination, one, one.stored_ns)
                if late.decision.outcome == reasons.ALLOW:
                    turn.moved.append(late)
                elif late.decision.outcome == reasons.DENY:
                    turn.denied.append(late)
            self._settle(destination, turn)
            step.held += len(turn.moved)
            step.denied += len(turn.denied)
        return step

    def _give_up(self, destination: str) -> int:
        given_up, limit_ns = 0, self._clock_ns() - self._max_age_ns
        place = self._engine.registers.destinations.get(destination)
        purpose, action = (place.purpose, actions.of_sending(place.kind)) if place else ("", actions.DISCLOSE)
        while (oldest := self._outbox.oldest_ns()) is not None and oldest < limit_ns:
            due = self._outbox.due(destination, self._batch)
            old = [one for one in due if one.stored_ns < limit_ns]
            if not old:
                break
            decided = [_deny("hold_expired", one.tags.item, purpose, destination, action) for one in old]
            subjects = [subject_of(self._vault, one) for one in old]
            self._outbox.deny(destination, map(Late, old, subjects, decided))
            given_up += len(old)
        return given_up

    def drain(self) -> list[str]:
        """Send until nothing more can go now; the destinations that are away, each with why."""
        away = {}
        for destination in self.destinations():
            try:
                self.review(destination)
                while (step := self.step(destination)).moved and not step.lost:
                    pass
                lost = step.lost
            except LinkLost as e:
                lost = str(e)
            if lost:
                away[destination] = lost
        return [f"{name}: {why}" for name, why in away.items()]

    def run(self, stop: threading.Event, idle_s: float = 0.2) -> None:
        """Send what is due until `stop` is set; destinations that are away are tried again, ever later."""
        while not stop.is_set():
            moved = 0
            for destination in self.destinations():
                if self._not_before.get(destination, 0) <= time.monotonic_ns():
                    moved += self._turn(destination)
            if not moved:
                stop.wait(idle_s)

    def _turn(self, destination: str) -> int:
        try:
            return self.review(destination).moved + self.step(destination).moved
        except LinkLost:  # of the outbox itself: its disk is full, say
            self._wait(destination)
            return 0

    def _deliveries(self, destination: str, due: list[Due], turn: _Turn) -> Iterator[Delivery]:
        """Each delivery right before it leaves, if consent lets it go at that very moment."""
        place = self._engine.registers.destinations.get(destination)
        recalls = self._recalls if destination in self._remote else None
        for one in due:
            self._under_way.add(subject_of(self._vault, one))
            version = recalls.version(one.pseudonym, one.tags.item) if recalls else 0
            late = self._decide(destination, one)
            if late.decision.outcome == reasons.HOLD:
                turn.moved.append(late)
                continue
            if late.decision.outcome != reasons.ALLOW or place is None:
                turn.denied.append(late)
                continue
            try:
                delivery = self._encode(place, late.subject, one, version)
            except (Refused, Untrusted) as e:
                code = e.reason if e.reason in reasons.REASONS else "envelope_damaged"
                turn.denied.append(late._replace(decision=_denial(late.decision, code)))
                continue
            turn.sent[delivery.key] = one.id
            yield delivery

    def _decide(self, destination: str, due: Due, held_since_ns: int | None = None) -> Late:
        place = self._engine.registers.destinations.get(destination)
        subject = subject_of(self._vault, due)
        item = due.tags.item
        if place is None:
            return Late(due, subject, _deny("unknown_destination", item, "", destination, actions.DISCLOSE))
        if not subject:
            action = actions.of_sending(place.kind)
            return Late(due, "", _deny("key_erased", item, place.purpose, destination, action))
        context = context_of(
            self._engine.registers,
            due.place.key_id,
            None,
            due.tags.stream,
            due.kind,
            due.acquired,
            held_since_ns,
        )
        now = self._clock_ns()
        return Late(due, subject, self._cache.decide(subject, item, place.purpose, destination, now, context))

    def _encode(self, place: Destination, subject: str, due: Due, version: int) -> Delivery:
        """The delivery in the destination's form; only our own store gets the envelope itself."""
        plain = envelope.decrypt(self._vault, subject, due.tags, due.content)
        tags, content = due.tags.to_bytes(), due.content
        if place.name != OWN_STORE.name:
            name = self._vault.pseudonym(subject, place.purpose, place.name, due.key_epoch)
            if name != due.pseudonym:  # the destination got another purpose since, under its old name
                raise Refused("destination_not_for_purpose")
        if place.form == ATTESTED:
            block = read_content(plain)
            if codec.KINDS[block.kind].row_rest:
                raise Refused("field_not_listed", "the hub's own words go nowhere without its identity")
            hour = due.acquired.t0_ns // attested.HOUR_NS
            policy = self._engine.policy.hash
            label = attested.Label(due.pseudonym, due.number, hour, policy, place.purpose, place.name)
            if isinstance(block, SelfReport):
                stripped = attested.typed_in(block, label, self._attestation())
            else:
                stripped = attested.strip(block, label, self._attestation())
            tags, content = b"", self._box(place).encrypt(stripped)
        elif place.name != OWN_STORE.name:
            tags, content = b"", self._box(place).encrypt(plain)
        return Delivery(
            place.name,
            place.purpose,
            due.pseudonym,
            due.tags.stream,
            due.number,
            due.tags.item,
            place.form,
            tags,
            content,
            due.acquired.t0_ns // DAY_NS,
            version,
        )

    def _attestation(self) -> Signer:
        if self._signer is None:
            self._signer = self._vault.signer("attestation")
        return self._signer

    def _box(self, place: Destination) -> SealedBox[PublicKey]:
        key = self._engine.registers.key_of(place)
        box = self._boxes.get((place.name, key))
        if box is None:
            public = (
                PublicKey(key) if key else self._vault.private_key(f"destination-{place.name}").public_key
            )
            box = self._boxes[place.name, key] = SealedBox(public)
        return box

    def _settle(self, destination: str, turn: _Turn) -> None:
        if turn.denied:
            self._outbox.deny(destination, turn.denied)
        if turn.moved:
            self._outbox.move(destination, turn.moved)

    def _wait(self, destination: str) -> None:
        failures = self._failures.get(destination, 0)
        self._failures[destination] = failures + 1
        self._not_before[destination] = time.monotonic_ns() + wait_ns(failures)


def wait_ns(failures: int) -> int:
    """How long to leave a destination alone after so many failures in a row."""
    return min(FIRST_WAIT_NS << min(failures, 20), LONGEST_WAIT_NS)


def _denial(decision: Decision, code: str) -> Decision:
    return replace(decision, outcome=reasons.DENY, reason=code, rules=reasons.REASONS[code].rules)


def _deny(code: str, item: str, purpose: str, destination: str, action: str) -> Decision:
    rules = reasons.REASONS[code].rules
    return Decision(reasons.DENY, code, rules, item, purpose, destination, action=action)
