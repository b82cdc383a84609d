"""Sealed boxes by the C module: PyNaCl opens them, and makes the same from the same ephemeral key."""

import hashlib
import os
import random
import subprocess

import nacl.bindings as sodium
import pytest
from nacl.public import PrivateKey, SealedBox

from device.conftest import CMODULE, MICROPYTHON

EXTRA = 48
MOST = 4096 - 10  # a part of a stored epoch, in its box
SCRIPT = """
import _tasuki
buf = bytearray({size})
with open("cases", "rb") as cases, open("boxes", "wb") as boxes:
    while True:
        head = cases.read(66)
        if not head:
            break
        n = head[0] | head[1] << 8
        buf[48 : 48 + n] = cases.read(n)
        size = _tasuki.sealed_box_into(buf, n, head[2:34], head[34:66])
        assert size == n + 48
        boxes.write(memoryview(buf)[:size])
"""
needs_module = pytest.mark.skipif(
    not (CMODULE / "_tasuki.mpy").exists(), reason="the C module is not built: make cmodule"
)


def sealed(message, public, secret):
    """The box that libsodium's crypto_box_seal makes when it draws this ephemeral key."""
    ephemeral = sodium.crypto_scalarmult_base(secret)
    nonce = hashlib.blake2b(ephemeral + public, digest_size=24).digest()
    return ephemeral + sodium.crypto_box(message, nonce, public, secret)


def run(folder, code):
    """Run code on MicroPython with the module; its exit code and what it complained of."""
    env = {"MICROPYPATH": f".frozen:{CMODULE}", "PATH": os.environ["PATH"]}
    command = [MICROPYTHON, "-X", "heapsize=256k", "-c", code]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=300)


@needs_module
def test_pynacl_opens_thousands_of_boxes_and_makes_the_same(tmp_path):
    """Every length around the block sizes, random ones up to a full part, keys with the odd bits set."""
    moments = random.Random(1509)
    host = PrivateKey(moments.randbytes(32))
    public = bytes(host.public_key)
    lengths = [*range(200), *(moments.randrange(MOST - EXTRA + 1) for _ in range(2800)), MOST - EXTRA]
    cases = [(moments.randbytes(n), moments.randbytes(32)) for n in lengths]
    with (tmp_path / "cases").open("wb") as file:
        for message, secret in cases:
            file.write(len(message).to_bytes(2, "little") + public + secret + message)

    done = run(tmp_path, SCRIPT.format(size=MOST))

    assert done.returncode == 0, done.stderr
    boxes = (tmp_path / "boxes").read_bytes()
    at = 0
    for message, secret in cases:
        box = boxes[at : at + len(message) + EXTRA]
        at += len(box)
        assert SealedBox(host).decrypt(box) == message
        assert box == sealed(message, public, secret)
    assert at == len(boxes)


@needs_module
def test_what_does_not_fit_or_is_no_key_is_refused(tmp_path):
    """Lengths before anything is written; a key of small order would give the message away."""
    done = run(
        tmp_path,
        """
import _tasuki
def refused(error, *args):
    try:
        _tasuki.sealed_box_into(*args)
    except error:
        return
    raise AssertionError(args)
key = bytes(range(32))
refused(IndexError, bytearray(100), 53, key, key)
refused(IndexError, bytearray(47), 0, key, key)
refused(IndexError, bytearray(100), -1, key, key)
refused(TypeError, bytes(100), 52, key, key)
refused(ValueError, bytearray(100), 52, key[1:], key)
refused(ValueError, bytearray(100), 52, key, key + key)
buf = bytearray(b"m" * 100)
refused(ValueError, buf, 52, bytes(32), key)
assert buf == b"m" * 100
assert _tasuki.sealed_box_into(buf, 52, key, key) == 100
""",
    )

    assert done.returncode == 0, done.stderr
