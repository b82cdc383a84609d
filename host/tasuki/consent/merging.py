"""What a file or an imported record adds to what we know: never more than it says, never twice."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from tasuki.consent.events import WITHDRAWN, ConsentLog, Event

_Grants = Mapping[tuple[str, str], Event]


def unsaid(log: ConsentLog, subject: str, events: Iterable[Event]) -> list[Event]:
    """Those of the events that the log does not have yet, each once, in their order."""
    known = {event.word for event in log.events(subject)}
    return list({event.word: event for event in events if event.word not in known}.values())


def ranks(recorded_ns: list[int]) -> list[int]:
    """The order in which things were recorded, from 0, in whatever order they are told; equal if at once."""
    order = {each: rank for rank, each in enumerate(sorted(set(recorded_ns)))}
    return [order[each] for each in recorded_ns]


def adoption(log: ConsentLog, subject: str, events: Iterable[Event], now_ns: int) -> list[Event]:
    """What to record so that a wearer's file is all that holds, as far as nothing narrower was said.

    New statements of the file; and the end of whatever is granted beyond it: a line that was taken
    out of the file is a withdrawal.
    """
    events = list(events)
    new = unsaid(log, subject, events)
    granted = ConsentLog(events).standing(subject, now_ns)
    known = ConsentLog([*log.events(subject), *new]).standing(subject, now_ns)
    beyond = {key: event for key, event in known.items() if key not in granted}
    return new + endings(beyond, now_ns, "file")


def withdrawal(
    log: ConsentLog,
    subject: str,
    items: Iterable[str],
    purpose: str,
    now_ns: int,
    by: str = "",
    relation: str = "",
) -> list[Event]:
    """Withdraw what is granted of these items (none: all) for this purpose (empty: all).

    One event per purpose; none when nothing of it is granted.
    """
    wanted = frozenset(items)
    grants = {
        (item, of): event
        for (item, of), event in log.standing(subject, now_ns).items()
        if purpose in ("", of) and (not wanted or item in wanted)
    }
    return endings(grants, now_ns, "command", by, relation)


def endings(grants: _Grants, now_ns: int, origin: str, by: str = "", relation: str = "") -> list[Event]:
    """Withdraw these grants, one event per purpose; by the wearer unless another is named."""
    found: dict[str, tuple[Event, set[str]]] = {}
    for (item, purpose), event in grants.items():
        found.setdefault(purpose, (event, set()))[1].add(item)
    return [
        replace(
            event,
            at_ns=now_ns,
            decision=WITHDRAWN,
            items=frozenset(items),
            by=by,
            relation=relation,
            origin=origin,
        )
        for event, items in found.values()
    ]
