"""A hub with a vault is locked once, refuses what a locked hub must, and opens only by a signed order."""

from hashlib import sha256

from scripted_board import AUTHORITY, Host, fresh_folder
from soft_vault import Region

from tasuki_hub import ed25519
from tasuki_hub.commands import REBOOT
from tasuki_hub.vault import Vault
from tasuki_wire import codec, epoch, layout

ORDER_SEED = sha256(b"tasuki development order key").digest()
ORDER_PUBLIC = ed25519.public_key(ORDER_SEED)


def order(host, seed=ORDER_SEED, public=ORDER_PUBLIC, domain="order", **changed):
    fields = {"format": 1, "action": 0, "device": host.hub.device, "nonce": host.hub.nonce}
    fields.update(changed)
    values = [fields["format"], fields["action"], fields["device"], fields["nonce"]]
    body = codec.pack(codec.number("order"), 0, *(values + [bytes(64)]))[2:-64]
    assert len(body) == 26
    return host.status("order", *(values + [ed25519.sign(seed, public, epoch.signed(domain, body))]))


def life(host):
    name, fields = host.ask("identify")
    assert name == "identity"
    return layout.LIFE_CYCLE[fields[4]]


# without a vault a hub stays a development hub
plain = Host(fresh_folder("lock_plain"))
plain.enroll()
assert plain.status("lock", plain.hub.device) == "not_allowed"
assert order(plain) == "not_allowed"
assert life(plain) == "dev"

host = Host(fresh_folder("lock"))
region = Region()
host.board.vault = lambda: Vault(region)
host.boot()
assert life(host) == "blank"
assert host.status("lock", host.hub.device) == "no_key"
name, fields = host.enroll()
assert name == "enrolled" and life(host) == "dev"
public, device = host.hub.public, host.hub.device
assert ed25519.verify(
    public,
    epoch.signed("possession", epoch.possession_body(b"c" * 32, AUTHORITY, device, public)),
    fields[-1],
)

assert host.status("lock", bytes(8)) == "wrong_device" and life(host) == "dev"
assert host.give(1) == "ok" and host.status("start") == "ok"
assert host.status("lock", device) == "busy"
assert host.status("stop") == "ok"
host.pass_time(100_000)
nonce = host.hub.nonce
assert host.status("lock", device) == "ok"
host.turn()
assert host.hub.nonce != nonce, "a hub that was locked starts anew"
assert life(host) == "locked"

# the same key, the same authority, counters that go on
assert host.hub.public == public and host.hub.keys.session == 1
assert host.give(1) == "stale_sequence" and host.give(2) == "ok"
assert host.status("start") == "ok"
host.pass_time(5_000_000)
assert host.of_kind("epoch_record")

for name, values in (
    ("maintenance", ()),
    ("enroll", (AUTHORITY, b"c" * 32, 0)),
    ("enroll", (AUTHORITY, b"c" * 32, 1)),
    ("lock", (device,)),
):
    assert host.status(name, *values) == "not_allowed", name
assert not host.hub.leaving and host.hub.public == public

# cheap checks in their order, then the signature
assert order(host, format=2) == "malformed"
assert order(host, action=len(layout.ORDERS)) == "malformed"
assert order(host, device=bytes(8)) == "wrong_device"
assert order(host, nonce=bytes(16)) == "wrong_nonce"
assert order(host, seed=bytes(32), public=ed25519.public_key(bytes(32))) == "bad_signature"
for domain in layout.DOMAINS:
    if domain != "order":
        assert order(host, domain=domain) == "bad_signature", domain
assert life(host) == "locked" and host.hub.sampling

# the order: also while sampling, key first, then the rest
old = host.hub
assert order(host) == "ok"
assert region.destroyed and region.status() == (False, False, 0, 0, 0)
assert old.leaving == REBOOT and not old.sampling and not any([part.powered for part in host.board.parts])
host.turn()
assert host.hub is not old and life(host) == "blank" and host.hub.public == bytes(32)

# an order serves once: the next boot has another nonce
host.enroll()
assert host.status("lock", host.hub.device) == "ok"
host.turn()
assert order(host, nonce=old.nonce) == "wrong_nonce" and life(host) == "locked"

# reboot
nonce = host.hub.nonce
assert host.give(1) == "ok" and host.status("start") == "ok"
assert host.status("reboot") == "busy" and host.status("stop") == "ok"
host.pass_time(100_000)
assert host.status("reboot") == "ok"
host.turn()
assert host.hub.nonce != nonce and life(host) == "locked"

# a development hub whose region fails says how: no entropy costs nothing, a failed write perhaps the key
assert order(host) == "ok"
host.turn()
host.enroll()
create = region.create


def no_entropy(authority):
    raise OSError(19, "")


def no_flash(authority):
    region.destroy()
    raise OSError(5, "")


for fail, answer, left in ((no_entropy, "no_entropy", "dev"), (no_flash, "full", "blank")):
    region.create = fail
    assert host.status("enroll", AUTHORITY, b"c" * 32, 1) == answer
    host.turn()
    assert life(host) == left and host.hub.keys.keyed == (left == "dev")
region.create = create
assert host.enroll()[0] == "enrolled"

# a lock that the region does not keep is answered, and the hub is not locked
lock = region.lock


def refuse():
    raise OSError(5)


region.lock = refuse
assert host.status("lock", host.hub.device) == "full" and not host.hub.leaving
assert life(host) == "dev"
