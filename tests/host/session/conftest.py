"""Sessions with a hub that has no wall clock."""

import pytest

from tasuki.pipeline.verify import Timing
from tasuki.session import hub_session


@pytest.fixture
def hasty(monkeypatch):
    """This hub's time runs ahead of the wall's: what is missing is given up soon, bindings begin early."""
    monkeypatch.setattr(hub_session, "_timing", lambda speed: Timing(0.1, 0.2, 0.5))
    monkeypatch.setattr(hub_session, "_BINDING_AHEAD_NS", 3_600_000_000_000)
