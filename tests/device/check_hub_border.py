"""Borders of epochs when things go wrong: a signer that is behind, a hub that stalls, numbers that end."""

from scripted_board import AUTHORITY, Host, fresh_folder

from tasuki_wire import codec, epoch, items, layout

ECG = items.bit("ecg")
ALL = items.ALL_ITEMS


def entries(host):
    """(close reason, entries) of every epoch that was opened to the host, by number."""
    assembler = codec.Assembler()
    out = {}
    for frame in host.of_kind("opening"):
        message = assembler.add(frame[0], frame[6])
        if message:
            fields = codec.unpack(epoch.OPENING, message)
            rows = fields[7]
            parts = [rows[i : i + layout.ENTRY_SIZE] for i in range(0, len(rows), layout.ENTRY_SIZE)]
            out[fields[1]] = layout.CLOSE_REASONS[fields[3]], [epoch.unpack_entry(part) for part in parts]
    return out


def blocks_hold(host):
    """Every block keeps to the bounds of section 11, and its frames to the block."""
    for _, parts in entries(host).values():
        for stream, kind, first, count, t0, t1, _ in parts:
            assert 1 <= count <= layout.MAX_BLOCK_FRAMES and 0 <= t1 - t0 <= layout.MAX_BLOCK_US
            mine = [f for f in host.samples() if f[1] == stream and first <= f[3] < first + count]
            times = [codec.time_us(*f[4:6]) for f in mine]
            assert times == sorted(times) and all([t0 <= t <= t1 for t in times])
            assert {f[0] for f in mine} <= {kind}


# a change that waits for the signer: sampling pauses, and no flood of changes piles up
host = Host(fresh_folder("border"))
host.sampling()
host.signer.held = True
host.pass_time(9_000_000)
assert not host.hub.epochs.can_close()
assert host.status("narrow", ALL & ~ECG) == "ok"
host.tell("stop")
host.turn()
assert not any([part.powered for part in host.board.parts])
taken = [part.taken for part in host.board.parts]
host.pass_time(3_000_000)
assert [part.taken for part in host.board.parts] == taken
assert host.status("stop") == "busy"
for _ in range(50):
    host.tell("narrow", ALL & ~ECG)
    host.turn()
assert len(host.hub._changes) <= 2
host.signer.held = False
host.pass_time(1_000_000)
assert not host.hub.sampling and not host.hub._changes
assert [reason for reason, _ in entries(host).values()] == ["length", "length", "narrow"]
blocks_hold(host)

# after such a pause without a stop it goes on, with what is allowed
assert host.status("start") == "ok"
host.signer.held = True
host.pass_time(9_000_000)
assert host.status("narrow", ALL & ~ECG & ~items.bit("respiration")) == "ok"
host.pass_time(5_000_000)
assert not any([part.powered for part in host.board.parts])
host.signer.held = False
host.pass_time(9_000_000)
assert [part.powered for part in host.board.parts] == [False, False, True, True, True, True]
assert host.hub.epochs.given_up == 0
blocks_hold(host)

# while the signer stays behind regular epochs are given up, one each 4 s, full or not
host.signer.held = True
host.pass_time(9_000_000)
host.ask("status_request")
slot, room = host.hub.epochs.open.slots[3], len(host.hub.epochs.open.leaves[3]) // layout.NODE_SIZE
slot[6], slot[7] = room & 255, room >> 8
host.pass_time(8_000_000)
assert 2 <= host.hub.epochs.given_up <= 4, host.hub.epochs.given_up
host.signer.held = False
host.pass_time(9_000_000)
given_up = host.hub.epochs.given_up
host.ask("status_request")
host.pass_time(9_000_000)
assert host.hub.epochs.given_up == given_up

# a hub that stood still for twenty seconds makes no block longer than 8 s, whatever comes first then
for request in ("narrow", "stop", ""):
    host.tell("time_request", 0, 0)
    host.turn()
    assert host.hub.sampling
    host.hub.log(20, "before")
    if request:
        host.tell(*([request, ALL] if request == "narrow" else [request]))
    host.board.parts[3].broken = True  # says so in the log, late
    host.board.clock += 20_000_000
    host.pass_time(6_000_000)
    host.board.parts[3].broken = False
    if request == "stop":
        assert host.status("start") == "ok"
host.ask("status_request")
host.pass_time(6_000_000)
blocks_hold(host)
assert [f for f in host.of_kind("log") if b"stream 3 failed" in f[6]]

# a part that failed is tried again with the next start, also one that cannot even stop
assert host.hub.sampling and host.status("narrow", ALL) == "ok"
host.pass_time(100_000)
assert host.hub.sampler.streams[3].on
host.board.parts[3].broken = host.board.parts[3].stuck = True
host.pass_time(100_000)
assert not host.hub.sampler.streams[3].on
assert host.status("stop") == "ok"
host.board.parts[3].broken = host.board.parts[3].stuck = False
host.frames = []
assert host.status("start") == "ok"
host.pass_time(1_000_000)
assert host.of_kind("imu") and host.board.parts[3].powered

# one that fails to start is said, though no epoch was open yet
assert host.status("stop") == "ok"
host.board.parts[3].dead = True
host.frames = []
assert host.status("start") == "ok"
host.pass_time(200_000)
assert [f for f in host.of_kind("log") if b"stream 3 failed" in f[6]]
host.board.parts[3].dead = False

# a line of the log is cut between characters
host.hub.log(20, "x" * 232 + "é" + "y")
host.pass_time(100_000)
assert host.of_kind("log")[-1][6][1:] == b"x" * 232

# no seq wraps: near its end the session is closed as by a stop, and the hub starts anew
nonce = host.hub.nonce
host.hub.sampler.streams[4].seq = layout.MAX_SEQ - 60_000
host.frames = []
host.pass_time(10_000_000)
last = max(entries(host))
assert entries(host)[last][0] == "stop"
assert host.hub.nonce != nonce and not host.hub.sampling
assert host.hub.sampler.streams[4].seq == 0
host.frames = []
assert host.give(host.hub.keys.sequence + 1) == "ok" and host.status("start") == "ok"
session = host.hub.session
host.pass_time(5_000_000)
fields = codec.unpack(epoch.RECORD, host.of_kind("epoch_record")[0][6])
assert fields[3:6] == (session, 0, epoch.NO_PREV) and host.samples()[0][3] == 0
host.hub.link.seq = layout.MAX_SEQ - 60_000
nonce = host.hub.nonce
assert host.status("stop") == "ok"
host.pass_time(200_000)
assert host.hub.nonce != nonce and host.hub.link.seq < 10
assert host.hub.keys.authority == AUTHORITY

# ticks wrap on a 32-bit board; work is still done in slices
host.board.spent = -host.board.clock - 2_000
turns = []


def work():
    """A job of 40 ms."""
    for _ in range(20):
        host.board.spent += 2_000
        turns.append(host.board.clock)
        yield


host.hub.jobs.add(work())
host.pass_time(400_000)
assert len(turns) == 20 and max([turns.count(turn) for turn in turns]) == 2
