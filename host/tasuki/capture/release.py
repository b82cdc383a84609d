"""Consent for what leaves a capture with a purpose: one decision per block (rules A-01, X-01)."""

import time
from collections import Counter
from dataclasses import replace
from typing import NamedTuple

from tasuki.block import Block
from tasuki.capture.reading import Capture
from tasuki.capture.timeline import Timeline
from tasuki.consent import library
from tasuki.consent.context import Context, Interval, context_of
from tasuki.consent.decision import Decision, Engine
from tasuki.consent.events import ConsentLog
from tasuki.consent.policy import Policy
from tasuki.consent.registers import ATTESTED, EXCEPTION, INTERNAL, SUBJECT, THIRD_PARTY, Registers
from tasuki.errors import UsageError
from tasuki.pipeline.parcel import Place


class Refusal(NamedTuple):
    """Why blocks of an item did not go."""

    item: str
    reason: str
    rules: tuple[str, ...]
    remedy: str


class Release:
    """Decides for the blocks of one capture, one purpose and one destination, as of now.

    Args:
        consents, registers: what wearers said; destinations, hubs, and who wore them (the consent book).
        operator: who hands it out; needed for whoever is no part of the service (rule S-07).

    Attributes:
        decided: (block, subject, decision) of every block that was asked about, for the log.

    Raises UsageError for a purpose or destination that there is not, for a recipient without a key, and
    when nobody hands it out.
    """

    def __init__(
        self,
        policy: Policy,
        consents: ConsentLog,
        registers: Registers,
        purpose: str,
        destination: str,
        operator: str = "",
    ) -> None:
        place = registers.destinations.get(destination)
        exception = place is not None and place.kind == THIRD_PARTY and purpose == EXCEPTION
        if purpose not in (*policy.purposes, *policy.module_purposes) and not exception:
            raise UsageError(f"no purpose {purpose!r}", f"The policy has {', '.join(policy.purposes)}.")
        if place is None:
            raise UsageError(
                f"no destination {destination!r}", f"There are {', '.join(registers.destinations)}."
            )
        outside = place.kind not in (INTERNAL, SUBJECT)
        if outside and not operator:
            raise UsageError(f"{destination} is outside of the service", "Name who hands it out: --operator.")
        self.recipient = registers.key_of(place)
        if outside and not self.recipient and place.kind != THIRD_PARTY:
            raise UsageError(f"the register has no key of {destination}", "Add it to parties.toml.")
        if registers.trouble and outside:
            raise UsageError(registers.trouble, "Correct parties.toml.")
        self.place = place
        self.policy = policy
        self.operator = operator
        self.decided: list[tuple[Place, str, Decision]] = []
        self.purpose = purpose
        self.destination = destination
        self.refusals: Counter[Refusal] = Counter()
        self._engine = Engine(policy, consents, registers, library.shipped().effective)
        self._at_ns = time.time_ns()
        self._timed: Capture | None = None
        self._when: dict[tuple[int, int, int], Interval] = {}

    @property
    def device_proved(self) -> bool:
        """True when blocks go with the hub's identity and signature; whether they may, the engine decides."""
        return self.place.form != ATTESTED

    def decide(self, capture: Capture, block: Block) -> Interval | None:
        """When the block was acquired if it may go, else None; refusals are counted.

        By the clock of the hub's life that measured it, also where it came late, out of the hub's store.
        """
        if capture is not self._timed:
            self._timed, self._when = capture, Timeline(capture, hints=False).intervals()
        when = self._when.get((block.session, block.epoch, block.stream))
        return self.decide_at(capture.subject, block, when)

    def decide_at(self, subject: str, block: Block, interval: Interval | None) -> Interval | None:
        """The same for a subject's block that was acquired in an interval; None where nobody knows when."""
        decision = self._engine.decide(
            subject,
            block.item,
            self.purpose,
            self.destination,
            self._at_ns,
            self._context(block, interval),
        )
        place = Place(block.key_id, block.session, block.epoch, block.stream)
        self.decided.append((place, subject, decision))
        if decision.allowed:
            return interval
        self.refuse(decision)
        return None

    def refuse(self, decision: Decision) -> None:
        """Count a refusal."""
        row = Refusal(decision.item, decision.reason, decision.rules, decision.remedy())
        self.refusals[row] += 1

    def _context(self, block: Block, interval: Interval | None) -> Context:
        registers = self._engine.registers
        context = context_of(registers, block.key_id, block.device, block.stream, block.kind, interval)
        if not self.operator:
            return context
        return Context(interval, replace(context.source, operator=self.operator))
