"""A hub changes its key by an order of the authority it obeys and shows how the old one certified it."""

import binascii
import os

from check_hub_certificate import CERTIFICATE, answered, send
from scripted_board import AUTHORITY, AUTHORITY_SEED, Host, fresh_folder
from soft_vault import Region

from tasuki_hub import ed25519
from tasuki_hub.vault import Vault
from tasuki_wire import codec, epoch, layout, succession

ROTATE = layout.ORDERS.index("rotate")
STATEMENT = layout.BLOBS.index("succession")


def order(host, seed=AUTHORITY_SEED, public=AUTHORITY, **changed):
    values = {"format": 1, "action": ROTATE, "device": host.hub.device, "nonce": host.hub.nonce}
    values.update(changed)
    values = [values[name] for name in ("format", "action", "device", "nonce")]
    body = codec.pack(codec.number("order"), 0, *(values + [bytes(64)]))[2:-64]
    return host.status("order", *(values + [ed25519.sign(seed, public, epoch.signed("order", body))]))


def read(host, blob=STATEMENT):
    """What the hub shows; None when it shows nothing."""
    told = answered(host, "blob_begin", blob, 0, bytes(32))
    if told is None:
        return None
    got = b""
    while len(got) < told[1]:
        got += answered(host, "blob_data", len(got), b"")[1]
    assert epoch.sha256(got) == told[2]
    return got


def holds(statement, device, old, new):
    """The last session that the old key may have signed, once all of it was found right."""
    form, said, authority, before, session, public, certified, possessed = succession.fields(statement)
    assert (form, said, authority) == (succession.FORMAT, device, epoch.key_id(AUTHORITY))
    assert (before, public) == (old, new)
    first, second = succession.signed_parts(statement)
    assert ed25519.verify(old, first, certified) and ed25519.verify(new, second, possessed)
    return session


def with_vault(folder):
    host = Host(folder)
    region = Region()
    host.board.vault = lambda: Vault(region)
    host.boot()
    return host, region


for make in (lambda folder: (Host(folder), None), with_vault):
    host, region = make(fresh_folder("rotation"))
    assert order(host) == "no_key" and read(host) is None
    host.enroll()
    assert read(host) is None, "a first key is certified by nobody before it"
    device, old, nonce = host.hub.device, host.hub.public, host.hub.nonce
    chain = b"head" + old + binascii.hexlify(device)
    assert send(host, chain) == "ok"
    if region:
        assert host.status("lock", device) == "ok"
        host.turn()
        nonce = host.hub.nonce

    assert host.give(4) == "ok" and host.status("start") == "ok"
    assert order(host) == "busy" and host.hub.public == old
    assert host.status("stop") == "ok"
    host.pass_time(500_000)

    # whom it does not obey, and what was meant for others
    assert order(host, seed=bytes(32), public=ed25519.public_key(bytes(32))) == "bad_signature"
    assert order(host, device=bytes(8)) == "wrong_device"
    assert order(host, nonce=bytes(16)) == "wrong_nonce"
    assert order(host, format=2) == "malformed"
    assert host.hub.public == old and not host.hub.leaving

    # the order: another key, everything else as it was, and a new life
    sessions = host.hub.keys.session
    assert sessions and order(host) == "ok"
    host.turn()
    new = host.hub.public
    assert new != old and host.hub.nonce != nonce
    keys = host.hub.keys
    assert (keys.authority, keys.session, keys.sequence) == (AUTHORITY, sessions, 4)
    assert keys.locked == bool(region)
    statement = read(host)
    assert holds(statement, device, old, new) == sessions
    assert read(host) == statement, "it is shown as often as somebody asks"
    assert read(host, CERTIFICATE) == chain, "the old key's certificate leads to the new key"

    # an order serves once: the next life has another nonce
    assert order(host, nonce=nonce) == "wrong_nonce" and host.hub.public == new
    # nothing is brought in place of the statement
    assert host.status("blob_begin", STATEMENT, len(statement), epoch.sha256(statement)) == "not_allowed"

    # the consent of before is not given again, the next one is, under the next session
    assert host.give(4) == "stale_sequence" and host.give(5) == "ok" and host.status("start") == "ok"
    host.pass_time(5_000_000)
    record = codec.unpack(epoch.RECORD, host.of_kind("epoch_record")[-1][6])
    assert record[2] == epoch.key_id(new) and record[3] == sessions + 1
    assert host.status("stop") == "ok"
    host.pass_time(500_000)

    # once more: the statement is that of the key of now
    assert order(host) == "ok"
    host.turn()
    assert holds(read(host), device, new, host.hub.public) == sessions + 1
    assert read(host, CERTIFICATE) is None, "the certificate's key is two keys ago"

    # a board that cannot: nothing is lost
    kept = host.hub.public
    if region:
        region.fails = 19
        assert order(host) == "no_entropy" and not host.hub.leaving
        region.fails = 5
        assert order(host) == "full"
        host.turn()
        region.fails = 0
    else:
        entropy = host.board.entropy

        def none(n):
            raise NotImplementedError("entropy")

        host.board.entropy = none
        assert order(host) == "no_entropy" and not host.hub.leaving
        host.board.entropy = entropy
    assert host.hub.public == kept

# destroying the key destroys the statement with it
folder = fresh_folder("rotation_erased")
host = Host(folder)
host.enroll()
assert order(host) == "ok"
host.turn()
assert read(host)
host.enroll(AUTHORITY, repin=1)
host.turn()
assert read(host) is None and host.hub.public != bytes(32)
with open(folder + "/seed", "rb") as f:
    assert len(f.read()) == 36
assert "seed.new" not in os.listdir(folder)
