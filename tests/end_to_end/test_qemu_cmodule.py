"""The C module on a Cortex-M3: what it computes there is what PyNaCl and the portable forms compute.

The line is slow, so board and host make the same random inputs for themselves,
and the board prints a few digits of the hash of each result.
"""

import hashlib
import zlib
from pathlib import Path

import nacl.signing
import pytest
from nacl.public import PrivateKey, SealedBox

from device import edge_cases
from device.test_cmodule_sealing import sealed
from qemu_board import Board, needs_qemu
from tasuki_wire import cobs, codec, epoch

ROOT = Path(__file__).resolve().parents[2]
IMAGES = ROOT / "build" / "firmware"
# the .mpy of a processor, and an image without the module that can run it
PLAIN = {"armv6m": "qemu-viper", "armv7m": "qemu-viper", "armv7emsp": "qemu-viper-m4"}
pytestmark = [pytest.mark.hub, needs_qemu]

SOME = """
import hashlib
def some(label, n):
    out = b""
    while len(out) < n:
        out += hashlib.sha256(b"%d %d" % (label, len(out))).digest()
    return out[:n]
def case(n):
    return some(2 * n, 32), some(2 * n + 1, n % 300)
def body(n):
    data = bytearray(some(n, n))
    for i in range(2, n):
        if n % 3 and data[i] & n % 3:
            data[i] = 0 if n % 3 == 1 else 255
    data[0] = data[1] = 1
    return bytes(data)
def show(*results):
    h = hashlib.sha256()
    for result in results:
        h.update(result)
    print(*h.digest()[:4])
"""
HERE = {}
exec(SOME, HERE)


def shown(*results):
    """The line that the board prints for these results."""
    return " ".join(str(byte) for byte in hashlib.sha256(b"".join(results)).digest()[:4])


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    with Board(tmp_path_factory.mktemp("qemu") / "board") as one:
        one.run("import _tasuki, gc, binascii")
        one.run(SOME)
        yield one


def signed_by_nacl(count):
    """The lines for the first cases: public key and signature."""
    out = []
    for n in range(count):
        seed, message = HERE["case"](n)
        key = nacl.signing.SigningKey(seed)
        out.append(shown(bytes(key.verify_key), key.sign(message).signature))
    return out


def test_500_random_messages_are_signed_as_pynacl_signs_them(board):
    """Public key and signature; it verifies, and with one bit altered it does not."""
    lines = board.run("""
for n in range(500):
    seed, message = case(n)
    public = _tasuki.ed25519_public_key(seed)
    signature = _tasuki.ed25519_sign(seed, public, message)
    bad = bytearray(signature)
    bad[n % 64] ^= 1 << n % 7
    assert _tasuki.ed25519_verify(public, message, signature) is True
    assert _tasuki.ed25519_verify(public, message, bad) is False
    show(public, signature)
""")

    assert lines.splitlines() == signed_by_nacl(500)


def test_they_are_signed_so_without_the_module(board):
    """The hub's own Ed25519 with viper, on words of 32 bits; SHA-512 in C would hide its part."""
    lines = board.run("""
from tasuki_hub import ed25519, sha512
in_c = sha512._IN_C
sha512._IN_C = None
for n in range(500):
    seed, message = case(n)
    public = _tasuki.ed25519_public_key(seed)
    show(public, ed25519.sign(seed, public, message))
sha512._IN_C = in_c
""")

    assert lines.splitlines() == signed_by_nacl(500)


def test_doubtful_signatures_get_pynacls_verdict(board):
    """Points of small and mixed order, S and y out of range."""
    rows = [[part.hex() for part in row[:3]] for row in edge_cases.rows()][::2]
    board.run("""
def check(*row):
    public, message, signature = [binascii.unhexlify(part) for part in row]
    print(_tasuki.ed25519_verify(public, message, signature))
""")
    verdicts = []
    for row in rows:
        verdicts.append(board.run(f"check(*{row!r})") == "True")

    assert verdicts == [edge_cases.verdict(*map(bytes.fromhex, row)) for row in rows]
    assert 0 < sum(verdicts) < len(verdicts)


def test_frames_and_hashes_are_those_of_the_portable_forms(board):
    """COBS, CRC, leaf, root and SHA-512 of bodies of every length."""
    expected = []
    for n in range(16, 251):
        body = HERE["body"](n)
        closed = bytearray(body) + bytes(4)
        sent = bytearray(260)
        size = cobs.encode_into(sent, closed, codec.close_frame_into(closed, n))
        leaf = epoch.frame_leaf(body[:16], body)
        leaves = HERE["some"](n, 24 * (n - 15))
        results = leaf, epoch.root(leaves), hashlib.sha512(body).digest(), b"%d" % zlib.crc32(body)
        expected.append(shown(sent[: size + 1], closed, *results))

    lines = board.run(f"""
sent, back = bytearray(260), bytearray(260)
for n in range(16, 251):
    data = body(n)
    size = _tasuki.frame_into(sent, data, n, {codec.KINDS[1].seed})
    m = _tasuki.cobs_decode_into(back, sent, size - 1)
    leaves = some(n, 24 * (n - 15))
    show(sent[:size], back[:m], _tasuki.frame_leaf(data[:16], data), _tasuki.root(leaves),
         _tasuki.sha512(data), b"%d" % _tasuki.crc32(data))
""")

    assert lines.splitlines() == expected


def test_100_messages_are_sealed_as_pynacl_seals_them(board):
    """Every length around the block sizes and a full part, with the ephemeral key handed in."""
    lengths = [*range(90), 127, 128, 129, 255, 256, 1000, 2047, 2048, 3000, 4038]
    host = PrivateKey(HERE["some"](1, 32))
    public = bytes(host.public_key)
    expected = []
    for n in lengths:
        box = sealed(HERE["some"](n, n), public, HERE["some"](2 * n, 32))
        assert SealedBox(host).decrypt(box) == HERE["some"](n, n)
        expected.append(shown(box))

    lines = board.run(f"""
buf = bytearray(4038 + 48)
for n in {lengths!r}:
    buf[48 : 48 + n] = some(n, n)
    size = _tasuki.sealed_box_into(buf, n, {public!r}, some(2 * n, 32))
    show(memoryview(buf)[:size])
""")

    assert lines.splitlines() == expected


@pytest.mark.parametrize("processor", PLAIN)
def test_the_native_module_runs_on_firmware_that_has_none_built_in(tmp_path, monkeypatch, processor):
    """Each .mpy on its processor; the Cortex-M3 also runs that of the smaller armv6m."""
    module = ROOT / "build" / "cmodule" / processor / "_tasuki.mpy"
    image = IMAGES / (PLAIN[processor] + ".elf")
    if not module.exists() or not image.exists():
        pytest.skip("the C module or the image without it is not built: make firmware cmodule")
    monkeypatch.setenv("TASUKI_IMAGE", str(image))
    data = module.read_bytes()
    with Board(tmp_path / "board") as board:
        board.run("""
import binascii
from tasuki_hub.setup_qemu import mount_flash
from tasuki_hub import signer
nor = mount_flash(None)
file = open("/flash/_tasuki.mpy", "wb")
assert signer.engine().__name__ == "tasuki_hub.ed25519"
""")
        for at in range(0, len(data), 1024):
            board.run(f"file.write(binascii.unhexlify('{data[at : at + 1024].hex()}'))")
        board.run("file.close()")
    with Board(tmp_path / "board") as board:
        # first of all, while the heap has room for it in one piece
        board.run("""
import sys
from tasuki_hub.setup_qemu import mount_flash
nor = mount_flash(None)
sys.path.append("/flash")
import _tasuki
""")
        board.run("import binascii")
        board.run(SOME)
        lines = board.run("""
for n in range(20):
    seed, message = case(n)
    public = _tasuki.ed25519_public_key(seed)
    signature = _tasuki.ed25519_sign(seed, public, message)
    assert _tasuki.ed25519_verify(public, message, signature) is True
    assert _tasuki.ed25519_verify(public, message + b"!", signature) is False
    show(public, signature)
print(binascii.hexlify(_tasuki.root(some(1, 240))).decode(), _tasuki.crc32(b"123456789"))
for n in (0, 1, 1000):
    box = bytearray(48) + some(n, n)
    _tasuki.sealed_box_into(box, n, some(7, 32), some(8, 32))
    show(box)
""")

    root = epoch.root(HERE["some"](1, 240)).hex()
    boxes = [
        shown(sealed(HERE["some"](n, n), HERE["some"](7, 32), HERE["some"](8, 32))) for n in (0, 1, 1000)
    ]
    assert lines.splitlines() == [*signed_by_nacl(20), f"{root} {0xCBF43926}", *boxes]
