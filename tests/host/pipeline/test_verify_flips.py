"""No single byte of a session can be changed so that altered content is accepted.

A session of two epochs with every kind is flipped byte by byte: as the line
would do it, and as an attacker would, who makes the CRC right again.
"""

import pytest

from receiving import Host, held
from signed_session import Hub, message, stuff
from tasuki.native import epoch as native
from tasuki_wire import codec, epoch, layout

HUB = Hub()
EPOCHS = [HUB.signed_epoch(), HUB.signed_epoch(reason="stop")]
HELLO = codec.frame(0, layout.LINK_STREAM, 0, 0, 0, 0, codec.hello(bytes(16), 1))
SENT = {e.record: e.bodies for e in EPOCHS}


def link_frames(kind, whole):
    """Unstuffed frames of a link message."""
    parts = [whole] if kind == epoch.RECORD else codec.fragments(1, whole)
    return [codec.frame(kind, layout.LINK_STREAM, 0, 0, 0, 0, part) for part in parts]


FRAMES = [HELLO]
for each in EPOCHS:
    FRAMES += each.frames + link_frames(epoch.RECORD, each.record) + link_frames(epoch.OPENING, each.opening)


def accepted(data):
    """The verified epochs of a session's bytes, with everything decided at the end."""
    host = Host(HUB, window=native.Window(1 << 14, 1024))
    host.feed(data + b"\0")
    host.verdicts += host.verifier.poll(0) + host.verifier.poll(60)
    return host.verified()


def assert_only_what_was_sent(verified):
    """Each accepted epoch is one that was signed, and each of its blocks is byte for byte the one sent."""
    for one in verified:
        sent = SENT[one.raw]
        for stream, bodies in held(one).items():
            assert bodies == sent[stream]
        assert set(held(one)) | set(one.lost) == set(sent)


def test_the_unchanged_session_is_accepted_whole():
    verified = accepted(b"".join(map(stuff, FRAMES)))

    assert [held(one) for one in verified] == [e.bodies for e in EPOCHS]


@pytest.mark.parametrize("mask", [0x01, 0x80, 0xFF])
def test_no_flipped_byte_on_the_line_is_accepted(mask):
    data = b"".join(map(stuff, FRAMES))

    for at in range(len(data)):
        changed = data[:at] + bytes([data[at] ^ mask]) + data[at + 1 :]
        assert_only_what_was_sent(accepted(changed))


@pytest.mark.parametrize("mask", [0x01, 0x80])
def test_no_flipped_byte_with_its_crc_made_right_is_accepted(mask):
    stuffed = [stuff(raw) for raw in FRAMES]
    whole = 2 * [True]

    for i, raw in enumerate(FRAMES):
        for at in range(len(raw) - layout.CRC_SIZE):
            body = raw[:at] + bytes([raw[at] ^ mask]) + raw[at + 1 : -layout.CRC_SIZE]
            seed = codec.KINDS[body[1]].seed if body[1] in codec.KINDS else 0
            crc = codec.binascii.crc32(body, seed).to_bytes(4, "little")
            verified = accepted(b"".join([*stuffed[:i], stuff(body + crc), *stuffed[i + 1 :]]))
            assert_only_what_was_sent(verified)
            whole[int(raw in EPOCHS[1].frames)] &= len(verified) == 2

    assert whole != [True, True]


def test_a_changed_message_is_never_accepted_as_the_one_that_was_signed():
    """Record and opening changed as whole messages, past CRC and fragments."""
    one = EPOCHS[0]
    frames = b"".join(map(stuff, one.frames))
    for kind, whole, other in (
        (epoch.RECORD, one.record, one.opening),
        (epoch.OPENING, one.opening, one.record),
    ):
        for at in range(len(whole)):
            changed = whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]
            host = Host(HUB, window=native.Window(1 << 14, 1024))
            host.feed(frames + message(65 - kind, other))
            host.feed(message(kind, changed))
            assert host.verified() == []
