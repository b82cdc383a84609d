"""Bundles for checks, written by the format's page and not by the code that reads them."""

import struct
from hashlib import sha256

from tasuki_hub import anchors, ed25519
from tasuki_wire import epoch, layout

RELEASE_SEED = sha256(b"tasuki development release key").digest()
FILES = {
    "tasuki_hub/drivers/button.py": b"NEW = 1\n",
    "tasuki_hub/packing.py": b"# a new packing\n" * 50,
    "tasuki_wire/extra.py": b"X = 3\n",
}


def manifest_of(files, counter, board=b"scripted", image=anchors.IMAGE, wire=layout.VERSION):
    """A manifest of (name, data) in the order given."""
    rows = b""
    for name, data in files:
        rows += bytes([len(name)]) + name.encode() + struct.pack("<I32s", len(data), sha256(data).digest())
    firmware = b"version %d" % counter
    return struct.pack("<8sBHI16s16sH", b"tasukiB1", wire, image, counter, firmware, board, len(files)) + rows


def make(files, counter, seed=RELEASE_SEED, domain="firmware", **changed):
    """A signed bundle."""
    names = sorted(files)
    manifest = manifest_of([(name, files[name]) for name in names], counter, **changed)
    signature = ed25519.sign(seed, ed25519.public_key(seed), epoch.signed(domain, manifest))
    return manifest + signature + b"".join([files[name] for name in names])
