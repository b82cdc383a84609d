"""Packing in C gives the bytes, and unpacking the answer, of tasuki_wire.packing."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from packed_records import KINDS, nearly_packed, pack, records
from signed_session import stuff
from tasuki.frames import Stream, records_of
from tasuki.native import wire
from tasuki.pipeline.decode import Decoder
from tasuki_wire import codec, layout, packing
from tasuki_wire.errors import Malformed
from vectors import read

CASES = read("packed")


def answer(unpack, payload, columns):
    """The records, or the name of the fault."""
    try:
        return unpack(payload, columns)
    except Malformed as error:
        return error.fault


@given(records())
def test_the_c_encoder_writes_the_same_bytes(made):
    kind, raw = made
    columns = codec.KINDS[kind].columns

    assert wire.pack(raw, columns) == pack(raw, columns)


@given(nearly_packed())
@example((1, b""))
@example((5, bytes(233)))
def test_the_c_decoder_gives_the_same_records_or_fault(made):
    kind, payload = made
    columns = codec.KINDS[kind].columns

    assert answer(wire.unpack, payload, columns) == answer(packing.unpack, payload, columns)


@given(st.sampled_from(KINDS), st.binary(max_size=layout.MAX_PAYLOAD))
def test_any_bytes_get_the_same_records_or_fault(kind, payload):
    columns = codec.KINDS[kind].columns

    assert answer(wire.unpack, payload, columns) == answer(packing.unpack, payload, columns)


@given(st.lists(nearly_packed(), min_size=1, max_size=6))
def test_a_packed_frame_gets_the_fault_and_the_body_that_the_codec_gives(made):
    raws = [codec.frame(kind, 3, 1, i, 0, i, payload) for i, (kind, payload) in enumerate(made)]

    batch = Decoder().feed(b"".join(map(stuff, raws)))

    assert [layout.FAULTS[s] for s in batch.rows["status"]] == [codec.check(raw, {}) for raw in raws]
    good = [raw[: -layout.CRC_SIZE] for raw in raws if codec.check(raw, {}) == "ok"]
    assert batch.bodies(batch.good()) == good


@pytest.mark.parametrize("case", [c for c in CASES if c.bytes("payload")], ids=lambda c: c.name)
def test_a_vector_is_decoded_to_its_body_and_its_records(case):
    batch = Decoder().feed(case.bytes("stuffed"))

    [body] = batch.bodies(batch.good())
    assert body == case.bytes("raw")[: -layout.CRC_SIZE]
    assert records_of(body) == case.bytes("records")


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_a_vector_is_packed_as_it_says(case):
    assert wire.pack(case.bytes("records"), codec.BY_NAME[case.text("kind")].columns) == case.bytes("payload")


@pytest.mark.parametrize(
    "case", [c for c in read("faults") if c.name.startswith("packed: ")], ids=lambda case: case.name
)
def test_what_no_sender_packs_is_not_unpacked(case):
    raw = case.bytes("raw")

    assert answer(wire.unpack, raw[16:-4], codec.KINDS[raw[1]].columns) == case.text("fault") == "length"


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_samples_are_the_same_whether_their_frames_were_packed_or_not(kind, data):
    made = [data.draw(records([kind]))[1] for _ in range(3)]
    columns = codec.KINDS[kind].columns
    decoders = {False: Decoder(), True: Decoder()}
    found = {}

    for packs, decoder in decoders.items():
        out = b""
        for i, raw in enumerate(made):
            packed = pack(raw, columns) if packs else b""
            out += stuff(codec.frame(kind, 3, int(bool(packed)), i, 0, 10_000_000 * i, packed or raw))
        found[packs] = decoder.feed(out).samples(Stream(3, kind, 0, 1, 4000))

    assert found[True].times_us.tolist() == found[False].times_us.tolist()
    assert found[True].raw.tobytes() == found[False].raw.tobytes() == b"".join(made)


def test_records_of_a_kind_that_is_never_packed_are_refused_by_name():
    with pytest.raises(Malformed) as caught:
        records_of(codec.frame(3, 0, 1, 0, 0, 0, b"\3\5\0\0")[:-4])

    assert caught.value.fault == "flags"


def test_what_cannot_stand_in_a_frame_is_not_packed():
    for size in (3, layout.MAX_PAYLOAD + 2):
        with pytest.raises(ValueError, match="records"):
            wire.pack(bytes(size), 1)
