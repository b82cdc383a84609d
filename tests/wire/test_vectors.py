"""The vectors of protocol/vectors against tasuki_wire."""

import pytest

from tasuki_wire import cobs, codec, epoch, errors, layout
from vectors import Case, read, words

FRAMES = read("frames")


def names(case: Case) -> str:
    """Test id."""
    return case.name


def split(case: Case) -> tuple[int, int, int, int, int, bytes]:
    """What the case says that a reader finds."""
    kind, stream, flags, seq = (case.number(n) for n in ("number", "stream", "flags", "seq"))
    return kind, stream, flags, seq, case.number("time"), case.bytes("payload")


def unstuff(stuffed: bytes) -> bytes:
    """Plain bytes by our COBS."""
    out = bytearray(max(1, len(stuffed)))
    return bytes(out[: cobs.decode_into(out, stuffed, len(stuffed))])


def stuff(plain: bytes) -> bytes:
    """Stuffed bytes by our COBS."""
    out = bytearray(len(plain) + len(plain) // 254 + 1)
    return bytes(out[: cobs.encode_into(out, plain, len(plain))])


def message(case: Case) -> bytes:
    """The case's message without the fragment header, when it has one."""
    payload = case.bytes("payload")
    return payload[layout.FRAGMENT_SIZE :] if case.has("fragment") else payload


def test_there_is_a_valid_frame_of_every_kind() -> None:
    """No kind can be added without a vector."""
    assert {case.text("kind") for case in FRAMES} == set(codec.BY_NAME)


def test_there_is_a_frame_for_every_fault() -> None:
    """No fault can be added without a vector."""
    files = ("faults", "cobs_faults", "streams")
    shown = {fault for file in files for case in read(file) for fault in case.texts("fault")}
    assert shown == set(layout.FAULTS) - {"ok"}


@pytest.mark.parametrize("case", FRAMES, ids=names)
def test_a_valid_frame_is_read_as_its_vector_says(case: Case) -> None:
    """Header and payload."""
    kind, stream, flags, seq, hi, lo, payload = codec.split(case.bytes("raw"))
    assert (kind, stream, flags, seq, codec.time_us(hi, lo), payload) == split(case)
    assert codec.BY_NAME[case.text("kind")].number == kind


@pytest.mark.parametrize("case", FRAMES, ids=names)
def test_a_valid_frame_is_written_as_its_vector_says(case: Case) -> None:
    """Byte for byte, stuffing included."""
    kind, stream, flags, seq, us, payload = split(case)
    raw = codec.frame(kind, stream, flags, seq, *codec.time_words(us), payload)
    assert raw == case.bytes("raw")
    assert stuff(raw) + b"\0" == case.bytes("stuffed")


@pytest.mark.parametrize("case", FRAMES, ids=names)
def test_a_message_holds_the_values_that_its_vector_says(case: Case) -> None:
    """Head and rows, both ways."""
    kind, head = case.number("number"), words(case.text("head")) if case.text("head") != "-" else ()
    rows = [words(row) for row in case.texts("row")]
    tail = case.bytes("tail") if case.has("tail") else b""
    packed = b"".join(codec.pack_row(kind, *row) for row in rows)

    assert codec.pack(kind, *head, rows=packed + tail) == message(case)
    values = codec.unpack(kind, message(case))
    assert values[: len(head)] == head
    assert codec.unpack_rows(kind, packed) == rows if rows else b"".join(values[len(head) :]) == b""


@pytest.mark.parametrize("case", read("schemas"), ids=names)
def test_a_seed_is_the_crc_of_the_canonical_text(case: Case) -> None:
    """One way to write a kind's rows, one seed."""
    _, name, _, _, head, rows = next(row for row in layout.MESSAGES if row[0] == case.number("number"))
    assert codec.schema_text(head, rows).encode() == case.bytes("text")
    assert codec.BY_NAME[name].seed == case.number("seed")


@pytest.mark.parametrize("case", read("faults"), ids=names)
def test_a_bad_frame_is_called_by_the_first_rule_that_it_breaks(case: Case) -> None:
    """The fault of the vector, and none is read."""
    pairs = [pair.split(":") for pair in case.text("announced").split() if pair != "-"]
    announced = {int(kind): int(seed) for kind, seed in pairs}
    with pytest.raises(errors.WireError) as caught:
        codec.split(case.bytes("raw"), announced)
    assert caught.value.fault == case.text("fault")


@pytest.mark.parametrize("case", read("hellos"), ids=names)
def test_a_hello_that_holds_less_than_it_announces_is_refused(case: Case) -> None:
    """Its seeds are never half read."""
    with pytest.raises(errors.Malformed) as caught:
        codec.read_hello(case.bytes("payload"))
    assert caught.value.fault == case.text("fault")


def test_what_follows_the_rows_of_a_hello_is_left_to_later_versions() -> None:
    """The vector with a tail gives the same seeds as without it."""
    case = next(case for case in FRAMES if case.has("tail"))
    nonce, flags, seeds = codec.read_hello(case.bytes("payload"))
    assert (nonce, flags) == words(case.text("head"))[:2]
    assert seeds == dict([words(row) for row in case.texts("row")])


@pytest.mark.parametrize("case", read("cobs"), ids=names)
def test_stuffing_agrees_with_the_vector(case: Case) -> None:
    """Both ways."""
    assert stuff(case.bytes("plain")) == case.bytes("stuffed")
    assert unstuff(case.bytes("stuffed")) == case.bytes("plain")


@pytest.mark.parametrize("case", read("cobs_faults"), ids=names)
def test_bytes_that_no_stuffing_yields_are_damaged(case: Case) -> None:
    """By name."""
    with pytest.raises(errors.Damaged) as caught:
        unstuff(case.bytes("stuffed"))
    assert caught.value.fault == case.text("fault")


@pytest.mark.parametrize("case", read("streams"), ids=names)
def test_a_damaged_stream_gives_all_its_intact_frames_and_names_the_rest(case: Case) -> None:
    """A chunk is what stands between two delimiters; empty ones are idle line."""
    good, bad = [], []
    for chunk in case.bytes("stream").split(b"\0")[:-1]:
        try:
            raw = unstuff(chunk) if len(chunk) <= layout.MAX_FRAME + 1 else bytes(layout.MAX_FRAME + 1)
            good += [raw] if chunk and codec.split(raw) else []
        except errors.WireError as error:
            bad.append(error.fault)
    assert (good, bad) == (case.each("frame"), case.texts("fault"))


@pytest.mark.parametrize("case", read("fragments"), ids=names)
def test_fragments_give_the_messages_of_their_vector(case: Case) -> None:
    """And what is given up is counted."""
    assembler = codec.Assembler()
    got = [assembler.add(epoch.OPENING, payload) for payload in case.each("payload")]
    assert [whole for whole in got if whole is not None] == case.each("message")
    assert assembler.abandoned == case.number("abandoned")


@pytest.mark.parametrize("case", [c for c in read("fragments") if c.number("abandoned") == 0][:3], ids=names)
def test_messages_are_cut_as_their_vector_says(case: Case) -> None:
    """Fragments but the last are full."""
    number = case.each("payload")[0][:2]
    assert codec.fragments(int.from_bytes(number, "little"), case.bytes("message")) == case.each("payload")


def test_a_message_over_the_limit_is_not_cut() -> None:
    """4097 bytes are refused where they would be sent."""
    with pytest.raises(ValueError, match="4097"):
        codec.fragments(1, bytes(layout.MAX_MESSAGE + 1))
