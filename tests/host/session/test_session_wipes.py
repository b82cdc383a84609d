"""Hubs of an erased wearer lose what they stored at their next contact, and nothing of anybody else's."""

import pytest

from host.away_world import left_alone
from host.session_world import run_hub
from tasuki.consent.events import GRANTED, Event
from tasuki.session import hub_session
from tasuki.session.hub_session import Session
from tasuki.session.state import State
from tasuki.wearer.erasure import DONE, PENDING, Erasures

pytestmark = pytest.mark.usefixtures("hasty")


def hub_row(progress):
    return next(row for row in progress.stores if row.name.startswith("hub "))


def stored_by(made):
    """The wearer's hub stores some epochs while no host is there."""
    session = left_alone(made, 16)
    assert made.line.hub.store.count >= 2
    session.close()


def other(made, name="jiro"):
    """Somebody else, who agrees to the ECG."""
    book, policy = made.state.book, made.state.policy
    at_ns = book.now_ns(name)
    items = frozenset({"ecg", "device_status"})
    book.say(Event(at_ns, at_ns, name, GRANTED, "service_information", items, policy.version))
    return name


@pytest.mark.rule("D-03", "allow", "deny")
@pytest.mark.rule("D-04", "deny")
def test_the_hub_is_wiped_and_gets_a_new_key_at_its_next_contact(made):
    stored_by(made)
    erasures = Erasures(made.state)
    case = erasures.begin(made.subject)
    assert hub_row(erasures.advance(case)).state == PENDING
    assert made.line.hub.store.count >= 2

    contact(made, None)

    assert made.line.hub.store.count == 0
    row = hub_row(erasures.advance(case))
    assert (row.state, erasures.progress(case).complete) == (DONE, True)
    assert "proved a new key" in row.verified
    registered = bytes.fromhex(made.state.register.hubs()[-1].public)
    assert registered == made.line.hub.public != made.public


def contact(made, subject):
    """A session that greets the hub, which starts anew when its program leaves."""
    read = made.line.read

    def restarting(timeout_s):
        data = read(timeout_s)
        if made.line.hub.leaving:
            made.line.reboot()
        return data

    made.line.read = restarting
    session = Session(made.line, made.state, subject, public_key=made.public)
    if subject:
        run_hub(session, 12)
        session.stop()
    session.close()


@pytest.mark.rule("D-04", "deny")
def test_an_epoch_that_was_on_its_way_when_another_process_erased_the_wearer_is_dropped(made, monkeypatch):
    """The run has not noticed yet, and goes on: nothing of it is stored, and the run does not fail."""
    monkeypatch.setattr(hub_session, "_HEAR_S", 1e9)
    monkeypatch.setattr(hub_session, "_LOOK_S", 1e9)
    session = made.session()
    run_hub(session, 6)
    with State(made.state.folder) as other_process:
        Erasures(other_process).begin(made.subject)
    made.state.vault._next_look = 0.0
    before = made.state.outbox.size()[0]

    assert run_hub(session, 6)  # epochs that verify, whatever becomes of them

    assert made.state.outbox.size()[0] == before > 0
    assert not session.sampling
    session.close()


@pytest.mark.rule("D-03", "allow")
def test_a_hub_that_somebody_else_wears_keeps_its_key_and_is_waited_for_until_it_is_empty(made):
    stored_by(made)
    erasures = Erasures(made.state)
    case = erasures.begin(made.subject)
    name = other(made)
    made.state.book.bind(made.line.hub.device, name, 0)

    erasures.advance(case)
    contact(made, name)
    assert made.line.hub.public == made.public
    before = erasures.advance(case)
    contact(made, name)

    assert hub_row(before).state == PENDING
    row = hub_row(erasures.advance(case))
    assert row.state == DONE
    assert "stores nothing" in row.verified
    assert made.line.hub.store.count == 0
