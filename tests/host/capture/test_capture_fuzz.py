"""Damaged captures: readers end, hold little, and give only what was written."""

import tracemalloc
import zlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from host import capture_examples as example
from host import garments
from tasuki.capture import container, frames, index, line, parts, seeking, writer
from tasuki.capture.check import verify
from tasuki.capture.reading import read
from tasuki.capture.timeline import Timeline
from tasuki_wire import layout

FIXTURE = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40
)
BASE = 10  # of the first record


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A capture with several index records: (bytes, its blocks, its records)."""
    path = tmp_path_factory.mktemp("fuzz") / "whole"
    rows, writer._INDEX_ROWS = writer._INDEX_ROWS, 5
    garments.record(path, 4, garments.Garment(layout.DEFAULT_PROFILE[:3]))
    writer._INDEX_ROWS = rows
    with read(path) as capture:
        blocks = {part.block.to_bytes() for part in capture if isinstance(part, parts.BlockPart)}
    with path.open("rb") as file:
        records = [(one.type, one.payload) for one in container.Scan(file)]
    return path.read_bytes(), blocks, records


def use(path):
    """Whatever reads a capture, on this one: (report, blocks)."""
    public = lambda device: example.PUBLIC  # noqa: E731
    with read(path) as capture:
        report = verify(capture, public)
    with read(path) as capture:
        list(frames.from_capture(capture))
    with read(path) as capture:
        timeline = Timeline(capture)
        found = [timed.block.to_bytes() for timed in timeline.blocks()]
        assert len(found) == len(set(found))
        proved = sum(1 for piece in line.of_capture(timeline, public) if not piece.record)
    assert proved <= 4 * (40 + 4 + 1)
    return report, set(found)


def held(path, data):
    """The same, with what it may take of memory: some copies of the largest record there can be."""
    path.write_bytes(data)
    tracemalloc.start()
    try:
        report, found = use(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 4 * container.MAX_PAYLOAD + 40 * len(data)
    return report, found


@FIXTURE
@given(st.data())
def test_bytes_that_change_vanish_or_come_in_leave_only_blocks_that_were_written(tmp_path, whole, data):
    """Up to four accidents in a real capture."""
    original, blocks, _ = whole
    altered = bytearray(original)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(altered) - 1))
        size = data.draw(st.integers(0, 40))
        altered[at : at + size] = data.draw(st.binary(max_size=40))

    report, found = held(tmp_path / "file", bytes(altered))

    assert found <= blocks
    assert report.holds == (bytes(altered) == original)


@FIXTURE
@given(st.data())
def test_a_forger_who_repairs_every_checksum_gets_nothing_proved_that_was_not_signed(tmp_path, whole, data):
    """Payloads changed at will, records doubled, dropped and moved; lengths, CRCs and the end are right."""
    _, blocks, records = whole
    rows = list(records)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(rows) - 1))
        kind, payload = rows[at]
        act = data.draw(st.sampled_from(["alter", "cut", "drop", "double", "move", "type"]))
        if act == "alter":
            place = data.draw(st.integers(0, max(0, len(payload) - 1)))
            rows[at] = kind, payload[:place] + data.draw(st.binary(max_size=9)) + payload[place + 9 :]
        elif act == "cut":
            rows[at] = kind, payload[: data.draw(st.integers(0, len(payload)))]
        elif act == "drop":
            rows[at : at + 1] = []
        elif act == "double":
            rows.insert(at, rows[at])
        elif act == "move":
            rows.insert(data.draw(st.integers(0, len(rows) - 1)), rows.pop(at))
        else:
            rows[at] = data.draw(st.integers(0, 254)), payload
        if not rows:
            break
    path = tmp_path / "forged"
    path.unlink(missing_ok=True)
    out, last = container.Writer(path, container.CAPTURE), container.NOWHERE
    for kind, payload in rows:
        place = out.add(kind, payload)
        last = place if kind == parts.INDEX else last
    out.close(last)

    report, _ = use(path)

    assert report.blocks_verified <= len(blocks)
    if report.holds:  # only the host's own statements may have changed: header, clock, counts
        proved = [one for one in rows if one[0] in (parts.EPOCH, parts.BLOCK, parts.INDEX)]
        signed = [one for one in records if one[0] in (parts.EPOCH, parts.BLOCK, parts.INDEX)]
        assert set(proved) <= set(signed)


@pytest.mark.parametrize("offset", [10**6, 2**63 - 1, 2**63, 2**64 - 1])
def test_a_place_behind_the_file_s_end_is_none(tmp_path, whole, offset):
    """Also one that no system could seek to, named by a row of the index and by the end."""
    _, _, records = whole
    first = next(place for place, (kind, _) in enumerate(records) if kind == parts.INDEX)
    payload = bytearray(records[first][1])
    section = 12 + 5  # the link to the index before, and the head of the first item's rows
    payload[section + 4 : section + 12] = offset.to_bytes(8, "little")
    out = container.Writer(tmp_path / "file", container.CAPTURE)
    for place, (kind, data) in enumerate(records):
        out.add(kind, bytes(payload) if place == first else data)
    out.close(container.Place(first, offset))

    report, _ = use(tmp_path / "file")

    assert not report.holds
    with (tmp_path / "file").open("rb") as file:
        with pytest.raises(ValueError, match="no record"):
            seeking.record_at(file, container.Place(0, offset))
        assert list(seeking.walk(file, container.Place(0, offset))) == []


@FIXTURE
@given(st.binary(max_size=400))
def test_noise_in_an_index_record_is_read_or_refused(noise):
    try:
        index.read(noise, lambda item, data: data)
    except ValueError as error:
        assert str(error)


@pytest.mark.parametrize("rows", [1, 5000])
def test_an_index_that_promises_much_takes_no_more_than_its_file(tmp_path, whole, rows):
    """Rows that all lead to one block, once and thousands of times."""
    _, blocks, records = whole
    row = index.BLOCKS.itemsize
    (first,) = [payload for kind, payload in records if kind == parts.INDEX][:1]
    one = first[17 : 17 + row]
    promised = first[:12] + b"\0" + (rows * row).to_bytes(4, "little") + one * rows
    path = tmp_path / "file"
    out = container.Writer(path, container.CAPTURE)
    for kind, payload in records:
        if kind != parts.INDEX:
            out.add(kind, payload)
    place = out.add(parts.INDEX, bytes(12) + promised[12:])
    out.close(place)

    report, found = held(path, path.read_bytes())

    assert found <= blocks and not report.holds


def test_a_length_that_no_file_holds_is_not_believed(tmp_path, whole):
    """Each record's length, one after the other, becomes the largest there is, its CRC repaired or not."""
    original, blocks, records = whole
    at = BASE
    for kind, payload in records[:6]:
        body = bytes([kind]) + container.MAX_PAYLOAD.to_bytes(4, "little") + payload
        altered = (
            original[:at] + body + zlib.crc32(body).to_bytes(4, "little") + original[at + len(body) + 4 :]
        )
        report, found = held(tmp_path / "file", altered)
        assert found <= blocks and report.damage
        at += len(payload) + 9
