"""Consent records as events: what a wearer granted, refused or withdrew, and the state at any moment.

Two times: since when a word holds (valid time, `at_ns`) and since when we know of it (record time,
`recorded_ns`). A grant counts only while no narrower word is its match: see `timeline`.
"""

import threading
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol
from weakref import WeakSet

GRANTED = "granted"
REFUSED = "refused"
WITHDRAWN = "withdrawn"
NEVER = "never"
DECISIONS = (GRANTED, REFUSED, WITHDRAWN)

# Who may speak for a wearer who cannot (yet).
RELATIONS = ("parent", "guardian")

# Of two events at one instant the narrower one is the last word.
_ORDER = {GRANTED: 0, REFUSED: 1, WITHDRAWN: 2}

# What stands for a wearer who was erased: this and a keyed pseudonym. What was said is kept as proof.
ERASED = "erased:"

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
        purpose: one purpose of the policy, or a separate consent (entrusting, modules, location).
        items: the items it is about.
        notice: version of the policy that the wearer was shown.
        language: language of that notice.
        notice_hash: SHA-256 of the text that was shown, hex; empty when we do not know it.
        by: who said it, when it was not the wearer.
        relation: what that person is to the wearer, one of RELATIONS.
        origin: how it reached us: `command`, `file`, `web`, `import:` and the record's id, or empty.
        number: its place in the log, from 1; it only rises, whatever clocks do.
    """

    at_ns: int
    recorded_ns: int
    subject: str
    decision: str
    purpose: str
    items: frozenset[str]
    notice: str
    language: str = "ja"
    notice_hash: str = ""
    by: str = ""
    relation: str = ""
    origin: str = ""
    number: int = field(default=0, compare=False, kw_only=True)

    def __post_init__(self) -> None:
        if self.decision not in DECISIONS:
            raise ValueError(f"consent decision {self.decision!r}")
        if bool(self.by) != (self.relation in RELATIONS):
            raise ValueError(f"{self.relation!r} is no relation of who speaks for the wearer")

    @property
    def effective_ns(self) -> int:
        """From when it counts: a backdated grant only from when it was recorded."""
        late = self.decision == GRANTED and self.recorded_ns > self.at_ns
        return self.recorded_ns if late else self.at_ns

    def recorded(self, recorded_ns: int, number: int) -> "Event":
        """The same statement as the log has it; a tenth of the time that dataclasses.replace takes."""
        made = object.__new__(Event)
        made.__dict__.update(self.__dict__, recorded_ns=recorded_ns, number=number)
        return made

    @property
    def word(self) -> tuple[int, str, str, frozenset[str], str, str]:
        """What was said: the same word, come to us twice, is one."""
        return self.at_ns, self.decision, self.purpose, self.items, self.notice, self.by


class Span(NamedTuple):
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
_Timeline = tuple[list[int], list[Span]]


def _by_effect(event: Event) -> tuple[int, int]:
    return event.effective_ns, _ORDER[event.decision]


def timeline(events: Iterable[Event]) -> list[Span]:
    """The spans of one (subject, item, purpose), in order and without a gap.

    The last word counts, and of words that contradict each other the narrower one: a grant gives
    way to a refusal or withdrawal that is dated at or after it, and to one that we learned of after
    it, however that one is dated. So neither an old paper that turns up late nor a clock that was
    set back revives what was withdrawn.
    """
    spans = [NOTHING]
    no_dated = no_learned = BEGINNING
    for event in sorted(events, key=_by_effect):
        if event.decision != GRANTED:
            no_dated = max(no_dated, event.at_ns)
            no_learned = max(no_learned, event.recorded_ns)
        elif event.at_ns <= no_dated or event.recorded_ns < no_learned:
            continue
        before = spans.pop()
        if before.state == event.decision == GRANTED and before.notice == event.notice:
            spans.append(before)  # said again: nothing is interrupted
            continue
        if before.since_ns < event.effective_ns:
            spans.append(Span(before.state, before.since_ns, event.effective_ns, before.event))
        spans.append(Span(event.decision, event.effective_ns, FOREVER, event))
    return spans


class _Spoken:
    """What one subject said, and the timelines that were asked for, by (item, purpose)."""

    __slots__ = ("events", "learned_ns", "timelines")

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.timelines: dict[tuple[str, str], _Timeline] = {}
        self.learned_ns = BEGINNING


class Watcher(Protocol):
    """Keeps answers, and drops those about a subject who spoke."""

    def forget(self, subject: str) -> None:
        """Called inside `append`; must not ask the log."""


class ConsentLog:
    """All events, answering for any moment; append-only.

    `version` rises with every event, so that whoever keeps an answer knows when to ask again.
    Several threads may ask while one appends.
    """

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self._spoken: dict[str, _Spoken] = {}
        self._watchers: WeakSet[Watcher] = WeakSet()
        self._watched = False  # looking into an empty WeakSet costs as much as the rest of an append
        self._lock = threading.Lock()
        self.version = 0
        for event in events:
            self.append(event)

    def append(self, event: Event) -> None:
        """Add an event; it counts for the very next question."""
        with self._lock:  # against a timeline that is being made of the events without this one
            mine = self._spoken.get(event.subject)
            if mine is None:
                mine = self._spoken[event.subject] = _Spoken()
            mine.events.append(event)
            for item in event.items if mine.timelines else ():
                mine.timelines.pop((item, event.purpose), None)
            if event.recorded_ns > mine.learned_ns:
                mine.learned_ns = event.recorded_ns
            self.version += 1
            if self._watched:
                for watcher in self._watchers:
                    watcher.forget(event.subject)

    def forget(self, subject: str) -> None:
        """Drop an erased subject, as if nothing had ever been said."""
        with self._lock:
            self._spoken.pop(subject, None)
            self.version += 1
            for watcher in self._watchers:
                watcher.forget(subject)

    def watch(self, watcher: Watcher) -> None:
        """Tell this one, for as long as it lives, of every subject who speaks."""
        with self._lock:
            self._watchers.add(watcher)
            self._watched = True

    def settle(self) -> None:
        """Come back once no `append` is under way: whoever watches knows of all that `events` tells."""
        with self._lock:
            pass

    def subjects(self) -> list[str]:
        """Everyone who ever said something and was not erased."""
        return [subject for subject in self._spoken if not subject.startswith(ERASED)]

    def events(self, subject: str) -> list[Event]:
        """What a subject said, in the order it was recorded."""
        mine = self._spoken.get(subject)
        return list(mine.events) if mine else []

    def version_of(self, subject: str) -> int:
        """Rises with every event of this subject alone."""
        mine = self._spoken.get(subject)
        return len(mine.events) if mine else 0

    def present(self, subject: str, wall_ns: int) -> int:
        """The moment to decide for when the clock says `wall_ns`: never before what we learned last.

        A clock that was set back does not take back a withdrawal.
        """
        mine = self._spoken.get(subject)
        return mine.learned_ns if mine and mine.learned_ns > wall_ns else wall_ns

    def span(self, subject: str, item: str, purpose: str, at_ns: int) -> Span:
        """The state at a moment, and how long around it the state is the same."""
        mine = self._spoken.get(subject)
        if mine is None:  # strangers are not remembered, or they would fill the memory
            return NOTHING
        kept = mine.timelines.get((item, purpose))
        if kept is None:
            kept = self._timeline(mine, item, purpose)
        starts, spans = kept
        return spans[bisect_right(starts, at_ns) - 1]

    def timelines(self, subject: str, known_at_ns: int = FOREVER) -> dict[tuple[str, str], list[Span]]:
        """By (item, purpose), the spans of all that was ever spoken of.

        known_at_ns: from what was recorded up to this moment; what we learned later is left out.
        """
        words: dict[tuple[str, str], list[Event]] = {}
        for event in self.events(subject):
            if event.recorded_ns <= known_at_ns:
                for item in event.items:
                    words.setdefault((item, event.purpose), []).append(event)
        return {key: timeline(events) for key, events in words.items()}

    def state(self, subject: str, at_ns: int, known_at_ns: int = FOREVER) -> dict[tuple[str, str], Span]:
        """By (item, purpose), the state at a moment, as it was known at another (bitemporal)."""
        found = self.timelines(subject, known_at_ns)
        return {key: next(s for s in reversed(spans) if s.since_ns <= at_ns) for key, spans in found.items()}

    def standing(self, subject: str, at_ns: int) -> dict[tuple[str, str], Event]:
        """By (item, purpose), the grants that hold at a moment or from a later one on."""
        return {
            key: span.event
            for key, spans in self.timelines(subject).items()
            for span in spans
            if span.state == GRANTED and at_ns < span.until_ns and span.event is not None
        }

    def _timeline(self, mine: _Spoken, item: str, purpose: str) -> _Timeline:
        with self._lock:
            spans = timeline([one for one in mine.events if one.purpose == purpose and item in one.items])
            kept = [span.since_ns for span in spans], spans
            mine.timelines[item, purpose] = kept
            return kept
