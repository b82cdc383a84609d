"""Byte stuffing against the cobs package of PyPI."""

import pytest
from cobs import cobs as peer
from hypothesis import given
from hypothesis import strategies as st

from tasuki_wire import cobs, errors, layout

# Zeros and long runs without one are where stuffing can go wrong.
LUMPY = st.lists(
    st.one_of(st.binary(max_size=9), st.just(b"\0"), st.integers(1, 600).map(lambda n: b"\1" * n)), max_size=6
).map(b"".join)


def stuff(plain: bytes) -> bytes:
    """Stuffed by us, in the room that encode_into asks for."""
    out = bytearray(len(plain) + len(plain) // 254 + 1)
    return bytes(out[: cobs.encode_into(out, plain, len(plain))])


def unstuff(stuffed: bytes) -> bytes:
    """Unstuffed by us, in the room that decode_into asks for."""
    out = bytearray(len(stuffed))
    return bytes(out[: cobs.decode_into(out, stuffed, len(stuffed))])


@given(LUMPY)
def test_stuffing_is_that_of_the_peer(plain: bytes) -> None:
    """Any length, also above a frame's."""
    assert stuff(plain) == peer.encode(plain)
    assert unstuff(stuff(plain)) == plain
    assert 0 not in stuff(plain)


@given(st.one_of(LUMPY, st.binary(max_size=300)))
def test_unstuffing_accepts_and_refuses_what_the_peer_does(data: bytes) -> None:
    """Same bytes out, or damaged by name."""
    try:
        expected = peer.decode(data)
    except peer.DecodeError:
        with pytest.raises(errors.Damaged) as caught:
            unstuff(data)
        assert caught.value.fault == "cobs"
    else:
        assert unstuff(data) == expected


@given(st.binary(max_size=layout.MAX_FRAME))
def test_a_frame_costs_one_byte_to_stuff(frame: bytes) -> None:
    """So that 255 bytes and a delimiter hold every frame."""
    assert len(stuff(frame)) == len(frame) + 1


@given(st.lists(st.integers(1, 255), max_size=layout.MAX_FRAME + 1).map(bytes))
def test_a_chunk_of_a_frames_length_has_one_meaning(chunk: bytes) -> None:
    """What unstuffs at all, stuffs to the same bytes again: no second spelling of a frame."""
    try:
        plain = unstuff(chunk)
    except errors.Damaged:
        return
    assert stuff(plain) == (chunk or b"\1")


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_only_the_first_n_bytes_are_looked_at(plain: bytes, rest: bytes) -> None:
    """Buffers are larger than what they hold."""
    stuffed = stuff(plain)
    out = bytearray(len(plain) + 2)
    assert bytes(out[: cobs.encode_into(out, plain + rest, len(plain))]) == stuffed
    out = bytearray(len(stuffed))
    assert bytes(out[: cobs.decode_into(out, stuffed + rest, len(stuffed))]) == plain
