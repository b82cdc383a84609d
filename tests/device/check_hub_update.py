"""A hub takes a newer signed bundle for itself, starts it on trial, and keeps or drops it."""

import os
from hashlib import sha256

from bundles import FILES, make
from scripted_board import Host, fresh_folder

from tasuki_hub import anchors, ed25519
from tasuki_hub.slots import Slots
from tasuki_hub.update import Trial
from tasuki_wire import layout

BUNDLE = layout.BLOBS.index("bundle")
PART = 200
SECOND = 1_000_000
folder = fresh_folder("update")


def boot(host, crashed=False):
    """What loader.py does: choose, then start the hub; (counter, on trial)."""
    slots = Slots(folder)
    floor = host.hub.keys.floor if hasattr(host, "hub") else 0
    bundle, trial = slots.choose("scripted", ed25519, floor, crashed)
    board = host.board
    board.slots = slots
    board.counter = bundle.counter if bundle else 0
    board.trial = Trial(slots, board.counter, board.now_us()) if trial else None
    board.clock += SECOND
    host.boot()
    return board.counter, trial


def send(host, data):
    """Status of the blob's end, or of its beginning."""
    begin = host.status("blob_begin", BUNDLE, len(data), sha256(data).digest())
    if begin != "ok":
        return begin
    for at in range(0, len(data), PART):
        assert host.status("blob_data", at, data[at : at + PART]) == "ok"
    return host.status("blob_end")


def counter_of(host):
    return host.ask("identify")[1][5]


# without slots a hub takes no bundle
plain = Host(fresh_folder("update_plain"))
assert send(plain, make(FILES, 1)) == "not_allowed"

host = Host(folder)
assert boot(host) == (0, False)
host.enroll()
assert counter_of(host) == 0

# what is refused, each for its reason, and nothing of it is ever started
bad = bytearray(make(FILES, 6))
bad[-1] ^= 1
for data, answer in (
    (b"x" * 300, "malformed"),
    (make(FILES, 6)[:-1], "malformed"),
    (make(FILES, 6, board=b"other"), "wrong_device"),
    (make(FILES, 6, image=anchors.IMAGE + 1), "wrong_device"),
    (make(FILES, 6, seed=bytes(32)), "bad_signature"),
    (make(FILES, 6, domain="order"), "bad_signature"),
    (bytes(bad), "mismatch"),
):
    assert send(host, data) == answer, answer
assert boot(host) == (0, False)

# taken: it starts with the next boot, on trial, and stays when a host spoke to it and time passed
assert send(host, make(FILES, 6)) == "ok"
assert counter_of(host) == 0
assert boot(host) == (6, True) and counter_of(host) == 6
assert host.hub.keys.floor == 0
assert send(host, make(FILES, 9)) == "busy", "one trial at a time"
host.pass_time(11 * SECOND)
assert host.board.trial is None and host.hub.keys.floor == 6
assert boot(host) == (6, False)

# older and equal ones never again, however they come
for counter in (1, 5, 6):
    assert send(host, make(FILES, counter)) == "stale_sequence", counter
with open(folder + "/slot.b", "wb") as f:
    f.write(make(FILES, 5))
Slots(folder)._keep(0, 1, 0)
assert boot(host) == (6, False), "planted in the slot, too"

# a crash ends a trial at once
assert send(host, make(FILES, 7)) == "ok"
assert boot(host) == (7, True)
assert boot(host, crashed=True) == (6, False)
assert boot(host) == (6, False)
# but a crash of the version before does not
assert send(host, make(FILES, 7)) == "ok"
assert boot(host, crashed=True) == (7, True)

# the power may go twice, not for ever
assert boot(host) == (7, True) and boot(host) == (7, True)
assert boot(host) == (6, False)

# nobody speaks to it: it is given up in its time, and so it is when it is never confirmed
assert send(host, make(FILES, 8)) == "ok"
assert boot(host) == (8, True)
old = host.hub
host.pass_time(295 * SECOND)
assert host.hub is old and host.board.trial
host.pass_time(10 * SECOND)
assert host.hub is not old, "it has started anew"
assert boot(host) == (6, False) and host.hub.keys.floor == 6

# a host that spoke once is enough, but not before its ten seconds
assert send(host, make(FILES, 8)) == "ok"
assert boot(host) == (8, True)
assert counter_of(host) == 8
host.pass_time(9 * SECOND)
assert host.board.trial
host.pass_time(2 * SECOND)
assert boot(host) == (8, False) and host.hub.keys.floor == 8

# while sampling nothing is written
assert host.give(1) == "ok" and host.status("start") == "ok"
assert send(host, make(FILES, 9)) == "busy"
assert host.status("stop") == "ok"
host.pass_time(SECOND)

# nor when it began to sample while the bundle came
begin = host.status


def started_meanwhile(name, *args):
    """The host's next question, and a start before the last one."""
    if name == "blob_end":
        assert begin("start") == "ok"
    return begin(name, *args)


host.status = started_meanwhile
assert send(host, make(FILES, 9)) == "busy"
host.status = begin
assert host.status("stop") == "ok"
host.pass_time(SECOND)
assert boot(host) == (8, False)

# a slot that was damaged later is not started; neither is one that another key signed
path = folder + ("/slot.a" if Slots(folder).active == 0 else "/slot.b")
with open(path, "rb") as f:
    data = f.read()
for change in (data[:-1] + b"\x00", make(FILES, 8, seed=bytes(32)), b"", data[:100]):
    with open(path, "wb") as f:
        f.write(change)
    assert boot(host) == (0, False)
with open(path, "wb") as f:
    f.write(data)
assert boot(host) == (8, False)

# half a state file is none
with open(folder + "/slots", "wb") as f:
    f.write(b"\x00\x01")
assert boot(host) == (0, False)
assert send(host, make(FILES, 8)) == "stale_sequence", "the floor is not in it"
assert send(host, make(FILES, 9)) == "ok" and boot(host) == (9, True)
assert "blob.new" not in os.listdir(folder)

# a slot that cannot be confirmed now is confirmed later, and no life ends for it


class Slow:
    """Slots whose state cannot be written once."""

    confirmed = 0
    fails = 1

    def confirm(self):
        self.fails -= 1
        if self.fails >= 0:
            raise OSError(5)
        self.confirmed += 1


def refuse(counter):
    """As a flash that fails."""
    raise OSError(5)


host.board.slots = Slots(folder)
host.boot()
slow = Slow()
host.hub.keys.raise_floor = refuse
trial = host.board.trial = Trial(slow, 99, host.board.now_us())
host.ask("identify")
host.pass_time(12 * SECOND)
assert not slow.confirmed and host.board.trial is trial
host.pass_time(10 * SECOND)
assert slow.confirmed == 1 and host.board.trial is None
