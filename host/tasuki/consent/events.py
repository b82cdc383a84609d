"""Consent records as events: what a wearer granted, refused or withdrew, and the state at any moment."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

from tasuki.consent.policy import Policy

GRANTED = "granted"
REFUSED = "refused"
WITHDRAWN = "withdrawn"
NEVER = "never"
DECISIONS = (GRANTED, REFUSED, WITHDRAWN)

# Of two events at one instant the narrower one is the last word.
_ORDER = {GRANTED: 0, REFUSED: 1, WITHDRAWN: 2}

BEGINNING = -(2**63)
FOREVER = 2**63 - 1


@dataclass(frozen=True)
class Event:
    """One statement of a wearer (rule A-02: per item and purpose, never one blanket bit).

    Attributes:
        at_ns: when it takes effect, Unix nanoseconds.
        recorded_ns: when we learned of it; a grant never takes effect before that (A-01).
        subject: whose data it is about.
        decision: granted, refused or withdrawn.
        purpose: one purpose of the policy.
        items: the items it is about.
        notice: version of the policy that the wearer was shown.
        language: language of that notice.
    """

    at_ns: int
    recorded_ns: int
    subject: str
    decision: str
    purpose: str
    items: frozenset[str]
    notice: str
    language: str = "ja"

    def __post_init__(self) -> None:
        if self.decision not in DECISIONS:
            raise ValueError(f"consent decision {self.decision!r}")

    @property
    def effective_ns(self) -> int:
        """From when it counts: a backdated grant only from when it was recorded."""
        return max(self.at_ns, self.recorded_ns) if self.decision == GRANTED else self.at_ns


@dataclass(frozen=True)
class Span:
    """A stretch of time in which one (subject, item, purpose) had one state without interruption.

    Attributes:
        state: granted, refused, withdrawn or never.
        since_ns, until_ns: half-open interval, Unix nanoseconds.
        event: the event that began it, None for `never`.
    """

    state: str
    since_ns: int
    until_ns: int
    event: Event | None

    @property
    def notice(self) -> str:
        """Version of the policy that the wearer was shown."""
        return self.event.notice if self.event else ""


NOTHING = Span(NEVER, BEGINNING, FOREVER, None)


class ConsentLog:
    """All events, answering for any moment; append-only.

    `version` rises with every event, so that whoever keeps an answer knows when to ask again.
    """

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self._events: dict[str, list[Event]] = {}
        self._spans: dict[tuple[str, str, str], tuple[list[int], list[Span]]] = {}
        self.version = 0
        for event in events:
            self.append(event)

    def append(self, event: Event) -> None:
        """Add an event; it counts for the very next question."""
        self._events.setdefault(event.subject, []).append(event)
        for item in event.items:
            self._spans.pop((event.subject, item, event.purpose), None)
        self.version += 1

    def replace(self, subject: str, events: Iterable[Event]) -> None:
        """Let these be all that a subject ever said; ValueError when one is another subject's."""
        events = list(events)
        if any(event.subject != subject for event in events):
            raise ValueError("an event of another subject")
        self._events.pop(subject, None)
        self._spans = {key: kept for key, kept in self._spans.items() if key[0] != subject}
        self.version += 1
        for event in events:
            self.append(event)

    def subjects(self) -> list[str]:
        """Everyone who ever said something."""
        return list(self._events)

    def events(self, subject: str) -> list[Event]:
        """What a subject said, in the order it was recorded."""
        return list(self._events.get(subject, ()))

    def span(self, subject: str, item: str, purpose: str, at_ns: int) -> Span:
        """The state at a moment, and how long around it the state is the same."""
        timeline = self._spans.get((subject, item, purpose))
        if timeline is None:
            timeline = self._timeline(subject, item, purpose)
        starts, spans = timeline
        return spans[bisect_right(starts, at_ns) - 1]

    def _timeline(self, subject: str, item: str, purpose: str) -> tuple[list[int], list[Span]]:
        spoken = self._events.get(subject)
        if spoken is None:  # strangers are not remembered, or they would fill the memory
            return [BEGINNING], [NOTHING]
        mine = [event for event in spoken if event.purpose == purpose and item in event.items]
        mine.sort(key=lambda event: (event.effective_ns, _ORDER[event.decision]))
        spans = [NOTHING]
        for event in mine:
            before = spans.pop()
            if before.state == event.decision == GRANTED and before.notice == event.notice:
                spans.append(before)  # said again: nothing is interrupted
                continue
            if before.since_ns < event.effective_ns:
                spans.append(Span(before.state, before.since_ns, event.effective_ns, before.event))
            spans.append(Span(event.decision, event.effective_ns, FOREVER, event))
        timeline = [span.since_ns for span in spans], spans
        self._spans[subject, item, purpose] = timeline
        return timeline


def granted_purposes(policy: Policy, log: ConsentLog, subject: str, item: str, at_ns: int) -> frozenset[str]:
    """The purposes that are granted at a moment under this policy version and that the table allows.

    Empty for an unknown item or subject (rules A-01, A-02, L-03).
    """
    category = policy.category(item)
    if category is None:
        return frozenset()
    return frozenset(
        purpose
        for purpose in category.allow
        if (span := log.span(subject, item, purpose, at_ns)).state == GRANTED
        and span.notice == policy.version
    )
