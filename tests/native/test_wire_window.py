"""The frame window holds what a plain dictionary would, within its memory, and counts what goes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signed_session import stuff
from tasuki.native import epoch as native
from tasuki.native.wire import WireDecoder
from tasuki_wire import codec, layout

SMALL = {"ring_bytes": 1024, "index_frames": 1024}


def put(window, *frames, keep=None):
    """Put unstuffed frames as one batch."""
    arena, rows = WireDecoder().decode(b"".join(map(stuff, frames)))
    window.put(arena, rows, None if keep is None else np.array(keep))


def ecg(stream, seq, body=b"ab"):
    return codec.frame(1, stream, 0, seq, 0, seq, body)


def test_frames_are_found_by_stream_and_seq():
    window = native.Window()

    put(window, ecg(0, 5), ecg(0, 7), ecg(3, 6))

    assert window.look(0, 4, 5) == bytes([0, 1, 0, 1, 0])
    assert window.look(3, 6, 1) == b"\x01"
    assert window.look(14, 0, 3) == bytes(3)


def test_the_same_frame_twice_is_a_duplicate_and_another_content_a_conflict():
    window = native.Window()

    put(window, ecg(0, 1), ecg(0, 1), ecg(0, 1, b"xy"))

    assert window.counts == {"evicted": 0, "duplicates": 1, "conflicts": 1, "refused": 0}
    assert window.look(0, 1, 1)[0] == native.DOUBTED


def test_dropping_the_doubted_leaves_the_rest():
    window = native.Window()
    put(window, ecg(0, 1), ecg(0, 2), ecg(0, 2, b"xy"), ecg(0, 3))

    window.drop(0, 1, 3, doubted_only=True)

    assert window.look(0, 1, 3) == bytes([native.HELD, native.ABSENT, native.HELD])


def test_a_refused_frame_leaves_a_marker_and_no_content():
    window = native.Window()
    secret = b"nobody may keep these bytes!"

    put(window, ecg(0, 1, secret), keep=[False])

    assert window.look(0, 1, 1)[0] == native.WITHHELD
    assert window.counts["refused"] == 1
    assert secret not in window._ring.tobytes()


def test_what_is_refused_later_or_done_with_does_not_linger_in_memory():
    window = native.Window()
    secret, entry = b"these bytes must go in the end", bytes([1, 1, 0, 0, 0, 0, 1, 0]) + bytes(40)
    put(window, ecg(0, 0, secret), ecg(1, 0, secret[::-1] + b"x" * 2))

    put(window, ecg(0, 0, secret), keep=[False])
    window.release(entry)

    assert secret not in window._ring.tobytes()
    assert secret[::-1] not in window._ring.tobytes()


def test_refusal_holds_against_a_resend_and_removes_what_was_held():
    window = native.Window()

    put(window, ecg(0, 1), keep=[False])
    put(window, ecg(0, 1), ecg(0, 2))
    put(window, ecg(0, 2), keep=[False])

    assert window.look(0, 1, 2) == bytes([native.WITHHELD] * 2)


def test_the_oldest_frames_go_first_and_are_counted():
    window = native.Window(**SMALL)
    frames = [ecg(0, seq, bytes(80)) for seq in range(100)]

    put(window, *frames)

    states = window.look(0, 0, 100)
    held = states.count(native.HELD)
    assert states == bytes(100 - held) + bytes([native.HELD]) * held
    assert 8 <= held == 100 - window.counts["evicted"]


def test_frames_far_apart_in_seq_replace_each_other_and_are_counted():
    window = native.Window(**{**SMALL, "ring_bytes": 4096})

    put(window, ecg(0, 1), ecg(0, 1 + 1024))

    assert (window.look(0, 1, 1), window.look(0, 1025, 1)) == (b"\x00", b"\x01")
    assert window.counts["evicted"] == 1


def test_released_frames_make_room_without_being_counted_as_lost():
    window = native.Window(**SMALL)
    entry = bytes([0, 1]) + (0).to_bytes(4, "little") + (5).to_bytes(2, "little") + bytes(40)

    for _ in range(50):
        put(window, *[ecg(0, seq, bytes(80)) for seq in range(5)])
        window.release(entry)

    assert window.counts["evicted"] == 0
    assert window.look(0, 0, 5) == bytes(5)


def test_the_tail_counts_frames_that_no_epoch_claimed():
    window = native.Window()
    put(window, ecg(0, 3), ecg(0, 4), ecg(2, 9), ecg(5, 1), keep=[True, True, True, False])

    assert window.tail([4] + [0] * 14)[:6] == [1, 0, 1, 0, 0, 0]


def test_a_cleared_window_holds_nothing_and_keeps_no_bytes():
    window = native.Window()
    put(window, ecg(0, 3, b"content that is wiped"[:20]))

    window.clear()

    assert window.look(0, 3, 1) == b"\x00"
    assert not window._ring.any()


def test_damaged_and_link_frames_are_not_put():
    window = native.Window()
    bad = bytearray(ecg(0, 1))
    bad[-1] ^= 1

    put(window, bytes(bad), codec.frame(48, 255, 0, 1, 0, 0, b"ab"))

    assert window.tail([0] * 15) == [0] * 15


@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 30), st.integers(1, 100), st.booleans(), st.booleans()),
        max_size=80,
    )
)
def test_whatever_is_put_and_dropped_a_held_frame_is_the_last_one_put(steps):
    window, model = native.Window(**SMALL), {}
    for stream, seq, size, keep, drop in steps:
        put(window, ecg(stream, seq, bytes([size]) * (2 * size)), keep=[keep])
        refused = not keep or model.get((stream, seq)) == native.WITHHELD
        model[(stream, seq)] = native.WITHHELD if refused else native.HELD
        if drop:
            window.drop(stream, seq, 1)
            model[(stream, seq)] = native.ABSENT
        for (s, q), state in model.items():
            found = window.look(s, q, 1)[0]
            found = native.HELD if found == native.DOUBTED else found
            # What had to go for room is absent, and nothing else differs.
            assert found in (state, native.ABSENT)
            if found == native.ABSENT:
                model[(s, q)] = native.ABSENT


@pytest.mark.parametrize("sizes", [(1000, 1024), (1024, 1000), (512, 1024), (1024, 512)])
def test_sizes_that_are_no_power_of_two_or_too_small_are_refused(sizes):
    with pytest.raises(ValueError, match=str(layout.MAX_BLOCK_FRAMES)):
        native.Window(*sizes)


def test_decisions_must_be_as_many_as_rows():
    with pytest.raises(ValueError, match="1 decisions for 2 rows"):
        put(native.Window(), ecg(0, 1), ecg(0, 2), keep=[True])
