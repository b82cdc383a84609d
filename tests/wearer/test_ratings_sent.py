"""Ratings on their way: like every other block, decided when they are sent, and proved by nobody's hub."""

import time

import pytest
from nacl.public import PrivateKey, SealedBox

from tasuki.consent import scopes
from tasuki.consent.parties import Contract, Processor
from tasuki.consent.registers import DEMO_GARMENT, DESTINATIONS, Destination, Garment
from tasuki.consent.stretch import ALWAYS
from tasuki.pipeline.outbox import OutboxFull
from tasuki.pipeline.parcel import Acquired
from tasuki.pipeline.route import Router
from tasuki.pipeline.upload import Uploader
from tasuki.self_report import SelfReport
from tasuki.sinks.embedded import open_row
from tasuki.vault import attested
from tasuki.vault.vault import key_epoch
from wearer.conftest import PASSWORD
from wearer.test_wearer_pages import say
from worlds import ECG, STATUS, Hub

LAB = PrivateKey(bytes(range(32)))
OUTSIDE = (
    Destination("lab", "processor_jp", "service_improvement", "attested"),
    Destination("lab-reports", "processor_jp", "service_information", "proved", "lab"),
)


def rate(wearer, question="comfort", value=8, note="soft"):
    wearer.get("/ratings")
    return wearer.post("/ratings", question=question, value=str(value), note=note)


def send(site, sinks=None):
    """Send all that can go; the rows that came to the store, in their order."""
    state = site.state
    sinks = {**dict.fromkeys(state.book.registers.destinations, state.store), **(sinks or {})}
    assert Uploader(state.outbox, state.engine, state.vault, sinks).drain() == []
    return list(state.store.rows())


def arrived(site, destination):
    """What one of our own destinations has of the wearers' reports: (question, rating) each."""
    found = [open_row(row, site.state.vault) for row in send(site) if row.delivery.destination == destination]
    assert all(one.kind == SelfReport.kind for one in found)
    return [answers(one) for one in found]


def answers(one):
    """(question, rating) of the single record of a report, in whatever form."""
    ((question, rating),) = SelfReport(0, 0, one.rows).answers
    return question, rating


def lab(site, *items):
    """Register a processor that needs these items for its two purposes, and let blocks be routed to it."""
    registers = site.state.book.registers
    fields = {
        "service_improvement": frozenset(items),
        "service_information": frozenset({*items, "device_id"}),
    }
    good = {"vetting": ALWAYS, "contract": Contract(ALWAYS, "terms"), "supervision": ALWAYS}
    registers.add_processor(Processor("lab", "JP", fields=fields, key=bytes(LAB.public_key), **good))
    for place in OUTSIDE:
        registers.add_destination(place)
    registers.serve({*DESTINATIONS, "lab", "lab-reports"})


def reasons(site, wearer):
    """Destination to the reason of the newest decision about the wearer's reports."""
    rows = reversed(site.state.outbox.decided_about(wearer.subject))
    return {destination: reason for item, _, destination, _, reason, *_ in rows if item == "subjective"}


@pytest.mark.rule("C3-02", "allow")
@pytest.mark.rule("C3-03", "allow")
def test_a_rating_is_kept_under_consent_and_sent_for_no_other_purpose(site, wearer):
    say(wearer, "granted", "service_information", "subjective")

    rate(wearer)

    (rating,) = site.records.ratings.of(wearer.subject)
    assert (rating.question, rating.value, rating.note) == ("comfort", 8, "soft")
    assert arrived(site, "store") == [(1, 8)]
    assert arrived(site, "improvement") == []


@pytest.mark.rule("C3-04", "allow", "evidence")
def test_a_research_purpose_gets_ratings_without_words_under_a_name_of_its_own_and_no_device_s_proof(
    site, wearer
):
    say(wearer, "granted", "service_improvement", "subjective")
    rate(wearer, "warmth", 3, "I am Hanako")

    (row,) = send(site)

    found, now = open_row(row, site.state.vault), time.time_ns()
    name = site.state.vault.pseudonym(wearer.subject, "service_improvement", "improvement", key_epoch(now))
    assert answers(found) == (4, 3) and found.label.pseudonym == name
    assert found.label.hour in (now // attested.HOUR_NS, now // attested.HOUR_NS - 1)
    assert found.verified == attested.TYPED_IN
    assert b"Hanako" not in found.rows


def test_a_later_consent_does_not_release_an_earlier_rating(site, wearer):
    say(wearer, "granted", "service_information", "subjective")
    rate(wearer)

    say(wearer, "granted", "service_improvement", "subjective")

    assert arrived(site, "improvement") == []
    rate(wearer, "pain", 1)
    assert arrived(site, "improvement") == [(5, 1)]


@pytest.mark.rule("P-01", "allow", "deny")
@pytest.mark.rule("P-02", "allow")
@pytest.mark.rule("P-03", "allow")
def test_a_processor_gets_ratings_once_they_may_be_entrusted_encrypted_to_its_key_alone(site, wearer):
    lab(site, "subjective")
    say(wearer, "granted", "service_improvement", "subjective")
    rate(wearer, "fatigue", 2)
    assert reasons(site, wearer)["lab"] == "no_entrust_consent"

    say(wearer, "granted", scopes.ENTRUST, "subjective")
    rate(wearer, "pain", 1)

    (row,) = [row for row in send(site) if row.delivery.destination == "lab"]
    plain = SealedBox(LAB).decrypt(row.delivery.content)
    found = attested.read(plain, site.state.vault.signer("attestation").public)
    assert answers(found) == (5, 1)
    assert (found.label.destination, found.verified) == ("lab", attested.TYPED_IN)


@pytest.mark.rule("P-02", "deny", "evidence")
@pytest.mark.rule("P-03", "deny")
def test_a_processor_without_ratings_in_its_list_of_fields_gets_none(site, wearer):
    lab(site, "ecg")
    say(wearer, "granted", "service_improvement", "subjective")
    say(wearer, "granted", scopes.ENTRUST, "subjective")

    rate(wearer)

    assert {row.delivery.destination for row in send(site)} == {"improvement"}
    assert reasons(site, wearer)["lab"] == "field_not_listed"


@pytest.mark.rule("S-02", "deny")
def test_no_rating_goes_where_blocks_are_proved_by_their_hub(site, wearer):
    lab(site, "subjective")
    say(wearer, "granted", "service_information", "subjective")
    say(wearer, "granted", scopes.ENTRUST, "subjective")

    rate(wearer)

    assert {row.delivery.destination for row in send(site)} == {"store"}
    assert reasons(site, wearer)["lab-reports"] == "no_device_proof"
    wearer.get("/recipients")
    assert "no hub signed what the wearer typed in" in wearer.text


@pytest.mark.rule("A-01", "deny")
@pytest.mark.parametrize(
    ("purpose", "reason", "left"),
    [
        ("service_improvement", "withdrawn", {"store"}),
        (scopes.ENTRUST, "no_entrust_consent", {"store", "improvement"}),
    ],
)
def test_a_withdrawal_stops_ratings_in_the_queue(site, wearer, purpose, reason, left):
    lab(site, "subjective")
    for granted in ("service_information", "service_improvement", scopes.ENTRUST):
        say(wearer, "granted", granted, "subjective")
    rate(wearer)
    assert "lab" in site.state.outbox.destinations()

    say(wearer, "withdrawn", purpose, "subjective")

    assert {row.delivery.destination for row in send(site)} == left
    assert site.state.outbox.ended()["lab", "denied_late", reason] == 1
    assert site.state.outbox.size() == (0, 0)


@pytest.mark.rule("D-02", "allow", "evidence")
def test_a_rating_that_is_corrected_while_it_waits_is_never_sent_as_it_was(site, wearer):
    say(wearer, "granted", "service_information", "subjective")
    rate(wearer, "pain", 9)
    (wrong,) = site.records.ratings.of(wearer.subject)

    wearer.get("/ratings")
    page = wearer.post("/ratings/remove", id=str(wrong.id))
    assert site.state.outbox.size() == (0, 0)
    rate(wearer, "pain", 1)

    assert "It is deleted." in page.text
    assert arrived(site, "store") == [(5, 1)]


def test_the_page_says_so_when_a_deleted_rating_was_sent_before(site, wearer):
    say(wearer, "granted", "service_information", "subjective")
    rate(wearer)
    assert len(arrived(site, "store")) == 1
    (sent,) = site.records.ratings.of(wearer.subject)

    wearer.get("/ratings")
    page = wearer.post("/ratings/remove", id=str(sent.id))

    assert "What recipients have already goes when you delete the item" in page.text
    assert site.records.ratings.of(wearer.subject) == []


@pytest.mark.rule("D-02", "allow", "evidence")
@pytest.mark.rule("D-03", "allow", "evidence")
@pytest.mark.parametrize("everything", [True, False], ids=["leaving", "items"])
def test_a_deletion_leaves_nothing_to_send_of_ratings_and_signals_that_wait(site, wearer, everything):
    subject, state = wearer.subject, site.state
    for purpose in ("service_information", "service_improvement"):
        say(wearer, "granted", purpose, "subjective", "ecg")
    rate(wearer)
    hub = Hub()
    state.book.enrol(Garment(hub.key_id, hub.device, DEMO_GARMENT))
    state.book.bind(hub.device, subject, state.book.now_ns(subject))
    measured_ns = state.book.now_ns(subject)
    blocks = [
        Acquired(block, subject, measured_ns + block.t0_us * 1000, measured_ns + block.t1_us * 1000, 0)
        for block in hub.epoch(0, (ECG, STATUS))
    ]
    state.outbox.put(Router(state.engine).route(blocks, measured_ns + 4 * 10**9))
    assert state.outbox.size()[0] == 2
    assert set(state.outbox.destinations()) == {"store", "improvement"}

    wearer.get("/leave")
    if everything:
        wearer.post("/leave", sure="yes", password=PASSWORD)
    else:
        wearer.post("/leave/items", item=["subjective", "ecg"], password=PASSWORD)

    assert state.outbox.size() == (0, 0) and state.outbox.destinations() == []
    assert send(site) == []


@pytest.mark.rule("D-03", "allow")
def test_the_deletion_of_ratings_reaches_those_that_were_sent_and_no_other_item(site, wearer):
    say(wearer, "granted", "service_information", "subjective", "ecg")
    rate(wearer)
    assert len(send(site)) == 1
    wearer.get("/leave")

    wearer.post("/leave/items", item="subjective", password=PASSWORD)

    assert list(site.state.store.rows()) == []
    assert site.records.ratings.of(wearer.subject) == []


@pytest.mark.rule("S-03", "allow")
def test_a_rating_that_the_outbox_cannot_take_is_kept_and_handed_on_later_once(site, wearer, monkeypatch):
    say(wearer, "granted", "service_information", "subjective")

    def full(routed):
        raise OutboxFull("no room")

    with monkeypatch.context() as broken:
        broken.setattr(site.state.outbox, "put", full)
        rate(wearer)
    assert len(site.records.ratings.of(wearer.subject)) == 1
    assert site.state.outbox.size() == (0, 0)

    assert site.records.ratings.hand_on() == 1
    assert site.records.ratings.hand_on() == 0

    assert arrived(site, "store") == [(1, 8)]


def test_a_crash_between_the_two_files_neither_loses_nor_doubles_a_rating(site, wearer, monkeypatch):
    say(wearer, "granted", "service_information", "subjective")
    put = site.state.outbox.put

    def crash_after(routed):
        put(routed)
        raise OutboxFull("the power failed behind the outbox's commit")

    with monkeypatch.context() as broken:
        broken.setattr(site.state.outbox, "put", crash_after)
        rate(wearer)

    assert site.records.ratings.hand_on() == 1

    assert arrived(site, "store") == [(1, 8)]
