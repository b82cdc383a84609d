"""docs/captures.md is enough to write a reader from: here is one, with nothing but its tables."""

import hashlib
import json
import re
import struct
import zlib
from pathlib import Path

import pytest

from host import capture_examples as example
from tasuki.capture import container, index, parts, writer
from tasuki.capture.reading import read
from tasuki_wire import items

PAGE = (Path(__file__).parents[3] / "docs" / "captures.md").read_text("utf-8")
TABLE = re.compile(r"^\| ([^|]+) \| type \| meaning \|\n\| -.*\n((?:\|.*\n)+)", re.M)
TABLES = {
    title: [tuple(cell.strip() for cell in row.strip("|").split("|")[:2]) for row in rows.splitlines()]
    for title, rows in TABLE.findall(PAGE)
}
CODES = {"u8": "B", "u16": "H", "u32": "I", "u64": "Q", "i64": "q"}


def layout(title, count=None):
    """struct format of the first fields of a table, and their names."""
    rows = TABLES[title][:count]
    return "<" + "".join(CODES.get(kind) or f"{kind[1:-1]}s" for _, kind in rows), [name for name, _ in rows]


def take(title, data, at, count=None):
    """(fields of a table by name, where what follows begins)."""
    form, names = layout(title, count)
    return dict(zip(names, struct.unpack_from(form, data, at), strict=True)), at + struct.calcsize(form)


def record(data, at):
    """(type, payload, where the next one begins) by the page."""
    head, start = take("record", data, at, 2)
    end = start + head["length"]
    (crc,) = struct.unpack_from("<I", data, end)
    assert crc == zlib.crc32(data[at:end])
    return head["type"], data[start:end], end + 4


def block(payload):
    """(fields, frame bodies) of a block record's payload by the page; the item byte stands first."""
    fields, at = take("block", payload, 1, 7)
    places = struct.unpack_from(f"<{fields['held']}H", payload, at)
    lengths = struct.unpack_from(f"<{fields['held']}H", payload, at + 2 * len(places))
    at += 4 * len(places)
    bodies = []
    for length in lengths:
        bodies.append(payload[at : at + length])
        at += length
    return fields, bodies


def rows(title, data):
    """Rows of a section by the page."""
    form, names = layout(title)
    return [dict(zip(names, row, strict=True)) for row in struct.iter_unpack(form, data)]


@pytest.fixture
def capture(tmp_path, monkeypatch):
    """A capture with several index records: (path, bytes)."""
    monkeypatch.setattr(writer, "_INDEX_ROWS", 20)
    example.write(tmp_path / "file", epochs=12)
    return tmp_path / "file", (tmp_path / "file").read_bytes()


def test_a_stranger_reads_every_record_and_the_end(capture):
    path, data = capture
    head, at = take("head", data, 0)
    assert (head["magic"], head["format"], head["content"]) == (b"\x93tasuki\n", 2, 1)
    found = []
    while at < len(data):
        start = at
        kind, payload, at = record(data, at)
        found.append((kind, payload))
    assert kind == 255
    end, _ = take("end (type 255)", payload, 0)
    assert end["records"] == len(found) - 1
    assert end["digest"] == hashlib.sha256(data[:start]).digest()
    with path.open("rb") as file:
        assert found[:-1] == [(one.type, one.payload) for one in container.Scan(file)]
    assert json.loads(found[0][1])["kind"] == "capture"


def test_a_stranger_seeks_one_stream_by_the_index_and_gets_its_frames(capture):
    path, data = capture
    size = 5 + struct.calcsize(layout("end (type 255)")[0]) + 4
    end, _ = take("end (type 255)", data, len(data) - size + 5)
    at, told, syncs = end["index_offset"], [], []
    while at:
        kind, payload, _ = record(data, at)
        assert kind == 10
        link, place = take("index", payload, 0)
        while place < len(payload):
            section, place = take("section", payload, place, 2)
            held = payload[place : place + section["length"]]
            place += section["length"]
            if section["item"] == 255:
                syncs += rows("row of a time sync", held)
            elif section["item"] == 0:
                told += rows("row of a block", held)
        at = link["previous_offset"]
    bodies = []
    for row in sorted(told, key=lambda row: (row["session"], row["t0_us"])):
        kind, payload, _ = record(data, row["offset"])
        assert (kind, payload[0]) == (3, 0)
        bodies += block(payload)[1]

    with read(path) as ours:
        known = list(ours)
    ecg = [part.block for part in known if isinstance(part, parts.BlockPart) and part.item == "ecg"]
    assert bodies == [body for one in ecg for body in one.bodies()] and len(bodies) == 24
    (clock,) = [part for part in known if isinstance(part, parts.ClockPart)]
    assert syncs == [vars(clock)]
    kind, payload, _ = record(data, syncs[0]["offset"])
    assert kind == 4
    assert take("clock", payload, 0)[0] == {name: syncs[0][name] for name in layout("clock")[1]}


def test_the_page_lists_the_record_types_the_items_and_the_bounds_of_the_code():
    listed = dict(re.findall(r"^\| (\d+) \| ([a-z ]+) \|", PAGE, re.M))
    names = ("HEADER", "EPOCH", "BLOCK", "CLOCK", "EVENT", "TAIL", "COUNTS", "ATTESTED", "SIGNATURE", "INDEX")
    assert {name.split()[0].upper(): int(number) for number, name in listed.items()} == {
        name: getattr(parts, name) for name in names
    }
    assert f"signature ({parts.RECORD_SIZE} bytes)" in PAGE
    assert f"slot leaves ({parts.LEAVES_SIZE})" in PAGE
    assert f"at most {container.MAX_PAYLOAD:,} |" in PAGE
    assert container.MAGIC.hex(" ") in PAGE
    assert ", ".join(f"{i} {name}" for i, name in enumerate(items.NAMES)) in PAGE
    assert "a thousand" in PAGE and writer._INDEX_ROWS == 1000


def test_rows_of_the_page_are_those_of_the_code():
    for title, dtype in (("row of a block", index.BLOCKS), ("row of a time sync", index.CLOCKS)):
        form, names = layout(title)
        assert (struct.calcsize(form), tuple(names)) == (dtype.itemsize, dtype.names)
