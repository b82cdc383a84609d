"""A lane: all that a decision knows before it sees a block, and the block's times against it.

The scalar decision, the kept one and the vectorised one share this: they make the same lanes, and
only compare times in their own way.
"""

from dataclasses import dataclass, field

from tasuki.consent import reasons, wording
from tasuki.consent.context import AHEAD_NS, Context, Interval
from tasuki.consent.events import BEGINNING, FOREVER
from tasuki.consent.policy import Policy, builtin
from tasuki.consent.stretch import ALWAYS, Dated


@dataclass(frozen=True, slots=True)
class Decision:
    """An answer that explains itself.

    Attributes:
        outcome: allow, hold or deny.
        reason: code of reasons.REASONS.
        rules: ids of the rules that decided.
        valid_until_ns: at this moment the answer may change by itself: a consent ends, a register
            entry, the policy or the binding runs out (Unix nanoseconds).
        action: what sending it there is, of actions.ACTIONS (rule G-05).
        under: the policy that decided, with the product's terms; None when none was in force.
    """

    outcome: str
    reason: str
    rules: tuple[str, ...]
    item: str
    purpose: str
    destination: str
    valid_until_ns: int = FOREVER
    action: str = ""
    under: Policy | None = field(default=None, repr=False, compare=False)

    @property
    def evidence(self) -> bytes:
        """Hash of all documents that were evaluated (rule G-03); empty when none was in force."""
        return self.under.evidence if self.under else b""

    @property
    def allowed(self) -> bool:
        """True for allow only."""
        return self.outcome == reasons.ALLOW

    def remedy(self, language: str = "en") -> str:
        """What would change the answer, in `en` or `ja`, in the policy's own words."""
        policy = self.under or builtin()
        row = reasons.REASONS[self.reason]
        item, purpose = (wording.word(policy, name, language) for name in (self.item, self.purpose))
        text = row.remedy_ja if language == "ja" else row.remedy_en
        purpose = purpose if language == "ja" else f'"{purpose}"'
        return text.format(item=item, purpose=purpose, destination=self.destination)


@dataclass(slots=True)
class Lane:
    """What holds for every block of one way, decided within `dated`.

    Attributes:
        item, purpose, destination: the way. rule: the policy's own rule for it.
        action, under: see Decision.
        dated: moments of deciding for which this lane is right.
        fixed: reason code whatever the block is; empty when its times count.
        data: the block must lie in here, with its uncertainty.
        early, unsure: reason codes when it began before, or only its uncertainty reaches out.
        worn: the block must lie in here to be the wearer's; None is nowhere.
        stranger: true when somebody else wore the hub.
        waits: reason code of what is waited for; empty when nothing is.
        passed: reason code when everything holds.
        first_ns, end_ns: a block in here that does not lie ahead gets `answer`; empty when something waits.
    """

    item: str
    purpose: str
    destination: str
    rule: str
    action: str
    under: Policy | None
    dated: Dated
    fixed: str = ""
    data: Dated = ALWAYS
    early: str = "not_at_acquisition"
    unsure: str = "clock_uncertain"
    worn: Dated | None = ALWAYS
    stranger: bool = False
    waits: str = ""
    passed: str = "granted"
    since_ns: int = field(init=False)
    until_ns: int = field(init=False)
    first_ns: int = field(init=False)
    end_ns: int = field(init=False)
    answer: Decision = field(init=False)
    _decisions: dict[str, Decision] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.since_ns, self.until_ns = self.dated.since_ns, self.dated.until_ns
        if self.worn is None or self.stranger or self.waits:
            self.first_ns, self.end_ns = FOREVER, BEGINNING
        else:
            self.first_ns = max(self.data.since_ns, self.worn.since_ns)
            self.end_ns = min(self.data.until_ns, self.worn.until_ns)
        self.answer = self.decision(self.fixed or self.passed)

    def decide(self, context: Context, at_ns: int, hold_ns: int) -> Decision:
        """The answer for a block; `hold_ns` is how long it may wait."""
        decision = self.decision(self.code(context.acquired, at_ns))
        held = context.held_since_ns
        if decision.outcome == reasons.HOLD and held is not None and at_ns - held > hold_ns:
            return self.decision("hold_expired")
        return decision

    def code(self, acquired: Interval | None, at_ns: int) -> str:
        """Reason code for a block: denials first, then what can be waited for."""
        if self.fixed:
            return self.fixed
        if acquired is None or not acquired.sound:
            return "unknown_time"
        first, last, data, worn = acquired.first_ns, acquired.last_ns, self.data, self.worn
        if acquired.t0_ns < data.since_ns:
            return self.early
        if first < data.since_ns or last >= data.until_ns:
            return self.unsure
        if worn is None or first < worn.since_ns or last >= worn.until_ns:
            return "no_wearer_binding"
        if self.stranger:
            return "wrong_wearer"
        if self.waits:
            return self.waits
        return "time_ahead" if acquired.t1_ns > at_ns + AHEAD_NS else self.passed

    def decision(self, code: str) -> Decision:
        """The decision for a reason code, made once."""
        known = self._decisions.get(code)
        if known is None:
            row = reasons.REASONS[code]
            rules = (self.rule, *row.rules) if self.rule and self.rule not in row.rules else row.rules
            known = self._decisions[code] = Decision(
                row.outcome,
                code,
                rules,
                self.item,
                self.purpose,
                self.destination,
                self.until_ns,
                self.action,
                self.under,
            )
        return known
