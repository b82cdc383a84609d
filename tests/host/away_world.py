"""A host that was away from a SIMULATED hub, which stored meanwhile, and comes back."""

import pytest

from host.session_world import Watcher, run_hub
from tasuki.errors import LinkLost
from tasuki.trust.ledger import seen
from tasuki_wire import epoch

STEP_US = 25_000


def away(line, seconds):
    """Nobody listens for so long, and what the hub sends goes nowhere."""
    line.board.inbox = b""
    for _ in range(int(seconds * 1_000_000 / STEP_US)):
        line.hub.step()
        line.board.clock += STEP_US
        line.board.outbox.clear()


def cut_off(session, line):
    """The link goes while the session runs."""
    line.cut = True
    with pytest.raises(LinkLost):
        session.step()
    session.decide()
    line.cut = False


def left_alone(made, away_s, ran_s=6, **options):
    """A session that ran for a while and was cut off; the hub went on alone for so long."""
    session = made.session(**options)
    run_hub(session, ran_s)
    cut_off(session, made.line)
    away(made.line, away_s)
    return session


def accepted(made, epochs, session=1):
    """Which of so many epochs of a hub's session stand in the ledger."""
    key = epoch.key_id(made.public)
    return [n for n in range(epochs) if seen(made.state.ledger.connection, key, session, n)]


def come_back(made, counts, seconds=12):
    """A new session of the same host; it and its watcher."""
    watcher = Watcher()
    session = made.session(counts=counts, listeners=[watcher])
    stored = run_hub(session, seconds)
    return session, watcher, stored
