"""A line that watches: what is plugged in starts by itself, what is scanned finds its hub."""

import queue
import threading
import time
from dataclasses import replace

import pytest

from factory.conftest import development_order, make_line
from factory.tray import Tray, settle
from tasuki.factory.line import Stop
from tasuki.factory.scanner import Scanner
from tasuki.factory.station import Station

pytestmark = pytest.mark.hub
PATIENCE_S = 30


class Watching:
    """A station that watches in a thread of its own, and what it told."""

    def __init__(self, line, ports):
        self.told = []
        self._changed = threading.Condition()
        self.station = Station(line, lambda: list(ports), self._tell, patience_s=0.5)
        self._thread = threading.Thread(target=self.station.watch)

    def _tell(self, told):
        with self._changed:
            self.told.append(told)
            self._changed.notify_all()

    def wait(self, event, count=1):
        """Until an event was told so often; the last of them."""
        with self._changed:
            came = self._changed.wait_for(lambda: len(self.of(event)) >= count, PATIENCE_S)
            assert came, [told.row() for told in self.told]
            return self.of(event)[-1]

    def of(self, event):
        """All of one name."""
        return [told for told in self.told if told.event == event]

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *exc):
        self.station.stop.set()
        self._thread.join()


@pytest.fixture
def tray(tmp_path, replay):
    with Tray(tmp_path / "tray", replay, 2) as hubs:
        settle()
        yield hubs


def test_a_hub_that_is_plugged_in_starts_by_itself_and_once(tmp_path, chain, tray):
    line, ports = make_line(tmp_path, chain, development_order(2)), tray.ports[:1]

    with Watching(line, ports) as watching:
        first = watching.wait("end")
        time.sleep(1.0)  # it stays in its slot: nothing more happens
        alone = len(watching.of("end"))
        ports.append(tray.ports[1])
        watching.wait("end", 2)
        del ports[0]
        emptied = watching.wait("empty")

    assert first.values["state"] == "done" and alone == 1
    assert {told.values["state"] for told in watching.of("end")} == {"done"}
    assert emptied.slot == tray.ports[0].location


def test_a_label_is_scanned_a_wrong_one_fails_and_a_retry_passes(tmp_path, chain, tray):
    line, ports = make_line(tmp_path, chain, development_order(1, scan=True)), tray.ports[:1]
    typed = queue.SimpleQueue()
    line.scan = Scanner(iter(typed.get, None), lambda text: None, patience_s=PATIENCE_S).scan

    with Watching(line, ports) as watching:
        label = watching.wait("scan").values["label"]
        typed.put(label.replace("/00001000/", "/00001001/"))
        failed = watching.wait("end")
        watching.station.retry(ports[0].location)
        watching.wait("scan", 2)
        typed.put(label)
        passed = watching.wait("end", 2)
    typed.put(None)

    assert (failed.values["cause"], failed.values["action"]) == ("label_mismatch", "retry")
    assert passed.values["state"] == "done"
    assert line.journal.last("scanned", passed.values["device"])[2]["scanned"] == label


def test_stopping_the_line_leaves_every_hub_to_be_resumed(tmp_path, chain, tray):
    line = make_line(tmp_path, chain, development_order(2))

    with Watching(line, tray.ports) as watching:
        watching.wait("keyed")
    stopped = {told.values["cause"] for told in watching.of("end")}
    with Watching(replace(line, stop=Stop()), tray.ports) as again:
        again.wait("end", 2)

    assert stopped <= {"interrupted", "gone", ""}
    assert {unit.state for unit in line.journal.units()} == {"done"}
