"""The index of a capture: seeking gives what reading gives, and a wrong index is only a detour."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from host import capture_examples as example
from tasuki.capture import container, parts, seeking, writer
from tasuki.capture.check import verify
from tasuki.capture.container import NOWHERE, Place
from tasuki.capture.lives import wall_clock
from tasuki.capture.reading import read
from tasuki.capture.timeline import UNKNOWN, Timeline
from tasuki.capture.writer import CaptureWriter
from tasuki.vault.vault import Vault

EPOCH_S = example.EPOCH_US // 1_000_000


@pytest.fixture
def short(monkeypatch):
    """Index records every 20 rows, so that small files have several."""
    monkeypatch.setattr(writer, "_INDEX_ROWS", 20)


@pytest.fixture
def path(tmp_path, short):
    """A plain capture of twelve epochs with a clock record after every third."""
    return long(tmp_path / "file")


def long(path, epochs=12, **how):
    """A capture of some epochs with a clock record after every third."""
    hub = example.Hub()
    out = CaptureWriter(path, example.STREAMS, **(how or {"plaintext": True}))
    now = time.monotonic_ns() // 1000
    for i in range(epochs):
        if i % 3 == 0:
            out.add_clock(
                now + i * example.EPOCH_US,
                i * example.EPOCH_US,
                i * example.EPOCH_US,
                now + i * example.EPOCH_US + 400,
            )
        made = hub.epoch()
        out.add_epoch(made.record, made.leaves, made.blocks)
    out.close({})
    return path


def sequential(path, keys=None):
    """(block, times) of a file of one life of a hub that is read from its beginning to its end."""
    clock, out = wall_clock(1.0), []
    with read(path, keys) as capture:
        for part in capture:
            if isinstance(part, parts.ClockPart):
                wall = part.wall_minus_host_us
                clock.add(part.t1_us + wall, part.rx_us, part.tx_us, part.t4_us + wall)
            elif isinstance(part, parts.BlockPart):
                out.append((part.block.to_bytes(), times(clock, part.block)))
    return out


def times(clock, block):
    """First sample, last sample, uncertainty, by a clock as it stands."""
    if not clock.ready:
        return (UNKNOWN,) * 3
    ends = block.t0_us, block.t1_us
    unsure = max(clock.uncertainty_us(us) for us in ends)
    return (*(int(clock.host_us(us) * 1000) for us in ends), int(unsure * 1000))


def sought(path, keys=None, **choice):
    """(block, interval) of a file by its index, in the order of the file; and how many rows it told."""
    with read(path, keys) as capture:
        timeline = Timeline(capture)
        told = timeline.indexed
        found = {timed.block.to_bytes(): timed[1:] for timed in timeline.blocks(**choice)}
    return found, told


def agree(path, keys=None):
    """True when both ways give the same blocks at the same times."""
    expected = sequential(path, keys)
    found, _ = sought(path, keys)
    assert list(found) and len(found) == len(expected)
    return all(found[data] == when for data, when in expected)


def index_places(path):
    """Places of the index records."""
    with path.open("rb") as file:
        return [place for place, kind in seeking.walk(file, Place(0, 10)) if kind == parts.INDEX]


def test_seeking_gives_the_blocks_and_times_that_reading_gives(path):
    assert len(index_places(path)) > 2

    assert agree(path)
    assert sought(path)[1] == 72


def test_an_encrypted_capture_is_sought_as_well_and_its_index_tells_a_stranger_nothing(tmp_path, short):
    vault = Vault(tmp_path / "state")
    vault.add_subject(example.SUBJECT)
    path = long(tmp_path / "file", keys=vault, subject=example.SUBJECT)

    assert agree(path, vault) and sought(path, vault)[1] == 72
    found = sought(path)
    assert found == ({}, 0)
    vault.erase_item(example.SUBJECT, "ecg")
    left, told = sought(path, vault)
    assert (len(left), told) == (60, 60)
    vault.close()


def test_a_stream_and_a_time_are_found_without_reading_the_others(path, monkeypatch):
    with read(path) as capture:
        timeline = Timeline(capture)
        middle = timeline.rows[36]
        touched = []
        at = capture.at
        monkeypatch.setattr(capture, "at", lambda place: touched.append(place) or at(place))
        found = list(timeline.blocks([0, 3], int(middle["t0_ns"]) + 1, int(middle["t0_ns"]) + 5 * 10**9))

    assert {timed.block.stream for timed in found} == {0, 3}
    assert len(found) == len(touched) == 4
    assert all(timed.t1_ns >= middle["t0_ns"] for timed in found)


def test_a_late_epoch_of_an_earlier_life_is_timed_by_the_clock_of_that_life(tmp_path):
    """And one of a life that this capture never met has no time, rather than a wrong one."""
    first, second, older = (example.Hub(session=n) for n in (7, 8, 5))
    late, stranger, live = first, older, second
    out = CaptureWriter(tmp_path / "file", example.STREAMS, plaintext=True)
    out.add_clock(50_000_000, 10_000_000, 10_000_000, 50_000_000, 0)
    kept = [late.epoch() for _ in range(2)]
    out.add_epoch(kept[0].record, kept[0].leaves, kept[0].blocks)
    out.add_clock(90_000_000, 1_000_000, 1_000_000, 90_000_000, 0)  # device time began anew
    for made in (kept[1], stranger.epoch(), live.epoch()):
        out.add_epoch(made.record, made.leaves, made.blocks)
    out.close({})
    with read(tmp_path / "file") as capture:
        rows = Timeline(capture).rows

    starts = {int(row["session"]): int(row["t0_ns"]) for row in rows if row["epoch"] == 0}
    assert starts[5] == UNKNOWN
    assert abs(starts[8] - starts[7] - (89 - 40) * 10**9) < 10_000
    again = {int(row["epoch"]): int(row["t0_ns"]) for row in rows if row["session"] == 7}
    assert again[1] - again[0] == EPOCH_S * 10**9


def test_every_cut_leaves_a_file_whose_index_and_reading_agree(tmp_path, monkeypatch):
    """Truncated at every byte: what is sought is what is read, up to the last whole record."""
    monkeypatch.setattr(writer, "_INDEX_ROWS", 2)
    hub = example.Hub(streams={0: 1}, frames=1)
    out = CaptureWriter(tmp_path / "whole", example.STREAMS[:1], plaintext=True)
    for _ in range(3):
        example.clock(out)
        made = hub.epoch()
        out.add_epoch(made.record, made.leaves, made.blocks)
    out.close({})
    data = (tmp_path / "whole").read_bytes()
    assert len(index_places(tmp_path / "whole")) == 3
    cut = tmp_path / "cut"
    best = 0
    for size in range(len(data)):
        cut.write_bytes(data[:size])
        with read(cut) as capture:
            told = [timed.block.to_bytes() for timed in Timeline(capture).blocks()]
            seen = [part.block.to_bytes() for part in capture if isinstance(part, parts.BlockPart)]
            assert told == seen, size
            assert capture.damage, size
        assert len(seen) >= best
        best = len(seen)
    assert best == 3


KILLED = """
import sys
from pathlib import Path
from host import capture_examples as example
from tasuki.capture import writer
writer._INDEX_ROWS = 20
hub = example.Hub()
out = writer.CaptureWriter(Path(sys.argv[1]), example.STREAMS, plaintext=True)
for n in range(100_000):
    example.clock(out)
    made = hub.epoch()
    out.add_epoch(made.record, made.leaves, made.blocks)
    print(n + 1, flush=True)
"""


def test_a_writer_killed_at_any_moment_leaves_every_epoch_that_it_reported(tmp_path):
    """Real processes, real kills, at moments that nobody chose: nothing reported is lost."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    for n in range(4):
        path = tmp_path / f"file{n}"
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, path], env=environment, stdout=subprocess.PIPE, text=True
        )
        for _ in range(3 + 7 * n):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        reported = max([3 + 7 * n, *map(int, process.communicate()[0].split())])
        with read(path) as capture:
            held = verify(capture, lambda device: example.PUBLIC)
        assert held.epochs_verified >= reported
        assert not held.rejected
        assert len(held.damage) == 1 and held.damage[0].what.startswith("cut")
        assert agree(path)


def altered(path, change):
    """The file with one index record's payload changed and all checksums right, as a forger would."""
    with path.open("rb") as file:
        records = list(container.Scan(file))
    path.unlink()
    out = container.Writer(path, container.CAPTURE)
    last = NOWHERE
    for record in records:
        payload = record.payload
        if record.type == parts.INDEX:
            payload = change(payload)
        place = out.add(record.type, payload)
        last = place if record.type == parts.INDEX else last
    out.close(last)


@pytest.mark.parametrize("at", range(0, 700, 47))
def test_an_index_that_lies_changes_no_block_and_verify_says_so(path, at):
    """Whatever byte of the rows is another."""
    expected = [data for data, _ in sequential(path)]

    def flip(payload):
        here = at % len(payload)
        return payload[:here] + bytes([payload[here] ^ 1]) + payload[here + 1 :]

    altered(path, flip)

    assert set(sought(path)[0]) <= set(expected)
    with read(path) as capture:
        report = verify(capture, lambda device: example.PUBLIC)
    assert report.epochs_verified == 12
    assert not report.holds
    assert {damage.what for damage in report.damage} & {
        "the index does not fit the records before it",
        "index does not add up",
    }


def test_rows_that_point_elsewhere_have_the_file_read_instead(path):
    """Every offset is wrong: all blocks still come, none twice."""

    def shifted(payload):
        out = bytearray(payload)
        first = 12 + 5 + 4  # the link, the head of the section, the number of the first row's record
        out[first] ^= 1
        return bytes(out)

    expected = {data for data, _ in sequential(path)}
    altered(path, shifted)

    with read(path) as capture:
        timeline = Timeline(capture)
        assert timeline.indexed
        found = [timed.block.to_bytes() for timed in timeline.blocks()]
        assert timeline.indexed == 0
    assert set(found) == expected and len(found) == 72


def test_a_chain_that_does_not_go_back_is_no_index(path):
    """An index record that names itself, or one behind it, ends in reading the file."""
    places = index_places(path)
    link = places[-1].number.to_bytes(4, "little") + places[-1].offset.to_bytes(8, "little")
    expected = {data for data, _ in sequential(path)}
    altered(path, lambda payload: link + payload[12:])

    found, told = sought(path)
    assert (set(found), told) == (expected, 0)


def test_captures_of_the_format_before_there_was_an_index_are_read_as_they_were(path, tmp_path):
    """Format 1: no index record, a shorter end."""
    import hashlib
    import struct
    import zlib

    with path.open("rb") as file:
        records = [record for record in container.Scan(file) if record.type != parts.INDEX]
    data = b"\x93tasuki\n\x01\x01"
    rows = [(record.type, record.payload) for record in records]
    for kind, payload in [*rows, (255, None)]:
        payload = payload if kind != 255 else struct.pack("<I32s", len(rows), hashlib.sha256(data).digest())
        body = struct.pack("<BI", kind, len(payload)) + payload
        data += body + zlib.crc32(body).to_bytes(4, "little")
    (tmp_path / "old").write_bytes(data)

    with read(tmp_path / "old") as capture:
        report = verify(capture, lambda device: example.PUBLIC)
    assert report.holds and report.epochs_verified == 12
    assert agree(tmp_path / "old") and sought(tmp_path / "old")[1] == 0


def test_rows_are_in_order_of_time_whatever_the_order_of_the_file(tmp_path):
    hub = example.Hub()
    made = [hub.epoch() for _ in range(4)]
    out = CaptureWriter(tmp_path / "file", example.STREAMS, plaintext=True)
    example.clock(out)
    for one in (made[2], made[0], made[3], made[1]):
        out.add_epoch(one.record, one.leaves, one.blocks)
    out.close({})
    with read(tmp_path / "file") as capture:
        rows = Timeline(capture).rows

    assert rows["epoch"].tolist() == np.repeat(range(4), 6).tolist()
