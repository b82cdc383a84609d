"""10,000 blocks wait, one is under way, the sink stalls, the wearer withdraws: nothing more leaves."""

import threading
import time

import pytest

from proxy import Proxy
from remote_world import Collecting, RemoteWorld
from tasuki.sinks.link import Broker
from tasuki.sinks.postgres import PostgresSink
from worlds import ECG, SECOND, STATUS

QUEUED = 10_000
BUFFER = 4096


def fill(world, n):
    """n ECG blocks and one of device status, for two destinations and one."""
    world.clock.now_ns += 2 * 86_400 * SECOND  # after all of them
    for first in range(0, n, 500):
        numbers = range(first, first + 500)
        blocks = [one for number in numbers for one in world.acquired(number, [ECG], frames=1)]
        world.outbox.put(world.router.route(blocks, world.clock()))
    world.put(n, [STATUS])


def until(there, seconds=30):
    end = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < end
        time.sleep(0.01)


def standing_still(proxy):
    """(taken, arrived) once neither changes any more."""
    before = None
    while before != (before := (proxy.taken, proxy.arrived())):
        time.sleep(0.3)
    return before


def withdraw_while_stalled(world, proxy, destination):
    """Bytes that had left the host at the withdrawal, and that anybody ever took."""
    proxy.stall(20_000)
    steps = []
    sending = threading.Thread(target=lambda: steps.append(world.uploader.step(destination)))
    sending.start()
    until(lambda: proxy.stalled and proxy.arrived() > 0)
    taken, arrived = standing_still(proxy)

    world.say("withdrawn", "service_information", ["ecg"])
    world.say("withdrawn", "service_improvement", ["ecg"])
    sending.join(30)
    assert not sending.is_alive()
    assert steps[0].confirmed == 0
    time.sleep(0.3)
    left = taken + arrived
    stalled = proxy.taken + proxy.arrived()
    proxy.go_on()
    standing_still(proxy)
    return left, stalled, proxy.taken


@pytest.mark.rule("S-02", "deny")
@pytest.mark.rule("A-02", "deny", "evidence")
def test_not_one_byte_leaves_for_the_broker_after_a_withdrawal(tmp_path, broker, database):
    proxy = Proxy(broker.port, BUFFER)
    world = RemoteWorld(tmp_path, Broker("127.0.0.1", proxy.port), answer_s=60, send_buffer=BUFFER)
    fill(world, QUEUED)
    world.sink.check()

    left, stalled, taken = withdraw_while_stalled(world, proxy, "store")

    assert left > 0
    assert taken <= stalled <= left
    with Collecting(broker.broker, database.conninfo(), [world.signer.public]):
        assert world.drain() == []
    assert database.query("SELECT item FROM tasuki.block") == [("device_status",)]
    assert world.outbox.ended() == {
        ("store", "denied_late", "withdrawn"): QUEUED,
        ("improvement", "denied_late", "withdrawn"): QUEUED,
        ("store", "confirmed", ""): 1,
    }
    proxy.close()
    world.sink.close()


def test_not_one_block_is_committed_to_a_database_that_stalled_at_the_withdrawal(tmp_path, database):
    proxy = Proxy(database.port, BUFFER)
    world = RemoteWorld(tmp_path, Broker("127.0.0.1", 1))
    sink = PostgresSink(database.conninfo().replace(str(database.port), str(proxy.port)) + " sslmode=disable")
    world.uploader = world.uploader_to(sink, batch=20_000)
    fill(world, QUEUED)
    sink.check()

    withdraw_while_stalled(world, proxy, "store")

    assert world.drain() == []
    assert database.query("SELECT item FROM tasuki.block") == [("device_status",)]
    assert database.query("SELECT item, consent FROM tasuki.tombstone") == [("ecg", 1)]
    proxy.close()
    sink.close()
