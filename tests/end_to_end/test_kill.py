"""Killing the host at any moment loses nothing that was acknowledged and stores nothing twice."""

import random
import time
from collections import defaultdict
from pathlib import Path

import pytest

from end_to_end.conftest import WEARER
from tasuki.sinks.embedded import EmbeddedStore

pytestmark = pytest.mark.hub
KILLS = 6


def test_nothing_acknowledged_is_lost_and_nothing_is_doubled(tasuki, unix_hub):
    """Numbers rise by 1 per destination and stream without a hole, after six kills and one clean end."""
    moments = random.Random(2711)
    assert tasuki("hub", "enroll", "--port", unix_hub.port).returncode == 0
    run = ("run", "--port", unix_hub.port, "--consent", WEARER, "--speed", 10)
    for _ in range(KILLS):
        process = tasuki.start(*run, "--json")
        time.sleep(moments.uniform(1.5, 3.5))
        process.kill()
        process.communicate()

    found = tasuki.json(*run, "--seconds", 8)

    assert found["epochs_rejected"] == 0 and found["outbox"] == 0
    numbers = defaultdict(list)
    store = EmbeddedStore(tasuki.state / "store.db")
    for row in store.rows():
        numbers[row.delivery.pseudonym, row.delivery.stream].append(row.delivery.number)
    store.close()
    assert len(numbers) >= 6
    for seen in numbers.values():
        assert sorted(seen) == list(range(min(seen), min(seen) + len(seen)))


def test_a_spawned_hub_ends_with_the_process_that_holds_its_terminal(tasuki):
    """SIGKILL included: no interpreter is left behind."""
    process = tasuki.start("hub", "spawn", "--json")
    line = process.stdout.readline()
    assert '"port"' in line
    children = _children(process.pid)
    assert children

    process.kill()
    process.communicate()

    deadline = time.monotonic() + 10
    while any(_alive(pid) for pid in children) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(_alive(pid) for pid in children)


def _children(pid):
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
