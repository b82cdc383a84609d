"""Fragments that are lost, doubled or mixed never make a wrong message."""

import struct

from hypothesis import given
from hypothesis import strategies as st

from tasuki_wire import codec, layout

SIZES = st.sampled_from([1, 229, 230, 231, 460, 700, 4095, 4096])


def message(number: int, size: int) -> bytes:
    """A message whose every byte tells whose it is."""
    return (struct.pack("<H", number) * size)[:size]


@st.composite
def traffic(draw: st.DrawFn) -> tuple[list[bytes], list[bytes]]:
    """Messages, and their fragments after loss, doubling and shuffling."""
    sent = [message(number, draw(SIZES)) for number in range(draw(st.integers(1, 4)))]
    parts = [part for number, whole in enumerate(sent) for part in codec.fragments(number, whole)]
    keep = draw(st.lists(st.integers(0, len(parts) - 1), max_size=3 * len(parts)))
    order = draw(st.sampled_from(["as drawn", "rising"]))
    return sent, [parts[i] for i in (keep if order == "as drawn" else sorted(keep))]


@given(traffic())
def test_no_loss_doubling_or_order_yields_a_message_that_was_not_sent(
    case: tuple[list[bytes], list[bytes]],
) -> None:
    """Whole and right, or nothing."""
    sent, arrived = case
    assembler = codec.Assembler()
    got = [assembler.add(33, payload) for payload in arrived]
    assert all(whole in sent for whole in got if whole is not None)


@given(
    st.lists(
        st.one_of(
            st.binary(min_size=5, max_size=234),
            st.builds(
                lambda n, i, t, part: struct.pack("<HBB", n, i, t) + part,
                st.integers(0, 1),
                st.integers(0, 20),
                st.integers(0, 20),
                st.binary(min_size=1, max_size=230),
            ),
        ),
        max_size=60,
    )
)
def test_no_fragments_make_a_message_above_the_limit_or_fill_the_memory(payloads: list[bytes]) -> None:
    """What waits is at most one message of 4 KiB a kind."""
    assembler = codec.Assembler()
    for payload in payloads:
        whole = assembler.add(33, payload)
        assert whole is None or len(whole) <= layout.MAX_MESSAGE
        assert held(assembler) <= layout.MAX_MESSAGE


def held(assembler: codec.Assembler) -> int:
    """Bytes in assembly."""
    return sum(len(part) for _, _, parts in assembler._open.values() for part in parts)


def test_fragments_that_add_up_to_more_than_the_limit_are_given_up() -> None:
    """18 full ones are 4140 bytes."""
    assembler = codec.Assembler()
    got = [assembler.add(33, struct.pack("<HBB", 1, i, 18) + bytes(230)) for i in range(18)]
    assert (got, assembler.abandoned) == ([None] * 18, 1)


@given(SIZES, SIZES)
def test_messages_of_two_kinds_may_interleave(one: int, two: int) -> None:
    """Each kind has a place of its own."""
    a, b = codec.fragments(1, message(1, one)), codec.fragments(1, message(2, two))
    assembler = codec.Assembler()
    got = [assembler.add(kind, part) for pair in zip_longest(a, b) for kind, part in pair]
    assert sorted(whole for whole in got if whole) == sorted([message(1, one), message(2, two)])
    assert assembler.abandoned == 0


def zip_longest(a: list[bytes], b: list[bytes]) -> list[list[tuple[int, bytes]]]:
    """Fragments in turns, by kind, until both are out."""
    turns = range(max(len(a), len(b)))
    return [[(33, p) for p in a[i : i + 1]] + [(35, p) for p in b[i : i + 1]] for i in turns]


def test_a_new_session_starts_without_the_fragments_of_the_old() -> None:
    """A hello with another nonce forgets what is in assembly."""
    parts = codec.fragments(1, message(1, 400))
    assembler = codec.Assembler()
    assembler.add(33, parts[0])
    assembler.reset()
    assert assembler.add(33, parts[1]) is None
    assert assembler.abandoned == 1
