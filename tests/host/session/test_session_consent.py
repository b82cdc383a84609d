"""What the hub samples follows what the wearer says, at any moment of a session."""

import time
from dataclasses import replace

from host.session_world import Watcher, run_hub
from tasuki.consent import files
from tasuki.consent.book import ConsentBook
from tasuki.consent.events import GRANTED, WITHDRAWN
from tasuki.session import permission
from tasuki_wire import items


def say(made, decision, item=None):
    """The wearer says the same to everything that the built-in wearer granted, now."""
    now = time.time_ns()
    for event in files.demo_wearer(made.state.policy).events:
        said = event.items & {item} if item else event.items
        if event.decision == GRANTED and said:
            made.state.book.say(
                replace(event, items=frozenset(said), decision=decision, at_ns=now, recorded_ns=now)
            )


def hub_items(made):
    """What the hub samples now."""
    hub = made.line.hub
    return items.names(hub.consent.items(hub.board.now_us())) if hub.sampling else ()


def test_an_item_that_is_withdrawn_and_granted_again_is_sampled_again(made):
    with made.session() as session:
        say(made, WITHDRAWN, "ecg")
        run_hub(session, 1)
        assert "ecg" not in hub_items(made) and "respiration" in hub_items(made)

        say(made, GRANTED, "ecg")
        run_hub(session, 1)

        assert "ecg" in hub_items(made)


def test_frames_of_a_withdrawn_item_are_dropped_before_the_hub_has_heard_of_it(made):
    watcher = Watcher()
    with made.session(listeners=[watcher]) as session:
        run_hub(session, 1)
        made.line.mute = {"answer"}
        say(made, WITHDRAWN, "ecg")
        session.step()
        watcher.samples.clear()
        run_hub(session, 1)

        assert watcher.samples and not [s for s in watcher.samples if s.kind == 1]


def test_consent_that_comes_after_the_start_begins_the_sampling(made):
    say(made, WITHDRAWN)
    with made.session() as session:
        run_hub(session, 1)
        assert not session.sampling and not hub_items(made)

        say(made, GRANTED)
        run_hub(session, 1)

        assert session.sampling and "ecg" in hub_items(made)


def test_a_hub_that_another_process_hands_to_somebody_else_stops(made):
    """Rule C3-02: what it would measure from now on is not this wearer's."""
    other = ConsentBook(made.state.folder / "consent.db")
    with made.session() as session:
        run_hub(session, 1)
        assert hub_items(made)
        other.bind(session.identity.device, "next-wearer", time.time_ns())
        deadline = time.monotonic() + 10  # it is looked for twice a second or so
        while session.sampling and time.monotonic() < deadline:
            session.step()
        run_hub(session, 1)

        assert not session.sampling and not hub_items(made)
        assert session.gate.rules["ecg"].keep == "no_wearer_binding"
    other.close()


def test_a_hub_that_still_samples_under_an_older_token_is_stopped_when_nothing_is_allowed(made):
    """A host was killed, everything was withdrawn, and the next host finds the hub sampling."""
    session = made.session()
    run_hub(session, 1)
    assert hub_items(made)
    say(made, WITHDRAWN)

    with made.session():
        assert not hub_items(made)


def test_a_token_is_renewed_at_half_its_life_also_when_nothing_may_be_viewed(made, tmp_path):
    """Sampling for another purpose than the view goes on past the token's lifetime."""
    now = time.time_ns()
    for event in files.demo_wearer(made.state.policy).events:
        if event.purpose == "service_information":
            made.state.book.say(replace(event, decision=WITHDRAWN, at_ns=now, recorded_ns=now))
    with made.session(lifetime_s=8) as session:
        before = hub_items(made)
        assert before
        run_hub(session, 20)

        assert hub_items(made) == before


def test_a_lost_answer_to_a_renewal_neither_stops_the_stream_nor_the_sampling(made, monkeypatch):
    monkeypatch.setattr(permission, "_ANSWER_S", 0.01)
    with made.session(lifetime_s=20) as session:
        run_hub(session, 5)
        made.line.mute = {"token_answer"}
        began = time.monotonic()
        run_hub(session, 8)
        verified = session.counts.epochs_verified
        made.line.mute = set()
        run_hub(session, 40)

        assert time.monotonic() - began < 20
        assert verified >= 2 and session.counts.epochs_verified > verified
        assert "ecg" in hub_items(made)


def test_a_hub_that_stopped_by_itself_is_started_again(made):
    """A link that was down for long ends the sampling on the hub, although its token lives."""
    with made.session() as session:
        run_hub(session, 1)
        made.line.hub.end("link", made.line.hub.board.now_us())
        assert not hub_items(made)
        session._next_sync = 0.0
        run_hub(session, 1)
        session._next_sync = 0.0
        run_hub(session, 1)

        assert "ecg" in hub_items(made)
