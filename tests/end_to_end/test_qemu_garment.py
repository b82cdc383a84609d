"""The Cortex-M image with the real drivers, every part simulated register by register inside it.

The emulator counts two nanoseconds an instruction, because the simulated parts
take the hub's time; a real part takes none. So nothing here says how
busy a hub is.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from qemu_board import needs_qemu
from tasuki import values
from tasuki.consent.registers import FULL_GARMENT
from tasuki.fleet.virtual import VirtualHub
from tasuki.pipeline.acquire import SerialLine
from tasuki.session.enrolment import enroll
from tasuki.session.hub_session import Session
from tasuki.session.listener import Listener
from tasuki.session.state import State, adopt
from tasuki.trust.verdict import Verified
from tasuki_wire import layout

pytestmark = [pytest.mark.hub, needs_qemu]

SIMULATORS = Path(__file__).resolve().parents[1] / "firmware"
ECG, HEAT, CHEST, STRAIN, STATUS, LEFT, STREAMS, LOG = 0, 2, 3, 4, 5, 6, 13, 14
RUNNING, MISSING, FAILED = (layout.STREAM_STATES.index(name) for name in ("running", "missing", "failed"))
PERIODS = {row[0]: row[3] for row in layout.FULL_PROFILE}


class Watch(Listener):
    """Verified epochs."""

    def __init__(self):
        self.epochs = []

    def on_verdict(self, verdict):
        if isinstance(verdict, Verified):
            self.epochs.append(verdict)


class Worn:
    """What the host has of a garment after some epochs, and what its buses have seen.

    reports: {stream: [stream_status record, ...]}; lines: the hub's log.
    """

    def __init__(self, folder, replay, epochs, events=(), withhold=()):
        hub_folder = folder / "hub"
        hub_folder.mkdir()
        (hub_folder / "hub.json").write_text(json.dumps({"icount": "shift=1"}))
        garment = {"path": [str(SIMULATORS)], "ecg": str(replay / "ecg.i16"), "events": list(events)}
        (hub_folder / "garment.json").write_text(json.dumps(garment))
        watch = Watch()
        with VirtualHub("qemu", hub_folder, replay) as hub, State(folder / "state") as state:
            enroll(hub.port, state, product=FULL_GARMENT)
            line = SerialLine(hub.port)
            with Session(line, state, adopt(state, None), withhold=withhold) as session:
                session.listeners.append(watch)
                acquired = session.blocks()
                while session.counts.epochs_verified < epochs:
                    next(acquired)
                self.counts = session.counts
                self.beats_us = list(session.derived.beats_us)
            self.traffic = json.loads((hub_folder / "buses.json").read_text())
        self.epochs = watch.epochs
        self.blocks = [block for epoch in watch.epochs for block in epoch.blocks()]
        self.reports = {}
        for block in self.of(STREAMS):
            rows = values.read(block).fields
            for row in zip(*rows.values(), strict=True):
                report = dict(zip(rows, row, strict=True))
                self.reports.setdefault(int(report["stream"]), []).append(report)
        self.lines = [body[17:].decode() for block in self.of(LOG) for body in block.bodies()]

    def of(self, stream):
        """Blocks of a stream, in order."""
        return [block for block in self.blocks if block.stream == stream]

    def samples(self, stream, field):
        """(times in microseconds, values) of a stream over all epochs."""
        found = [values.read(block) for block in self.of(stream)]
        times = np.concatenate([one.times_us for one in found])
        return times, np.concatenate([one.fields[field] for one in found])

    def assert_all_verified(self):
        """Whatever happened to a part, nothing of the chain of trust broke."""
        assert not self.counts.rejected
        assert not self.counts.frames_bad
        assert self.counts.gaps == self.counts.unknown_tails == 0


@pytest.fixture(scope="module")
def worn(tmp_path_factory, replay_folder):
    """Four epochs of a garment whose parts all work."""
    return Worn(tmp_path_factory.mktemp("worn"), replay_folder, 4)


def test_at_least_12_s_of_the_whole_garment_are_verified(worn):
    worn.assert_all_verified()
    assert worn.counts.epochs_verified >= 4
    ends = [(block.t0_us, block.t1_us) for block in worn.of(ECG)]
    assert ends[-1][1] - ends[0][0] > 12_000_000
    assert {block.stream for block in worn.blocks} >= {*PERIODS, STREAMS}


@pytest.mark.parametrize("stream", sorted(set(PERIODS) - {STATUS, STRAIN}))
def test_each_stream_has_its_rate_without_a_hole(worn, stream):
    """Times of the records as the hub's clock has them; the parts' own clocks are followed within a frame."""
    times = np.concatenate([values.read(block).times_us for block in worn.of(stream)])

    steps = np.diff(times)
    assert abs(steps.mean() / PERIODS[stream] - 1) < 0.001
    assert steps.max() < 1.2 * PERIODS[stream]
    last = worn.reports[stream][-1]
    assert (last["state"], last["overruns"]) == (RUNNING, 0)


def test_strain_has_its_rate_but_for_rows_that_the_hub_counts(worn):
    """Four rounds of conversions in 16.7 ms leave little room; a row not begun in time is a gap."""
    times = np.concatenate([values.read(block).times_us for block in worn.of(STRAIN)])
    period = PERIODS[STRAIN]

    steps = np.round(np.diff(times) / period)
    missing = int((steps - 1).sum())
    assert np.abs(np.diff(times) - steps * period).max() < 100
    assert missing < 0.01 * len(times)
    last = worn.reports[STRAIN][-1]
    assert last["state"] == RUNNING
    assert missing - 3 <= last["overruns"] <= missing  # the last report comes before the end


def test_the_recorded_ecg_comes_through_the_front_end_in_microvolts(worn, replay_folder):
    """Rate, gain and format: the electrodes' voltage is found again at the time it had.

    The part runs at its own phase, so a sample lies between two of the recording.
    """
    recording = np.fromfile(replay_folder / "ecg.i16", "<i2").astype(float)
    times, ecg = worn.samples(ECG, "ecg")

    def error(delay_us):
        at = (times - delay_us) / 4_000 % len(recording)
        there = np.interp(at, np.arange(len(recording)), recording)
        return np.abs(ecg - there)

    delays = np.arange(-12_000, 12_001, 250)
    best = min(delays, key=lambda delay: error(delay).mean())
    assert abs(best) <= 8_000  # of SYNCH and of the polls, see docs/drivers.md
    assert error(best).mean() < 0.01 * np.ptp(recording)
    there = np.interp((times - best) / 4_000 % len(recording), np.arange(len(recording)), recording)
    gain, offset = np.polyfit(there, ecg, 1)
    assert gain == pytest.approx(1, abs=0.01)
    assert abs(offset) < 5


def test_the_recorded_beats_are_found_through_the_front_end(worn):
    """Record 208 begins at 100 to 126 beats a minute."""
    beats = np.diff(worn.beats_us)

    assert len(beats) >= 20
    assert 0.45e6 < np.median(beats) < 0.65e6


def test_slow_signals_are_those_of_the_simulated_parts(worn):
    _, skin = worn.samples(HEAT, "temperature")
    _, chest = worn.samples(CHEST, "accel")
    assert set(skin) == {33.0}
    assert np.abs(chest[:, 2] - 1.0).max() < 0.01


def test_a_bus_sees_nothing_of_a_part_whose_item_is_withheld(tmp_path, replay_folder):
    """From boot to the end of an epoch; the parts' own trace."""
    worn = Worn(tmp_path, replay_folder, 1, withhold=("ecg", "body_motion", "subjective"))

    worn.assert_all_verified()
    assert set(worn.traffic) == {"breath", "heat", "gauge"}
    assert {block.item for block in worn.blocks} == {"respiration", "body_temperature", "device_status"}


def test_parts_that_fail_in_use_are_said_and_the_others_go_on(tmp_path, replay_folder):
    """At 5 s one is unplugged, one never ends a conversion; at 6 s the hub sleeps past the ECG's FIFO."""
    events = [
        [5, "left", "broken", True],
        [5, "heat", "frozen", True],
        [6, "hub", "stall", 300],
        [7, "chest", "weightless", True],
        [7.5, "chest", "weightless", False],
    ]
    worn = Worn(tmp_path, replay_folder, 4, events)

    worn.assert_all_verified()
    assert any(line.startswith("stream 6 failed: ") for line in worn.lines)
    assert "stream 2 failed: tmp117: no data" in worn.lines
    assert worn.reports[HEAT][-1]["state"] == FAILED
    assert worn.reports[LEFT][-1]["state"] in (FAILED, MISSING)  # missing: tried again after ten seconds
    lost = worn.reports[ECG][-1]["overruns"]
    assert 60 <= lost <= 90  # 300 ms at 250 Hz, and what the FIFO held
    times, _ = worn.samples(ECG, "ecg")
    (hole,) = [step for step in np.diff(times) if step > 6_000]
    assert hole == pytest.approx(4_000 * (lost + 1), abs=8_000)
    assert worn.reports[CHEST][-1]["state"] == RUNNING and worn.reports[CHEST][-1]["overruns"] == 0
    last_us = max(block.t1_us for block in worn.blocks)
    for stream in (ECG, 1, CHEST, 4, 7):
        assert worn.of(stream)[-1].t1_us > last_us - 500_000, stream
    assert "alarm" in [epoch.close_reason for epoch in worn.epochs]
