"""Noise, lost bytes, a hub that vanishes or reboots: every loss is made good or counted."""

import time

import pytest

from end_to_end.faulty_line import FaultyLine
from tasuki.errors import LinkLost, Refused, Untrusted
from tasuki.pipeline.acquire import SerialLine
from tasuki.session.enrolment import enroll
from tasuki.session.hub_session import Session
from tasuki.session.running import uploading
from tasuki.session.state import State, adopt

pytestmark = pytest.mark.hub
SPEED = 10


@pytest.fixture
def state(tmp_path):
    """An open state folder."""
    with State(tmp_path / "state") as opened:
        yield opened


@pytest.fixture
def wearer(state):
    """The built-in wearer."""
    return adopt(state, None)


def step_for(session, seconds):
    """Step a session for some real seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        session.step()


@pytest.mark.parametrize(("kind", "rate"), [("flip", 1e-3), ("drop", 5e-4), ("insert", 5e-4), ("cut", 3e-4)])
def test_damage_on_the_line_is_made_good_or_counted(unix_hub, state, wearer, kind, rate):
    """Frames are asked for again; no epoch is rejected, and whatever stays lost is a gap."""
    enroll(unix_hub.port, state)
    line = FaultyLine(unix_hub.port, kind, rate)
    with Session(line, state, wearer, speed=SPEED) as session:
        line.on = True
        step_for(session, 5)
        line.on = False
        session.stop()
        counts = session.summary_counts()

    assert line.damaged > 10 and sum(counts.frames_bad.values()) > 10
    assert counts.resends > 0
    assert counts.epochs_verified + counts.gaps >= 11
    assert counts.epochs_verified >= 9
    assert not counts.rejected
    assert state.outbox.size()[0] == counts.blocks


def test_a_hub_that_vanishes_ends_the_link_and_keeps_what_was_acknowledged(unix_hub, state, wearer):
    enroll(unix_hub.port, state)
    with Session(SerialLine(unix_hub.port), state, wearer, speed=SPEED) as session:
        step_for(session, 2)
        stored = state.outbox.size()[0]
        unix_hub.close()
        with pytest.raises(LinkLost):
            step_for(session, 5)

    assert stored > 0
    assert state.outbox.size()[0] >= stored


def test_a_hub_that_reboots_is_greeted_again_and_its_lost_tail_is_said(unix_hub, state, wearer):
    enroll(unix_hub.port, state)
    with Session(SerialLine(unix_hub.port), state, wearer, speed=SPEED) as session:
        step_for(session, 2)
        before = session.counts.epochs_verified
        unix_hub.reset()
        step_for(session, 3)
        session.stop()
        counts = session.counts

    assert counts.reboots == 1
    assert counts.unknown_tails == 1
    assert counts.epochs_verified > before > 0
    assert not counts.rejected


def test_a_restarted_host_goes_on_with_the_hub_where_the_last_one_stopped(unix_hub, state, wearer):
    """Nothing is stored twice, and the hub takes no older token."""
    enroll(unix_hub.port, state)
    with Session(SerialLine(unix_hub.port), state, wearer, speed=SPEED) as session:
        step_for(session, 1.5)
        session.stop()
    with Session(SerialLine(unix_hub.port), state, wearer, speed=SPEED) as session, uploading(session):
        step_for(session, 1.5)
        session.stop()
        counts = session.counts

    assert counts.epochs_verified > 1 and not counts.rejected
    rows = [row.delivery.key for row in state.store.rows()]
    assert len(rows) == len(set(rows)) > 10


def test_a_hub_that_is_not_enrolled_here_is_refused(unix_hub, state, wearer, tmp_path):
    with pytest.raises(Refused, match="no key yet"):
        Session(SerialLine(unix_hub.port), state, wearer)

    with State(tmp_path / "other") as other:
        enroll(unix_hub.port, other)
    with pytest.raises(Refused) as unknown:
        Session(SerialLine(unix_hub.port), state, wearer)
    assert unknown.value.reason == "unknown_hub"


def test_a_hub_with_another_key_than_the_trusted_one_is_refused(unix_hub, state, wearer):
    enroll(unix_hub.port, state)
    with pytest.raises(Untrusted):
        Session(SerialLine(unix_hub.port), state, wearer, public_key=bytes(32))


def test_another_host_cannot_take_a_hub_over_without_destroying_its_key(unix_hub, state, tmp_path):
    first = enroll(unix_hub.port, state)
    with State(tmp_path / "other") as other:
        with pytest.raises(Refused) as refused:
            enroll(unix_hub.port, other)
        taken = enroll(unix_hub.port, other, repin=True)

    assert refused.value.reason == "already_pinned"
    assert taken.device == first.device and taken.public != first.public
