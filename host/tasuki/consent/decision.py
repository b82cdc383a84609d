"""The decision: may this item of this wearer go to this destination for this purpose, now?

Deny by default. Denials come first, then what can be waited for (hold), then allow. Sending needs
consent when the data was acquired and when it is sent: a later grant never releases earlier data
(rules A-01, L-03).
"""

from dataclasses import dataclass

from tasuki.consent import reasons
from tasuki.consent.context import Context, Interval
from tasuki.consent.events import BEGINNING, FOREVER, GRANTED, NEVER, ConsentLog, Span, granted_purposes
from tasuki.consent.policy import Category, Policy
from tasuki.consent.registers import (
    INTERNAL,
    MODULE,
    PROCESSORS,
    STATISTICS_RELEASE,
    SUBJECT,
    THIRD_PARTY,
    Binding,
    Destination,
    Registers,
)
from tasuki_wire import items as wire_items

# Clocks of two machines disagree a little; what claims to be later than this is held back.
AHEAD_NS = 2_000_000_000


@dataclass(frozen=True)
class Decision:
    """An answer that explains itself.

    Attributes:
        outcome: allow, hold or deny.
        reason: code of reasons.REASONS.
        rules: ids of the rules that decided.
        since_ns, until_ns: the stretch of unchanged consent that it rests on (half-open); a decision
            in it about data from it is the same, as long as `Engine.version` is.
    """

    outcome: str
    reason: str
    rules: tuple[str, ...]
    item: str
    purpose: str
    destination: str
    since_ns: int = BEGINNING
    until_ns: int = FOREVER

    @property
    def allowed(self) -> bool:
        """True for allow only."""
        return self.outcome == reasons.ALLOW

    def remedy(self, language: str = "en") -> str:
        """What would change the answer, in `en` or `ja`."""
        row = reasons.REASONS[self.reason]
        text = row.remedy_ja if language == "ja" else row.remedy_en
        return text.format(item=self.item, purpose=self.purpose, destination=self.destination)


class Engine:
    """The rules over a policy, the consents and the registers. No I/O, no clock of its own."""

    def __init__(self, policy: Policy, consents: ConsentLog, registers: Registers) -> None:
        self.policy = policy
        self.consents = consents
        self.registers = registers

    @property
    def version(self) -> tuple[int, int]:
        """Changes whenever a kept answer has to be asked for again."""
        return self.consents.version, self.registers.version

    def decide(
        self, subject: str, item: str, purpose: str, destination: str, at_ns: int, context: Context
    ) -> Decision:
        """May this go there for this, decided at `at_ns` (Unix nanoseconds)?"""
        category = self.policy.category(item)
        place = self.registers.destinations.get(destination)
        code, rule = _use(self.policy, category, purpose, place)
        code = code or _source(category, item, context)
        if code:
            rules = _rules(
                code, rule or (category.context_rule if category and code == "wrong_context" else "")
            )
            return Decision(reasons.DENY, code, rules, item, purpose, destination)
        acquired = context.acquired
        assert category is not None and acquired is not None  # _use and _source refused both
        span = self.consents.span(subject, item, purpose, at_ns)
        code = _consent(self.policy, span, acquired) or _wait(subject, acquired, at_ns, context) or "granted"
        return Decision(
            reasons.REASONS[code].outcome,
            code,
            _rules(code, category.allow[purpose]),
            item,
            purpose,
            destination,
            span.since_ns,
            span.until_ns,
        )

    def item_mask(self, subject: str, at_ns: int) -> int:
        """Consent bits of the items that may be sampled: at least one allowed purpose is granted (A-01)."""
        return int(
            wire_items.mask(
                item
                for item in wire_items.NAMES
                if granted_purposes(self.policy, self.consents, subject, item, at_ns)
            )
        )


def _use(
    policy: Policy, category: Category | None, purpose: str, place: Destination | None
) -> tuple[str, str]:
    """Reason code and table rule against this use by its very kind; empty when none."""
    if category is None:
        return "unknown_item", ""
    if purpose not in policy.purposes and purpose not in policy.module_purposes:
        return "unknown_purpose", ""
    if purpose not in category.allow:
        return "purpose_not_in_policy", category.closed_rule
    rule = category.allow[purpose]
    if place is None:
        return "unknown_destination", ""
    if place.kind == THIRD_PARTY:
        return "third_party", ""
    if place.kind == MODULE:
        return "module_not_allowed", ""
    if place.kind in PROCESSORS:
        return "processor_not_registered", ""
    if place.kind == STATISTICS_RELEASE:
        return "row_level_release", ""
    if place.kind not in (INTERNAL, SUBJECT):
        return "unknown_destination", ""
    if place.purpose != purpose:
        return "destination_not_for_purpose", ""
    if any(purpose not in policy.categories[other].allow for other in place.carries):
        return "category2_attached", rule
    return "", ""


def _source(category: Category | None, item: str, context: Context) -> str:
    """Reason code against where and when the data came from; empty when none."""
    acquired, garment = context.acquired, context.garment
    if category is None or context.acquired_in not in category.contexts:
        return "wrong_context"
    if item == "location" and not context.location_permission:
        return "no_location_permission"
    if acquired is None or acquired.t1_ns < acquired.t0_ns or acquired.uncertainty_ns < 0:
        return "unknown_time"
    if item not in wire_items.NAMES:
        return ""
    if garment is None:
        return "unknown_key"
    if garment.device != context.device:
        return "unknown_device"
    return "" if garment.manifest.lists(context.stream, context.kind) else "not_in_manifest"


def _consent(policy: Policy, now: Span, acquired: Interval) -> str:
    """Reason code against it by the wearer's word; empty when none.

    The grant of now must have begun before the data was acquired: a grant that follows a
    withdrawal, or a new notice, releases nothing from before it.
    """
    if now.state != GRANTED:
        return "no_consent" if now.state == NEVER else now.state
    if now.notice != policy.version:
        return "notice_version"
    if acquired.t0_ns < now.since_ns:
        return "not_at_acquisition"
    if acquired.first_ns < now.since_ns or acquired.last_ns >= now.until_ns:
        return "clock_uncertain"
    return ""


def _wait(subject: str, acquired: Interval, at_ns: int, context: Context) -> str:
    """Reason code for holding or for the wrong wearer; empty when none."""
    binding = context.binding
    if context.garment is not None:
        if binding is None or not _covers(binding, acquired):
            return "no_wearer_binding"
        if binding.device != context.device or binding.subject != subject:
            return "wrong_wearer"
    return "time_ahead" if acquired.t1_ns > at_ns + AHEAD_NS else ""


def _covers(binding: Binding, acquired: Interval) -> bool:
    return binding.since_ns <= acquired.first_ns and acquired.last_ns < min(binding.until_ns, FOREVER)


def _rules(code: str, table_rule: str) -> tuple[str, ...]:
    own = reasons.REASONS[code].rules
    return (table_rule, *own) if table_rule and table_rule not in own else own
