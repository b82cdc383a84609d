"""A bundle is taken apart only when every byte is where the manifest says, and believed only when signed."""

import struct
from hashlib import sha256

from bundles import FILES, make, manifest_of
from scripted_board import fresh_folder

from tasuki_hub import anchors, ed25519
from tasuki_hub.bundle import MAX_SIZE, Bundle
from tasuki_hub.steps import run
from tasuki_wire import layout

PATH = fresh_folder("bundle") + "/bundle"


def opened(data):
    with open(PATH, "wb") as f:
        f.write(data)
    return Bundle(PATH)


def refused(data, why):
    try:
        opened(data)
    except ValueError:
        return
    raise AssertionError(why)


good = make(FILES, 7)
bundle = opened(good)
assert (bundle.counter, bundle.board, bundle.firmware) == (7, "scripted", b"version 7")
assert bundle.fits("scripted") and not bundle.fits("qemu")
assert run(bundle.signed_steps(ed25519)) and run(bundle.whole_steps())
assert {name: bundle.read(name) for name in bundle.rows} == FILES

# for another image, another wire, another board
for change in ({"image": anchors.IMAGE + 1}, {"wire": layout.VERSION + 1}, {"board": b"other"}):
    assert not opened(make(FILES, 7, **change)).fits("scripted"), change

# every cut, and a byte too much
for n in range(0, len(good), 7):
    refused(good[:n], n)
refused(good[:-1], "last byte")
refused(good + b"\x00", "one more")

# every byte of the manifest and of the signature counts
manifest = len(bundle.manifest)
held = 0
for at in range(0, manifest + 64, 11):
    bad = bytearray(good)
    bad[at] ^= 4
    try:
        held += run(opened(bytes(bad)).signed_steps(ed25519))
    except ValueError:
        continue
assert held == 0

# every file counts, when it is checked and again when it is read
for at in range(manifest + 64, len(good), 13):
    bad = bytearray(good)
    bad[at] ^= 1
    changed = opened(bytes(bad))
    assert run(changed.signed_steps(ed25519)) and not run(changed.whole_steps()), at
    wrong = 0
    for name in changed.rows:
        try:
            changed.read(name)
        except OSError:
            wrong += 1
    assert wrong == 1, at

# another key, another domain
other = bytes(32)
assert not run(opened(make(FILES, 7, seed=other)).signed_steps(ed25519))
for domain in layout.DOMAINS:
    if domain != "firmware":
        assert not run(opened(make(FILES, 7, domain=domain)).signed_steps(ed25519)), domain

# names that lead elsewhere, twice, out of order, and numbers out of bounds
for name in (
    "tasuki_hub/../boot.py",
    "../tasuki_hub/link.py",
    "/tasuki_hub/link.py",
    "tasuki_hub//link.py",
    "tasuki_hub/link.pyc",
    "tasuki_hub/link",
    "tasuki_hub/.py.py",
    "tasuki_hub/Link.py",
    "tasuki_hub/link.py\x00",
    "boot.py",
    "main.py",
    "os.py",
    "tasuki_hub.py",
    "tasuki_hubs/link.py",
    "tasuki_hub/" + "x" * 40 + ".py",
):
    refused(make({name: b"x"}, 7), name)
twice = manifest_of([("tasuki_hub/a.py", b"1"), ("tasuki_hub/a.py", b"1")], 7)
refused(twice + bytes(64) + b"11", "twice")
refused(manifest_of([("tasuki_hub/b.py", b"1"), ("tasuki_hub/a.py", b"1")], 7) + bytes(64) + b"11", "order")
for counter in (0, layout.MAX_SEQ + 1, 0xFFFFFFFF):
    refused(make(FILES, counter), counter)
refused(manifest_of([], 7) + bytes(64), "nothing in it")
many = [("tasuki_hub/m%03d.py" % i, b"") for i in range(97)]
refused(manifest_of(many, 7) + bytes(64), "too many")
opened(manifest_of(many[:96], 7) + bytes(64))
refused(make({"tasuki_hub/big.py": bytes(MAX_SIZE)}, 7), "too big")
lie = manifest_of([("tasuki_hub/a.py", b"1")], 7)
lie = lie[:-36] + struct.pack("<I32s", 0xFFFFFFFF, sha256(b"1").digest())
refused(lie + bytes(64) + b"1", "a size that no file has")
