"""What a hub stored while no host was there, on its way in.

unsealed, then decoded, enforced and verified like live frames. Consent has to
allow it twice: when it was sampled and now. It is acknowledged when it is
durable, or when there is nothing in it that we do not have.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from struct import Struct

import numpy as np

from tasuki.clock import Fit
from tasuki.consent.registers import Manifest
from tasuki.errors import Untrusted
from tasuki.frames import Batch
from tasuki.framing import closed
from tasuki.pipeline.decode import Decoder
from tasuki.pipeline.enforce import Gate
from tasuki.pipeline.verify import Verifier
from tasuki.session.counts import Counts
from tasuki.session.state import State
from tasuki.trust.chain import read_record
from tasuki.trust.stored import KIND, Contents, Parts, Stored, unseal
from tasuki.trust.verdict import Rejected, Verified
from tasuki_wire import codec, epoch, layout

__all__ = ["KIND", "Arrived", "Forwarded"]

_LEAVES = codec.number("leaf_hashes")
_ENTRIES = codec.KINDS[epoch.OPENING].head_size
_ITEMS = slice(25, 27)  # of an opening: consent bits that were in force
_TIMES = Struct("<8xIIII24x")  # of an entry
_HELD = ("not_sealed_to_us", "unknown_time")
_AT_ONCE = 256  # frames, well below what the verifier takes at a time


@dataclass(frozen=True)
class Arrived:
    """An epoch that came later than it was sampled, with the clock of its time and its wearer."""

    verified: Verified
    clock: Fit
    subject: str | None
    nonce: bytes


class Forwarded:
    """Takes `stored_epoch` messages of one hub.

    Args:
        beside: the verifier of the live epochs; each epoch is accepted once by both together.
        acknowledge: told (session, epoch) of what the hub may delete at once.
        trouble: told what a person should know.

    Attributes:
        heard: parts that came.
        held: (session, epoch) of those that the hub had better keep, for a host that can read or time them.
    """

    def __init__(
        self,
        state: State,
        beside: Verifier,
        device: bytes,
        manifest: Manifest,
        counts: Counts,
        acknowledge: Callable[[int, int], None],
        trouble: Callable[[str], None],
    ) -> None:
        self._state = state
        self._beside = beside
        self._verifier = beside.companion()
        self._device = device
        self._manifest = manifest
        self._counts = counts
        self._acknowledge = acknowledge
        self._trouble = trouble
        self._key = state.vault.private_key("storage")
        self._parts = Parts()
        self._told: set[str] = set()
        self.heard = 0
        self.held: set[tuple[int, int]] = set()

    @property
    def broken(self) -> int:
        """Epochs whose parts did not come whole; a hello makes the hub send them again."""
        return self._parts.broken

    def take(self, message: bytes) -> Arrived | None:
        """The epoch that this part completes, verified and not stored yet."""
        self.heard += 1
        stored = self._parts.add(message)
        if stored is None:
            return None
        place = stored.session, stored.epoch
        if self._beside.accepted(*place):
            if self._state.ledger.seen(self._beside.key_id, *place):
                self._acknowledge(*place)
            return None  # or it is on its way to the outbox, and acknowledged from there
        try:
            contents = unseal(stored, self._key)
            return self._verify(stored, contents)
        except Untrusted as e:
            self._refuse(e.reason, str(e))
            if e.reason in _HELD:
                self.held.add(place)
            else:
                self._acknowledge(*place)  # our key opened it: it is nobody else's, and no better next time
        return None

    def _refuse(self, reason: str, what: str) -> None:
        self._counts.stored_refused[reason] += 1
        if reason not in self._told:
            self._told.add(reason)
            self._trouble(f"an epoch that the hub had stored is not taken: {what}")

    def _verify(self, stored: Stored, contents: Contents) -> Arrived | None:
        if contents.differing:
            kinds = ", ".join(contents.differing)
            raise Untrusted("schema_mismatch", f"it was sampled by another schema of {kinds}")
        times = _times(contents.opening)
        record = read_record(contents.record)
        if (record.session, record.epoch) != (stored.session, stored.epoch):
            raise Untrusted("malformed", "its record is not that of the epoch it is said to be")
        fit = self._fit(record.token, contents.nonce)
        span = fit.wall_ns(times[0]), fit.wall_ns(times[1])
        binding = self._state.book.registers.binding(self._device, *span)
        subject = binding.subject if binding else None
        gates = self._gates(subject, contents, span[0])
        verdicts = []
        for batch in _batches(contents.bodies):
            rows = batch.rows
            keep = np.zeros(len(rows), np.bool_)
            good = rows["status"] == 0
            then = gates[0].keep(rows["kind"][good], rows["stream"][good])
            keep[good] = then
            keep[np.flatnonzero(good)[then]] = gates[1].keep(
                rows["kind"][good][then], rows["stream"][good][then]
            )
            self._counts.frames += int(good.sum())
            verdicts += self._verifier.frames(batch, keep)
        verdicts += self._verifier.message(epoch.RECORD, contents.record)
        verdicts += self._verifier.message(epoch.OPENING, contents.opening)
        for leaves in contents.leaves:
            verdicts += self._verifier.message(_LEAVES, leaves)
        verdicts += self._verifier.end()
        for verdict in verdicts:  # what is proved is taken, whatever else was with it
            if isinstance(verdict, Verified):
                return Arrived(verdict, fit, subject, contents.nonce)
        for verdict in verdicts:
            if isinstance(verdict, Rejected):
                self._counts.add(verdict)
                raise Untrusted(verdict.reason, verdict.detail)
        raise Untrusted("malformed", "it proves nothing")

    def _fit(self, token: bytes, nonce: bytes) -> Fit:
        """How the hub's clock stood in the life that the token, which the hub's key signed, was for.

        Not in the life that the box names: anybody can seal, and another time is other consent.
        """
        life = self._state.tokens.nonce(token)
        fit = self._state.clocks.find(self._device, life) if life else None
        if fit is None:
            raise Untrusted("unknown_time", "this host does not know how the hub's clock stood then")
        if life != nonce:
            raise Untrusted("malformed", "it names another life of the hub than its token")
        return fit

    def _gates(self, subject: str | None, contents: Contents, then_ns: int) -> tuple[Gate, Gate]:
        """What consent let pass when it was sampled, and what it lets pass now; one count of drops."""
        items = int.from_bytes(contents.opening[_ITEMS], "little")
        engine = self._state.engine
        present = engine.consents.present(subject or "", time.time_ns())
        then, now = (Gate(engine, subject, self._manifest, items, at) for at in (then_ns, present))
        then.drops = now.drops = self._counts.dropped
        return then, now


def _times(opening: bytes) -> tuple[int, int]:
    """Device time of the first and the last sample; (0, 0) of an epoch without frames."""
    if len(opening) < _ENTRIES or (len(opening) - _ENTRIES) % layout.ENTRY_SIZE:
        raise Untrusted("malformed", f"opening of {len(opening)} bytes")
    spans = [
        (codec.time_us(h0, l0), codec.time_us(h1, l1))
        for h0, l0, h1, l1 in _TIMES.iter_unpack(opening[_ENTRIES:])
    ]
    return (min(t0 for t0, _ in spans), max(t1 for _, t1 in spans)) if spans else (0, 0)


def _batches(bodies: list[bytes]) -> list[Batch]:
    """The frames as they would have come over the line, by the decoder of the line."""
    decoder = Decoder()
    out = []
    for at in range(0, len(bodies), _AT_ONCE):
        out.append(decoder.feed(b"".join(_on_the_line(body) for body in bodies[at : at + _AT_ONCE])))
    return out


def _on_the_line(body: bytes) -> bytes:
    if body[1] not in codec.KINDS or codec.KINDS[body[1]].item is None:
        raise Untrusted("malformed", f"a stored frame of kind {body[1]}")
    return closed(body)
