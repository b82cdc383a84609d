"""The C decoder gives the plain codec's answer to the same bytes, however they arrive."""

import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signed_session import stuff
from tasuki._native import ffi, lib
from tasuki.native import wire
from tasuki_wire import cobs, codec, layout
from tasuki_wire.errors import WireError

KINDS = sorted(codec.KINDS)
OK = layout.FAULTS.index("ok")
OTHER_SEEDS = {1: 0x1234, 200: 0x5678}


def expected(data, announced=None):
    """(fault, body) of each frame by tasuki_wire alone."""
    out = []
    *runs, last = data.split(b"\0")
    runs += [last] if len(last) > layout.MAX_FRAME + 1 else []
    for run in filter(None, runs):
        if len(run) > layout.MAX_FRAME + 1:
            out.append(("long", b""))
            continue
        raw = bytearray(len(run))
        try:
            raw = bytes(raw[: cobs.decode_into(raw, run, len(run))])
        except WireError as error:
            out.append((error.fault, b""))
            continue
        fault = codec.check(raw, announced or {})
        out.append((fault, raw[: -layout.CRC_SIZE] if fault == "ok" else b""))
    return out


def found(decoder, *parts):
    """The same from the C decoder, and the rows without offsets."""
    out, fields = [], []
    for part in parts:
        arena, rows = decoder.decode(part)
        for row in rows:
            body = arena[row["offset"] : row["offset"] + row["length"]].tobytes()
            out.append((layout.FAULTS[row["status"]], body))
            fields.append(tuple(row[name].item() for name in rows.dtype.names if name != "offset"))
    return out, fields


@st.composite
def frames(draw):
    """Unstuffed frames of every kind: good, with a bad field, or of another hub's schema."""
    kind = draw(st.sampled_from([*KINDS, 200, 255]))
    known = codec.KINDS.get(kind)
    size = draw(st.integers(0, layout.MAX_PAYLOAD))
    if known and known.row_size and draw(st.booleans()):
        size = known.head_size + known.row_size * draw(st.integers(0, 4))
    header = bytearray(layout.HEADER_SIZE)
    good_stream = layout.LINK_STREAM if known and known.item is None else draw(st.integers(0, 14))
    header[0] = draw(st.sampled_from([layout.VERSION] * 6 + [layout.VERSION + 1, 0]))
    header[1] = kind
    header[2] = draw(st.sampled_from([good_stream] * 6 + [15, 255, 3]))
    header[3] = draw(st.sampled_from([0] * 6 + [1, 128]))
    for at in (4, 8, 12):
        word = draw(st.one_of(st.integers(0, layout.MAX_SEQ), st.sampled_from([0, 1 << 30, (1 << 32) - 1])))
        header[at : at + 4] = word.to_bytes(4, "little")
    body = bytes(header) + draw(st.binary(min_size=min(size, 234), max_size=min(size, 234)))
    own = known.seed if known else 0
    seed = draw(st.sampled_from([own] * 6 + [OTHER_SEEDS.get(kind, 1), 7]))
    return body + zlib.crc32(body, seed).to_bytes(4, "little")


@st.composite
def streams(draw):
    """Bytes of a link: frames, cut and damaged ones, noise and empty frames."""
    out = bytearray()
    for raw in draw(st.lists(frames(), max_size=6)):
        out += draw(st.sampled_from([stuff(raw)] * 4 + [stuff(raw[:19]), b"\0", stuff(raw)[: len(raw) // 2]]))
    out += draw(st.one_of(st.just(b""), st.binary(max_size=30), st.just(b"\x07" * 300)))
    for _ in range(draw(st.integers(0, 2))):
        if out:
            at = draw(st.integers(0, len(out) - 1))
            out[at : at + draw(st.integers(0, 1))] = draw(st.binary(max_size=2))
    return bytes(out) + draw(st.sampled_from([b"", b"\0"]))


@given(streams())
def test_every_frame_gets_the_fault_and_the_body_that_the_codec_gives(data):
    decoder = wire.WireDecoder()
    decoder.announce(OTHER_SEEDS)

    assert found(decoder, data)[0] == expected(data, OTHER_SEEDS)


@given(streams(), st.lists(st.integers(0, 2000), max_size=8))
def test_any_split_of_the_bytes_gives_the_same_rows(data, cuts):
    cuts = sorted(min(cut, len(data)) for cut in cuts)
    parts = [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]

    whole = found(wire.WireDecoder(), data)

    assert found(wire.WireDecoder(), *parts) == whole
    assert found(wire.WireDecoder(), *[data[i : i + 1] for i in range(len(data))]) == whole


@given(streams(), st.integers(1, 3), st.integers(layout.MAX_FRAME, 600))
def test_a_full_table_or_arena_stops_the_decoder_and_loses_nothing(data, rows_len, arena_len):
    params, state = wire.parameters(), ffi.new("struct tsk_wire_state *")
    rows, arena, used = (
        ffi.new("struct tsk_row[]", rows_len),
        ffi.new("uint8_t[]", arena_len),
        ffi.new("size_t[2]"),
    )
    done, out = 0, []
    while done < len(data):
        rest = data[done:]
        done += lib.tsk_wire_decode(
            params, state, rest, len(rest), rows, rows_len, used, arena, arena_len, used + 1
        )
        for row in rows[0 : used[0]]:
            out.append((layout.FAULTS[row.status], bytes(arena[row.offset : row.offset + row.length])))

    assert out == expected(data)


@pytest.mark.parametrize("kind", KINDS)
def test_every_payload_length_of_every_kind_is_judged_as_by_the_codec(kind):
    stream = layout.LINK_STREAM if codec.KINDS[kind].item is None else 3
    sizes = range(layout.MAX_PAYLOAD + 1)
    raws = [codec.frame(kind, stream, 0, 5, 1, n, b"\x01\x00" * (n // 2) + b"\x02" * (n % 2)) for n in sizes]

    _, rows = wire.WireDecoder().decode(b"".join(map(stuff, raws)))

    assert [layout.FAULTS[status] for status in rows["status"]] == [codec.check(raw, {}) for raw in raws]


@pytest.mark.parametrize(("kind", "fault"), [(1, "schema_mismatch"), (200, "unknown_kind"), (2, "crc")])
def test_a_frame_of_another_schema_is_told_from_noise_by_the_announced_seeds(kind, fault):
    body = bytes([layout.VERSION, kind, 3, 0]) + bytes(14)
    raw = body + zlib.crc32(body, OTHER_SEEDS.get(kind, 9)).to_bytes(4, "little")
    decoder = wire.WireDecoder()
    decoder.announce(OTHER_SEEDS)

    assert found(decoder, stuff(raw))[0] == [(fault, b"")]


def test_header_fields_are_those_of_the_frame():
    frame = codec.frame(4, 9, 0, 123_456_789, 5, 6, bytes(12))

    _, rows = wire.WireDecoder().decode(stuff(frame))

    row = {name: rows[0][name].item() for name in rows.dtype.names}
    assert row == {
        "time_us": codec.time_us(5, 6), "seq": 123_456_789, "offset": 0, "length": 28, "status": OK,
        "version": layout.VERSION, "kind": 4, "stream": 9, "flags": 0,
    }  # fmt: skip


def test_nothing_is_told_of_a_frame_whose_crc_does_not_hold():
    frame = bytearray(codec.frame(4, 9, 0, 123, 5, 6, bytes(12)))
    frame[20] ^= 1

    _, rows = wire.WireDecoder().decode(stuff(frame))

    assert rows[0].tobytes() == bytes(16) + bytes([0, 0, layout.FAULTS.index("crc"), 0, 0, 0, 0, 0])


def test_a_flood_without_delimiter_is_one_long_frame_and_bounded_memory():
    decoder = wire.WireDecoder()

    faults = [decoder.decode(b"\x55" * 100_000)[1]["status"].tolist() for _ in range(5)]
    after = decoder.decode(b"\0" + stuff(codec.frame(1, 0, 0, 0, 0, 0, b"ab")))[1]["status"].tolist()

    assert faults == [[layout.FAULTS.index("long")], [], [], [], []]
    assert after == [OK]


def test_many_short_damaged_frames_all_get_their_row():
    good = [stuff(codec.frame(1, 0, 0, 0, 0, 0, body)) for body in (b"ab", b"cd")]

    arena, rows = wire.WireDecoder().decode(good[0] + b"\x01\0" * 5000 + good[1])

    assert rows["status"].tolist() == [OK] + [layout.FAULTS.index("short")] * 5000 + [OK]
    assert arena[rows[0]["offset"] :].tobytes()[16:18] == b"ab"
    assert arena[rows[-1]["offset"] :].tobytes()[16:] == b"cd"


def test_counts_add_up_by_fault():
    decoder = wire.WireDecoder()
    good, bad = codec.frame(1, 0, 0, 0, 0, 0, b"ab"), bytearray(codec.frame(1, 0, 0, 0, 0, 0, b"ab"))
    bad[-1] ^= 1

    decoder.decode(stuff(good) + stuff(bad) + stuff(good) + b"\x09\0")

    counts = dict(zip(layout.FAULTS, decoder.counts(), strict=True))
    assert {name: n for name, n in counts.items() if n} == {"ok": 2, "crc": 1, "cobs": 1}


@pytest.mark.parametrize("folds", sorted({0, wire.parameters().crc_folds}))
@given(data=st.binary(max_size=300), seed=st.integers(0, (1 << 32) - 1))
def test_crc_is_that_of_zlib_from_any_seed_with_and_without_folding(folds, data, seed):
    params = wire.parameters()
    params.crc_folds = folds

    assert lib.tsk_wire_crc(params, seed, data, len(data)) == zlib.crc32(data, seed)


LAYOUT = {
    "HEADER_SIZE": layout.HEADER_SIZE,
    "CRC_SIZE": layout.CRC_SIZE,
    "MAX_FRAME": layout.MAX_FRAME,
    "MAX_STUFFED": layout.MAX_FRAME + 1,
    "FRAGMENT_SIZE": layout.FRAGMENT_SIZE,
    "LINK_STREAM": layout.LINK_STREAM,
    "STREAMS": layout.STREAMS,
    "SLOTS": layout.SLOTS,
    "KEY_SIZE": layout.KEY_SIZE,
    "NODE_SIZE": layout.NODE_SIZE,
    "ENTRY_SIZE": layout.ENTRY_SIZE,
    "META_SIZE": layout.META_SIZE,
    "MAX_BLOCK_FRAMES": layout.MAX_BLOCK_FRAMES,
    "MAX_BLOCK_US": layout.MAX_BLOCK_US,
    "SAMPLES": layout.SAMPLES,
    "ONE": layout.ONE,
    "FRAGMENTS": layout.FRAGMENTS,
    "FAULTS": len(layout.FAULTS),
}


@pytest.mark.parametrize("name", LAYOUT)
def test_the_constants_of_the_header_are_those_of_the_layout(name):
    assert getattr(lib, f"TSK_{name}") == LAYOUT[name]


@pytest.mark.parametrize("fault", layout.FAULTS)
def test_the_faults_of_the_header_are_those_of_the_layout(fault):
    assert getattr(lib, f"TSK_{fault.upper()}") == layout.FAULTS.index(fault)


def test_a_row_takes_24_bytes():
    assert np.dtype(wire.ROW).itemsize == 24
