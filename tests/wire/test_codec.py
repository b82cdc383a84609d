"""Properties of the codec: against plain struct by product, and over random input."""

import binascii
import itertools
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasuki_wire import codec, errors, layout

SAMPLE_KINDS = [k for k in codec.KINDS.values() if k.mode == layout.SAMPLES]
WORDS = st.integers(0, layout.WORD - 1)
LIMITS = {"B": (0, 2**8 - 1), "H": (0, 2**16 - 1), "I": (0, 2**32 - 1),
          "b": (-(2**7), 2**7 - 1), "h": (-(2**15), 2**15 - 1), "i": (-(2**31), 2**31 - 1)}  # fmt: skip


def field_values(
    field: tuple[str, str, int, str, int, str], room: int
) -> "st.SearchStrategy[tuple[object, ...]]":
    """Values that a field takes, as struct gives them."""
    _, code, count, *_ = field
    if code == "s":
        size = st.binary(min_size=count, max_size=count) if count else st.binary(max_size=room)
        return size.map(lambda value: (value,))
    if code == "T":
        return st.tuples(*[WORDS] * (2 * count))
    return st.tuples(*[st.integers(*LIMITS[code])] * count)


def row_values(
    fields: tuple[tuple[str, str, int, str, int, str], ...], room: int
) -> "st.SearchStrategy[tuple[object, ...]]":
    """Values of a field list, flat."""
    return st.tuples(*[field_values(f, room) for f in fields]).map(lambda parts: sum(parts, ()))


@st.composite
def messages(draw: st.DrawFn) -> tuple[int, tuple[object, ...], list[tuple[object, ...]]]:
    """Kind, head and rows of a message that fits into a frame."""
    number, _, _, mode, head, rows = draw(st.sampled_from(layout.MESSAGES))
    kind = codec.KINDS[number]
    room = layout.MAX_FRAGMENT - kind.head_size - kind.row_size
    values = draw(row_values(head, room))
    if not rows:
        return number, values, []
    lowest = int(mode == layout.SAMPLES)
    highest = 1 if kind.row_rest else room // kind.row_size
    return number, values, draw(st.lists(row_values(rows, room), min_size=lowest, max_size=highest))


def packed(message: tuple[int, tuple[object, ...], list[tuple[object, ...]]]) -> bytes:
    """Bytes of a drawn message."""
    number, head, rows = message
    return codec.pack(number, *head, rows=b"".join(codec.pack_row(number, *row) for row in rows))


@pytest.mark.parametrize("kind", SAMPLE_KINDS, ids=lambda k: k.name)
def test_a_header_is_what_plain_struct_says(kind: codec.Kind) -> None:
    """Each sample kind, by product over the corners of every field."""
    payload = bytes(kind.row_size)
    corners = (0, 1, 2**16, layout.WORD - 1)
    for stream, seq, hi, lo in itertools.product((0, 7, 14), corners, corners, corners):
        body = struct.pack("<4B3I", 0x10, kind.number, stream, 0, seq, hi, lo) + payload
        expected = body + struct.pack("<I", binascii.crc32(body, kind.seed))

        raw = codec.frame(kind.number, stream, 0, seq, hi, lo, payload)
        assert raw == expected
        assert codec.split(raw) == (kind.number, stream, 0, seq, hi, lo, payload)


@given(messages())
def test_a_message_that_was_packed_is_unpacked_to_the_same(
    message: tuple[int, tuple[object, ...], list[tuple[object, ...]]],
) -> None:
    """decode(encode(x)) == x for every kind."""
    number, head, rows = message
    values = codec.unpack(number, packed(message))
    assert values[: len(head)] == head
    assert codec.unpack_rows(number, values[len(head)]) == rows if rows else not any(values[len(head) :])


@given(st.sampled_from(sorted(codec.KINDS)), st.binary(max_size=layout.MAX_FRAGMENT))
def test_what_was_unpacked_is_packed_to_the_same(number: int, data: bytes) -> None:
    """encode(decode(y)) == y, and what is no message is refused by name."""
    kind = codec.KINDS[number]
    try:
        values = codec.unpack(number, data)
    except errors.WireError as error:
        assert error.fault == "length"
        return
    if kind.head_rest or not kind.row_size:
        assert codec.pack(number, *values) == data
    else:
        assert codec.pack(number, *values[:-1], rows=values[-1]) == data


@given(messages(), st.integers(0, layout.STREAMS - 1), WORDS, WORDS, WORDS)
def test_a_frame_that_was_made_is_split_to_the_same(
    message: tuple[int, tuple[object, ...], list[tuple[object, ...]]], stream: int, seq: int, hi: int, lo: int
) -> None:
    """Header and payload of every kind, in fragments where it travels so."""
    kind = codec.KINDS[message[0]]
    whole = packed(message)
    payload = codec.fragments(1, whole or b"\0")[0] if kind.mode == layout.FRAGMENTS else whole
    place = layout.LINK_STREAM if kind.item is None else stream
    raw = codec.frame(kind.number, place, 0, seq, hi, lo, payload)
    assert codec.split(raw) == (kind.number, place, 0, seq, hi, lo, payload)


@given(st.binary(max_size=300), st.dictionaries(st.integers(0, 255), st.integers(0, 2**32 - 1), max_size=3))
def test_any_bytes_are_a_frame_or_a_named_fault(data: bytes, announced: dict[int, int]) -> None:
    """Nothing but WireError, and a fault of the table."""
    with pytest.raises(errors.WireError) as caught:
        codec.split(data, announced)
    assert caught.value.fault in layout.FAULTS


@given(
    st.binary(min_size=16, max_size=250),
    st.integers(0, 255),
    st.sampled_from(sorted(codec.KINDS)),
    st.booleans(),
)
def test_any_header_under_a_right_crc_is_read_back_whole_or_refused_by_name(
    data: bytes, version: int, number: int, current: bool
) -> None:
    """What is accepted makes the same bytes again."""
    body = bytes([layout.VERSION if current else version, number]) + data[2:]
    raw = body + struct.pack("<I", binascii.crc32(body, codec.KINDS[number].seed))
    fault = codec.check(raw, {})
    assert fault in layout.FAULTS
    if fault == "ok":
        assert codec.frame(*codec.split(raw)) == raw


@given(st.binary(max_size=layout.MAX_PAYLOAD))
def test_any_hello_payload_is_read_or_refused_by_name(data: bytes) -> None:
    """Nothing but WireError; no seed is made up."""
    try:
        nonce, _, seeds = codec.read_hello(data)
    except errors.WireError as error:
        assert error.fault == "length"
        return
    assert nonce == data[:16]
    assert all(struct.pack("<BI", kind, seed) in data for kind, seed in seeds.items())


def test_the_hello_of_this_version_announces_every_kind() -> None:
    """With the seeds that the frames start from."""
    nonce, flags, seeds = codec.read_hello(codec.hello(bytes(16), 5))
    assert (nonce, flags) == (bytes(16), 5)
    assert seeds == {kind.number: kind.seed for kind in codec.KINDS.values()}


def test_a_frame_of_another_schema_is_noise_until_a_hello_announced_its_seed() -> None:
    """A scale that changed is a mismatch with its kind, never a wrong value."""
    head, rows = (), (("ecg", "h", 1, "uV", 2, "another scale"),)
    seed = binascii.crc32(codec.schema_text(head, rows).encode())
    body = codec.frame(1, 0, 0, 0, 0, 0, b"\1\0")[:-4]
    raw = body + struct.pack("<I", binascii.crc32(body, seed))
    assert codec.check(raw, {}) == "crc"
    assert codec.check(raw, {1: seed}) == "schema_mismatch"


@given(st.integers(0, 2**60 - 1))
def test_a_time_is_the_same_after_its_two_words(us: int) -> None:
    """Both words are below 2**30."""
    hi, lo = codec.time_words(us)
    assert codec.time_us(hi, lo) == us
    assert max(hi, lo) < layout.WORD


@pytest.mark.parametrize(
    ("fault", "kind"),
    [("crc", errors.Damaged), ("fragment", errors.Damaged), ("version", errors.Unsupported),
     ("unknown_kind", errors.Unsupported), ("flags", errors.Malformed), ("content", errors.Malformed)],
)  # fmt: skip
def test_an_error_is_of_the_class_that_the_caller_reacts_to(fault: str, kind: type[errors.WireError]) -> None:
    """Noise is asked for again, another version is said, a broken rule is an alarm."""
    error = errors.error(fault, "why")
    assert type(error) is kind
    assert (error.fault, str(error)) == (fault, f"{fault}: why")
