"""The wearer's own export: what it withholds can neither be guessed nor noticed."""

from pathlib import Path

import pytest

from host import capture_examples as example
from tasuki.block import Block
from tasuki.capture import container, export, parts
from tasuki.capture.check import verify
from tasuki.capture.reading import read
from tasuki.capture.writer import CaptureWriter
from tasuki.errors import Refused, UsageError
from tasuki_wire import codec, epoch, layout

TEMPERATURE = 2
ALL = {stream: kind for stream, kind, *_ in layout.DEFAULT_PROFILE}
NO_ECG = {stream: kind for stream, kind in ALL.items() if kind != 1}
SECRET_SEEDS = (1, 2)


def exported(source: Path, out: Path, *without: str) -> Path:
    """The wearer's own export."""
    summary = export.Summary("")
    choose = export.withholding(frozenset(without), summary)
    export.device_proved(lambda: read(source), out, choose, summary)
    return out


def report(path: Path):
    """Verification under the hub's key."""
    with read(path) as bundle:
        return verify(bundle, lambda device: example.PUBLIC)


def blocks(path: Path) -> list[Block]:
    """All blocks of a file."""
    with read(path) as bundle:
        return [part.block for part in bundle if isinstance(part, parts.BlockPart)]


def records(path: Path) -> list[container.Record]:
    """All records but the end."""
    with path.open("rb") as file:
        return list(container.Scan(file))


def test_a_bundle_without_ecg_verifies_and_says_nothing_of_ecg(tmp_path):
    """Every epoch counts, the other streams are whole, and ecg is not even a row."""
    example.write(tmp_path / "session")
    found = report(exported(tmp_path / "session", tmp_path / "bundle", "ecg"))
    assert found.holds
    assert (found.epochs_verified, found.blocks_verified, found.slots_undisclosed) == (3, 15, 33)
    assert sorted(found.streams) == [1, 2, 3, 4, 5]
    assert all((row.held, row.withheld, row.missing) == (6, 0, 0) for row in found.streams.values())
    assert all(block.kind != 1 for block in blocks(tmp_path / "bundle"))


def test_no_withheld_byte_is_in_the_bundle(tmp_path):
    """Neither entry, slot key, leaf nor frame of a withheld block; nor the epoch's own meta slot."""
    hub = example.write(tmp_path / "session")
    data = exported(tmp_path / "session", tmp_path / "bundle", "body_temperature").read_bytes()
    again = example.Hub(seed=hub.seed)
    for made in (again.epoch() for _ in range(3)):
        withheld = next(block for block in made.blocks if block.stream == TEMPERATURE)
        assert all(secret not in data for secret in (withheld.entry, withheld.slot_key, *withheld.bodies()))
        assert all(epoch.frame_leaf(withheld.slot_key, body) not in data for body in withheld.bodies())
        assert made.leaves not in data
        assert epoch.pack_meta(0, 63, 0) not in data


def guess(bundle: list[Block], salts: set[bytes]) -> list[int]:
    """The attack: every plausible skin temperature (20 to 42 degC in 1/128), every salt there is to try.

    The rest of the withheld block is known to the attacker: stream, kind, time and seq follow the
    profile. He hashes his way up to the slot leaf, which the path of the neighbouring slot holds.
    """
    neighbour = next(block for block in bundle if block.stream == TEMPERATURE ^ 1)
    wanted = neighbour.path[: layout.NODE_SIZE]
    found = []
    for raw in range(20 * 128, 42 * 128 + 1):
        payload = raw.to_bytes(2, "little")
        body = codec.frame(3, TEMPERATURE, 0, 0, 0, 0, payload)[: -layout.CRC_SIZE]
        for salt in salts:
            root = epoch.root(epoch.frame_leaf(salt, body))
            entry = epoch.pack_entry(TEMPERATURE, 3, 0, 1, (0, 0), (0, 0), root)
            found += [raw] if epoch.slot_leaf(salt, entry) == wanted else []
    return found


@pytest.mark.parametrize(("salter", "guessed"), [(example.salted, []), (example.unsalted, [4301])])
def test_a_withheld_temperature_cannot_be_guessed(tmp_path, salter, guessed):
    """33.6 degC is found at once where hashes have no salt, and never in what a hub signs."""
    path, made = (
        tmp_path / "session",
        example.Hub(frames=1, salter=salter).epoch((4301).to_bytes(2, "little")),
    )
    writer = CaptureWriter(path, example.STREAMS, plaintext=True)
    kept = [block for block in made.blocks if block.stream in (TEMPERATURE, TEMPERATURE ^ 1)]
    writer.add_epoch(made.record, made.leaves, kept)
    writer.close({})
    bundle = blocks(exported(path, tmp_path / "bundle", "body_temperature"))
    salts = {bytes(layout.KEY_SIZE), b"", *(block.slot_key for block in bundle)}
    assert guess(bundle, salts) == guessed


def masked(record: container.Record) -> tuple[int, int, bytes]:
    """Type, length, and the payload with all that looks random blanked: hashes, keys, signatures.

    Left are the bytes that mean something: stream, kind, seq, counts, times, lengths, samples, text.
    """
    data = bytearray(record.payload)
    if record.type == parts.EPOCH:
        _blank_record(data, 0)
    if record.type == parts.BLOCK:
        start = 1 + 7
        _blank_record(data, start)
        entry = start + parts.RECORD_SIZE
        end = entry + layout.ENTRY_SIZE
        root = slice(end - layout.NODE_SIZE, end + layout.KEY_SIZE + 4 * layout.NODE_SIZE)
        data[root] = bytes(root.stop - root.start)
    if record.type == parts.HEADER:
        at = data.index(b'"id":"') + 6
        data[at : at + 32] = bytes(32)
        at = data.index(b'"created":"') + 11
        data[at : at + 20] = bytes(20)
    if record.type == parts.CLOCK:
        data[:] = bytes(len(data))
    return record.type, len(data), bytes(data)


def _blank_record(data: bytearray, at: int) -> None:
    """prev, token hash, root and signature of an epoch record."""
    data[at + 25 : at + parts.RECORD_SIZE] = bytes(parts.RECORD_SIZE - 25)


@pytest.mark.parametrize("extra", [(), ("device_status",)])
def test_nobody_can_tell_that_an_ecg_stream_existed(tmp_path, extra):
    """Two sessions that differ in nothing else, exported without ecg: same records, lengths and meaning.

    What differs is what an observer without the secret cannot tell from random bytes: salts of other
    epochs, nodes above salted leaves, hashes of records, signatures.
    """
    bundles = []
    for seed, streams in zip(SECRET_SEEDS, (ALL, NO_ECG), strict=True):
        example.write(tmp_path / f"session-{seed}", hub=example.Hub(streams=streams, seed=seed))
        source, out = tmp_path / f"session-{seed}", tmp_path / f"bundle-{seed}"
        bundles.append(exported(source, out, "ecg", *extra))

    with_ecg, without = (records(path) for path in bundles)
    assert [masked(record) for record in with_ecg] == [masked(record) for record in without]
    assert bundles[0].stat().st_size == bundles[1].stat().st_size
    assert report(bundles[0]).to_json() == report(bundles[1]).to_json()


def test_the_comparison_does_see_a_stream_that_is_not_withheld(tmp_path):
    """The test above can fail: the same two sessions, exported whole."""
    bundles = []
    for seed, streams in zip(SECRET_SEEDS, (ALL, NO_ECG), strict=True):
        example.write(tmp_path / f"session-{seed}", hub=example.Hub(streams=streams, seed=seed))
        bundles.append(exported(tmp_path / f"session-{seed}", tmp_path / f"bundle-{seed}"))
    with_ecg, without = ([masked(record) for record in records(path)] for path in bundles)
    assert with_ecg != without


def test_unused_and_withheld_slots_look_alike(tmp_path):
    """In the path of a disclosed neighbour: both are hashes that no other epoch repeats."""
    nodes = []
    for seed, streams in ((1, ALL), (2, NO_ECG)):
        example.write(tmp_path / f"session-{seed}", 8, example.Hub(streams=streams, seed=seed))
        bundle = blocks(exported(tmp_path / f"session-{seed}", tmp_path / f"bundle-{seed}", "ecg"))
        nodes += [block.path[: layout.NODE_SIZE] for block in bundle if block.stream == 1]
    assert len(nodes) == len(set(nodes)) == 16
    assert all(len(set(node)) > 12 for node in nodes)


def test_the_hubs_own_words_stay_back_as_soon_as_anything_is_withheld(tmp_path):
    """A log line such as "ecg electrode off" would tell; withholding nothing, it goes along."""
    streams = {**ALL, example.LOG_STREAM: codec.number("log")}
    example.write(tmp_path / "session", hub=example.Hub(streams=streams))
    whole = exported(tmp_path / "session", tmp_path / "whole")
    part = exported(tmp_path / "session", tmp_path / "part", "ecg")
    assert b"electrode" in whole.read_bytes()
    assert b"electrode" not in part.read_bytes()
    assert report(part).holds


def test_events_counts_and_slot_leaves_stay_in_the_capture(tmp_path):
    """They speak of all streams."""
    hub, path = example.Hub(), tmp_path / "session"
    made = hub.epoch()
    writer = CaptureWriter(path, example.STREAMS, plaintext=True)
    writer.add_epoch(made.record, made.leaves, made.blocks)
    writer.add_event("gap", stream=0, item="ecg")
    writer.add_tail("ecg", made.blocks[0].bodies())
    writer.close({"dropped": {"ecg": 4}})
    kinds = {record.type for record in records(exported(path, tmp_path / "bundle", "ecg"))}
    assert kinds == {parts.HEADER, parts.EPOCH, parts.BLOCK}
    assert b"ecg" not in (tmp_path / "bundle").read_bytes()


def test_an_export_that_would_be_empty_leaves_no_file(tmp_path):
    """And says so."""
    example.write(tmp_path / "session", hub=example.Hub(streams={0: 1}))
    with pytest.raises(Refused, match="no block"):
        exported(tmp_path / "session", tmp_path / "bundle", "ecg")
    assert [path.name for path in tmp_path.iterdir()] == ["session"]


def test_an_existing_file_is_not_overwritten(tmp_path):
    """Not even by a bundle."""
    example.write(tmp_path / "session")
    with pytest.raises(UsageError, match="exists"):
        exported(tmp_path / "session", tmp_path / "session")


def test_a_bundle_says_with_which_constants_its_blocks_were_corrected_and_no_more_of_it(tmp_path):
    """Neither session nor epoch of the change, nor a change that no block saw, nor another event."""
    hub, found = example.Hub(), []
    rows = [row for row in example.STREAMS if row[0] in hub.streams]
    writer = CaptureWriter(tmp_path / "session", rows, plaintext=True)
    writer.add_event("rejected", reason="bad_signature", session=1, epoch=7)
    for versions in ([], [3], [4, 5]):
        for version in versions:
            writer.add_event("calibration", session=1, epoch=9, version=version)
        made = hub.epoch()
        writer.add_epoch(made.record, made.leaves, made.blocks)
    writer.add_event("calibration", session=1, epoch=9, version=6)
    writer.close({"frames": 0, "frames_bad": {}, "gaps": 0})

    with read(exported(tmp_path / "session", tmp_path / "bundle", "ecg")) as bundle:
        for part in bundle:
            if isinstance(part, parts.EventPart):
                found.append(part.value)
            elif isinstance(part, parts.EpochPart):
                found.append(part.fields[4])

    told = [{"event": "calibration", "version": version} for version in (3, 5)]
    assert found == [0, told[0], 1, told[1], 2]
    assert report(tmp_path / "bundle").holds
