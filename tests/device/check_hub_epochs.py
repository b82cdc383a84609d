"""What the hub sends of an epoch proves every frame of it, and lost parts can be had again."""

from scripted_board import Host, fresh_folder

from tasuki_hub import ed25519
from tasuki_hub.steps import run
from tasuki_wire import codec, epoch, layout


def body_of(frame):
    """Header and payload of a collected frame."""
    return codec.frame(*frame)[: -layout.CRC_SIZE]


def opening_of(host, number):
    """Assembled opening of an epoch."""
    assembler = codec.Assembler()
    found = None
    for frame in host.of_kind("opening"):
        message = assembler.add(frame[0], frame[6])
        if message and codec.unpack(epoch.OPENING, message)[1] == number:
            found = message
    return found


host = Host(fresh_folder("epochs"))
host.sampling()
host.pass_time(12_200_000)
records = [frame[6] for frame in host.of_kind("epoch_record")]
assert len(records) == 3

# the chain and the signatures hold
prev = epoch.NO_PREV
for number, record in enumerate(records):
    fields = codec.unpack(epoch.RECORD, record)
    assert fields[1:6] == (host.hub.device, epoch.key_id(host.hub.public), 1, number, prev)
    assert fields[6] == host.hub.consent.token_id
    message = epoch.signed("epoch", record[: -layout.SIGNATURE_SIZE])
    assert run(ed25519.verify_steps(host.hub.public, message, fields[8]))
    prev = epoch.sha256(record)

# root, entries and leaves follow from the frames alone
samples = host.samples()
for number, record in enumerate(records):
    session, _, secret, reason, mask, _, _, rows = codec.unpack(epoch.OPENING, opening_of(host, number))
    entries = {}
    frames = 0
    for i in range(0, len(rows), layout.ENTRY_SIZE):
        entry = rows[i : i + layout.ENTRY_SIZE]
        stream, kind, first, count, t0, t1, root = epoch.unpack_entry(entry)
        mine = [f for f in samples if f[1] == stream and first <= f[3] < first + count]
        assert len(mine) == count and {f[0] for f in mine} == {kind}
        assert codec.time_us(*mine[0][4:6]) == t0
        assert number * 4_000_000 <= t0 <= t1 < number * 4_000_000 + 4_000_000
        key = epoch.slot_key(secret, stream)
        assert epoch.root(b"".join([epoch.frame_leaf(key, body_of(f)) for f in mine])) == root
        entries[stream] = entry
        frames += count
    meta = epoch.pack_meta(reason, mask, 0)
    assert epoch.root(epoch.slot_leaves(secret, entries, meta)) == codec.unpack(epoch.RECORD, record)[7]
    assert layout.CLOSE_REASONS[reason] == "length"
    # the default profile, exactly
    assert len(entries) == 6 and frames == 126

# what counts up goes packed, but temperature, whose kind never does
for stream in range(5):
    kind = codec.KINDS[layout.DEFAULT_PROFILE[stream][1]]
    flag = layout.FLAG_PACKED if kind.columns else 0
    assert {f[2] for f in samples if f[1] == stream} == {flag}

# no record of any stream is lost, doubled or out of place
for stream in range(5):
    taken = b"".join([codec.records(f[0], f[2], f[6]) for f in samples if f[1] == stream])
    size = host.board.parts[stream].size
    counts = [int.from_bytes(taken[i : i + 2], "little") for i in range(0, len(taken), size)]
    assert counts == list(range(len(counts)))

# frames, leaf hashes, record and opening can be had again
wanted = [f for f in samples if f[1] == 0][-5:]
host.frames = []
assert host.ask("resend", 0, wanted[0][3], 5)[1][2] == 5
assert [body_of(f) for f in host.samples() if f[3] <= wanted[-1][3]] == [body_of(f) for f in wanted]
assert host.status("resend", 0, 900_000, 5) == "not_found"

host.frames = []
session, _, secret, *_ = codec.unpack(epoch.OPENING, host.hub.epochs.find(2).opening)
kind = codec.number("leaf_hashes")
request = host.request = host.request + 1
host.send(codec.number("leaves_request"), codec.pack(codec.number("leaves_request"), request, 2, 0, 38, 5))
host.pass_time(100_000)
message = codec.Assembler().add(kind, host.of_kind("leaf_hashes")[0][6])
_, number, stream, first, leaves = codec.unpack(kind, message)
last = [f for f in samples if f[1] == 0 and f[3] < 120][-2:]
key = epoch.slot_key(secret, 0)
assert (number, stream, first) == (2, 0, 38)
assert leaves == b"".join([epoch.frame_leaf(key, body_of(f)) for f in last])
assert host.status("leaves_request", 0, 0, 0, 1) == "not_found"

host.frames = []
assert host.status("epoch_request", 2) == "ok"
host.pass_time(100_000)
assert host.of_kind("epoch_record")[0][6] == records[2]
assert opening_of(host, 2) == host.hub.epochs.find(2).opening

# an ack of the right session lets the hub forget
host.send(65, codec.pack(65, 9, 2))
host.turn()
assert host.hub.epochs.find(2)
host.send(65, codec.pack(65, 1, 2))
host.turn()
assert host.hub.epochs.find(2) is None
assert host.status("epoch_request", 2) == "not_found"

# a clean stop is a close reason
assert host.status("stop") == "ok"
host.pass_time(200_000)
last = host.hub.epochs.closed[-1]
assert layout.CLOSE_REASONS[codec.unpack(epoch.OPENING, last.opening)[3]] == "stop"
assert last.record

# each boot is a session of its own
host.boot()
assert host.give(2) == "ok" and host.status("start") == "ok"
host.pass_time(4_400_000)
fields = codec.unpack(epoch.RECORD, host.of_kind("epoch_record")[0][6])
assert fields[3:6] == (2, 0, epoch.NO_PREV)
