"""Requests of the people whose data it is: answered to them alone, and none is dropped."""

import pytest

from policy_documents import DAY, SECOND, moment
from tasuki.consent import actions, files, library, merging, rights
from tasuki.consent.context import Context, Interval
from tasuki.consent.decision import Engine
from tasuki.consent.events import ConsentLog
from tasuki.consent.registers import DESTINATION_KINDS, Registers, Source
from tasuki.consent.rights import Request, Verification
from tasuki.errors import Refused
from tasuki.wearer.erasure.progress import DONE, PENDING, Progress, StoreProgress

NOW = moment(2026, 10)
POLICY = library.shipped().effective(NOW)
SESSION = Verification("wearer", "session", "account page", NOW - 60 * SECOND, NOW + 3600 * SECOND)
FORM = {"channel": "contact_form", "topic": "User information"}


def ask(kind="inquire", verification=SESSION, at=NOW, **more):
    request = Request(**{"kind": kind, "channel": "account_page", "subject": "wearer", "at_ns": NOW, **more})
    return rights.decide(POLICY, request, verification, "case-1", at)


@pytest.mark.rule("D-01", "allow", "evidence")
@pytest.mark.rule("D-06", "allow", "evidence")
def test_the_verified_person_is_answered_and_the_answer_names_what_it_rests_on():
    ruling = ask("inquire")

    assert (ruling.outcome, ruling.reason) == ("allow", "answered")
    assert ruling.rules[0] == "D-01" and "D-06" in ruling.rules
    assert (ruling.verification.method, ruling.verification.verifier) == ("session", "account page")
    assert ruling.case.id == "case-1"


@pytest.mark.rule("D-01", "deny")
@pytest.mark.parametrize("kind", rights.KINDS)
def test_nobody_gets_another_persons_data(kind):
    ruling = ask(kind, subject="somebody else", item="email")

    assert (ruling.outcome, ruling.reason) == ("deny", "other_subject")


@pytest.mark.rule("D-06", "deny")
@pytest.mark.parametrize("kind", rights.KINDS)
@pytest.mark.parametrize("subject", ["wearer", "nobody that we know"])
def test_before_verification_every_request_gets_the_same_answer(kind, subject):
    ruling = ask(kind, None, subject=subject, **FORM)

    assert (ruling.outcome, ruling.reason, ruling.verification) == ("hold", "not_verified", None)
    assert "D-06" in ruling.rules


@pytest.mark.rule("D-06", "deny")
@pytest.mark.parametrize("at", [SESSION.at_ns - 1, SESSION.until_ns])
def test_a_verification_counts_only_while_it_is_valid(at):
    assert ask(at=at).reason == "not_verified"
    assert ask(at=SESSION.until_ns - 1).outcome == "allow"


@pytest.mark.rule("D-06", "allow", "deny")
def test_an_agent_needs_proof_of_authority_for_that_person():
    agent = Verification("agent", "passport", "clerk", NOW, NOW + DAY, agent_of="wearer")
    proved = Verification("agent", "passport", "clerk", NOW, NOW + DAY, "wearer", "letter")

    assert (ask(verification=agent).outcome, ask(verification=agent).reason) == ("deny", "no_authority")
    assert ask(verification=proved).outcome == "allow"
    assert ask(verification=proved, subject="agent").reason == "other_subject"


@pytest.mark.rule("D-02", "allow", "evidence")
def test_what_was_typed_in_is_replaced():
    ruling = ask("correct", item="postal_address")

    assert (ruling.outcome, ruling.form, ruling.rules[0]) == ("allow", "replace", "D-02")


@pytest.mark.rule("D-02", "deny")
@pytest.mark.parametrize("item", ["ecg", "body_motion", "device_status"])
def test_what_a_hub_has_signed_is_annotated_and_never_replaced(item):
    assert ask("correct", item=item).form == "annotate"
    assert ask("correct", item="sweat").reason == "unknown_item"


def erasing(receipts):
    """An erasure of two stores, which are done where they gave a receipt."""
    stores = [
        StoreProgress(store, DONE if receipts.get(store) else PENDING, verified=receipts.get(store, ""))
        for store in ("outbox", "store")
    ]
    return Progress("case-1", None, NOW, tuple(stores))


@pytest.mark.rule("D-03", "allow", "evidence")
def test_an_erasure_is_done_when_every_store_gave_its_receipt():
    assert ask("erase").rules[0] == "D-03"
    assert erasing({"outbox": "r1", "store": "r2"}).pending == ()


@pytest.mark.rule("D-03", "deny")
@pytest.mark.parametrize(
    "receipts", [{}, {"outbox": "r1"}, {"outbox": "r1", "store": ""}, {"elsewhere": "r"}]
)
def test_an_erasure_is_not_done_while_any_store_is_pending(receipts):
    erasure = erasing(receipts)

    assert not erasure.complete and "store" in [row.name for row in erasure.pending]


LOG_TIME = Interval(NOW - 10 * SECOND, NOW - 6 * SECOND, 0)
BY_WEB = Context(LOG_TIME, Source(acquired_in="service_use"))


def closed():
    log = ConsentLog(files.demo_wearer(POLICY).events)
    before = decide(log)
    for event in merging.withdrawal(log, "demo-wearer", (), "", NOW):
        log.append(event)
    return log, before


def decide(log, at=NOW, context=BY_WEB):
    engine = Engine(POLICY, log, Registers())
    return engine.decide("demo-wearer", "device_id", "service_information", "store", at, context)


@pytest.mark.rule("D-04", "allow")
def test_until_the_account_is_closed_what_was_granted_goes_on():
    _, before = closed()

    assert ask("close_account").rules[0] == "D-04"
    assert before.outcome == "allow"


@pytest.mark.rule("D-04", "deny", "evidence")
def test_closing_an_account_withdraws_every_grant_at_once_and_is_on_record():
    log, _ = closed()
    later = Context(Interval(NOW + SECOND, NOW + 2 * SECOND, 0), BY_WEB.source)

    assert decide(log).reason == "withdrawn"
    assert decide(log, NOW + 3 * SECOND, later).reason == "withdrawn"
    assert Engine(POLICY, log, Registers()).item_mask("demo-wearer", NOW) == 0
    recorded = [event for event in log.events("demo-wearer") if event.at_ns == NOW]
    assert {event.decision for event in recorded} == {"withdrawn"}
    assert {event.purpose for event in recorded} == {"service_information", "service_improvement"}
    assert merging.withdrawal(log, "demo-wearer", (), "", NOW) == []


@pytest.mark.rule("D-05", "allow", "evidence")
@pytest.mark.rule("R-02", "allow", "evidence")
def test_a_request_by_the_form_opens_a_case_in_the_privacy_queue_and_its_clock_runs():
    waiting = ask("erase", None, **FORM)
    answered = ask("erase", **FORM)

    assert (waiting.case.id, waiting.case.queue) == ("case-1", "privacy")
    assert waiting.case.due_ns - waiting.case.opened_ns == 30 * DAY
    assert answered.outcome == "allow" and {"D-05", "R-02"} <= set(answered.rules)


@pytest.mark.rule("D-05", "deny")
@pytest.mark.rule("R-02", "deny")
@pytest.mark.parametrize(
    "odd", [{"channel": "contact_form", "topic": "Repairs"}, {"channel": "contact_form"}, {"channel": "fax"}]
)
def test_a_request_without_the_topic_is_not_acted_on_and_not_dropped(odd):
    ruling = ask("erase", **odd)

    assert ruling.outcome == "hold"
    assert ruling.reason in ("topic_missing", "unknown_request")
    assert ruling.case.id == "case-1" and "R-02" in ruling.rules


def test_an_unknown_kind_of_request_is_held():
    assert ask("forget").reason == "unknown_request"


@pytest.mark.parametrize("reason", rights._REMEDIES)
def test_every_answer_says_in_both_languages_what_would_change_it(reason):
    english, japanese = rights._REMEDIES[reason]

    assert english.endswith(".") and japanese.endswith("。")


@pytest.mark.rule("G-05", "allow", "evidence")
@pytest.mark.parametrize("kind", DESTINATION_KINDS)
def test_sending_to_any_kind_of_destination_is_a_named_action(kind):
    assert actions.of_sending(kind) in actions.ACTIONS
    assert actions.of_sending("processor_jp") == "entrust"
    assert actions.of_sending("third_party") == "disclose"


@pytest.mark.rule("G-05", "deny")
@pytest.mark.parametrize("action", ["sell", "", "Use", "acquire "])
def test_an_action_that_has_no_name_is_refused(action):
    for refuse in (actions.check, actions.of_sending):
        with pytest.raises(Refused) as caught:
            refuse(action)
        assert caught.value.reason == "unknown_action"
