"""The library form on a real terminal."""

import contextlib

import pytest

import tasuki as package
from end_to_end.conftest import WEARER
from tasuki.consent.events import Event
from tasuki.errors import LinkLost, Refused
from tasuki.session.enrolment import enroll
from tasuki.session.state import State

pytestmark = pytest.mark.hub


@pytest.fixture
def folder(unix_hub, tmp_path):
    """A state folder that knows the hub."""
    with State(tmp_path / "state") as state:
        enroll(unix_hub.port, state)
    return tmp_path / "state"


def stored(folder):
    """How many blocks are in the store."""
    with State(folder) as state:
        assert state.outbox.size()[0] == 0
        return state.store.count()


def test_an_iterator_that_is_closed_stops_the_hub_and_stores_what_was_verified(unix_hub, folder):
    blocks = package.open(unix_hub.port, consent=WEARER, state=folder, speed=10)
    assert next(blocks).item
    blocks.close()

    assert stored(folder) > 0


def test_a_hub_that_vanishes_ends_the_iterator_with_a_lost_link(unix_hub, folder):
    found = []
    with pytest.raises(LinkLost):
        for reading in package.open(unix_hub.port, consent=WEARER, state=folder, speed=10):
            found.append(reading)
            unix_hub.close()

    assert found and stored(folder) > 0


def test_a_wearer_who_consents_to_nothing_is_said_at_once(unix_hub, folder, tmp_path):
    consent = tmp_path / "withdrawn.toml"
    consent.write_text(WEARER.read_text().replace('decision = "granted"', 'decision = "withdrawn"'))

    with pytest.raises(Refused, match="nothing may be sampled"):
        next(package.open(unix_hub.port, consent=consent, state=folder, speed=10))


def test_without_a_file_the_recorded_consent_counts(unix_hub, folder):
    """Only what was granted is measured, for the only wearer on record."""
    with State(folder) as state:
        now = state.book.now_ns("hanako")
        items = frozenset({"respiration"})
        notice = state.policy.version
        state.book.say(Event(now, now, "hanako", "granted", "service_information", items, notice))

    with contextlib.closing(package.open(unix_hub.port, state=folder, speed=10)) as blocks:
        found = {next(blocks).item for _ in range(2)}

    assert found == {"respiration"}
