"""Decode and verification of real signed epochs of the default profile: 126 frames of 6 streams.

Targets (issue 2): at least 1.2 M frames/s with SHA instructions, 0.7 M without.
On a shared machine measure
processor time: --benchmark-timer=time.process_time.
Frames of about 100 bytes, 64-KiB reads; Ed25519 alone, one signature an epoch, is
measured beside it as the ceiling.
"""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent.parent / "tests"))

from signed_session import DEFAULT_EPOCH, Hub
from tasuki.native import epoch as native
from tasuki.pipeline.decode import Decoder, Messages
from tasuki.pipeline.verify import Verifier
from tasuki.trust.ledger import ForgetfulLedger
from tasuki.trust.proof import signature_holds
from tasuki.trust.verdict import Verified

READ = 65536
GROUP = "decode and verify, default profile"
EPOCHS = 300
FRAMES = sum(count for _, _, count in DEFAULT_EPOCH)


@pytest.fixture(scope="module")
def session():
    """A hub and its epochs."""
    hub = Hub()
    return hub, [hub.signed_epoch(DEFAULT_EPOCH, size=84) for _ in range(EPOCHS)]


def verify(hub, parts, sha):
    """Verified epochs of a session's reads."""
    decoder, messages = Decoder(), Messages()
    verifier = Verifier(hub.public, hub.device, ForgetfulLedger(), window=native.Window(sha=sha))
    verified = 0
    for part in parts:
        batch = decoder.feed(part)
        verdicts = verifier.frames(batch)
        for link in filter(None, map(messages.join, batch.links())):
            verdicts += verifier.message(link.kind, link.payload)
        verified += sum(isinstance(verdict, Verified) for verdict in verdicts)
    return verified


WAYS = {"tasuki, best SHA-256 of this processor": native.BEST, "tasuki, portable SHA-256": native.PORTABLE}


@pytest.mark.parametrize("name", WAYS)
def test_tasuki(rate, session, name):
    hub, epochs = session
    data = b"".join(epoch.wire() for epoch in epochs)
    parts = [data[i : i + READ] for i in range(0, len(data), READ)]

    verified = rate(GROUP, name, EPOCHS * FRAMES, "frames", lambda: verify(hub, parts, WAYS[name]), rounds=12)

    assert verified == EPOCHS


def test_signatures_alone(rate, session):
    hub, epochs = session

    def run():
        return sum(signature_holds(epoch.record, hub.public) for epoch in epochs)

    assert rate(GROUP, "Ed25519 alone (ceiling)", EPOCHS * FRAMES, "frames", run, rounds=12) == EPOCHS
