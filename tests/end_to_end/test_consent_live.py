"""What a wearer withdraws in another process takes effect at the hub, at the router and in the queue."""

import json
import time
from collections import Counter

import pytest

from end_to_end.conftest import wait_for_blocks
from tasuki.pipeline.acquire import SerialLine
from tasuki.session.enrolment import enroll
from tasuki.session.hub_session import Session
from tasuki.session.listener import Listener
from tasuki.session.running import Uploading
from tasuki.session.state import State
from tasuki_wire import items

pytestmark = pytest.mark.hub
SPEED = 10
MOST_S = 30.0


class Refusals(Listener):
    """Counts what the router refuses, by item, destination and reason, and the blocks it lets pass."""

    def __init__(self):
        self.refused = Counter()
        self.passed = Counter()

    def on_stored(self, epochs, routed):
        for one in routed.refusals:
            self.refused[one.item, one.destination, one.decision.reason] += 1
        for parcel in routed.parcels:
            self.passed.update((parcel.item, one.destination) for one in parcel.decisions)


def step_until(session, done):
    """Step until something is so; a bounded time."""
    end = time.monotonic() + MOST_S
    while not done():
        assert time.monotonic() < end
        session.step()


def say(tasuki, session, *words):
    """A command in another process, while the session goes on."""
    process = tasuki.start("consent", *words)
    while process.poll() is None:
        session.step()
    _, err = process.communicate()
    assert process.returncode == 0, err


def grant(tasuki, item, purpose):
    done = tasuki("consent", "grant", "--item", item, "--purpose", purpose)
    assert done.returncode == 0, done.stderr


@pytest.mark.rule("A-01", "deny", "evidence")
def test_a_withdrawal_elsewhere_stops_a_stream_at_the_hub_at_the_router_and_in_the_queue(unix_hub, tasuki):
    grant(tasuki, "all", "service_information")
    grant(tasuki, "ecg", "service_improvement")
    heard = Refusals()
    with State(tasuki.state) as state:
        enroll(unix_hub.port, state)
        with Session(SerialLine(unix_hub.port), state, "wearer", speed=SPEED, listeners=[heard]) as session:
            kinds = session.counts.kinds
            step_until(
                session, lambda: heard.passed["ecg", "improvement"] and heard.passed["respiration", "store"]
            )

            say(tasuki, session, "withdraw", "--item", "respiration")
            say(tasuki, session, "withdraw", "--item", "ecg", "--purpose", "service_improvement")
            step_until(session, lambda: not session.items & items.bit("respiration"))
            step_until(session, lambda: heard.refused["ecg", "improvement", "withdrawn"])
            passed = Counter(heard.passed)
            ecg, respiration = kinds["ecg"], kinds["respiration"]
            step_until(session, lambda: kinds["ecg"] > ecg + 100)

            # at the hub: no purpose was left for respiration, so it does not measure it
            assert kinds["respiration"] == respiration
            # at the router: the ecg goes on for the one purpose, and no longer for the other
            assert heard.passed["ecg", "store"] > passed["ecg", "store"]
            assert heard.passed["ecg", "improvement"] == passed["ecg", "improvement"]
            assert heard.passed["respiration", "store"] == passed["respiration", "store"]
            session.stop()
            upload = Uploading(session).uploader

            # in the queue: what waited is decided again when it is sent
            assert upload.drain() == []
        ended = state.outbox.ended()
    assert ended["improvement", "denied_late", "withdrawn"] == passed["ecg", "improvement"]
    assert ended["store", "denied_late", "withdrawn"] == passed["respiration", "store"]
    assert not any(place == "improvement" and how == "confirmed" for place, how, _ in ended)
    assert ended["store", "confirmed", ""] > 0


def test_what_is_granted_elsewhere_begins_while_the_host_runs(unix_hub, tasuki):
    grant(tasuki, "respiration", "service_information")
    with State(tasuki.state) as state:
        enroll(unix_hub.port, state)
        with Session(SerialLine(unix_hub.port), state, "wearer", speed=SPEED) as session:
            step_until(session, lambda: session.counts.kinds["respiration"])
            assert not session.counts.kinds["ecg"]

            say(tasuki, session, "grant", "--item", "ecg", "--purpose", "service_information")

            step_until(session, lambda: session.counts.kinds["ecg"])
            session.stop()


def test_a_run_ends_by_itself_when_the_wearer_withdraws_all(unix_hub, tasuki):
    grant(tasuki, "all", "service_information")
    tasuki.json("hub", "enroll", "--port", unix_hub.port)
    process = tasuki.start("run", "--port", unix_hub.port, "--speed", SPEED, "--json")
    wait_for_blocks(tasuki.state)

    assert tasuki("consent", "withdraw", "--all").returncode == 0
    out, err = process.communicate(timeout=MOST_S)

    assert process.returncode == 0, err
    found = json.loads(out)
    assert found["ended_by"] is None and found["blocks"] > 0
