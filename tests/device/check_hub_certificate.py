"""A hub keeps the certificates of its own key, shows them to whoever asks, and takes no others."""

import binascii
import os
from hashlib import sha256

from scripted_board import AUTHORITY, Host, fresh_folder

from tasuki_hub import certificate
from tasuki_wire import codec, layout

CERTIFICATE = layout.BLOBS.index("certificate")


def send(host, data):
    """The answer to the first thing that is refused, or to the end."""
    status = host.status("blob_begin", CERTIFICATE, len(data), sha256(data).digest())
    for at in range(0, len(data), 200):
        if status == "ok":
            status = host.status("blob_data", at, data[at : at + 200])
    return host.status("blob_end") if status == "ok" else status


def answered(host, *command):
    """Fields of an answer of the command's own kind, without the id; None for another answer."""
    request = host.tell(*command)
    host.pass_time(200_000)
    for frame in host.of_kind(command[0]):
        fields = codec.unpack(frame[0], frame[6])
        if fields[0] == request:
            return fields[1:]
    return None


def read(host):
    """What the hub shows; None when it shows nothing."""
    told = answered(host, "blob_begin", CERTIFICATE, 0, bytes(32))
    if told is None:
        return None
    _, size, digest = told
    got = b""
    while len(got) < size:
        at, part = answered(host, "blob_data", len(got), b"")
        assert at == len(got) and part
        got += part
    assert sha256(got).digest() == digest
    return got


folder = fresh_folder("certificate")
host = Host(folder)
hub = host.hub
assert send(host, b"x" * 300) == "no_key", "there is nothing to certify"
assert read(host) is None
assert host.status("blob_begin", CERTIFICATE, 0, bytes(32)) == "not_found"
assert host.status("blob_data", 0, b"") == "not_found"

host.enroll(AUTHORITY)
chain = b"head" + hub.public + binascii.hexlify(hub.device) + bytes(range(256)) * 5
assert send(host, chain) == "ok"
assert read(host) == chain
assert host.status("blob_data", len(chain), b"") == "not_found", "behind its end"

# for another key, another hub, cut short, too long: the old one stays
assert send(host, chain.replace(hub.public, bytes(32))) == "mismatch"
assert send(host, chain.replace(binascii.hexlify(hub.device), b"0" * 16)) == "mismatch"
assert host.status("blob_begin", CERTIFICATE, certificate.max_size + 1, bytes(32)) == "full"
assert host.status("blob_begin", CERTIFICATE, len(chain), sha256(chain).digest()) == "ok"
assert host.status("blob_data", 0, b"") == "mismatch", "nothing is shown while a blob is under way"
assert host.status("blob_end") == "mismatch"
assert read(host) == chain
assert "blob.new" not in os.listdir(folder)

# another key: what was certified is not shown any more
host.enroll(AUTHORITY, repin=1)
again = Host(folder)
assert again.hub.public not in chain and read(again) is None
