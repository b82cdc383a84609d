"""The hub samples only what a good token allows, and tells nothing of itself before."""

from scripted_board import AUTHORITY, Host, fresh_folder

from tasuki_hub import ed25519
from tasuki_hub.steps import run
from tasuki_wire import codec, epoch, items, layout

host = Host(fresh_folder("consent"))
board = host.board

# without key and token nothing leaves unasked but hellos, and they do not name the hub
host.pass_time(3_000_000)
assert len(host.frames) == len(host.of_kind("hello")) == 3
for frame in host.frames:
    assert host.hub.device not in frame[6] and b"scripted" not in frame[6]
assert host.give(1) == "no_key"
assert host.status("start") == "no_token"
assert not any([part.powered for part in board.parts])

# enrolment: a key is born, possession is proved, the first authority wins
name, (device, public, signature) = host.enroll()
body = epoch.possession_body(b"c" * 32, AUTHORITY, device, public)
assert run(ed25519.verify_steps(public, epoch.signed("possession", body), signature))
other = ed25519.public_key(b"o" * 32)
assert host.status("enroll", other, b"c" * 32, 0) == "already_pinned"
assert host.enroll()[1][1] == public

# a token is refused by the first thing that is wrong with it
assert host.give(1, seed=b"o" * 32) == "wrong_authority"
assert host.give(1, device=b"x" * 8) == "wrong_device"
assert host.give(1, nonce=b"n" * 16) == "wrong_nonce"
assert host.give(1, format=2) == "malformed"
assert host.give(1, lifetime=0) == "bad_lifetime"
assert host.give(1, lifetime=86_401) == "bad_lifetime"
forged = host.token(1)
forged[4] ^= 1
assert host.status("token", *forged) == "bad_signature"
assert host.status("start") == "no_token"

# only what it allows is powered, sampled and sent
ecg = items.bit("ecg")
wide = host.token(2, items.ALL_ITEMS)
assert host.give(1, ecg) == "ok"
assert host.status("start") == "ok"
host.pass_time(1_000_000)
assert {frame[0] for frame in host.samples()} == {codec.number("ecg")}
assert [part.powered for part in board.parts] == [True] + [False] * 5

# a newer token widens, at an epoch's border, and the older one never comes back
before = host.hub.epochs.next_number
assert host.status("token", *wide) == "ok"
host.pass_time(2_000_000)
assert host.hub.epochs.next_number == before + 1
assert {frame[0] for frame in host.samples()} == {1, 2, 4, 5, 7}
assert host.status("token", *wide) == "stale_sequence"

# narrowing needs no signature and acts at once; it can only remove
host.frames = []
assert host.status("narrow", items.ALL_ITEMS & ~ecg) == "ok"
host.frames = []
host.pass_time(1_000_000)
assert host.samples() and not host.of_kind("ecg")
assert not board.parts[0].powered
assert host.ask("narrow", items.ALL_ITEMS)[1][2] == items.ALL_ITEMS & ~ecg
assert host.status("token", *wide) == "stale_sequence"

# an expired token ends sampling, wipes the rings and leaves only hellos
assert host.give(3, lifetime=2) == "ok"
host.pass_time(2_500_000)
assert not any([part.powered for part in board.parts])
assert all([not any(s.ring.buf) for s in host.hub.sampler.streams])
host.pass_time(500_000)
host.frames = []
host.pass_time(3_000_000)
assert {frame[0] for frame in host.frames} == {0}
assert host.status("start") == "no_token"

# the sequence outlives a reboot; so does the key, and the nonce does not
nonce = host.hub.nonce
host.boot()
assert host.hub.nonce != nonce and host.hub.public == public
assert host.give(3) == "stale_sequence"
assert host.give(4, nonce=nonce) == "wrong_nonce"
assert host.give(4) == "ok"

# re-pinning destroys the key first; counters start over with the new one
assert host.enroll(repin=1)[1][1] != public
assert host.hub.keys.session == 0 and host.hub.keys.sequence == 0
assert host.give(1) == "ok"

# a link that nobody answers stops sampling within half a minute
assert host.status("start") == "ok"
host.pass_time(29_000_000)
assert host.hub.sampling
host.pass_time(2_000_000)
assert not host.hub.sampling
closed = host.hub.epochs.closed[-1].opening
assert layout.CLOSE_REASONS[codec.unpack(epoch.OPENING, closed)[3]] == "link"
