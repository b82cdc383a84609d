"""Stored epochs that the line damages on their way."""

import contextlib
import random

import pytest

from host.away_world import accepted, left_alone
from host.session_world import run_hub
from tasuki.session import hub_session
from tasuki.session.counts import Counts
from tasuki.trust.stored import KIND
from tasuki_wire import cobs
from tasuki_wire.errors import WireError

pytestmark = pytest.mark.usefixtures("hasty")


class DamagedFragments:
    """A line's bytes in whole frames; of every 14th fragment of a stored epoch a bit is flipped.

    A part has up to nine fragments: some come whole and some do not, whatever part is sent first.
    """

    def __init__(self):
        self._rest, self._fragments = b"", 0

    def through(self, data):
        """What comes out of these bytes; a frame that is not whole yet waits."""
        *frames, self._rest = (self._rest + data).split(b"\0")
        return b"".join(self._maybe_damaged(frame) + b"\0" for frame in frames)

    def rest(self):
        """What still waits."""
        waiting, self._rest = self._rest, b""
        return waiting

    def _maybe_damaged(self, frame):
        plain = bytearray(len(frame) + 1)
        with contextlib.suppress(WireError):
            if cobs.decode_into(plain, frame, len(frame)) > 20 and plain[1] == KIND:
                self._fragments += 1
                if self._fragments % 14 == 0:
                    at = len(frame) // 2
                    return frame[:at] + bytes([frame[at] ^ 0x20 or 0x21]) + frame[at + 1 :]
        return frame


def run_until(session, reached):
    """Run the hub until something is reached, at most five minutes of its time."""
    for _ in range(60):
        run_hub(session, 5)
        if reached():
            return


def test_damaged_parts_are_asked_for_again(made, monkeypatch):
    """Bytes lost on the line while the store is forwarded: everything comes in the end, nothing crashes."""
    monkeypatch.setattr(hub_session, "_SYNC_S", 0.02)
    monkeypatch.setattr(hub_session, "_SILENT_S", 20.0)
    counts = Counts()
    left_alone(made, 20, counts=counts)
    kept = made.line.hub.store.count
    chance, damaged = random.Random(5), DamagedFragments()
    read = made.line.read

    def noisy(timeout_s):
        if not session.forwarded.broken:  # for certain, however the machine cuts what it reads
            return damaged.through(read(timeout_s))
        data = bytearray(damaged.rest() + read(timeout_s))
        if len(data) > 500 and chance.random() < 0.05:
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        return bytes(data)

    session = made.session(counts=counts)
    # the host asks by the wall's clock, which a busy machine hardly moves while the hub's runs on
    made.line.read = noisy
    run_until(session, lambda: session.forwarded.broken)
    run_hub(session, 5)
    made.line.read = read
    run_until(session, lambda: not made.line.hub.store.count)
    run_hub(session, 5)

    assert session.forwarded.broken > 0 and kept >= 5
    assert counts.recovered > 0 and made.line.hub.store.count == 0
    assert accepted(made, 2 + kept) == list(range(2 + kept))
    session.close()
