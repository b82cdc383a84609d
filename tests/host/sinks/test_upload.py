"""Upload: consent is asked again at the moment of sending, and nothing is lost or sent twice."""

import sqlite3
import threading

import pytest

from tasuki.errors import LinkLost
from tasuki.pipeline.outbox import ALLOW, HOLD
from tasuki.pipeline.upload import MAX_AGE_NS, wait_ns
from worlds import ECG, FOR_YEARS, NOON, SECOND, STATUS, Binding, World


class Away:
    """A sink whose link is lost, for the first `times` calls or after `taken` deliveries."""

    def __init__(self, store, times=10**9, taken=0):
        self.store, self.times, self.taken = store, times, taken
        self.seen = []

    def send(self, batch):
        if self.times:
            self.times -= 1
            for _, delivery in zip(range(self.taken), batch, strict=False):
                self.seen.append(delivery)
            raise LinkLost("the store is away")
        return self.store.send(batch)


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def test_everything_allowed_arrives_and_the_outbox_is_empty_after(world):
    for number in range(5):
        world.put(number)

    assert world.uploader.drain() == []

    assert (world.store.count("store"), world.store.count("improvement")) == (10, 5)
    assert world.store.count() == 15
    assert world.outbox.size() == (0, 0)


def test_an_envelope_stays_until_every_destination_has_it(world):
    world.put(0, [ECG])

    world.uploader.step("store")
    assert world.outbox.size()[0] == 1

    world.uploader.step("improvement")
    assert world.outbox.size()[0] == 0


def test_what_is_withdrawn_while_it_waits_never_leaves(world):
    for number in range(5):
        world.put(number)
    world.say("withdrawn", "service_improvement", ["ecg"])
    world.say("withdrawn", "service_information", ["ecg"])

    world.uploader.drain()

    assert {row.delivery.item for row in world.store.rows()} == {"device_status"}
    assert world.outbox.ended() == {
        ("improvement", "denied_late", "withdrawn"): 5,
        ("store", "denied_late", "withdrawn"): 5,
        ("store", "confirmed", ""): 5,
    }
    assert world.outbox.size() == (0, 0)
    assert world.outbox.decisions()["ecg", "store", "deny", "withdrawn"] == 5


def test_a_withdrawal_in_the_middle_of_a_batch_stops_the_rest_of_it(world):
    for number in range(10):
        world.put(number, [ECG])

    class Slow:
        seen = 0

        def send(self, batch):
            for _ in batch:
                Slow.seen += 1
                if Slow.seen == 3:
                    world.say("withdrawn", "service_information", ["ecg"])
            return []

    world.uploader_to(Slow()).step("store")

    assert Slow.seen == 3


def test_a_grant_after_a_withdrawal_does_not_release_what_waited(world):
    world.put(0, [ECG])
    world.say("withdrawn", "service_information", ["ecg"], NOON + 100 * SECOND)
    world.say("granted", "service_information", ["ecg"], NOON + 200 * SECOND)

    world.uploader.drain()

    assert world.store.count("store") == 0
    assert world.outbox.ended()["store", "denied_late", "not_at_acquisition"] == 1


def test_a_lost_link_keeps_everything_and_is_said(world):
    world.put(0)
    away = world.uploader_to(Away(world.store))

    assert away.drain() == ["improvement: the store is away", "store: the store is away"]
    assert world.outbox.size()[0] == 2

    assert world.uploader.drain() == []
    assert world.store.count() == 3


@pytest.mark.rule("S-03", "allow")
def test_a_link_lost_in_the_middle_loses_and_doubles_nothing(world):
    for number in range(4):
        world.put(number)
    flaky = world.uploader_to(Away(world.store, times=3, taken=2))

    for _ in range(5):
        flaky.drain()

    assert world.store.count() == 12
    assert world.outbox.size() == (0, 0)


@pytest.mark.rule("S-03", "deny")
def test_what_the_sink_does_not_confirm_is_sent_again(world):
    world.put(0)

    class Forgetful:
        def send(self, batch):
            world.store.send(batch)
            return []

    assert world.uploader_to(Forgetful()).step("store").confirmed == 0
    assert world.outbox.size()[0] == 2

    world.uploader.drain()
    assert world.store.count() == 3


def test_a_confirmation_of_something_that_was_not_sent_changes_nothing(world):
    world.put(0, [STATUS])

    class Liar:
        def send(self, batch):
            return [(b"x" * 16, 0, 0)]

    world.uploader_to(Liar()).step("store")

    assert len(world.outbox.due("store", 9)) == 1


def test_a_sink_that_fails_oddly_loses_nothing(world):
    world.put(0, [STATUS])

    class Broken:
        def send(self, batch):
            list(batch)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        world.uploader_to(Broken()).step("store")
    assert len(world.outbox.due("store", 9)) == 1


def test_held_blocks_go_once_the_wearer_is_known(world):
    world.registers.bindings.clear()
    world.registers.version += 1
    world.put(0)
    assert world.uploader.drain() == []
    assert world.store.count() == 0

    world.registers.bind(Binding(b"b" * 16, world.hub.device, world.subject, 0, NOON + FOR_YEARS))

    world.uploader.drain()
    assert world.store.count() == 3


def test_held_blocks_are_given_up_when_the_policys_time_is_over(world):
    world.registers.bindings.clear()
    world.registers.version += 1
    world.put(0, [STATUS])

    world.clock.now_ns += world.policy.hold_ns
    world.uploader.drain()
    assert len(world.outbox.due("store", 9, HOLD)) == 1

    world.clock.now_ns += 1
    world.uploader.drain()
    assert world.outbox.ended() == {("store", "denied_late", "hold_expired"): 1}
    assert world.outbox.size() == (0, 0)


def test_what_waits_too_long_for_a_destination_is_given_up_for_that_one_only(world):
    world.put(0, [ECG])
    away = world.uploader_to(Away(world.store))
    world.clock.now_ns += MAX_AGE_NS
    away.drain()
    assert world.outbox.size()[0] == 1

    world.clock.now_ns += 1
    assert away.review("improvement").denied == 1

    assert world.outbox.ended() == {("improvement", "denied_late", "hold_expired"): 1}
    assert len(world.outbox.due("store", 9)) == 1
    away.review("store")
    assert world.outbox.size() == (0, 0)


def test_what_can_no_longer_be_attributed_goes_back_on_hold(world):
    world.put(0, [STATUS])
    world.registers.bindings.clear()
    world.registers.version += 1

    world.uploader.drain()

    assert world.outbox.due("store", 9, ALLOW) == []
    assert len(world.outbox.due("store", 9, HOLD)) == 1


def test_a_wearer_whose_keys_were_erased_is_never_sent(world):
    world.put(0)
    world.vault.erase_subject(world.subject)

    world.uploader.drain()

    assert world.store.count() == 0
    assert {reason for _, _, reason in world.outbox.ended()} == {"key_erased"}
    assert world.outbox.size() == (0, 0)


@pytest.mark.parametrize("destination", ["store", "improvement"])
def test_an_erased_item_key_stops_every_form_of_the_block(world, destination):
    world.put(0, [ECG])
    world.vault.erase_item(world.subject, "ecg")

    world.uploader.step(destination)

    assert world.outbox.ended() == {(destination, "denied_late", "key_erased"): 1}


@pytest.mark.rule("S-04", "deny", "evidence")
@pytest.mark.parametrize("destination", ["store", "improvement"])
def test_an_envelope_that_was_altered_on_disk_is_not_sent_on(world, destination):
    world.put(0, [ECG])
    world.outbox._db.execute("UPDATE envelope SET content = CAST(substr(content, 1, 60) AS BLOB)")

    world.uploader.step(destination)

    assert world.outbox.ended() == {(destination, "denied_late", "envelope_damaged"): 1}


def test_a_destination_that_was_taken_off_the_register_gets_nothing(world):
    world.put(0, [ECG])
    del world.registers.destinations["improvement"]
    world.registers.version += 1

    world.uploader.step("improvement")

    assert world.store.count() == 0
    assert world.outbox.ended() == {("improvement", "denied_late", "unknown_destination"): 1}


def test_our_store_gets_the_very_envelope_and_research_gets_fresh_bytes_each_time(world):
    world.put(0, [ECG])
    (due,) = world.outbox.due("store", 1)
    seen = []
    for _ in range(2):
        sink = Away(world.store, taken=1)
        for destination in ("store", "improvement"):
            world.uploader_to(sink).step(destination)
        seen.append({d.destination: d for d in sink.seen})

    assert seen[0]["store"].content == seen[1]["store"].content == due.content
    assert seen[0]["improvement"].content != seen[1]["improvement"].content
    assert seen[0]["improvement"].tags == b""
    assert seen[0]["improvement"].key == seen[1]["improvement"].key


def test_the_loop_sends_in_the_background_and_stops_when_told(world):
    stop, sent = threading.Event(), threading.Event()

    class Telling:
        def send(self, batch):
            keys = world.store.send(batch)
            sent.set()
            return keys

    thread = threading.Thread(target=world.uploader_to(Telling()).run, args=(stop, 0.01))
    thread.start()
    world.put(0, [STATUS])

    assert sent.wait(30)
    stop.set()
    thread.join(30)
    assert not thread.is_alive()
    assert world.store.count() == 1


def test_a_destination_that_stays_away_is_asked_ever_more_rarely():
    waits = [wait_ns(failures) / SECOND for failures in range(9)]

    assert waits == [0.5, 1, 2, 4, 8, 16, 32, 60, 60]
    assert wait_ns(10_000) == 60 * SECOND


def test_the_loop_does_not_press_a_destination_that_is_away(world):
    world.put(0, [STATUS])
    away = Away(world.store)
    calls = []
    uploader = world.uploader_to(away)
    step = uploader.step
    uploader.step = lambda destination: calls.append(destination) or step(destination)

    uploader.run(_Turns(5), 0)

    assert calls == ["store"]


class _Turns(threading.Event):
    """An event that is set after some turns of the loop."""

    def __init__(self, turns):
        super().__init__()
        self.turns = turns

    def wait(self, timeout=None):
        self.turns -= 1
        return self.is_set()

    def is_set(self):
        return self.turns <= 0


def test_an_outbox_that_cannot_be_written_now_is_tried_again(world, tmp_path):
    world.put(0)
    world.outbox._db.execute("PRAGMA busy_timeout=1")
    other = sqlite3.connect(tmp_path / "outbox.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert "cannot be written" in world.uploader.step("store").lost
    world.uploader.run(_Turns(3), 0)
    other.execute("ROLLBACK")
    other.close()

    assert world.uploader.drain() == []
    assert world.store.count() == 3
