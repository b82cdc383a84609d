"""What was sampled does not outlive its consent: not in RAM, not on a blocked line, not under a new key."""

from scripted_board import AUTHORITY_SEED, Host, fresh_folder

from tasuki_hub import ed25519
from tasuki_wire import codec, epoch, items, layout

ECG = items.bit("ecg")
STATUS = items.bit("device_status")
ALL = items.ALL_ITEMS


def of_stream(host, stream):
    """Sample frames of a stream that the host has."""
    return [f for f in host.samples() if f[1] == stream]


host = Host(fresh_folder("expiry"))
board = host.board
host.sampling()
host.pass_time(1_000_000)

# the last epoch is closed, signed and sent while its token still holds
assert host.give(2, lifetime=6) == "ok"
host.pass_time(5_500_000)
assert host.hub.consent.live(board.clock) and not host.hub.sampling
kept = host.hub.epochs.closed[-1]
assert layout.CLOSE_REASONS[codec.unpack(epoch.OPENING, kept.opening)[3]] == "token"
assert host.of_kind("epoch_record")[-1][6] == kept.record
last = of_stream(host, 0)[-1]
assert host.ask("resend", 0, last[3], 1)[1][2] == 1

# behind its end nothing can be had, and nothing is left
host.pass_time(700_000)
assert not any(host.hub.ring.buf) and not any([any(s.ring.buf) for s in host.hub.sampler.streams])
assert host.status("resend", 0, last[3], 1) == "no_token"
assert host.status("leaves_request", kept.number, 0, 0, 1) == "no_token"
assert host.status("epoch_request", kept.number) == "no_token"
assert host.ask("identify")[0] == "identity" and host.ask("status_request")[0] == "status"

# the same when the line was blocked and the frames were not sent yet, sampling or not
for stopped in (False, True):
    assert host.give(host.hub.keys.sequence + 1, lifetime=6) == "ok"
    assert host.status("start") == "ok"
    host.pass_time(1_000_000)
    board.listening = False
    host.pass_time(1_000_000)
    if stopped:
        host.tell("stop")
    host.tell("resend", 0, 0, 1000)
    host.pass_time(1_000_000)
    assert host.hub.sampling != stopped and host.hub.ring.next() is not None
    host.pass_time(4_000_000)
    board.listening = True
    host.frames = []
    host.pass_time(2_000_000)
    assert not host.samples()  # not even the one that was ready when the line hung
    assert {f[0] for f in host.frames} <= {0, codec.number("answer")}
    assert not any(host.hub.ring.buf)

# a token that ends in the middle of a turn, while its epoch is being signed, ends for what waits, too
assert host.give(host.hub.keys.sequence + 1, lifetime=6) == "ok"
assert host.status("start") == "ok"
board.listening = False
host.pass_time(5_900_000)
assert host.hub.consent.live(board.clock) and host.hub.ring.next() is not None


def lasting():
    board.clock += 200_000
    yield


host.hub.jobs.add(lasting())
board.listening = True
host.frames = []
host.turn()
assert not host.hub.consent.live(board.clock)
assert not host.samples() and not host.of_kind("epoch_record", "opening")
assert not any(host.hub.ring.buf)

# a turn that lasts from before the last second to behind the end: what it left unpacked goes nowhere
assert host.give(host.hub.keys.sequence + 1, lifetime=6) == "ok"
assert host.status("start") == "ok"
host.pass_time(4_900_000)
assert host.hub.sampling and not host.hub.consent.ending(board.clock)


def stalling():
    board.clock += 1_200_000
    yield


host.hub.jobs.add(stalling())
host.turn()
host.frames = []
assert not host.hub.consent.live(board.clock)
host.pass_time(1_000_000)
assert not host.samples() and not host.of_kind("epoch_record", "opening")
assert not any(host.hub.ring.buf) and not any([any(s.ring.buf) for s in host.hub.sampler.streams])
assert not host.hub.sampling and not [part for part in board.parts if part.powered]
assert host.hub.epochs.given_up > 0

# a hello does not pile up on a line that nobody reads
board.listening = False
host.pass_time(20_000_000)
board.listening = True
host.frames = []
host.turn()
assert 1 <= len(host.of_kind("hello")) <= 3, len(host.of_kind("hello"))

# a narrowing takes back what was packed but not sent, and what could be sent again
assert host.give(host.hub.keys.sequence + 1) == "ok" and host.status("start") == "ok"
host.pass_time(1_000_000)
board.listening = False
host.pass_time(1_000_000)
host.tell("resend", 0, 0, 1000)
host.tell("narrow", ALL & ~ECG)
host.pass_time(200_000)
board.listening = True
host.frames = []
host.pass_time(1_000_000)
assert not of_stream(host, 0) and len(of_stream(host, 3)) > 10
assert host.status("resend", 0, 0, 1000) == "not_found"
assert not list(host.hub.ring.find(0, 0, 1 << 30))

# also from a token that came before the narrowing and was not yet verified
host.signer.held = True
host.pass_time(8_000_000)
wide = host.token(host.hub.keys.sequence + 1)
request = host.tell("token", *wide)
host.turn()
assert host.status("narrow", ALL & ~ECG) == "ok"
host.signer.held = False
host.pass_time(200_000)
assert host.answered(request) and host.hub.consent.live(board.clock)
assert not board.parts[0].powered and board.parts[1].powered
assert host.give(host.hub.keys.sequence + 1) == "ok"
host.turn()
assert board.parts[0].powered

# the log is device status: it ends with that item, though the epoch is still open
host.signer.held = True
host.pass_time(9_000_000)
assert host.status("narrow", ALL & ~STATUS) == "ok"
host.frames = []
host.hub.log(20, "not for you")
host.pass_time(200_000)
assert not host.of_kind("log")
host.signer.held = False
host.pass_time(1_000_000)

# a part that failed leaves nothing behind either
assert host.give(host.hub.keys.sequence + 1) == "ok"
host.pass_time(50_000)
board.parts[0].broken = True
host.pass_time(40_000)
assert host.status("narrow", ALL & ~ECG) == "ok"
assert not any(host.hub.sampler.streams[0].ring.buf)
board.parts[0].broken = False

# the answer to a resend counts what is sent, and loses none of it
assert host.status("narrow", ALL) == "ok"
host.pass_time(6_000_000)
sent = len(list(host.hub.ring.find(3, 0, 1 << 30))) + len(list(host.hub.ring.find(4, 0, 1 << 30)))
assert sent > 70
pack, host.hub.packer.pack = host.hub.packer.pack, lambda *args: None  # nothing new in between
board.listening = False
for stream in (3, 4):
    host.tell("resend", stream, 0, 60_000)
    host.turn(0)
host.request += 1
board.listening = True
host.frames = []
host.pass_time(200_000)
answers = [codec.unpack(f[0], f[6]) for f in host.of_kind("answer")]
assert len(answers) == 2, answers
again = host.samples()[-sum([a[3] for a in answers]) :]
assert sum([a[3] for a in answers]) >= 60 and len(host.samples()) in (len(again), len(again) + 1)
host.hub.packer.pack = pack

# maintenance waits for the last signature
host.signer.held = True
assert host.status("stop") == "ok"
assert host.status("maintenance") == "busy"
host.signer.held = False
host.pass_time(100_000)

# a new key starts a new life: no frame, no record, no token of the old one
nonce = host.hub.nonce
old = host.token(5)
assert host.enroll(repin=1)[0] == "enrolled"
host.turn()
assert host.hub.nonce != nonce and host.hub.keys.sequence == 0 and not any(host.hub.ring.buf)
assert host.hub.public == ed25519.public_key(host.hub.keys.seed)
assert host.status("token", *old) == "wrong_nonce"
assert host.give(1) == "ok"
assert host.status("resend", 3, 0, 1000) == "not_found"
assert host.status("epoch_request", 0) == "not_found"
assert host.status("start") == "ok"
host.frames = []
host.pass_time(1_000_000)
assert of_stream(host, 3)[0][3] == 0

# counters that a power cut left without their key are not the next key's
host.hub.keys.raise_sequence(1000)
with open(board.flash + "/seed", "wb") as f:
    f.write(b"")
host.boot()
assert host.hub.keys.seed is None
assert host.enroll()[0] == "enrolled"
assert host.give(1, seed=AUTHORITY_SEED) == "ok"
