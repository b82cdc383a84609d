"""Store and forward on the hub: what is kept, what is sent again, what is given up and counted.

The box is a stand-in that can be read without a key: 48 bytes, then the message.
"""

import os

from scripted_board import Host, SlowSigner, fresh_folder

from tasuki_hub.shelf import Shelf
from tasuki_wire import codec, epoch, items, layout

STORAGE = bytes(range(1, 33))
EPOCH_US = layout.DEFAULT_EPOCH_US
KIND = codec.number("stored_epoch")
RECORD, OPENING, LEAVES = epoch.RECORD, epoch.OPENING, codec.number("leaf_hashes")
EXTRA = 48
drawn = []


def seal(buf, n, public, secret):
    """As the C module, without a secret; the ephemeral keys are remembered."""
    assert public == STORAGE and len(secret) == 32 and n + EXTRA <= len(buf)
    drawn.append(bytes(secret))
    buf[:EXTRA] = b"=" * EXTRA
    return n + EXTRA


class SealingSigner(SlowSigner):
    """A signer whose boxes can be read."""

    sealed_box_into = staticmethod(seal)


def storing_host(name, storage=STORAGE, lifetime=3600, **board):
    """An enrolled hub that samples and stores."""
    clear(name)
    host = Host(fresh_folder(name))
    for key, value in board.items():
        setattr(host.board, key, value)
    boot(host)
    host.enroll()
    assert host.give(1, storage=storage, lifetime=lifetime) == "ok"
    assert host.status("start") == "ok"
    return host


def clear(name):
    """Remove what an earlier run of this check stored."""
    folder = (os.getenv("TASUKI_SCRATCH") or "/tmp") + "/" + name + "/store"
    try:
        for entry in os.listdir(folder):
            os.remove(folder + "/" + entry)
        os.rmdir(folder)
    except OSError:
        pass


def boot(host):
    """Power the hub up with crypto that seals."""
    host.board.from_hub[:] = b""
    host.signer = SealingSigner(host.board)
    host.hub = type(host.hub)(host.board, host.signer)
    host.frames = []


def ack(host, frame):
    """Acknowledge the epoch of a record."""
    _, _, _, session, number = codec.unpack(RECORD, frame[6])[:5]
    host.send(codec.number("ack"), codec.pack(codec.number("ack"), session, number))


def listen(host, us):
    """Let time pass with a host that acknowledges every record at once."""
    acked = len(host.of_kind("epoch_record"))
    end = host.board.clock + us
    while host.board.clock < end:
        host.turn()
        records = host.of_kind("epoch_record")
        for record in records[acked:]:
            ack(host, record)
        acked = len(records)


def silence(host, us):
    """Let time pass with a line that takes nothing and brings nothing."""
    host.board.listening = False
    host.pass_time(us)
    host.board.listening = True


def parts(host, order=None):
    """{(session, epoch): {part: (parts, box)}} of what was forwarded so far; numbers go into `order`."""
    assembler = codec.Assembler()
    out = {}
    for frame in host.of_kind("stored_epoch"):
        whole = assembler.add(KIND, frame[6])
        if whole is not None:
            session, number, part, count, box = codec.unpack(KIND, whole)
            out.setdefault((session, number), {})[part] = (count, box)
            if order is not None and part == 0:
                order.append(number)
    assert assembler.abandoned == 0
    return out


def rows(stored):
    """The rows of one forwarded epoch."""
    out = []
    for part in range(len(stored)):
        count, box = stored[part]
        assert count == len(stored) and box[:EXTRA] == b"=" * EXTRA
        at = EXTRA
        while at < len(box):
            size = box[at] | box[at + 1] << 8
            out.append(box[at + 2 : at + 2 + size])
            at += 2 + size
        assert at == len(box)
    return out


def proved(stored):
    """(record fields, frames, streams that lost some) of an epoch whose rows prove each other."""
    all_rows = rows(stored)
    bodies = [row for row in all_rows if row[0] == layout.VERSION]
    links = [row for row in all_rows if row[0] != layout.VERSION]
    assert all_rows[: len(bodies)] == bodies
    assert [row[0] for row in links[:3]] == [0, RECORD, OPENING]
    _, _, seeds = codec.read_hello(links[0][1:])
    assert seeds[1] == codec.KINDS[1].seed and RECORD not in seeds
    record = codec.unpack(RECORD, links[1][1:])
    session, number, secret, _, _, _, _, entries = codec.unpack(OPENING, links[2][1:])
    assert record[3:5] == (session, number)
    lost = {}
    for row in links[3:]:
        assert row[0] == LEAVES
        _, _, stream, first, leaves = codec.unpack(LEAVES, row[1:])
        for i in range(len(leaves) // 24):
            lost.setdefault(stream, {})[first + i] = leaves[24 * i : 24 * i + 24]
    roots = {}
    for at in range(0, len(entries), layout.ENTRY_SIZE):
        entry = entries[at : at + layout.ENTRY_SIZE]
        stream, _, first, count, _, _, root = epoch.unpack_entry(entry)
        key = epoch.slot_key(secret, stream)
        leaves = dict(lost.get(stream, {}))
        for body in bodies:
            if body[2] == stream:
                index = int.from_bytes(body[4:8], "little") - first
                assert index not in leaves
                leaves[index] = epoch.frame_leaf(key, body)
        assert sorted(leaves) == list(range(count)), (stream, count, sorted(leaves))
        assert epoch.root(b"".join([leaves[i] for i in range(count)])) == root
        roots[stream] = entry
    meta = links[2][25:41]
    assert epoch.root(epoch.slot_leaves(secret, roots, meta)) == record[7]
    return record, bodies, lost


def files(host):
    return sorted(os.listdir(host.board.flash + "/store"))


def store_of(host):
    """How many epochs were stored, wait to be, or were counted as lost."""
    store = host.hub.store
    return store.count + store.lost + len(store._waiting)


# A host that acknowledges: nothing is stored.
host = storing_host("hub_store", packed=False)
assert not codec.read_hello(host.of_kind("hello")[-1][6])[1] & 8
listen(host, 3 * EPOCH_US)
assert host.hub.store.count == 0 and not drawn
before = len(host.of_kind("epoch_record"))

# The host vanishes for longer than the hub's patience with a silent line: it goes on, and stores.
silence(host, 12 * EPOCH_US)
store = host.hub.store
assert host.hub.sampling and store.count >= 10 and store.lost == 0
assert len(files(host)) == store.count
assert len(drawn) == len(set(drawn)) >= 3 * store.count
status = host.ask("status_request")[1]
assert status[-1] == store.count

# It is back: they come oldest first, behind live frames, proved, and go when acknowledged.
host.frames = []
listen(host, EPOCH_US)
numbers = []
got = parts(host, numbers)
assert numbers == sorted(numbers) and numbers[0] == before
assert len(numbers) <= 3  # two in flight, not acknowledged
live = len(host.samples())
assert live > 100
for key in list(got):
    if len(got[key]) == got[key][0][0]:
        record, bodies, lost = proved(got[key])
        assert (record[3], record[4]) == key and len(bodies) > 100 and not lost
acked = set()
while store.count:
    for session, number in parts(host):
        if (session, number) not in acked:
            stored = parts(host)[session, number]
            if len(stored) == stored[0][0]:
                proved(stored)
                acked.add((session, number))
                host.send(codec.number("stored_ack"), codec.pack(codec.number("stored_ack"), session, number))
    listen(host, 200_000)
numbers = [number for _, number in acked]
assert sorted(numbers) == list(range(before, before + len(acked)))
assert files(host) == []
live = {codec.unpack(RECORD, frame[6])[4] for frame in host.of_kind("epoch_record")}
assert not live & set(numbers)  # what was stored does not also come live, without its frames
assert min(live) == max(numbers) + 1  # and no epoch is in neither
assert host.hub.ring.dropped == 0

# A host that acknowledges late finds its epochs deleted from the shelf, however they came.
silence(host, 4 * EPOCH_US)
kept = files(host)
assert kept
session, number = int(kept[0][:8], 16), int(kept[0][8:], 16)
host.send(codec.number("ack"), codec.pack(codec.number("ack"), session, number))
host.turn()
assert files(host) == kept[1:]

# What was withdrawn leaves the RAM; what is stored of the epoch then proves the rest.
listen(host, EPOCH_US)
silence(host, EPOCH_US // 2)
host.send(codec.number("narrow"), codec.pack(codec.number("narrow"), 99, items.ALL_ITEMS & ~items.bit("ecg")))
host.turn()
newest = host.hub.epochs.closed[-1].number
silence(host, 3 * EPOCH_US)
host.frames = []
listen(host, 2 * EPOCH_US)
for key, stored in parts(host).items():
    record, bodies, lost = proved(stored)
    if key[1] == newest:
        assert 0 in lost and not [body for body in bodies if body[2] == 0]
    if key[1] > newest:
        assert not [body for body in bodies if body[2] == 0]

# A reboot without power: the shelf is as it was, the half-written file is gone, status and hello tell.
silence(host, 3 * EPOCH_US)
kept = files(host)
with open(host.board.flash + "/store/new", "wb") as f:
    f.write(b"half")
boot(host)
assert files(host) == kept and host.hub.store.count == len(kept)
host.tell("hello_request")
assert host.status("token", *host.token(2, storage=STORAGE)) == "ok"
host.frames = []
host.pass_time(EPOCH_US)
first = min(parts(host))
assert "%08x%08x" % first == kept[0]
proved(parts(host)[first])

# A damaged file is given up and said, the next one comes.
host.tell("hello_request")
with open(host.board.flash + "/store/" + kept[0], "wb") as f:
    f.write(b"\xff\xff damaged")
host.frames = []
host.pass_time(EPOCH_US)
assert host.hub.store.lost == 1 and first not in parts(host)
assert kept[0] not in files(host)

# With another key for the hub nothing of the shelf is left.
host.ask("enroll", b"a" * 32, b"c" * 32, 1)
assert files(host) == [] and host.hub.store.count == 0

# A flash that does not delete: a hub without a key answers, deletes what it can, and takes no new key.
host = storing_host("hub_store_stuck", packed=False)
silence(host, 4 * EPOCH_US)
kept = files(host)
assert len(kept) >= 3
remove = Shelf.remove
Shelf.remove = lambda shelf, name: name != kept[0] and remove(shelf, name)
host.hub.keys.forget()
boot(host)
assert host.ask("identify")[0] == "identity"
assert files(host) == kept[:1] and host.hub.store.count == 1
assert host.status("enroll", b"a" * 32, b"c" * 32, 0) == "full" and not host.hub.keys.keyed
host.hub.destroy()  # as an order does, whose hub then says so and starts anew
assert not host.hub.leaving
Shelf.remove = remove
assert host.ask("enroll", b"a" * 32, b"c" * 32, 0)[0] == "enrolled" and files(host) == []

# A full shelf gives the oldest up, counts it, and the report says so.
host = storing_host("hub_store_full", packed=False, flash_bytes=40 * 4096)
silence(host, 12 * EPOCH_US)
store = host.hub.store
assert store.lost > 0 and 2 <= store.count <= 5
assert store.shelf.bytes <= store.shelf.capacity == 20 * 4096
numbers = [int(name[8:], 16) for name in files(host)]
assert numbers == list(range(numbers[0], numbers[-1] + 1)) and numbers[0] + store.count == numbers[-1] + 1
assert numbers[0] == store.lost
reported = [frame for frame in host.of_kind("device_status")]
assert host.hub.sampling

# More than a day's share is not written: newer epochs are given up, and counted.
host = storing_host("hub_store_worn", packed=False, flash_bytes=40 * 4096)
shelf = host.hub.store.shelf
assert shelf.per_day == 40 * 4096 * 100_000 // (5 * 365 * 2)
silence(host, 40 * EPOCH_US)
written = host.hub.store.count + shelf.pushed_out
share = shelf.per_day // 24 + shelf.capacity + 40 * 4 * (shelf.per_day // 86_400)
assert 5 * 4096 * (written - 1) <= share < 5 * 4096 * 41
assert host.hub.store.lost + host.hub.store.count >= 39
host.board.clock += 3600 * 1_000_000 // 2  # half an hour of rest
assert shelf.begin(host.board.clock)
shelf.cancel()

# At the token's end the RAM is wiped and the sealed store stays, the last epoch with it.
host = storing_host("hub_store_end", lifetime=30, packed=False)
silence(host, 9 * EPOCH_US)
hub = host.hub
assert not hub.sampling and hub.consent.token is None and not any(hub.ring.buf)
assert hub.store.count == 8 and hub.store.lost == 0  # seven of 4 s, and the one that the end cut
silence(host, EPOCH_US)
host.frames = []
host.pass_time(2 * EPOCH_US)
assert not host.of_kind("stored_epoch")  # without a token nothing leaves, sealed or not
assert host.ask("status_request")[1][-1] == 8
assert host.give(2, storage=STORAGE) == "ok"
host.pass_time(2 * EPOCH_US)
assert host.of_kind("stored_epoch")

# A token without a storage key, and one whose key cannot be used: no store.
host = storing_host("hub_store_none", storage=bytes(32))
silence(host, 9 * EPOCH_US)
assert not host.hub.sampling and host.hub.store.count == 0 and host.hub.store.lost == 0


def refuse(*args):
    """As the module does for a key of small order."""
    raise ValueError("key")


host = storing_host("hub_store_key")
host.hub.store._seal = refuse
silence(host, 5 * EPOCH_US)
assert host.hub.store.count == 0 and host.hub.store.lost >= 3 and files(host) == []

# Epochs that close faster than they can be written: each is on the shelf or counted, none just gone.
host = storing_host("hub_store_quick", packed=False)
for _ in range(4):
    silence(host, 120_000)
    host.send(codec.number("narrow"), codec.pack(codec.number("narrow"), 99, items.ALL_ITEMS))
    host.turn()
assert host.hub.epochs.closed[-1].number == 3
silence(host, 12_000_000)
assert host.hub.epochs.closed[-1].number >= 5 and host.hub.epochs.given_up == 0
assert store_of(host) == host.hub.epochs.closed[-1].number + 1

# Flash that takes no more: said, counted, and the hub goes on.
host = storing_host("hub_store_flash", packed=False)
append = host.hub.store.shelf.append
host.hub.store.shelf.append = refuse
silence(host, 3 * EPOCH_US)
assert host.hub.store.count == 0 and host.hub.store.lost >= 1
host.hub.store.shelf.append = append
silence(host, 3 * EPOCH_US)
assert host.hub.store.count >= 2 and host.hub.sampling

# A stored epoch that cannot be read or deleted: the others come, and the hub goes on.
shelf = host.hub.store.shelf
kept = files(host)
openfile, remove, lost = shelf.open, shelf.remove, host.hub.store.lost


def unreadable(name):
    """As a block that has gone bad."""
    if name == kept[0]:
        raise OSError(5)
    return openfile(name)


shelf.open = unreadable
shelf.remove = lambda name: name != kept[0] and remove(name)
host.tell("hello_request")
host.frames = []
listen(host, EPOCH_US)
assert host.hub.store.lost == lost + 1
assert min(parts(host)) == (int(kept[1][:8], 16), int(kept[1][8:], 16))

# A full shelf that nothing can be taken from: the new epoch is given up, and no turn lasts forever.
shelf.open = openfile
shelf.remove = lambda name: False
shelf.capacity = shelf.bytes
count, lost = shelf.count, host.hub.store.lost
silence(host, 3 * EPOCH_US)
assert shelf.count == count and host.hub.store.lost >= lost + 2 and host.hub.sampling
names = shelf._names


def broken():
    """As a folder that cannot be read."""
    raise OSError(5)


shelf._names = broken
silence(host, 2 * EPOCH_US)
listen(host, EPOCH_US)
assert host.hub.sampling
shelf._names = names

# A narrowing while an epoch is being written: what it takes back is in no part, sealed already or not.
ALL = items.ALL_ITEMS
ECG = items.bit("ecg")


def written_until(host, steps):
    """Let the job that writes an epoch come so far."""
    host.board.listening = False
    while not host.hub.store._busy:
        host.turn()
    job = host.hub.jobs._queue.pop(0)
    for _ in range(steps):
        next(job)
    host.hub.jobs._queue.insert(0, job)


for steps in (1, 2, 3, 18, 19, 20, 40):  # filled, sealed, in pieces to the file, and the next part
    host = storing_host("hub_store_narrow", packed=False)
    written_until(host, steps)
    host.send(codec.number("narrow"), codec.pack(codec.number("narrow"), 99, ALL & ~ECG))
    host.turn()
    silence(host, EPOCH_US)
    assert host.hub.store.lost == 0
    host.frames = []
    listen(host, 2 * EPOCH_US)
    stored = parts(host)[host.hub.session, 0]
    record, bodies, lost = proved(stored)
    assert 0 in lost and bodies and not [body for body in bodies if body[2] == 0], steps

# The token's end while an epoch is being written leaves nothing of it, in no buffer and in no file.
for steps in (1, 2, 3, 20):
    host = storing_host("hub_store_over", packed=False)
    written_until(host, steps)
    host.hub.wipe()
    silence(host, EPOCH_US)
    assert host.hub.store.lost == 1 and files(host) == [] and not any(host.hub.store._buf)

# A hub that leaves by itself first keeps what is signed: an empty battery, and a reboot of its own.
for why in ("off", "reboot"):
    host = storing_host("hub_store_leaves", packed=False, power_off=None)
    listen(host, EPOCH_US)
    silence(host, 2 * EPOCH_US)
    host.board.listening = True
    if why == "off":
        host.board.millivolts = 3000
    else:
        host.hub.at_border("stop", host.hub.reboot)
    hub = host.hub
    while not hub.leaving:
        hub.step()
        host.board.clock += 20_000
    last = hub.epochs.closed[-1]
    assert hub.leaving == why and last.record
    assert layout.CLOSE_REASONS[codec.unpack(OPENING, last.opening)[3]] == "stop"
    assert files(host)[-1] == "%08x%08x" % (hub.session, last.number), (why, files(host))

# Without a token nobody deletes what is stored.
host = storing_host("hub_store_ack", lifetime=20, packed=False)
silence(host, 9 * EPOCH_US)
kept = files(host)
assert kept and host.hub.consent.token is None
for name in kept:
    session, number = int(name[:8], 16), int(name[8:], 16)
    for kind in ("ack", "stored_ack"):
        host.send(codec.number(kind), codec.pack(codec.number(kind), session, number))
        host.turn()
assert files(host) == kept
