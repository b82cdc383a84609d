"""The event button on a simulated pin."""

from itertools import pairwise

from bench import Bench
from sensors.bus import Pin

from tasuki_hub.drivers.button import Button


class ButtonBench(Bench):
    """A button that pulls its line low."""

    def __init__(self, level=1):
        super().__init__()
        self.pin = Pin(level)
        self.alarms = []
        self.wire(Button(self.pin, 7, self.on_alarm))
        self.apply()
        self.run(100_000)

    def on_alarm(self, name):
        """What the hub would hear, when, and how many records waited then."""
        self.alarms.append((name, self.clock.now_us, self.ring.count))

    def hold(self, level, us):
        """A level for a time."""
        self.pin(level)
        self.run(us)


def test_a_press_is_one_record_at_its_first_edge_and_one_alarm_after_it():
    bench = ButtonBench()
    pressed_us = bench.clock.now_us

    bench.hold(0, 200_000)
    bench.hold(1, 1_000_000)

    ((edge_us, record),) = bench.records()
    assert record == (7, 1)
    assert 0 < edge_us - pressed_us <= 10_000
    ((name, now, waiting),) = bench.alarms
    assert (name, waiting) == ("button", 1)
    assert 30_000 <= now - edge_us <= 40_000


def test_contacts_that_bounce_are_one_press():
    bench = ButtonBench()
    for _ in range(8):
        bench.hold(0, 4_000)
        bench.hold(1, 2_000)
    bench.hold(0, 100_000)
    for _ in range(8):
        bench.hold(1, 4_000)
        bench.hold(0, 2_000)
    bench.hold(1, 300_000)

    assert len(bench.records()) == 1
    assert len(bench.alarms) == 1


def test_a_touch_shorter_than_the_contacts_need_is_nothing():
    bench = ButtonBench()
    bench.hold(0, 26_000)
    bench.hold(1, 500_000)

    assert bench.records() == []
    assert bench.alarms == []


def test_at_most_two_presses_a_second_count():
    bench = ButtonBench()
    for _ in range(20):
        bench.hold(0, 50_000)
        bench.hold(1, 50_000)

    times = [us for us, _ in bench.records()]
    assert 3 <= len(times) <= 4
    assert all(b - a >= 500_000 for a, b in pairwise(times))


def test_a_button_that_is_held_or_stuck_counts_only_after_a_release():
    bench = ButtonBench(level=0)
    bench.run(2_000_000)
    assert bench.records() == []

    bench.hold(1, 100_000)
    bench.hold(0, 100_000)

    assert len(bench.records()) == 1


def test_a_button_that_is_not_allowed_is_not_looked_at():
    bench = ButtonBench()
    bench.apply(0)

    bench.hold(0, 200_000)

    assert bench.records() == []
    assert bench.alarms == []
