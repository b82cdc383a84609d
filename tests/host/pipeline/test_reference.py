"""The construct parser, the plain codec and the C decoder say the same of the same bytes."""

import construct
import pytest
from hypothesis import given
from hypothesis import strategies as st

from packed_records import KINDS as PACKED
from packed_records import nearly_packed, pack, records
from signed_session import message, stuff
from tasuki import reference
from tasuki.frames import Stream, record_dtype
from tasuki.pipeline.decode import Decoder
from tasuki_wire import codec, layout, packing
from tasuki_wire.errors import Malformed
from vectors import read

ROWS = {row[0]: row for row in layout.MESSAGES}
FIXED = sorted(k.number for k in codec.KINDS.values() if k.item and not k.row_rest)
OTHER = {k: 77 for k in codec.KINDS if k}


def one_frame(kind, body):
    stream = layout.LINK_STREAM if codec.KINDS[kind].item is None else 3
    return codec.frame(kind, stream, 0, 5, 1, 2, body)


@st.composite
def good(draw):
    """A good frame of any kind, packed or not."""
    if draw(st.integers(0, 4)) == 0:
        kind, raw = draw(records())
        packed = pack(raw, codec.KINDS[kind].columns)
        return codec.frame(kind, 3, int(bool(packed)), 5, 1, 2, packed or raw)
    kind = draw(st.sampled_from(sorted(codec.KINDS)))
    k = codec.KINDS[kind]
    room = layout.MAX_PAYLOAD - k.head_size
    if k.mode == layout.FRAGMENTS:
        return one_frame(kind, draw(st.binary(min_size=5, max_size=layout.MAX_PAYLOAD)))
    if k.number == 0:
        count = draw(st.integers(0, 40))
        head = draw(st.binary(min_size=17, max_size=17)) + bytes([count])
        return one_frame(kind, head + draw(st.binary(min_size=5 * count, max_size=room)))
    if k.row_rest:
        return one_frame(kind, draw(st.binary(min_size=k.row_size, max_size=room)))
    least = 1 if k.mode == layout.SAMPLES else 0
    rows = draw(st.integers(least, room // k.row_size)) if k.row_size else 0
    size = k.head_size + k.row_size * rows
    return one_frame(kind, draw(st.binary(min_size=size, max_size=size)))


@st.composite
def link_bytes(draw):
    """Good frames, some then flipped, cut, lengthened, or signed with another schema's seed."""
    out = b""
    for raw in draw(st.lists(good(), min_size=1, max_size=5)):
        damage = draw(st.sampled_from(["none", "none", "flip", "cut", "insert", "seed"]))
        at = draw(st.integers(0, len(raw) - 1))
        if damage == "flip":
            raw = raw[:at] + bytes([raw[at] ^ draw(st.integers(1, 255))]) + raw[at + 1 :]
        elif damage == "cut":
            raw = raw[:at] + raw[at + 1 :]
        elif damage == "insert":
            raw = raw[:at] + draw(st.binary(min_size=1, max_size=3)) + raw[at:]
        elif damage == "seed":
            raw = raw[:-4] + reference.codec.binascii.crc32(raw[:-4], 77).to_bytes(4, "little")
        out += stuff(raw)
    return out


@given(link_bytes())
def test_the_fast_decoder_gives_the_fault_body_and_header_of_the_reference(data):
    decoder = Decoder()
    decoder.announce(OTHER)

    batch = decoder.feed(data)
    frames = reference.parse(data, OTHER)

    assert [layout.FAULTS[s] for s in batch.rows["status"]] == [frame.fault for frame in frames]
    assert batch.bodies(batch.good()) == [frame.body for frame in frames if frame.fault == "ok"]
    for row, frame in zip(batch.rows, frames, strict=True):
        header = frame.header() if frame.fault not in ("long", "cobs", "short", "crc") else None
        got = [row[name].item() for name in ("version", "kind", "stream", "flags", "seq", "time_us")]
        names = ("version", "kind", "stream", "flags", "seq", "time")
        assert got == ([header[name] for name in names] if header else [0] * 6)


@given(good())
def test_a_good_frame_of_every_kind_parses_and_builds_back(raw):
    [frame] = reference.parse(stuff(raw))
    payload = reference.PAYLOADS[raw[1]]

    built = payload.build(frame.payload())

    plain = codec.records(raw[1], raw[3], raw[16:-4])
    assert frame.fault == "ok"
    assert reference.HEADER.build(frame.header()) == raw[:16]
    assert (len(built), payload.parse(built)) == (len(plain), frame.payload())


@given(records())
def test_the_reference_packs_as_the_codec_does(made):
    kind, raw = made

    assert reference.pack(kind, raw) == pack(raw, codec.KINDS[kind].columns)


@given(nearly_packed())
def test_the_reference_unpacks_and_refuses_what_the_codec_does(made):
    assert answer(reference.unpack, *made) == answer(plain_unpack, *made)


@given(st.sampled_from(PACKED), st.binary(max_size=layout.MAX_PAYLOAD))
def test_the_reference_gives_any_bytes_the_answer_of_the_codec(kind, payload):
    assert answer(reference.unpack, kind, payload) == answer(plain_unpack, kind, payload)


@pytest.mark.parametrize("case", read("packed"), ids=lambda case: case.name)
def test_the_reference_packs_as_the_vector_says(case):
    assert reference.pack(case.number("number"), case.bytes("records")) == case.bytes("payload")


@pytest.mark.parametrize(
    "case", [c for c in read("faults") if c.name.startswith("packed: ")], ids=lambda case: case.name
)
def test_the_reference_refuses_the_packed_payload_of_a_faulty_vector(case):
    raw = case.bytes("raw")

    assert answer(reference.unpack, raw[1], raw[16:-4]) == case.text("fault") == "length"


def plain_unpack(kind, payload):
    return packing.unpack(payload, codec.KINDS[kind].columns)


def answer(unpack, kind, payload):
    try:
        return unpack(kind, payload)
    except Malformed as error:
        return error.fault


@given(good().filter(lambda raw: codec.KINDS[raw[1]].mode == layout.ONE and raw[1]))
def test_the_reference_reads_the_values_that_struct_reads(raw):
    kind = raw[1]
    k, body = codec.KINDS[kind], raw[16:-4]

    parsed = reference.MESSAGES[kind].parse(body)

    values = list(codec.unpack(kind, body))
    rows = codec.unpack_rows(kind, values.pop()) if k.row_size else []
    assert list(flat(parsed.head, ROWS[kind][4])) == join_times(values, ROWS[kind][4])
    assert [tuple(flat(row, ROWS[kind][5])) for row in parsed.get("rows", [])] == [tuple(row) for row in rows]


def flat(container, fields):
    for name, code, count, _, _, _ in fields:
        yield from container[name] if count > 1 and code != "s" else [container[name]]


def join_times(values, fields):
    out, values = [], iter(values)
    for _, code, count, _, _, _ in fields:
        if code == "T":
            out.append(codec.time_us(next(values), next(values)))
        else:
            out += [next(values) for _ in range(1 if code == "s" else count)]
    return out


@pytest.mark.parametrize("kind", FIXED)
@given(data=st.data())
def test_raw_and_physical_samples_are_those_of_the_reference(kind, data):
    size = codec.KINDS[kind].row_size
    body = data.draw(st.binary(min_size=3 * size, max_size=3 * size))
    batch = Decoder().feed(stuff(one_frame(kind, body)))

    samples = batch.samples(Stream(3, kind, 0, 3, 1000))

    rows = reference.PAYLOADS[kind].parse(body).rows
    assert record_dtype(kind).itemsize == size
    for name, *_ in ROWS[kind][5]:
        assert samples.raw[name].tolist() == [
            list(row[name]) if isinstance(row[name], list) else row[name] for row in rows
        ]
        assert samples.physical(name).tolist() == [
            reference.physical(kind, name, row[name])[0] for row in rows
        ]


def test_a_value_in_its_unit_is_raw_over_scale():
    assert reference.physical(3, "temperature", 4736) == (37.0, "degC")
    assert reference.physical(4, "accel", [2048, -1024, 0]) == ([1.0, -0.5, 0.0], "g")


def test_fragments_parse_as_what_they_are_and_join_to_the_message():
    opening = codec.pack(33, 1, 2, bytes(16), 0, 63, 0, bytes(11), rows=bytes(range(48)) * 6)

    parts = [frame.payload() for frame in reference.parse(message(33, opening, 9))]

    assert [(part.message, part.index, part.total) for part in parts] == [(9, 0, 2), (9, 1, 2)]
    assert b"".join(part.bytes for part in parts) == opening
    assert reference.MESSAGES[33].parse(opening).rows[5].stream == 0


def test_a_cut_hello_raises_instead_of_guessing():
    with pytest.raises(construct.ConstructError):
        reference.MESSAGES[0].parse(bytes(17) + b"\x02" + bytes(9))


def test_what_follows_the_last_delimiter_is_not_a_frame_yet():
    assert reference.parse(stuff(codec.frame(1, 0, 0, 0, 0, 0, b"ab"))[:-1]) == []
