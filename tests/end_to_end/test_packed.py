"""A hub that packs its frames: the host verifies, filters, reads and strips the same as without."""

import json

import numpy as np
import pytest

import tasuki
from end_to_end.conftest import WEARER
from fast_hub import FastLine
from tasuki import values
from tasuki.fleet.virtual import VirtualHub
from tasuki.frames import record_dtype
from tasuki.pipeline.acquire import SerialLine
from tasuki.session import greet
from tasuki.session.connection import Connection
from tasuki.session.hub_session import Session
from tasuki.session.state import State, adopt
from tasuki.vault import attested
from tasuki_wire import codec, layout, packing

LABEL = attested.Label(b"p" * 16, 5, 498_611, b"h" * 32, "service_improvement", "improvement")
EPOCHS = 4
# a hub's sample rings hold 400 ms of its time: at this speed it may stand still for 200 ms of ours
SPEED = 2


def recorded(folder, stream):
    """The records that the hub's board plays on a stream."""
    rows = json.loads((folder / "replay.json").read_text())["channels"]
    row = next(row for row in rows if row["stream"] == stream)
    return np.fromfile(folder / row["file"], record_dtype(row["kind"]))


def flags_of(block):
    """Flags of each of a block's frames."""
    return [body[3] for body in block.bodies()]


def shorter(kind, body):
    """True when the raw payload of a frame would be shorter if it was packed."""
    raw, columns = body[layout.HEADER_SIZE :], codec.KINDS[kind].columns
    count = len(raw) // (2 * columns)
    return packing.pack_into(bytearray(layout.MAX_FRAME), 0, raw, 0, count, columns) > 0


class Run:
    """What the host has after some epochs of a simulated hub without a wall clock."""

    def __init__(self, folder, replay, packed):
        line = FastLine(folder / "hub", replay, packed)
        with State(folder / "state") as state:
            connection = Connection(line)
            greet.meet(connection)
            identity = greet.enroll(connection, state.vault.signer("authority"))
            with Session(line, state, adopt(state, None), public_key=identity.public) as session:
                acquired = session.blocks()
                self.blocks = []
                while session.counts.epochs_verified < EPOCHS:
                    self.blocks.append(next(acquired).block)
                self.counts = session.counts
                self.derived = session.derived
                signer = state.vault.signer("attestation")
                stripped = [
                    attested.read(attested.strip(b, LABEL, signer), signer.public) for b in self.blocks
                ]
        self.values = {(b.epoch, b.stream): values.read(b) for b in self.blocks}
        self.stripped = {(b.epoch, b.stream): s for b, s in zip(self.blocks, stripped, strict=True)}


@pytest.fixture(scope="module")
def runs(tmp_path_factory, replay_folder):
    """The same recording from a hub that packs and from one that does not."""
    return [Run(tmp_path_factory.mktemp("run"), replay_folder, packed) for packed in (False, True)]


def test_the_hub_packs_what_may_be_packed_and_its_frames_are_shorter(runs):
    raw, packed = runs

    assert {flag for block in raw.blocks for flag in flags_of(block)} == {0}
    frames = [(block.kind, body) for block in packed.blocks for body in block.bodies()]
    may = [(kind, body) for kind, body in frames if kind in layout.PACKED_KINDS]
    assert all(body[3] or not shorter(kind, body) for kind, body in may)
    assert np.mean([body[3] for _, body in may]) > 0.9
    assert not any(body[3] for kind, body in frames if kind not in layout.PACKED_KINDS)
    sizes = [sum(int(block.lengths.sum()) for block in run.blocks if block.epoch < 2) for run in runs]
    assert sizes[1] < 0.75 * sizes[0]


def test_every_epoch_is_verified_and_nothing_is_bad(runs):
    for run in runs:
        assert (run.counts.epochs_verified, run.counts.gaps) == (EPOCHS, 0)
        assert not run.counts.rejected and not run.counts.frames_bad


def test_times_values_and_stripped_rows_are_the_same(runs):
    raw, packed = runs
    streams = [row[0] for row in layout.DEFAULT_PROFILE if row[1] != 7]

    for place in [(number, stream) for number in range(2) for stream in streams]:
        assert packed.values[place].times_us.tolist() == raw.values[place].times_us.tolist()
        assert packed.values[place].fields.keys() == raw.values[place].fields.keys()
        for name, field in packed.values[place].fields.items():
            assert np.array_equal(field, raw.values[place].fields[name])
        assert packed.stripped[place].rows == raw.stripped[place].rows
        assert packed.stripped[place].runs == raw.stripped[place].runs


def test_the_filters_find_the_same_beats(runs):
    raw, packed = runs

    assert packed.derived.beats > 10
    assert list(packed.derived.beats_us) == list(raw.derived.beats_us)


@pytest.mark.hub
@pytest.mark.parametrize("packed", [True, False])
def test_a_hub_on_the_real_interpreter_delivers_the_recording_packed_or_not(tmp_path, replay_folder, packed):
    heard = {}
    with VirtualHub("unix", tmp_path / "hub", replay_folder, SPEED, packed) as hub:
        with State(tmp_path / "state") as state:
            line = SerialLine(hub.port)
            connection = Connection(line)
            greet.meet(connection)
            key = greet.enroll(connection, state.vault.signer("authority")).public
            line.close()
        readings = tasuki.open(
            hub.port, consent=WEARER, state=tmp_path / "state", public_key=key, speed=SPEED
        )
        for reading in readings:
            heard[reading.block.stream] = reading
            if len(heard) == len(layout.DEFAULT_PROFILE):
                break
        readings.close()

    for stream, kind, *_ in layout.DEFAULT_PROFILE[:5]:
        block = heard[stream].block
        fields = heard[stream].values().fields
        played = recorded(replay_folder, stream)
        assert block.epoch == 0 and any(flags_of(block)) == (packed and kind in layout.PACKED_KINDS)
        for name, field in fields.items():
            scale = next(row[4] for row in layout.MESSAGES[kind][5] if row[0] == name)
            assert len(field) > 2
            assert np.array_equal(np.round(field * scale), played[name][: len(field)])
