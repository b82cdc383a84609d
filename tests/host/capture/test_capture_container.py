"""The container: what was written is read, and every other byte is found."""

import itertools
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasuki.capture.container import (
    BUNDLE,
    CAPTURE,
    END,
    MAX_PAYLOAD,
    Damage,
    Record,
    Scan,
    Writer,
    content_of,
)
from tasuki.errors import UsageError

PAYLOADS = ((1, b"header"), (2, b""), (3, bytes(range(256)) * 3), (2, b"\x00"))
FIXTURE = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150
)


def write(path: Path, end: bool = True) -> bytes:
    """A container with PAYLOADS, as bytes."""
    path.unlink(missing_ok=True)
    writer = Writer(path, CAPTURE)
    for kind, payload in PAYLOADS:
        writer.add(kind, payload)
    (writer.close if end else writer.abandon)()
    return path.read_bytes()


def scan(path: Path, data: bytes) -> tuple[list[Record], list[Damage]]:
    """Records and damage of these bytes."""
    path.write_bytes(data)
    with path.open("rb") as file:
        scanned = Scan(file)
        return list(scanned), scanned.damage


def test_what_was_written_is_read_without_damage(tmp_path):
    """Type, payload, number and offset of every record."""
    records, damage = scan(tmp_path / "copy", write(tmp_path / "file"))
    assert [(r.type, r.payload) for r in records] == list(PAYLOADS)
    assert [r.number for r in records] == [0, 1, 2, 3]
    assert [r.offset for r in records] == [10, 25, 34, 811]
    assert damage == []


def test_a_capture_is_readable_by_its_owner_only_and_never_overwritten(tmp_path):
    """Health data: mode 0600, and a second session needs another name."""
    write(tmp_path / "file")
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o600
    with pytest.raises(UsageError, match="exists"):
        Writer(tmp_path / "file", CAPTURE)


def test_every_flipped_byte_is_damage_and_an_altered_record_is_named_by_its_offset(tmp_path):
    """All bytes of the file, one at a time; what is still read is what was written."""
    data = write(tmp_path / "file")
    starts = [10, 25, 34, 811, 821, len(data)]
    for at in range(len(data)):
        altered = bytearray(data)
        altered[at] ^= 0x41
        records, damage = scan(tmp_path / "copy", bytes(altered))
        assert damage, f"byte {at}"
        assert {(r.type, r.payload) for r in records} <= set(PAYLOADS)
        hit = max((start for start in starts if start <= at), default=0)
        assert any(found.offset in (hit, at) for found in damage) or at < 10


def test_after_a_kill_the_intact_prefix_is_read_and_the_cut_is_reported(tmp_path):
    """Cut at every length: whole records before it come out, and the damage is where it was cut."""
    data = write(tmp_path / "file")
    ends = [25, 34, 811, 821]
    for size in range(10, len(data)):
        records, damage = scan(tmp_path / "copy", data[:size])
        assert [(r.type, r.payload) for r in records] == list(PAYLOADS)[: sum(end <= size for end in ends)]
        assert len(damage) == 1
        assert damage[0].offset <= size


def test_a_file_that_was_never_ended_says_so_although_its_last_record_is_whole(tmp_path):
    """Truncation at a record border shows."""
    records, damage = scan(tmp_path / "copy", write(tmp_path / "file", end=False))
    assert len(records) == len(PAYLOADS)
    assert damage == [Damage(821, "cut: the end record is missing")]


def test_a_record_that_is_taken_out_with_its_checksum_shows_in_the_end_record(tmp_path):
    """The end record counts, and hashes all before it."""
    data = write(tmp_path / "file")
    assert scan(tmp_path / "copy", data[:25] + data[34:])[1] == [
        Damage(812, "the end record does not fit the bytes before it")
    ]


def test_bytes_after_the_end_are_named_by_their_offset(tmp_path):
    """One is enough."""
    data = write(tmp_path / "file")
    assert scan(tmp_path / "copy", data + b"\0")[1] == [Damage(len(data), "bytes after the end record")]


def test_a_length_beyond_the_bound_is_not_read(tmp_path):
    """No file makes a reader take more memory than one record may have."""
    data = write(tmp_path / "file")
    records, damage = scan(tmp_path / "copy", data[:11] + (MAX_PAYLOAD + 1).to_bytes(4, "little") + data[15:])
    assert records == []
    assert damage[0].offset == 10
    writer = Writer(tmp_path / "other", BUNDLE)
    with pytest.raises(ValueError, match="record of"):
        writer.add(1, bytes(MAX_PAYLOAD + 1))
    writer.abandon()


@FIXTURE
@given(st.data())
def test_cut_swapped_and_inserted_bytes_never_pass_and_never_crash(tmp_path, data):
    """Any splice of the file with noise: damage is found, intact records are among those written."""
    whole = write(tmp_path / "file")
    start = data.draw(st.integers(0, len(whole)))
    stop = data.draw(st.integers(start, len(whole)))
    noise = data.draw(st.binary(max_size=40))
    altered = whole[:start] + noise + whole[stop:]
    records, damage = scan(tmp_path / "copy", altered)
    assert bool(damage) == (altered != whole)
    assert {(r.type, r.payload) for r in records} <= set(PAYLOADS)


@FIXTURE
@given(st.binary(max_size=300))
def test_noise_is_no_container_and_ends(tmp_path, noise):
    """Also after a right head."""
    for head in (b"", b"\x93tasuki\n\x01\x01"):
        assert scan(tmp_path / "copy", head + noise)[1]


def test_content_is_told_by_the_head_alone(tmp_path):
    """A raw dump is neither."""
    write(tmp_path / "file")
    (tmp_path / "dump").write_bytes(b"\x03\x10\x01\x00")
    assert (content_of(tmp_path / "file"), content_of(tmp_path / "dump")) == (CAPTURE, None)


def test_reordered_records_do_not_pass(tmp_path):
    """Each has a right checksum, the end record does not fit."""
    data = write(tmp_path / "file")
    parts = [data[a:b] for a, b in itertools.pairwise([10, 25, 34, 811, 821])]
    swapped = data[:10] + parts[0] + parts[2] + parts[1] + parts[3] + data[821:]
    assert [d.offset for d in scan(tmp_path / "copy", swapped)[1]] == [821]
    assert data[821] == END
