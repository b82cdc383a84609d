"""The decision: may this item of this wearer go to this destination for this purpose, now?

Deny by default. Denials come first, then what can be waited for (hold), then allow. Sending needs
consent when the data was acquired and when it is sent: a later grant never releases earlier data
(rules A-01, L-03). How the parts fit: docs/adr/0016-the-decision.md.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from tasuki.consent import actions, scopes, uses
from tasuki.consent.context import Context
from tasuki.consent.events import GRANTED, NEVER, ConsentLog, Span
from tasuki.consent.lane import Decision, Lane
from tasuki.consent.parties import CONSENT, chain
from tasuki.consent.policy import Category, Policy
from tasuki.consent.registers import MODULE, PROCESSORS, THIRD_PARTY, Destination, Registers, Source
from tasuki.consent.stretch import ALWAYS, Dated, Stretch
from tasuki.errors import Refused
from tasuki_wire import items as wire_items

__all__ = ["Decision", "Engine"]


class Engine:
    """The rules over a policy, the consents and the registers. No I/O, no clock of its own.

    effective: the policy in force at a moment, for when `policy` is not; Refused when there is none.
    Without it nothing is allowed outside of the policy's own time (rule L-04).
    """

    def __init__(
        self,
        policy: Policy,
        consents: ConsentLog,
        registers: Registers,
        effective: Callable[[int], Policy] | None = None,
    ) -> None:
        self.policy = policy
        self.consents = consents
        self.registers = registers
        self._effective = effective

    @property
    def version(self) -> tuple[int, int]:
        """Changes whenever a kept answer has to be asked for again."""
        return self.consents.version, self.registers.version

    def in_force(self, at_ns: int) -> Policy | None:
        """The policy at a moment, with the terms of all products in it; None when there is none."""
        return self._terms("", Stretch(at_ns))[0]

    def decide(
        self, subject: str, item: str, purpose: str, destination: str, at_ns: int, context: Context
    ) -> Decision:
        """May this go there for this, decided at `at_ns` (Unix nanoseconds)?"""
        lane = self.lane(subject, item, purpose, destination, at_ns, context.source)
        return lane.decide(context, at_ns, self.policy.hold_ns)

    def lane(
        self, subject: str, item: str, purpose: str, destination: str, at_ns: int, source: Source
    ) -> Lane:
        """What holds at `at_ns`, and how long, for every block of this way."""
        stretch = Stretch(at_ns)
        way = _Way(subject, item, purpose, destination, self.registers.destinations.get(destination), source)
        return self._lane(way, stretch)

    def consent(self, subject: str, item: str, purpose: str, at_ns: int, product: str = "") -> str:
        """What speaks against a purpose at a moment by the wearer's word: a reason code, empty when nothing.

        For now, ask at `consents.present`: a clock that was set back takes back nothing that was said.
        product: whose individual terms count; empty for none.
        """
        policy, code = self._terms(product, Stretch(at_ns))
        if policy is None:
            return code
        if not policy.allows(item, purpose):
            return "purpose_not_in_policy"
        span = self.consents.span(subject, policy.consent_item(item), purpose, at_ns)
        return self._word(subject, span, policy.accepts(span.notice, item, purpose))

    def item_mask(self, subject: str, at_ns: int, product: str = "") -> int:
        """Consent bits of the items that may be sampled: at least one allowed purpose is granted (A-01)."""
        return int(
            wire_items.mask(
                item
                for item in wire_items.NAMES
                if any(not self.consent(subject, item, p, at_ns, product) for p in self.policy.purposes)
            )
        )

    def _terms(self, product: str, stretch: Stretch) -> tuple[Policy | None, str]:
        """The policy that counts then for a product, or a reason code."""
        policy = self.policy
        if not stretch.within(Dated(policy.since_ns, policy.until_ns)):
            if self._effective is None:
                return None, "policy_not_in_force"
            try:
                policy = self._effective(stretch.at_ns)
            except Refused:
                return None, "policy_not_in_force"
            stretch.within(Dated(policy.since_ns, policy.until_ns))
        if not product:
            return policy, ""
        found = policy.for_product(product)
        return found, "" if found else "unknown_product"

    def _lane(self, way: "_Way", stretch: Stretch) -> Lane:
        garment = way.source.garment
        policy, code = self._terms(garment.manifest.product if garment else "", stretch)
        if policy is None:
            return way.refused(code, "", stretch, None)
        registers, place = self.registers, way.place
        category = policy.category(way.item)
        if category is not None and place is not None and place.kind == THIRD_PARTY:
            return self._exception(policy, way, place, category, stretch)
        code, rule = uses.use(policy, registers, way.item, way.purpose, place, stretch)
        waits = ""
        if code == "contract_expired":
            code, waits = "", code
        if not code and category is not None and place is not None:
            code, rule = uses.origin(category, registers, way.item, way.source, place, stretch)
        if code or category is None or place is None:
            return way.refused(code, rule, stretch, policy)
        code, spans = self._words(policy, way, place, stretch)
        rule = "M-01" if place.kind == MODULE else category.allow[way.purpose]
        if code:
            return way.refused(code, rule, stretch, policy)
        since_ns = max(span.since_ns for span in spans)
        until_ns = min(span.until_ns for span in spans)
        return way.open(Dated(since_ns, until_ns), rule, stretch, policy, waits=waits)

    def _exception(
        self, policy: Policy, way: "_Way", place: Destination, category: Category, stretch: Stretch
    ) -> Lane:
        """A third party: nothing but a legal exception helps, and consent does not count (rule T-02)."""
        ticket = uses.exception(self.registers, way.subject, way.item, place, stretch)
        if ticket is None:
            return way.refused("third_party", "", stretch, policy)
        if way.purpose != place.purpose:
            return way.refused("destination_not_for_purpose", "", stretch, policy)
        code, rule = uses.origin(category, self.registers, way.item, way.source, place, stretch)
        if code:
            return way.refused(code, rule, stretch, policy)
        outside = "outside_ticket"
        return way.open(
            ticket.data, ticket.rule, stretch, policy, early=outside, unsure=outside, passed="exception"
        )

    def _words(
        self, policy: Policy, way: "_Way", place: Destination, stretch: Stretch
    ) -> tuple[str, list[Span]]:
        """A reason code by the wearer's word, and the spans that the data must lie in."""
        bounding = []
        at_ns = self.consents.present(way.subject, stretch.at_ns)
        item = policy.consent_item(way.item)
        for asked, missing in self._asked(way, place):
            span = self.consents.span(way.subject, item, asked, at_ns)
            if span.since_ns <= stretch.at_ns:
                stretch.reached(span.since_ns)
            stretch.reached(span.until_ns)
            accepted = policy.accepts(span.notice, way.item, way.purpose)
            if asked != way.purpose:  # separate consents go with the version, or with the purpose's
                accepted = accepted or span.notice == policy.version
            if code := self._word(way.subject, span, accepted):
                return missing or code, []
            if missing not in ("no_entrust_consent", "no_foreign_consent"):
                bounding.append(span)  # handing over needs consent only before it happens (P-01)
        return "", bounding

    def _asked(self, way: "_Way", place: Destination) -> Iterator[tuple[str, str]]:
        """Every consent that the way needs, with the reason code for its lack; empty: as the word says."""
        party = place.party or place.name
        if place.kind == MODULE:
            yield scopes.module(party), "module_off"
        else:
            yield way.purpose, ""
        if way.item == "location":
            yield scopes.LOCATION, "no_location_permission"
        if place.kind in PROCESSORS:
            yield scopes.ENTRUST, "no_entrust_consent"
            for member in chain(self.registers.processors, party):
                if member is not None and member.abroad and member.basis == CONSENT:
                    yield scopes.entrust_foreign(member.country), "no_foreign_consent"

    def _word(self, subject: str, span: Span, accepted: bool) -> str:
        """Reason code against a consent as it stands; empty when it is good."""
        if span.event is None or span.state != GRANTED:
            return "no_consent" if span.state == NEVER else span.state
        if not accepted:
            return "notice_version"
        own = not span.event.by
        return "guardian_needed" if own and span.since_ns < self.registers.grown_up_ns(subject) else ""


class _Way(NamedTuple):
    """Whose item goes where for what, and where it comes from."""

    subject: str
    item: str
    purpose: str
    destination: str
    place: Destination | None
    source: Source

    @property
    def action(self) -> str:
        """What sending this is (rule G-05); to nobody knows whom it is disclosing."""
        return actions.of_sending(self.place.kind) if self.place else actions.DISCLOSE

    def refused(self, code: str, rule: str, stretch: Stretch, policy: Policy | None) -> Lane:
        """A lane on which nothing goes, whatever the block is."""
        return self._lane(rule, stretch, policy, fixed=code)

    def open(
        self,
        data: Dated,
        rule: str,
        stretch: Stretch,
        policy: Policy,
        **more: str,
    ) -> Lane:
        """A lane for data from a stretch of time, measured while the subject wore the hub."""
        worn, stranger = self._worn(stretch)
        return self._lane(rule, stretch, policy, data=data, worn=worn, stranger=stranger, **more)

    def _lane(self, rule: str, stretch: Stretch, policy: Policy | None, **more: Any) -> Lane:
        return Lane(
            self.item, self.purpose, self.destination, rule, self.action, policy, stretch.dated, **more
        )

    def _worn(self, stretch: Stretch) -> tuple[Dated | None, bool]:
        """When the hub was worn (None: nobody knows), and whether by somebody else (rule C3-02)."""
        source = self.source
        if source.garment is None:
            return ALWAYS, False
        binding = source.binding
        if binding is None or binding.since_ns >= binding.until_ns:
            return None, False
        stretch.reached(binding.until_ns)
        worn = Dated(binding.since_ns, binding.until_ns)
        return worn, binding.device != source.device or binding.subject != self.subject
