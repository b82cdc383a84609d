"""Constants of a unit, from a file to the values that the host stores."""

import json
from fractions import Fraction

import numpy as np
import pytest

from end_to_end.conftest import WEARER
from fast_hub import FastLine
from qemu_board import needs_qemu
from tasuki.capture.parts import EventPart
from tasuki.capture.reading import read
from tasuki.fleet import devkeys
from tasuki.fleet.calibration import Column, Constants
from tasuki.fleet.virtual import VirtualHub
from tasuki.frames import record_dtype, records_of
from tasuki.session import care, greet
from tasuki.session.connection import Connection
from tasuki.session.hub_session import Session
from tasuki.session.listener import Listener
from tasuki.session.state import State, adopt
from tasuki.trust.verdict import Verified

ECG, STRAIN = 0, 4
ONE = 16384
FIRST = Constants(3, (Column(ECG, 0, 100, ONE * 5 // 4), Column(STRAIN, 13, -7, ONE // 2)))
SECOND = Constants(4, (Column(ECG, 0, 0, 0),))
CONSTANTS = {0: Constants(0, ()), 3: FIRST, 4: SECOND}
EPOCHS = 3


def recorded(folder, stream):
    """The raw records that the hub's board plays on a stream: shape (records, columns)."""
    rows = json.loads((folder / "replay.json").read_text())["channels"]
    row = next(row for row in rows if row["stream"] == stream)
    raw = np.fromfile(folder / row["file"], record_dtype(row["kind"]))
    return raw.view("<i2").reshape(len(raw), -1)


def corrected(raw, constants, stream, column):
    """What rational numbers make of the raw values of a column."""
    rows = {(c.stream, c.column): c for c in constants.columns}
    row = rows.get((stream, column))
    return [exact(value, row) if row else value for value in raw.tolist()]


def exact(value, row):
    """(raw - offset) * gain, rounded half away from zero, held at the limits."""
    product = (value - row.offset) * Fraction(row.gain, ONE)
    whole = int(abs(product) + Fraction(1, 2))
    return max(-32768, min(32767, whole if product > 0 else -whole))


def column_of(block, column):
    """The values of one column of a block, as they stand in its frames."""
    records = np.frombuffer(b"".join(records_of(body) for body in block.bodies()), "<i2")
    columns = record_dtype(block.kind).itemsize // 2
    return records.reshape(-1, columns)[:, column].tolist()


class Versions(Listener):
    """Remembers the version that each verified epoch tells."""

    def __init__(self):
        self.of = {}

    def on_verdict(self, verdict):
        if isinstance(verdict, Verified):
            self.of[verdict.epoch] = verdict.calibration


@pytest.mark.parametrize("packed", [False, True], ids=["raw", "packed"])
def test_every_stored_value_is_the_corrected_one_and_its_epoch_names_the_version(
    tmp_path, replay_folder, packed
):
    """Raw at first, then by the first constants, then by the second; no epoch mixes two."""
    line = FastLine(tmp_path / "hub", replay_folder, packed)
    versions, blocks = Versions(), []
    with State(tmp_path / "state") as state:
        connection = Connection(line)
        greet.meet(connection)
        identity = greet.enroll(connection, state.vault.signer("authority"))
        with Session(line, state, adopt(state, None), public_key=identity.public) as session:
            session.listeners.append(versions)
            acquired = session.blocks()
            for constants in (None, FIRST, SECOND):
                if constants:
                    blob = constants.blob(identity.device, devkeys.signer("order"))
                    care.send_blob(session.connection, "calibration", blob)
                goal = session.counts.epochs_verified + EPOCHS
                while session.counts.epochs_verified < goal:
                    blocks.append(next(acquired).block)
            counts = session.counts

    assert not counts.rejected and counts.gaps == 0
    assert set(versions.of.values()) == {0, 3, 4}
    assert list(versions.of.values()) == sorted(versions.of.values())
    for stream, period_us in ((ECG, 4_000), (STRAIN, 16_667)):
        raw = recorded(replay_folder, stream)
        mine = [block for block in blocks if block.stream == stream]
        origin_us = mine[0].t0_us
        for block in mine:
            at = round((block.t0_us - origin_us) / period_us)
            for column in range(raw.shape[1]):
                expected = corrected(raw[at:, column], CONSTANTS[versions.of[block.epoch]], stream, column)
                got = column_of(block, column)
                assert got == expected[: len(got)], (block.epoch, stream, column)


@pytest.fixture(params=["unix", pytest.param("qemu", marks=needs_qemu)])
def hub(request, tmp_path, replay_folder):
    """A hub on a terminal, its clock four times as fast."""
    with VirtualHub(request.param, tmp_path / "hub", replay_folder, 4) as hub:
        yield hub


@pytest.mark.hub
def test_the_command_gives_a_real_hub_its_constants_once(tasuki, hub, tmp_path):
    """The version stays over a reboot; the same one again is refused by its name."""
    file = tmp_path / "unit.toml"
    file.write_text("version = 5\n[[column]]\nstream = 0\ncolumn = 0\ngain = 0.5\n")
    assert tasuki("hub", "enroll", "--port", hub.port).returncode == 0

    done = tasuki.json("hub", "calibrate", file, "--port", hub.port, "--order-key", "development")
    hub.reset()
    again = tasuki("hub", "calibrate", file, "--port", hub.port, "--order-key", "development")
    path = tmp_path / "run.tsk"
    found = tasuki.json(
        "run", "--port", hub.port, "--consent", WEARER, "--seconds", 9, "--speed", 4, "--capture", path
    )

    assert (done["version"], done["columns"]) == (5, 1)
    assert again.returncode == 1 and "stale_sequence" in again.stderr
    assert found["calibration"] == 5
    with read(path) as opened:
        events = [part.value for part in opened if isinstance(part, EventPart)]
    assert [event["version"] for event in events if event["event"] == "calibration"] == [5]
