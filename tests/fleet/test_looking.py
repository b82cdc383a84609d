"""What is said to a line before it is known what stands at its other end."""

import time

import pytest

from tasuki.fleet import looking
from tasuki.pipeline.decode import Decoder


class HubUnderToken:
    """A line whose hub says nothing unasked; keeps what it was asked."""

    def __init__(self):
        self.asked = b""

    def write(self, data):
        self.asked += data

    def read(self, timeout_s):
        return b""


@pytest.mark.parametrize("hours", [0.9, 1.1, 3.6])
def test_a_hub_is_roused_without_ctrl_c_whatever_the_clock_of_the_host_says(monkeypatch, hours):
    """From 54 to 72 minutes after the host's start every frame of that time has the byte in it."""
    monkeypatch.setattr(looking, "_ROUSE_S", 0.01)
    monkeypatch.setattr(time, "monotonic_ns", lambda: int(hours * 3600 * 1e9))
    line = HubUnderToken()

    assert not looking.rouse(line)

    assert b"\x03" not in line.asked
    asked = Decoder().feed(line.asked)
    assert asked.good().sum() == looking._ROUSES
