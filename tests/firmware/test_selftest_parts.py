"""The self-test on real drivers and simulated parts: each part's items are seen to pass, and to fail.

The hub's half, the drivers and the host's judgement are those of a board; only
the electronics and the prompt between the halves are stood in for.
"""

import contextlib
import io
import random
from dataclasses import replace

import pytest
from parts import STRAIN, Parts
from sensors.bus import Clock

from tasuki.fleet.selftest import prompt_items, product
from tasuki.fleet.selftest.product import Limit, SensorLimits
from tasuki.fleet.selftest.virtual import Shown
from tasuki_hub import selftest
from tasuki_hub.status import StatusDriver

WIDE = Limit(most=1e9)  # for the processor's time, which stands still while a driver works
SENSORS = (
    SensorLimits(0, "ecg", "chest", 4_000, "Max30003", Limit(0.1, 20), WIDE, 100),
    SensorLimits(1, "respiration", "chest", 40_000, "ScanDriver", Limit(0.1, 30), WIDE, 25),
    SensorLimits(2, "body_temperature", "chest", 1_000_000, "Tmp117", Limit(most=0.05), WIDE, 5),
    SensorLimits(3, "imu", "chest", 10_000, "Lsm6dso", Limit(1e-4, 0.2), WIDE, 50),
    SensorLimits(4, "strain", "unspecified", 16_667, "ScanDriver", Limit(0.1, 30), WIDE, 25),
    SensorLimits(7, "imu", "right_wrist", 10_000, "Lsm6dso", Limit(1e-4, 0.2), WIDE, 50),
)


def noise(us, size):
    """Normal, of this standard deviation, the same at the same time."""
    return round(random.Random(us).gauss(0, size))


class Board:
    """The garment's board at its prompt, at rest: every part gives a little noise."""

    name = "garment"

    def __init__(self):
        self.clock = Clock()
        self.parts = Parts(self.clock, lambda us: noise(us, 4), trace=False)
        self.shake("chest", 1)
        self.shake("right", 1)
        self.sims["heat"]._temperature = lambda us: 33 * 128 + noise(us, 1)
        for name in ("breath", *(f"strain{address:x}" for address in STRAIN)):
            self.sims[name]._voltage = lambda us, pin: 50_000 * pin + noise(us + pin, 200)

    @property
    def sims(self):
        return self.parts.sims

    def shake(self, name, size):
        """An inertial sensor's noise in milli-g and tenths of a degree per second."""

        def motion(us):
            axes = [noise(us + axis, size * 100) for axis in range(6)]
            return (axes[0] * 10, axes[1] * 10, 1_000_000 + axes[2] * 10), tuple(axes[3:])

        self.sims[name]._motion = motion

    def drivers(self, hub):
        return self.parts.streams(StatusDriver(hub, 4_000_000), hub.log)

    def now_us(self):
        return self.clock.now_us

    def ticks_us(self):
        return self.clock.now_us & 0x3FFFFFFF

    def wait(self, ms):
        self.clock.pass_us(1_000 * ms)


class AtPrompt:
    """In place of the prompt: runs what the host asks here, by the hub's own file."""

    def __init__(self, board):
        self._names = {**vars(selftest), "_board": board}

    def ask(self, call):
        """The lines that it prints."""
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            exec(call, self._names)
        return said.getvalue().splitlines()


def results_of(board):
    """{item: result} of all sensors."""
    garment = replace(product.read(), sensors=SENSORS)
    found = prompt_items.sensor_items(AtPrompt(board), garment, Shown(board.name))
    return {result.item: result for result in found}


def test_good_parts_pass_every_item_with_figures_beside_their_limits():
    found = results_of(Board())

    assert {result.outcome for result in found.values()} == {"pass"}, found
    assert len(found) == 3 * len(SENSORS)
    assert found["sensor.0.identity"].value == "Max30003"
    assert 2 < found["sensor.0.noise"].value < 6 and found["sensor.0.noise"].unit == "uV"


def faults(*rows):
    return [pytest.param(*row[1:], id=row[0]) for row in rows]


@pytest.mark.parametrize(
    ("part", "fault", "value", "item", "said"),
    faults(
        ("another ECG front end", "ecg", "info", 0x123000, "sensor.0.identity", "INFO is 123000"),
        ("another thermometer", "heat", "identity", 0x0118, "sensor.2.identity", "tmp117"),
        ("another IMU on I2C", "chest", "identity", 0x6B, "sensor.3.identity", "lsm6dso"),
        ("another IMU on SPI", "right", "identity", 0x6B, "sensor.7.identity", "lsm6dso"),
        ("a deaf converter", "breath", "deaf", True, "sensor.1.identity", "ads1115"),
        ("one deaf converter of four", "strain4a", "deaf", True, "sensor.4.identity", "ads1115"),
        ("an ECG clock that never locks", "ecg", "lock_us", None, "sensor.0.identity", "does not lock"),
        ("an ECG without samples", "ecg", "frozen", True, "sensor.0.identity", "no samples"),
        ("a thermometer that never ends", "heat", "frozen", True, "sensor.2.identity", "tmp117"),
        ("an IMU without samples", "right", "frozen", True, "sensor.7.identity", "lsm6dso"),
        ("a converter that never ends", "strain48", "frozen", True, "sensor.4.identity", "ads1115"),
        ("a noisy ECG", "ecg", "_signal", lambda us: noise(us, 60), "sensor.0.noise", "above 20"),
        ("a noisy thermometer", "heat", "_temperature", lambda us: 4_224 + noise(us, 60),
         "sensor.2.noise", "above 0.05"),
        ("a noisy converter", "breath", "_voltage", lambda us, pin: noise(us, 60_000),
         "sensor.1.noise", "above 30"),
        ("a stuck ECG", "ecg", "_signal", lambda us: 17, "sensor.0.noise", "below 0.1"),
        ("a stuck IMU", "chest", "_motion", lambda us: ((0, 0, 1_000_000), (0, 0, 0)),
         "sensor.3.noise", "below 0.0001"),
        ("a stuck converter", "breath", "_voltage", lambda us, pin: 9_000, "sensor.1.noise", "below 0.1"),
    ),
)  # fmt: skip
def test_a_fault_of_one_part_fails_its_item_and_no_other_stream(part, fault, value, item, said):
    board = Board()
    assert hasattr(board.sims[part], fault)
    setattr(board.sims[part], fault, value)

    found = results_of(board)

    failed = {name for name, result in found.items() if result.outcome == "fail"}
    assert item in failed and said in found[item].reason
    assert {name.rpartition(".")[0] for name in failed} == {item.rpartition(".")[0]}


def test_a_part_that_is_not_there_fails_by_name():
    board = Board()
    board.parts.i2c1.parts.pop(0x48)

    found = results_of(board)

    assert found["sensor.2.identity"].outcome == "fail" and found["sensor.2.identity"].reason
    assert found["sensor.2.noise"].reason == "0 records, not 5"


def test_a_shaken_garment_fails_its_noise_and_the_drivers_leave_their_parts_asleep():
    board = Board()
    board.shake("chest", 3_000)

    found = results_of(board)

    assert [name for name, result in found.items() if result.outcome == "fail"] == ["sensor.3.noise"]
    assert not [name for name, sim in board.sims.items() if sim.powered and name != "gauge"]
