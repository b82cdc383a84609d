"""Packed payloads: the vectors, and what holds for all records and all bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packed_records import KINDS, nearly_packed, pack, records
from tasuki_wire import codec, errors, layout, packing
from vectors import Case, read

CASES = read("packed")
PAYING = [case for case in CASES if case.bytes("payload")]


def names(case: Case) -> str:
    """Test id."""
    return case.name


def columns_of(case: Case) -> int:
    """Columns of the case's kind."""
    return codec.BY_NAME[case.text("kind")].columns


def test_there_are_vectors_of_every_kind_that_may_be_packed_and_of_raw_ones() -> None:
    """No kind can become one without a vector."""
    assert {case.number("number") for case in PAYING} == set(KINDS)
    assert len(PAYING) < len(CASES)


@pytest.mark.parametrize("case", CASES, ids=names)
def test_records_are_packed_as_their_vector_says(case: Case) -> None:
    """Byte for byte, or not at all."""
    assert pack(case.bytes("records"), columns_of(case)) == case.bytes("payload")


@pytest.mark.parametrize("case", PAYING, ids=names)
def test_a_packed_frame_is_read_as_its_vector_says(case: Case) -> None:
    """The frame is intact, keeps its packed bytes, and gives the records."""
    kind, stream, flags, seq, hi, lo, payload = codec.split(case.bytes("raw"))

    assert (kind, flags, payload) == (case.number("number"), layout.FLAG_PACKED, case.bytes("payload"))
    assert codec.records(kind, flags, payload) == case.bytes("records")
    assert codec.frame(kind, stream, flags, seq, hi, lo, payload) == case.bytes("raw")


@pytest.mark.parametrize(
    "case", [c for c in read("faults") if c.name.startswith("packed: ")], ids=lambda case: case.name
)
def test_what_no_sender_packs_is_not_unpacked(case: Case) -> None:
    """A case for each rule."""
    raw = case.bytes("raw")
    with pytest.raises(errors.Malformed) as caught:
        packing.unpack(raw[16:-4], codec.KINDS[raw[1]].columns)
    assert caught.value.fault == case.text("fault") == "length"


@given(records())
def test_packed_records_come_back_and_take_less(made: tuple[int, bytes]) -> None:
    """Lossless, and never as long as the records."""
    kind, raw = made
    columns = codec.KINDS[kind].columns

    packed = pack(raw, columns)

    assert len(packed) < len(raw)
    assert not packed or packing.unpack(packed, columns) == raw


@given(nearly_packed())
def test_bytes_that_unpack_are_those_that_packing_gives(made: tuple[int, bytes]) -> None:
    """One encoding for each content; anything else is `length`."""
    kind, payload = made
    columns = codec.KINDS[kind].columns
    try:
        raw = packing.unpack(payload, columns)
    except errors.Malformed as error:
        assert error.fault == "length"
        assert not packing.holds(payload, columns)
    else:
        assert pack(raw, columns) == payload
        assert len(raw) <= layout.MAX_PAYLOAD


@given(st.sampled_from(KINDS), st.binary(max_size=layout.MAX_PAYLOAD))
def test_any_bytes_unpack_or_are_refused_by_name(kind: int, payload: bytes) -> None:
    """Nothing else is raised, and a frame of them is called so."""
    raw = codec.frame(kind, 0, layout.FLAG_PACKED, 0, 0, 0, payload)
    holds = packing.holds(payload, codec.KINDS[kind].columns)

    assert codec.check(raw, {}) == ("ok" if holds else "length")


@pytest.mark.parametrize("kind", sorted(set(codec.KINDS) - set(KINDS)))
def test_a_kind_that_is_never_packed_refuses_the_flag(kind: int) -> None:
    """The flag is named, not the length."""
    stream = layout.LINK_STREAM if codec.KINDS[kind].item is None else 3
    size = codec.KINDS[kind].head_size + codec.KINDS[kind].row_size + 5

    assert codec.check(codec.frame(kind, stream, 1, 0, 0, 0, bytes(size)), {}) == "flags"


@pytest.mark.parametrize("kind", KINDS)
def test_only_kinds_of_i16_are_packed(kind: int) -> None:
    """What the columns rest on."""
    fields = next(row[5] for row in layout.MESSAGES if row[0] == kind)
    assert {field[1] for field in fields} == {"h"}
    assert codec.KINDS[kind].columns == sum(field[2] for field in fields)


def test_records_of_a_raw_payload_are_the_payload() -> None:
    """And one that cannot be is refused."""
    assert codec.records(1, 0, b"abcd") == b"abcd"
    with pytest.raises(errors.Malformed):
        codec.records(1, 0, b"abc")
