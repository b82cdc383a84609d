"""The verifier of files: nothing altered, repeated, moved or taken out passes."""

import zlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from host import capture_examples as example
from tasuki.capture import container, parts
from tasuki.capture.check import verify
from tasuki.capture.reading import read
from tasuki.capture.writer import CaptureWriter
from tasuki_wire import layout

STATED = {parts.HEADER, parts.CLOCK, parts.EVENT, parts.COUNTS, parts.TAIL}


def report(path, public=example.PUBLIC):
    """Verification of a file under one key."""
    with read(path) as capture:
        return verify(capture, lambda device: public)


def records(path):
    """(type, payload) of every record but the end."""
    with path.open("rb") as file:
        return [(record.type, record.payload) for record in container.Scan(file)]


def rewrite(path, rows, content=container.CAPTURE):
    """The file with these records and a right end: what a forger can do without a key."""
    path.unlink()
    writer = container.Writer(path, content)
    for kind, payload in rows:
        writer.add(kind, payload)
    writer.close()
    return report(path)


def reasons(found):
    """Reason codes of the rejections."""
    return [row.reason for row in found.rejected]


@pytest.fixture
def path(tmp_path):
    """A plain capture of three epochs."""
    example.write(tmp_path / "file")
    return tmp_path / "file"


def write_epochs(path, epochs):
    """A capture of these epochs."""
    writer = CaptureWriter(path, example.STREAMS, plaintext=True)
    for made in epochs:
        writer.add_epoch(made.record, made.leaves, made.blocks)
    writer.close({})
    return report(path)


def test_an_intact_capture_holds(path):
    """Counts per stream; 10 of 16 slots stay undisclosed per epoch."""
    found = report(path)
    assert found.holds
    assert (found.epochs_verified, found.epochs_rejected, found.frames_bad, found.gaps) == (3, 0, 0, 0)
    assert found.slots_undisclosed == 30
    assert {s: (row.held, row.withheld, row.missing) for s, row in found.streams.items()} == dict.fromkeys(
        range(6), (6, 0, 0)
    )


def test_another_key_verifies_nothing(path):
    """The key decides, not the file."""
    found = report(path, example.OTHER)
    assert (found.epochs_verified, found.epochs_rejected, found.holds) == (0, 3, False)
    assert set(reasons(found)) == {"wrong_key"}


def test_a_file_without_any_epoch_does_not_hold(tmp_path):
    """Nothing was proved by it."""
    found = write_epochs(tmp_path / "file", [])
    assert not found.holds
    assert found.sentence() == "Does not hold: it holds nothing that is signed; 0 blocks verified."


def test_every_flipped_byte_fails_also_with_checksums_made_right(tmp_path, monkeypatch):
    """No epoch with altered content is ever verified. What the host merely states is not signed."""
    monkeypatch.setattr("os.fsync", lambda handle: None)  # thousands of files
    path = tmp_path / "file"
    example.write(path, 2, example.Hub(streams={0: 1, 2: 3}, frames=1))
    rows = records(path)
    tried = 0
    for index, (kind, payload) in enumerate(rows):
        for at in range(len(payload)) if kind not in STATED else ():
            flipped = payload[:at] + bytes((payload[at] ^ 1,)) + payload[at + 1 :]
            found = rewrite(path, [*rows[:index], (kind, flipped), *rows[index + 1 :]])
            assert not found.holds, f"record {index}, byte {at}"
            tried += 1
    assert tried > 2500


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(st.data())
def test_hostile_records_with_right_checksums_never_crash_the_verifier(tmp_path, data):
    """Any record replaced by noise, cut, doubled or taken out."""
    path = tmp_path / "file"
    path.unlink(missing_ok=True)
    example.write(path, 2, example.Hub(frames=1))
    rows = records(path)
    at = data.draw(st.integers(0, len(rows) - 1))
    kind, payload = rows[at]
    cut = data.draw(st.integers(0, len(payload)))
    noise = data.draw(st.binary(max_size=300))
    kind = data.draw(st.sampled_from([kind, *range(11)]))
    found = rewrite(path, [*rows[:at], (kind, payload[:cut] + noise), *rows[at + 1 :]])
    assert found.sentence()


def test_an_epoch_that_comes_twice_is_called_replayed(path):
    """In one file, with its blocks."""
    rows = records(path)
    found = rewrite(path, rows[:-1] + rows[2:9] + rows[-1:])
    assert reasons(found) == ["replayed"]
    assert (found.epochs_verified, found.frames_bad, found.holds) == (3, 12, False)


def test_a_block_that_comes_twice_is_called_replayed(path):
    """Its epoch does not hold either."""
    rows = records(path)
    found = rewrite(path, rows[:4] + rows[3:])
    assert reasons(found) == ["replayed"]
    assert (found.epochs_verified, found.epochs_rejected) == (2, 1)


def test_a_block_under_another_epoch_is_stray(path):
    """It proves itself, but not there."""
    rows = records(path)
    found = rewrite(path, [*rows[:10], rows[4], *rows[10:]])
    assert reasons(found) == ["stray_block"]
    assert not found.holds


@pytest.mark.parametrize("kind", [parts.ATTESTED, parts.SIGNATURE])
def test_records_of_another_kind_of_file_do_not_belong(path, kind):
    """Nobody could say what proves them."""
    found = rewrite(path, [*records(path), (kind, bytes(200))])
    assert (reasons(found), found.epochs_verified, found.holds) == (["stray_record"], 3, False)


def test_an_epoch_that_was_taken_out_is_omitted(path):
    """Its number is missing between its neighbours."""
    rows = records(path)
    found = rewrite(path, rows[:9] + rows[16:])
    assert [tuple(row) for row in found.omitted] == [(7, -1, 1, 1)]
    assert (found.epochs_verified, found.epochs_rejected, found.holds) == (2, 0, False)


def test_a_rejected_epoch_is_not_called_omitted_as_well(path):
    """It is there."""
    rows = records(path)
    kind, payload = rows[9]
    found = rewrite(path, [*rows[:9], (kind, payload[:-1] + bytes((payload[-1] ^ 1,))), *rows[10:]])
    assert (reasons(found), found.omitted) == (["root_mismatch"], [])


def test_records_of_another_chain_do_not_fit(tmp_path):
    """Both are signed by the key; prev of the second is not the hash of the first."""
    first, second = example.Hub(), example.Hub(seed=2)
    second.epoch()
    found = write_epochs(tmp_path / "file", [first.epoch(), second.epoch()])
    assert reasons(found) == ["broken_chain"]
    assert (found.epochs_verified, found.epochs_rejected) == (1, 1)


def test_epoch_0_names_no_record_before_it(tmp_path):
    """Else a session could be joined to another."""
    hub = example.Hub()
    hub.prev = bytes(31) + b"\1"
    assert reasons(write_epochs(tmp_path / "file", [hub.epoch()])) == ["broken_chain"]


def test_two_sessions_in_one_file_are_two_chains(tmp_path):
    """The hub was started again in between."""
    first, second = example.Hub(), example.Hub(session=8)
    found = write_epochs(tmp_path / "file", [first.epoch(), first.epoch(), second.epoch()])
    assert found.holds
    assert (found.epochs_verified, found.streams[0].held) == (3, 6)


def test_lost_frames_are_missing_and_each_stretch_is_a_gap(tmp_path):
    """Their leaves keep the proof whole, so it holds."""
    hub = example.Hub(frames=5)
    found = write_epochs(tmp_path / "file", [hub.epoch(lost={0: (0, 1, 3)}), hub.epoch()])
    assert found.holds
    assert found.gaps == 2
    assert vars(found.streams[0]) == {"item": "ecg", "held": 7, "withheld": 0, "missing": 3}
    assert found.sentence() == "Everything holds: 2 epochs verified, with 2 gaps."


def test_sequence_numbers_tell_withheld_frames_only_between_disclosed_blocks(tmp_path):
    """ecg is disclosed in epochs 0 and 2, temperature in the first only: what follows is not claimed."""
    hub = example.Hub()
    epochs = [hub.epoch() for _ in range(3)]
    epochs[1].blocks = [block for block in epochs[1].blocks if block.stream not in (0, 2)]
    epochs[2].blocks = [block for block in epochs[2].blocks if block.stream != 2]
    found = write_epochs(tmp_path / "file", epochs)
    assert found.holds
    assert vars(found.streams[0]) == {"item": "ecg", "held": 4, "withheld": 2, "missing": 0}
    assert vars(found.streams[2]) == {"item": "body_temperature", "held": 2, "withheld": 0, "missing": 0}


def test_leaves_that_do_not_give_the_signed_root_reject_the_epoch(path):
    """Also where no block would have shown it."""
    rows = [row for row in records(path) if row[0] != parts.BLOCK]
    kind, payload = rows[2]
    at = parts.RECORD_SIZE + 5 * layout.NODE_SIZE
    altered = payload[:at] + bytes(layout.NODE_SIZE) + payload[at + layout.NODE_SIZE :]
    assert reasons(rewrite(path, [*rows[:2], (kind, altered), *rows[3:]])) == ["root_mismatch"]


@pytest.mark.parametrize("at", [30, parts.RECORD_SIZE - 1])
def test_a_record_that_the_key_did_not_sign_is_rejected_also_without_a_block(path, at):
    """One byte of the body or of the signature."""
    rows = [row for row in records(path) if row[0] != parts.BLOCK]
    kind, payload = rows[2]
    altered = payload[:at] + bytes((payload[at] ^ 1,)) + payload[at + 1 :]
    found = rewrite(path, [*rows[:2], (kind, altered), *rows[3:]])
    assert reasons(found) == ["bad_signature"]
    assert (found.epochs_verified, found.holds) == (2, False)


def test_damage_is_named_by_its_offset(path):
    """A flip in the middle of the file, as the report prints it."""
    data = bytearray(path.read_bytes())
    data[2000] ^= 1
    path.write_bytes(data)
    found = report(path)
    assert not found.holds
    start = found.damage[0].offset
    length = int.from_bytes(data[start + 1 : start + 5], "little")
    assert start <= 2000 < start + 9 + length
    body = bytes(data[start : start + 5 + length])
    assert zlib.crc32(body) != int.from_bytes(data[start + 5 + length : start + 9 + length], "little")
    assert f"damage at byte {start}: damaged record" in found.lines()
