"""Consent records that leave the host and come to it: complete, in DPV's words, and never wider."""

import copy
import json
import re
import socket
from importlib import resources

import pytest
import rdflib
from hypothesis import given, settings

from consent_world import NOON, POLICY, histories, said
from tasuki.consent import json_text, library, notice, record_reading, records, statements, wording
from tasuki.consent.book import ConsentBook
from tasuki.consent.documents import BASE, INDIVIDUAL
from tasuki.consent.events import ConsentLog
from tasuki.errors import Refused, Untrusted

DPV = rdflib.Namespace("https://w3id.org/dpv#")
GARMENT = rdflib.Namespace("urn:tasuki:garment#")
LATER = NOON + 10**9
of_rdflib = pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")
EVENTS = [
    said("granted", NOON, items=("ecg", "respiration"), notice_hash="ab" * 32),
    said("refused", NOON + 1, purpose="service_information", recorded=NOON + 2),
    said("withdrawn", NOON + 5, by="mother", relation="parent"),
]


def document(events=EVENTS, subject="s"):
    return records.document(POLICY, subject, "6d1f", events, LATER)


def read(value, subject="s"):
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return record_reading.read(data, POLICY, subject)


@given(histories())
def test_what_is_exported_is_read_again_word_for_word(events):
    told = read(document(events))

    by_purpose = sorted(events, key=lambda event: [e.purpose for e in events].index(event.purpose))
    assert [event.word for event in told.events] == [event.word for event in by_purpose]
    for event, before in zip(told.events, by_purpose, strict=True):
        assert (event.recorded_ns, event.language) == (before.recorded_ns, before.language)
        assert (event.notice_hash, event.relation) == (before.notice_hash, before.relation)
        assert event.origin == "import:6d1f"


def test_an_import_keeps_the_order_of_words_that_records_of_other_purposes_stand_between(tmp_path):
    """A refusal that followed a grant for tomorrow still follows it, whatever record stands before theirs."""
    purpose = "service_information"
    events = [
        said("granted", NOON),
        said("granted", NOON + 3, purpose=purpose, recorded=NOON + 1),
        said("refused", NOON + 2, purpose=purpose, recorded=NOON + 2),
        said("granted", NOON + 4, recorded=NOON + 4),
    ]
    book = ConsentBook(tmp_path / "consent.db", lambda: LATER)

    book.take("s", read(document(events)).events)

    assert book.log.span("s", "ecg", purpose, 2 * LATER).state == "refused"
    book.close()


@settings(max_examples=100, deadline=None)
@given(events=histories())
def test_after_an_import_the_same_holds_from_then_on_and_nothing_before(tmp_path_factory, events):
    """Also where a late paper or a clock that was set back decided which word was the last."""
    events = [event for event in events if not event.by]
    here = ConsentLog(events)
    book = ConsentBook(tmp_path_factory.mktemp("there") / "consent.db", lambda: LATER)

    book.take("s", read(document(events)).events)

    there = {key: span.state for key, span in book.log.state("s", 2 * LATER).items()}
    assert there == {key: span.state for key, span in here.state("s", 2 * LATER).items()}
    assert "granted" not in {span.state for span in book.log.state("s", LATER - 1).values()}
    assert book.take("s", read(document(events)).events) == []
    book.close()


def test_a_withdrawal_that_turned_up_late_ends_the_grant_after_an_import_too(tmp_path):
    """It is dated before the grant and was learned after it: only the order tells."""
    late = [said("granted", NOON + 10), said("withdrawn", NOON, recorded=NOON + 20)]
    assert ConsentLog(late).span("s", "ecg", "statistics", LATER).state == "withdrawn"
    book = ConsentBook(tmp_path / "consent.db", lambda: LATER)

    book.take("s", read(document(late)).events)

    assert book.log.span("s", "ecg", "statistics", 2 * LATER).state == "withdrawn"


def test_an_import_does_not_bring_back_what_was_withdrawn_here(tmp_path):
    book = ConsentBook(tmp_path / "consent.db", lambda: LATER)
    book.say(said("withdrawn", NOON + 50))

    book.take("s", read(document(EVENTS[:1])).events)

    held = {item: span.state for (item, _), span in book.log.state("s", 2 * LATER).items()}
    assert held == {"ecg": "withdrawn", "respiration": "granted"}


@of_rdflib
def test_an_independent_reader_of_json_ld_finds_dpvs_words_in_it_without_a_network(monkeypatch):
    monkeypatch.setattr(socket, "socket", None)
    graph = rdflib.Graph().parse(data=json.dumps(document()), format="json-ld")

    found = set(graph.subjects(rdflib.RDF.type, DPV.ConsentRecord))
    assert len(found) == 2
    purposes = {graph.value(graph.value(one, DPV.hasProcess), DPV.hasPurpose) for one in found}
    assert purposes == {GARMENT.statistics, GARMENT.service_information}
    statuses = [
        graph.value(status, DPV.isIndicatedAtTime)
        for status in graph.subjects(rdflib.RDF.type, DPV.ConsentWithdrawn)
    ]
    assert [str(at) for at in statuses] == ["2026-11-18T11:06:40+00:00"]
    (parent,) = graph.subjects(rdflib.RDF.type, DPV.ParentOfDataSubject)
    assert graph.value(predicate=DPV.isIndicatedBy, object=parent) is not None
    assert (None, DPV.isIndicatedBy, DPV.DataSubject) in graph


@pytest.mark.rule("R-01", "evidence")
def test_a_record_says_who_answers_for_the_data_and_how_to_reach_them():
    for record in document()["@graph"]:
        by = record["dpv:hasDataController"]
        assert by["garment:dataManager"] == POLICY.data_manager.ja
        assert (by["dpv:hasName"], by["dpv:hasContact"]) == (POLICY.controller.ja, POLICY.contact.ja)


@of_rdflib
def test_our_vocabulary_has_a_word_for_every_item_and_purpose_in_both_languages():
    text = resources.files("tasuki.consent").joinpath("garment-vocabulary.jsonld").read_text("utf-8")
    graph = rdflib.Graph().parse(data=text, format="json-ld")

    for name in (*statements.items_for(POLICY, "entrust"), *POLICY.purposes, "entrust", "module"):
        labels = {label.language: str(label) for label in graph.objects(GARMENT[name], rdflib.SKOS.prefLabel)}
        assert labels == {language: wording.word(POLICY, name, language) for language in ("en", "ja")}
        assert list(graph.objects(GARMENT[name], rdflib.SKOS.broader)), name


def test_the_notice_names_every_purpose_and_item_that_it_asks_for_in_both_languages():
    for language in ("en", "ja"):
        text = notice.text(POLICY.version, language)
        assert len(notice.text_hash(POLICY.version, language)) == 64
        for purpose in POLICY.purposes:
            (line,) = re.findall(
                rf"^- {re.escape(wording.word(POLICY, purpose, language))}: (.*)$", text, re.MULTILINE
            )
            assert line == wording.listed(POLICY, POLICY.items_for(purpose), language)


@pytest.mark.parametrize("language", ["en", "ja"])
def test_every_version_that_a_consent_can_cite_has_a_notice(language):
    """A product's terms name each item that they say something of, and what they widen with its purposes."""
    for document in library.shipped().versions():
        if document.kind not in (BASE, INDIVIDUAL):
            continue
        text = notice.text(document.version, language)
        assert document.version in text
        for row in getattr(document, "rows", ()):
            for item in row.items:
                (line,) = re.findall(
                    rf"^- {re.escape(wording.word(POLICY, item, language))}: (.*)$", text, re.MULTILINE
                )
                named = [wording.word(POLICY, purpose, language) in line for purpose in row.purposes]
                assert all(named) or not row.allow


def test_a_notice_that_was_never_published_has_no_text_and_no_hash():
    assert notice.text("1999-1", "en") == notice.text_hash("1999-1", "en") == ""


# -- hostile documents ----------------------------------------------------------------


def changed(path, value):
    """The document with one place changed; a path ends with the key or index that is set."""
    made = copy.deepcopy(document())
    place = made
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return made


RECORD = ("@graph", 0)
STATUS = (*RECORD, "dpv:hasConsentStatus", 0)
HOSTILE = {
    "remote context": (("@context",), "https://example.org/context.jsonld"),
    "context list": (("@context",), [records.context(), "https://example.org/more.jsonld"]),
    "context that turns words around": (
        ("@context", "dpv:hasPurpose"),
        {"@id": "dpv:hasPersonalData", "@type": "@id"},
    ),
    "imported context": (("@context", "@import"), "https://example.org/context.jsonld"),
    "unknown key at the top": (("@included",), []),
    "unknown key": ((*RECORD, "dpv:hasRecipient"), "garment:everyone"),
    "nested context": ((*RECORD, "@context"), {}),
    "graph that is no list": (("@graph",), {}),
    "record that is no object": (RECORD, "urn:tasuki:record:6d1f/0"),
    "other type": ((*RECORD, "@type"), "dpv:ConsentReceipt"),
    "type that is a number": ((*RECORD, "@type"), 1),
    "other controller": ((*RECORD, "dpv:hasDataController", "dpv:hasName"), "Somebody Else"),
    "id of another record": ((*RECORD, "@id"), "urn:tasuki:record:other/0"),
    "id that points to itself": (
        (*RECORD, "dpv:hasNotice", 0, "@id"),
        "urn:tasuki:record:6d1f/0",
    ),
    "event whose notice is its record": (
        (*STATUS, "dpv:hasNotice", "@id"),
        "urn:tasuki:record:6d1f/0",
    ),
    "notice that is not there": ((*STATUS, "dpv:hasNotice", "@id"), "urn:tasuki:notice:2027-1:ja:"),
    "status that is none": ((*STATUS, "@type"), ["dpv:ConsentRequested"]),
    "two statuses in one": ((*STATUS, "@type"), ["dpv:ConsentGiven", "dpv:ConsentWithdrawn"]),
    "status of objects": ((*STATUS, "@type"), [{}]),
    "unknown purpose": ((*RECORD, "dpv:hasProcess", "dpv:hasPurpose"), "garment:anything"),
    "purpose of another vocabulary": ((*RECORD, "dpv:hasProcess", "dpv:hasPurpose"), "dpv:Marketing"),
    "purpose that the items cannot serve": (
        (*RECORD, "dpv:hasProcess", "dpv:hasPurpose"),
        "garment:user_identification",
    ),
    "unknown item": ((*STATUS, "dpv:hasPersonalData"), ["garment:genome"]),
    "all items": ((*STATUS, "dpv:hasPersonalData"), ["garment:all"]),
    "no items": ((*STATUS, "dpv:hasPersonalData"), []),
    "item twice": ((*STATUS, "dpv:hasPersonalData"), ["garment:ecg", "garment:ecg"]),
    "items that are no list": ((*STATUS, "dpv:hasPersonalData"), "garment:ecg"),
    "items beyond the process": ((*STATUS, "dpv:hasPersonalData"), ["garment:body_motion"]),
    "no moment": ((*STATUS, "dpv:isIndicatedAtTime"), "2026-13-01T00:00:00.000000000Z"),
    "moment without offset": ((*STATUS, "dpv:isIndicatedAtTime"), "2026-01-01T00:00:00"),
    "moment that is a number": ((*STATUS, "garment:recordedAt"), 5),
    "somebody who may not speak": (
        (*STATUS, "dpv:isIndicatedBy"),
        {"@type": "dpv:DataController", "dct:identifier": "us"},
    ),
    "speaker that is nothing": ((*STATUS, "dpv:isIndicatedBy"), None),
    "name with control characters": (
        (*RECORD, "dpv:hasDataSubject", "dct:identifier"),
        "s\n[[consent]]",
    ),
    "name that is too long": ((*RECORD, "dct:identifier"), "x" * 10_000),
}


@pytest.mark.parametrize(("path", "value"), HOSTILE.values(), ids=HOSTILE.keys())
def test_a_document_that_is_not_understood_in_full_is_refused_with_a_reason(path, value):
    with pytest.raises(Untrusted) as caught:
        read(changed(path, value))

    assert caught.value.reason and len(str(caught.value)) < 300


@pytest.mark.parametrize("key", sorted(document()["@graph"][0]))
def test_a_record_that_lacks_anything_is_refused(key):
    made = document()
    del made["@graph"][0][key]

    with pytest.raises(Untrusted, match="lacks"):
        read(made)


def text_with(old, new):
    return json.dumps(document()).replace(old, new, 1).encode()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (text_with('"@graph"', '"@graph": [], "@graph"'), "double_key"),
        (
            text_with('"@type": "dpv:ConsentRecord"', '"@type": "dpv:ConsentRecord", "@type": ""'),
            "double_key",
        ),
        (b"[" * 100_000, "too_deep"),
        (b'{"a":' * 40 + b"1" + b"}" * 40, "too_deep"),
        (b" " * (json_text.MOST_BYTES + 1), "too_large"),
        (b"[]", "malformed"),
        (b"{", "malformed"),
        (b"", "malformed"),
        (b"\xff\xfe{}", "malformed"),
        (b'{"a": 1.5}', "malformed"),
        (b'{"a": NaN}', "malformed"),
        (b'{"a": 1e400}', "malformed"),
        (b'{"a": "\\ud800"}', "malformed"),
        (b'{"a": ' + b"9" * 10_000 + b"}", "malformed"),
    ],
)
def test_json_that_two_readers_could_take_differently_is_refused(data, reason):
    with pytest.raises(Untrusted) as caught:
        read(data)

    assert caught.value.reason == reason


def test_records_of_several_wearers_do_not_come_together():
    made = document()
    made["@graph"][1]["dpv:hasDataSubject"]["dct:identifier"] = "other"

    with pytest.raises(Untrusted, match="several"):
        read(made)


def test_a_record_that_stands_twice_is_refused():
    made = document()
    made["@graph"].append(made["@graph"][0])

    with pytest.raises(Untrusted, match="twice"):
        read(made)


def test_another_wearers_record_is_refused():
    with pytest.raises(Refused) as caught:
        read(document(), subject="other")

    assert caught.value.reason == "other_subject"


def test_more_events_than_a_life_has_are_refused():
    events = [said("granted", NOON + n, recorded=NOON + n) for n in range(4)]
    made = document(events)
    statuses = made["@graph"][0]["dpv:hasConsentStatus"]
    statuses *= 3000

    with pytest.raises(Untrusted) as caught:
        read(made)

    assert caught.value.reason == "too_large"


def test_an_import_with_one_bad_event_records_none_of_it(tmp_path):
    """The mother is no guardian here."""
    book = ConsentBook(tmp_path / "consent.db", lambda: LATER)

    with pytest.raises(Refused) as caught:
        book.take("s", read(document()).events)

    assert caught.value.reason == "not_a_guardian"
    assert book.log.events("s") == []
    assert book._db.execute("SELECT count(*) FROM event").fetchone() == (0,)
