"""What decode prints: every frame with its units, and every fault with its name and place."""

import binascii
import io
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from host import capture_examples as example
from tasuki.capture import container, frames
from tasuki.capture.reading import read
from tasuki.capture.writer import CaptureWriter
from tasuki.native import wire
from tasuki_wire import cobs, codec, layout
from vectors import read as cases

GOOD = {case.name: case for case in cases("frames")}


def dump(data: bytes) -> list[frames.Shown]:
    """All frames of a raw dump."""
    return list(frames.from_dump(io.BytesIO(data)))


def stuffed(raw: bytes) -> bytes:
    """A frame as it stands on the line."""
    out = bytearray(len(raw) + 2)
    return bytes(out[: cobs.encode_into(out, raw, len(raw))]) + b"\0"


@pytest.mark.parametrize("case", GOOD.values(), ids=lambda case: case.name)
def test_a_frame_of_every_kind_is_shown(case):
    """Header and fields of the vectors, one line of text and one JSON object each."""
    (shown,) = dump(case.bytes("stuffed"))
    assert (shown.fault, shown.kind) == ("ok", case.text("kind"))
    assert (shown.stream, shown.seq, shown.time_us) == tuple(
        case.number(n) for n in ("stream", "seq", "time")
    )
    assert shown.line().count("\n") == 0
    assert shown.to_json()["values"].keys() == shown.values.keys()


def test_values_are_in_their_units():
    """33.6 degC is register 4301 of 1/128 degC; acceleration is in g, three axes."""
    temperature = codec.frame(3, 2, 0, 9, 0, 5_000_000, (4301).to_bytes(2, "little") * 2)
    motion = codec.frame(4, 3, 0, 0, 0, 0, codec.pack_row(4, 2048, 0, -1024, 16, 32, 0))
    first, second = dump(stuffed(temperature) + stuffed(motion))
    assert first.values == {"temperature": ("degC", [4301 / 128] * 2)}
    assert second.values == {"accel": ("g", [[1.0, 0.0, -0.5]]), "gyro": ("deg/s", [[1.0, 2.0, 0.0]])}
    assert first.line() == "      5.000000     2  body_temperature        9  temperature=33.6016,33.6016 degC"


@pytest.mark.parametrize(
    "case", [c for c in cases("packed") if c.bytes("payload")], ids=lambda case: case.name
)
def test_a_packed_frame_is_shown_as_its_records(case):
    """The same values as the raw frame's."""
    (packed,) = dump(case.bytes("stuffed"))
    (plain,) = dump(stuffed(codec.frame(case.number("number"), 3, 0, 5, 0, 9, case.bytes("records"))))
    assert packed.fault == "ok" and packed.values == plain.values


@pytest.mark.parametrize(
    ("text", "shown"),
    [("電極が外れた", "電極が外れた"), ("a\x1b[2Jb", "a\N{REPLACEMENT CHARACTER}[2Jb")],
)
def test_the_hubs_words_are_shown_but_never_drive_the_terminal(text, shown):
    """UTF-8 as it is, control characters replaced."""
    (row,) = dump(stuffed(codec.frame(8, 5, 0, 0, 0, 0, b"\x1e" + text.encode())))
    assert row.values == {"level": ("", [30]), "text": ("", [shown])}


@pytest.mark.parametrize("case", cases("streams"), ids=lambda case: case.name)
def test_damaged_frames_are_named_with_their_offset(case):
    """The vectors' faults in order; each offset is where its run starts."""
    data = case.bytes("stream")
    shown = dump(data[: data.rfind(b"\0") + 1])
    assert [row.fault for row in shown if row.fault != "ok"] == case.texts("fault")
    assert all(row.offset == 0 or data[row.offset - 1] == 0 for row in shown)
    assert all(data[row.offset] for row in shown)


LINE = st.one_of(st.binary(max_size=600), st.sampled_from([case.bytes("stuffed") for case in GOOD.values()]))


@settings(deadline=None)
@given(st.lists(LINE))
def test_a_dump_is_read_as_the_hot_path_reads_the_line(pieces):
    """Same faults in the same order as the C decoder, over noise between good frames."""
    data = b"".join(piece + b"\0" for piece in pieces)
    decoder = wire.WireDecoder()
    shown = dump(data)
    announced = [row for row in shown if row.kind == "hello"]
    expected = [layout.FAULTS[status] for status in decoder.decode(data)[1]["status"].tolist()]
    if not announced:
        assert [row.fault for row in shown] == expected
    assert len(shown) == len(expected)


def test_a_schema_that_the_dumps_own_hello_announced_is_named():
    """As a live host would say it."""
    foreign = dict(codec.read_hello(codec.hello(bytes(16), 0))[2])
    foreign[1] ^= 0xFFFF
    short = codec.pack(0, bytes(16), 0, 1, rows=codec.pack_row(0, 1, foreign[1]))
    hello = codec.frame(0, 255, 0, 0, 0, 0, short)
    body = bytearray(codec.frame(1, 0, 0, 0, 0, 0, bytes(2)))
    body[-4:] = binascii.crc32(bytes(body[:-4]), foreign[1]).to_bytes(4, "little")
    assert [row.fault for row in dump(stuffed(bytes(body)))] == ["crc"]
    assert [row.fault for row in dump(stuffed(hello) + stuffed(bytes(body)))] == ["ok", "schema_mismatch"]


def test_endless_noise_without_a_delimiter_is_one_long_run_in_little_memory():
    """A file of a million bytes that are no frame."""
    assert [(row.offset, row.fault) for row in dump(b"\x01" * 1_000_000)] == [(0, "long")]


def test_a_captures_frames_are_those_of_its_blocks(tmp_path):
    """In the file's order, with kind, stream and sequence number."""
    example.write(tmp_path / "file", 1)
    with read(tmp_path / "file") as capture:
        shown = list(frames.from_capture(capture))
    assert [(row.stream, row.seq) for row in shown] == [(s, i) for s in range(6) for i in range(2)]
    assert all(row.fault == "ok" for row in shown)


def test_a_damaged_capture_shows_where(tmp_path):
    """After its intact frames."""
    example.write(tmp_path / "file", 1)
    data = (tmp_path / "file").read_bytes()
    (tmp_path / "file").write_bytes(data[:-60])
    with read(tmp_path / "file") as capture:
        shown = list(frames.from_capture(capture))
    assert [row.fault for row in shown if row.fault != "ok"] == ["cut within a record"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(st.data())
def test_hostile_records_with_right_checksums_never_crash_decode(tmp_path, data):
    """Any record's payload cut and continued with noise, its checksum made right."""
    path = tmp_path / "file"
    path.unlink(missing_ok=True)
    example.write(path, 1, example.Hub(frames=2))
    with path.open("rb") as file:
        rows = [(record.type, record.payload) for record in container.Scan(file)]
    at = data.draw(st.integers(0, len(rows) - 1))
    cut = data.draw(st.integers(0, len(rows[at][1])))
    noise = data.draw(st.binary(max_size=60))
    rows[at] = data.draw(st.sampled_from([rows[at][0], 3, 6, 8])), rows[at][1][:cut] + noise
    path.unlink()
    writer = container.Writer(path, container.CAPTURE)
    for row in rows:
        writer.add(*row)
    writer.close()
    with read(path) as capture:
        assert all(shown.line() and shown.to_json() for shown in frames.from_capture(capture))


def test_a_block_whose_frames_have_no_header_is_shown_as_short(tmp_path):
    """The lengths of a block add up to its bytes, and are all wrong."""
    made = example.Hub().epoch()
    block = made.blocks[0]
    forged = replace(block, lengths=np.array([0, len(block.frames)], np.uint16))
    odd = replace(block, lengths=np.array([17, len(block.frames) - 17], np.uint16))
    writer = CaptureWriter(tmp_path / "file", example.STREAMS, plaintext=True)
    writer.add_epoch(made.record, made.leaves, [forged, odd])
    writer.close({})
    with read(tmp_path / "file") as capture:
        faults = [shown.fault for shown in frames.from_capture(capture)]
    assert faults == ["short", "ok", "length", "length"]
