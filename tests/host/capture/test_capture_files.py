"""Captures on disk: written, read again, encrypted per item, erased."""

import itertools
import json
import os
import signal
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host import capture_examples as example
from tasuki.capture import parts
from tasuki.capture.check import verify
from tasuki.capture.header import Header
from tasuki.capture.reading import read
from tasuki.capture.writer import CaptureWriter
from tasuki.errors import Refused, UsageError
from tasuki_wire import items


@pytest.fixture
def vault(vault_of):
    return vault_of("somebody else", example.SUBJECT)


@pytest.fixture
def encrypted(tmp_path, vault):
    """An encrypted capture of three epochs."""
    example.write(tmp_path / "session.tsk", keys=vault, subject=example.SUBJECT)
    return tmp_path / "session.tsk"


def report(path, keys=None):
    """Verification under the hub's key."""
    with read(path, keys) as capture:
        return verify(capture, lambda device: example.PUBLIC)


def blocks(path, keys=None):
    """Bytes of all blocks that can be read."""
    with read(path, keys) as capture:
        return [part.block.to_bytes() for part in capture if isinstance(part, parts.BlockPart)]


@pytest.mark.parametrize("plain", [True, False])
def test_a_capture_gives_back_the_session_that_was_written(tmp_path, vault, plain):
    """Epochs, blocks, clock, events, tail and counts, in order."""
    hub = example.Hub()
    made, path = hub.epoch(), tmp_path / "session.tsk"
    how = {"plaintext": True} if plain else {"keys": vault, "subject": example.SUBJECT}
    frames = next(block for block in hub.epoch().blocks if block.item == "ecg").bodies()
    writer = CaptureWriter(path, example.STREAMS, **how)
    example.clock(writer, 500)
    writer.add_epoch(made.record, made.leaves, made.blocks)
    writer.add_event("token_narrowed", items=3)
    writer.add_tail("ecg", frames)
    writer.close({"frames": 12, "dropped": {"refused": 3}})

    with read(path, vault) as capture:
        found = list(capture)
    assert capture.damage == []
    assert capture.subject == ("" if plain else example.SUBJECT)
    assert [row[:2] for row in capture.header.streams] == [row[:2] for row in example.STREAMS]
    clock, epoch, *kept, event, tail, index, counts = found
    assert (clock.rx_us, epoch.record, epoch.leaves) == (500, made.record, made.leaves)
    assert [part.block.to_bytes() for part in kept] == [block.to_bytes() for block in made.blocks]
    assert event.value == {"event": "token_narrowed", "items": 3}
    assert (tail.item, list(tail.frames)) == ("ecg", frames)
    assert sum(map(len, index.blocks.values())) == len(made.blocks)
    assert counts.value == {"frames": 12, "dropped": {"refused": 3}}


def test_an_encrypted_capture_holds_no_plain_block_and_no_name_of_the_wearer(tmp_path, vault, encrypted):
    """Entries, slot keys and frames of every item are ciphertext."""
    data = encrypted.read_bytes()
    hub = example.Hub()
    secret = [hub.epoch() for _ in range(3)]
    for block in itertools.chain.from_iterable(epoch.blocks for epoch in secret):
        assert block.slot_key not in data
        assert block.entry[8:] not in data
        assert all(body not in data for body in block.bodies())
    assert example.SUBJECT.encode() not in data
    assert len(blocks(encrypted, vault)) == 18


def test_a_plain_capture_is_written_only_when_asked_for_by_name(tmp_path, vault):
    """Forgetting the vault is an error, not a plain file."""
    with pytest.raises(UsageError, match="vault"):
        CaptureWriter(tmp_path / "file", example.STREAMS)
    with pytest.raises(Refused):
        CaptureWriter(tmp_path / "file", example.STREAMS, keys=vault, subject="a stranger")
    assert not (tmp_path / "file").exists()


def test_erasing_an_item_makes_its_records_unreadable_while_all_else_verifies(vault, encrypted):
    """The key goes, the file stays as it is, and its epochs are still counted by their leaves."""
    vault.erase_item(example.SUBJECT, "ecg")
    found = report(encrypted, vault)
    assert found.holds
    assert found.epochs_verified == 3
    assert found.erased == {"ecg": 3}
    assert 0 not in found.streams
    assert found.streams[1].held == 6


def test_a_new_key_for_an_erased_item_does_not_open_what_was_erased(vault, encrypted):
    """The wearer consents again: new data, new key."""
    vault.erase_item(example.SUBJECT, "ecg")
    vault.item_key(example.SUBJECT, "ecg")
    found = report(encrypted, vault)
    assert (found.erased, found.damage, found.holds) == ({"ecg": 3}, [], True)


def test_erasing_the_wearer_leaves_epochs_that_count_and_nothing_to_read(vault, encrypted):
    """Not even whose it was."""
    vault.erase_subject(example.SUBJECT)
    found = report(encrypted, vault)
    assert (found.epochs_verified, found.blocks_verified) == (3, 0)
    assert sum(found.erased.values()) == 18
    with read(encrypted, vault) as capture:
        assert capture.subject == ""


def test_an_epoch_without_any_block_is_counted_by_its_leaves(tmp_path):
    """All of it refused by enforce: the record and the leaves still prove that it was."""
    path, made = tmp_path / "file", example.Hub().epoch()
    writer = CaptureWriter(path, example.STREAMS, plaintext=True)
    writer.add_epoch(made.record, made.leaves, [])
    writer.close({})
    found = report(path)
    assert found.holds
    assert (found.epochs_verified, found.slots_undisclosed, found.streams) == (1, 16, {})


def test_a_writer_that_dies_leaves_all_its_epochs_readable_and_reports_the_cut(tmp_path):
    """Every epoch is given to the system before add_epoch returns."""
    path, made = tmp_path / "file", example.Hub().epoch()
    writer = CaptureWriter(path, example.STREAMS, plaintext=True)
    writer.add_epoch(made.record, made.leaves, made.blocks)
    found = report(path)
    writer.abandon()
    assert found.epochs_verified == 1
    assert [damage.what for damage in found.damage] == ["cut: the end record is missing"]
    assert not found.holds


KILLED = """
import os, signal, sys
from pathlib import Path
from host import capture_examples as example
from tasuki.capture.writer import CaptureWriter
hub = example.Hub()
writer = CaptureWriter(Path(sys.argv[1]), example.STREAMS, plaintext=True)
for _ in range(4):
    made = hub.epoch()
    writer.add_epoch(made.record, made.leaves, made.blocks)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_sigkill_right_after_an_epoch_loses_none_of_it(tmp_path):
    """A real process, a real kill: four epochs were added, four are read and verified."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    killed = subprocess.run([sys.executable, "-c", KILLED, tmp_path / "file"], env=environment, check=False)
    found = report(tmp_path / "file")
    assert killed.returncode == -signal.SIGKILL
    assert (found.epochs_verified, found.blocks_verified, found.epochs_rejected) == (4, 24, 0)
    assert [damage.what for damage in found.damage] == ["cut: the end record is missing"]


def test_a_frame_of_another_item_does_not_get_into_a_tail(tmp_path):
    """It would be encrypted under the wrong key."""
    block = example.Hub().epoch().blocks[0]
    writer = CaptureWriter(tmp_path / "file", example.STREAMS, plaintext=True)
    with pytest.raises(ValueError, match="frame of kind 1"):
        writer.add_tail("respiration", block.bodies())
    writer.abandon()


@pytest.mark.parametrize("item", items.NAMES)
def test_ciphertext_that_moves_to_another_place_or_item_does_not_open(tmp_path, vault, encrypted, item):
    """Record number, file and item are part of what is authenticated."""
    with read(encrypted, vault) as capture:
        list(capture)
        keys = capture._keys
    secret = keys.encrypt(item, 5, b"content")
    others = [other for other in items.NAMES if other != item]
    assert keys.decrypt(item, 5, secret) == b"content"
    assert keys.decrypt(item, 6, secret) is None
    assert [keys.decrypt(other, 5, secret) for other in others] == [None] * 5


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


@given(st.sampled_from(["kind", "id", "created", "wire", "speed", "streams", "encrypted"]), JSON)
def test_a_header_with_any_value_in_any_field_is_read_or_refused(name, value):
    """ValueError is all that a hostile header can cause."""
    plain = Header("capture", bytes(16), "2026-11-22T00:00:00Z").to_bytes()
    try:
        Header.from_bytes(json.dumps({**json.loads(plain), name: value}).encode())
    except ValueError as e:
        assert str(e)


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'"text"',
        b'{"kind": "\\ud800"}',
        b'{"speed": 1' + b"0" * 400 + b"}",
        b'{"speed": 1' + b"0" * 5000 + b"}",
        b"\xff\xfe",
        b"",
    ],
    ids=range(8),
)
def test_json_that_is_none_too_deep_or_not_printable_is_refused(data):
    """By ValueError, whatever the parser itself would do."""
    with pytest.raises(ValueError):
        Header.from_bytes(data)
