"""Reads consent records that came from elsewhere: understood in full, or refused with a reason.

Only the shape that `records` writes is read, key by key; a remote or other context, a reference to
somewhere, another wearer's record, a purpose or item that the policy lacks end the reading. Untrusted
says why; nothing has happened by then.
"""

from dataclasses import dataclass
from typing import Any, NoReturn

from tasuki.consent import json_text, records, statements, times
from tasuki.consent.events import Event
from tasuki.consent.policy import Policy
from tasuki.errors import Refused, Untrusted, UsageError

_MOST_EVENTS = 10_000
_MOST_TEXT = 256
_DECISIONS = {tuple(types): decision for decision, types in records.STATUS.items()}
_RELATIONS = {term: relation for relation, term in records.SPEAKER.items()}
_RECORD = {
    "@id",
    "@type",
    "dct:identifier",
    "dct:conformsTo",
    "dct:created",
    "dpv:hasDataSubject",
    "dpv:hasDataController",
    "dpv:hasProcess",
    "dpv:hasNotice",
    "dpv:hasConsentControl",
    "dpv:hasConsentStatus",
}
_STATUS = {
    "@type",
    "dpv:isIndicatedAtTime",
    "garment:recordedAt",
    "dpv:isIndicatedBy",
    "dpv:hasIndicationMethod",
    "dpv:hasPersonalData",
    "dpv:hasNotice",
}
_NOTICE = {"@id", "@type", "dct:hasVersion", "dct:language", "garment:textHash"}


@dataclass(frozen=True)
class Told:
    """What a document tells: whose record, by which id, and the events in the order given."""

    subject: str
    record_id: str
    events: tuple[Event, ...]


def read(data: bytes, policy: Policy, subject: str) -> Told:
    """The events of a document about this subject; Untrusted, or Refused when it is another's."""
    value = json_text.load(data)
    _keys(value, {"@context", "@graph"}, "the document")
    check_context(value["@context"])
    return told(value["@graph"], policy, subject)


def check_context(value: Any) -> None:
    """Untrusted unless the words mean what they mean to us; no other context is read or fetched."""
    if value != records.context():
        raise Untrusted("foreign_context", "its @context is not the one of tasuki; none is fetched")


def told(graph: Any, policy: Policy, subject: str | None) -> Told:
    """The same for the records of a document whose context was checked; None takes any one wearer's."""
    names: set[str] = set()
    events: list[Event] = []
    whose: set[str] = set()
    for value in _list(graph, "@graph"):
        name, of, said = _Record(value, policy).read()
        if name in names:
            raise Untrusted("double_record", f"the record {name} stands twice")
        names.add(name)
        whose.add(of)
        events += said
        if len(events) > _MOST_EVENTS:
            raise Untrusted("too_large", f"it has more than {_MOST_EVENTS} events")
    ids = {name.rpartition("/")[0] for name in names}
    if len(ids) > 1 or len(whose) > 1:
        raise Untrusted("mixed_records", "it mixes the records of several wearers")
    if subject is not None and whose - {subject}:
        raise Refused("other_subject", "it is another wearer's record", "Name that wearer with --subject.")
    return Told(subject or "".join(whose), "".join(ids), tuple(events))


class _Record:
    def __init__(self, value: Any, policy: Policy) -> None:
        self.value = _keys(value, _RECORD, "a record")
        self.policy = policy

    def read(self) -> tuple[str, str, list[Event]]:
        """(identifier, subject, events)."""
        value = self.value
        name = _text(value["dct:identifier"], "dct:identifier")
        _same(value["@type"], "dpv:ConsentRecord", "@type")
        _same(value["@id"], f"urn:tasuki:record:{name}", "@id")
        _same(value["dct:conformsTo"], f"{records.PROFILE}record", "dct:conformsTo")
        self._controller(value["dpv:hasDataController"])
        _same(value["dpv:hasConsentControl"], records.CONTROL, "dpv:hasConsentControl")
        _time(value["dct:created"], "dct:created")
        of = _keys(value["dpv:hasDataSubject"], {"@type", "dct:identifier"}, "dpv:hasDataSubject")
        _same(of["@type"], records.WEARER, "@type of the wearer")
        subject = _text(of["dct:identifier"], "the wearer's identifier")
        process = _keys(
            value["dpv:hasProcess"], {"@type", "dpv:hasPurpose", "dpv:hasPersonalData"}, "dpv:hasProcess"
        )
        _same(process["@type"], "dpv:Process", "@type of the process")
        purpose = _term(process["dpv:hasPurpose"], "dpv:hasPurpose")
        items = _items(process["dpv:hasPersonalData"])
        notices = self._notices()
        events = [
            self._event(each, name, subject, purpose, notices)
            for each in _list(value["dpv:hasConsentStatus"], "dpv:hasConsentStatus")
        ]
        if not events or items != frozenset().union(*(event.items for event in events)):
            _malformed("dpv:hasPersonalData", "names other items than its events")
        return name, subject, events

    def _controller(self, value: Any) -> None:
        """Consent to another controller is none to us."""
        expected = records.controller(self.policy)
        by = _keys(value, set(expected), "dpv:hasDataController")
        for key in ("@type", "dpv:hasName"):
            _same(by[key], expected[key], f"{key} of the controller")
        for key in ("dpv:hasContact", "garment:dataManager"):
            _text(by[key], key)

    def _notices(self) -> dict[str, tuple[str, str, str]]:
        found = {}
        for value in _list(self.value["dpv:hasNotice"], "dpv:hasNotice"):
            notice = _keys(value, _NOTICE, "a notice")
            _same(notice["@type"], "dpv:ConsentNotice", "@type of a notice")
            version = _text(notice["dct:hasVersion"], "dct:hasVersion")
            language = _text(notice["dct:language"], "dct:language")
            shown = notice["garment:textHash"]
            if shown:
                _text(shown, "garment:textHash")
            name = _text(notice["@id"], "@id of a notice")
            _same(name, f"urn:tasuki:notice:{version}:{language}:{shown}", "@id of a notice")
            if name in found:
                _malformed("dpv:hasNotice", "has a notice twice")
            found[name] = version, language, shown
        return found

    def _event(
        self, value: Any, name: str, subject: str, purpose: str, notices: dict[str, tuple[str, str, str]]
    ) -> Event:
        status = _keys(value, _STATUS, "an event")
        types = status["@type"]
        decision = _DECISIONS.get(
            tuple(types) if isinstance(types, list) and all(map(_is_text, types)) else ()
        )
        if decision is None:
            _malformed("@type of an event", "is no consent status")
        notice = _keys(status["dpv:hasNotice"], {"@id"}, "dpv:hasNotice of an event")["@id"]
        if not _is_text(notice) or notice not in notices:
            _malformed("dpv:hasNotice of an event", "names no notice of its record")
        by, relation = _speaker(status["dpv:isIndicatedBy"])
        if status["dpv:hasIndicationMethod"] != "":
            _text(status["dpv:hasIndicationMethod"], "dpv:hasIndicationMethod")
        return Event(
            _time(status["dpv:isIndicatedAtTime"], "dpv:isIndicatedAtTime"),
            _time(status["garment:recordedAt"], "garment:recordedAt"),
            subject,
            decision,
            purpose,
            self._said_of(status["dpv:hasPersonalData"], purpose, notices[notice][0]),
            *notices[notice],
            by,
            relation,
            f"import:{name.rpartition('/')[0]}",
        )

    def _said_of(self, value: Any, purpose: str, notice: str) -> frozenset[str]:
        """The items of an event, which the policy shown, or ours, lets serve the purpose."""
        items = _items(value)
        try:
            statements.check(self.policy.under(notice) or self.policy, purpose, items)
        except UsageError as e:
            raise Untrusted("not_in_policy", str(e)) from e
        return items


def _items(value: Any) -> frozenset[str]:
    names = [_term(each, "dpv:hasPersonalData") for each in _list(value, "dpv:hasPersonalData")]
    if len(set(names)) != len(names):
        _malformed("dpv:hasPersonalData", "names an item twice")
    return frozenset(names)


def _speaker(value: Any) -> tuple[str, str]:
    """(who, relation) of one who spoke for the wearer; empty when it was the wearer."""
    if value == records.WEARER:
        return "", ""
    who = _keys(value, {"@type", "dct:identifier"}, "dpv:isIndicatedBy")
    relation = _RELATIONS.get(who["@type"]) if _is_text(who["@type"]) else None
    if relation is None:
        _malformed("dpv:isIndicatedBy", "is nobody who may speak for the wearer")
    return _text(who["dct:identifier"], "who spoke"), relation


def _keys(value: Any, keys: set[str], what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        _malformed(what, "is no object")
    if extra := sorted(value.keys() - keys):
        _malformed(what, f"has the unknown key {extra[0][:60]!r}")
    if missing := sorted(keys - value.keys()):
        _malformed(what, f"lacks {missing[0]!r}")
    return value


def _list(value: Any, what: str) -> list[Any]:
    if not isinstance(value, list):
        _malformed(what, "is no list")
    return value


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _MOST_TEXT or not value.isprintable():
        _malformed(what, f"is no text of 1 to {_MOST_TEXT} characters")
    return value


def _term(value: Any, what: str) -> str:
    text = _text(value, what)
    if not text.startswith(records.TERM):
        _malformed(what, f"is no term of {records.TERM}")
    return text.removeprefix(records.TERM)


def _time(value: Any, what: str) -> int:
    try:
        return times.of_exact(_text(value, what))
    except ValueError as e:
        _malformed(what, f"is no moment: {e}")


def _same(value: Any, expected: Any, what: str) -> None:
    if value != expected:
        _malformed(what, f"is not {expected!r}")


def _malformed(what: str, why: str) -> NoReturn:
    raise Untrusted("malformed", f"{what} {why}")
