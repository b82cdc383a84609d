"""Consent for what leaves a capture with a purpose: one decision per block (rules A-01, X-01)."""

import time
from collections import Counter
from typing import NamedTuple

from tasuki.block import Block
from tasuki.capture.reading import Capture
from tasuki.consent.context import Context, Interval, context_of
from tasuki.consent.decision import Decision, Engine
from tasuki.consent.events import ConsentLog
from tasuki.consent.policy import Policy
from tasuki.consent.registers import ENVELOPE, Registers
from tasuki.errors import UsageError

SERVICE = "service_information"


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

    Raises UsageError for a purpose or destination that there is not.
    """

    def __init__(
        self, policy: Policy, consents: ConsentLog, registers: Registers, purpose: str, destination: str
    ) -> None:
        if purpose not in policy.purposes:
            raise UsageError(f"no purpose {purpose!r}", f"The policy has {', '.join(policy.purposes)}.")
        if destination not in registers.destinations:
            raise UsageError(
                f"no destination {destination!r}", f"There are {', '.join(registers.destinations)}."
            )
        self.policy = policy
        self.purpose = purpose
        self.destination = destination
        self.refusals: Counter[Refusal] = Counter()
        self._engine = Engine(policy, consents, registers)
        self._at_ns = time.time_ns()

    @property
    def device_proved(self) -> bool:
        """True when blocks may go with the device's identity and signature (rules C2-05, C3-03)."""
        destination = self._engine.registers.destinations[self.destination]
        return self.purpose == SERVICE and destination.form == ENVELOPE

    def decide(self, capture: Capture, block: Block) -> Interval | None:
        """When the block was acquired if it may go, else None; refusals are counted."""
        return self.decide_at(capture.subject, block, acquired(capture, block))

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
        return context_of(registers, block.key_id, block.device, block.stream, block.kind, interval)


def acquired(capture: Capture, block: Block) -> Interval | None:
    """When a block was acquired by the host's clock model; None before the first time sync."""
    clock = capture.clock
    if not clock.ready:
        return None
    t0, t1 = (int(clock.host_us(us) * 1000) for us in (block.t0_us, block.t1_us))
    uncertainty = max(clock.uncertainty_us(us) for us in (block.t0_us, block.t1_us))
    return Interval(t0, t1, int(uncertainty * 1000))
