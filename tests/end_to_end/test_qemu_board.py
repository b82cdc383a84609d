"""What the qemu board promises to the hub's files: line, clock, entropy, resets, flash."""

import time

import pytest

from qemu_board import Board, copy_flash, needs_qemu

pytestmark = [pytest.mark.hub, needs_qemu]

KEEP = """
import os
from tasuki_hub.setup_qemu import mount_flash
nor = mount_flash({cut})
from tasuki_hub.keystore import KeyStore
"""


@pytest.fixture
def board(tmp_path):
    with Board(tmp_path / "board") as one:
        yield one


def test_every_byte_value_passes_both_ways(board):
    """Ctrl-C among them, once the app has said so; and more at once than the board's buffer holds."""
    data = bytes(range(256)) * 9
    board.start(f"""
import _qemu, micropython, time
micropython.kbd_intr(-1)
print("ready")
_qemu.wait_ms(10000)
time.sleep_ms(300)
buf, todo = bytearray(100), {len(data)}
while todo:
    n = _qemu.line.readinto(buf) or 0
    todo -= n
    at = 0
    while at < n:
        at += _qemu.line.write(memoryview(buf)[at:n]) or 0
    _qemu.wait_ms(1)
micropython.kbd_intr(3)
""")
    assert board.line.read_until(b"ready\r\n") == b"ready\r\n"

    board.line.write(data)

    assert board.line.read(len(data)) == data
    assert board.result() == ""


def test_a_reader_that_pauses_loses_nothing(board):
    """A full line takes no more and says so; what it took arrives by itself as soon as it is read."""
    board.start("""
import _qemu, sys
part, sent, n = bytes(range(256)), 0, 256
while n == 256:
    n = _qemu.line.write(part) or 0
    sent += n
sys.stdin.buffer.read(1)
print(sent)
""")
    time.sleep(0.5)
    board.line.timeout = 3
    data = b""
    while part := board.line.read(65536):  # until nothing came for so long
        data += part
    board.line.timeout = 60
    board.line.write(b"x")

    assert int(board.result()) == len(data) > 4096
    assert data == (bytes(range(256)) * 4000)[: len(data)]


def test_poll_and_sleep_end_when_they_should(board):
    """poll says whether a byte waits; sleeping takes at least as long as asked."""
    board.start("""
import select, sys, time
p = select.poll()
p.register(sys.stdin, select.POLLIN)
t = time.ticks_us()
print(p.poll(30), time.ticks_diff(time.ticks_us(), t) >= 29000)  # poll counts whole milliseconds
t = time.ticks_us()
time.sleep_ms(20)
print(time.ticks_diff(time.ticks_us(), t) >= 20000)
print("send")
print(len(p.poll(10000)), sys.stdin.buffer.read(1))
""")
    assert board.line.read_until(b"send\r\n") == b"[] True\r\nTrue\r\nsend\r\n"

    board.line.write(b"\xfe")

    assert board.result() == "1 b'\\xfe'"


def test_the_clock_is_monotonic_where_the_hardware_counter_wraps(board):
    """The 25-MHz counter starts again after 2^32 ticks, 171.798691 s."""
    wrap_us = (1 << 32) // 25
    out = board.run(f"""
import time, _qemu
_qemu.preset_us({wrap_us - 20000})
last, worst, end = time.ticks_us(), 0, {wrap_us + 20000}
while last < end:
    now = time.ticks_us()
    if now < last:
        raise ValueError((last, now))
    worst = max(worst, now - last)
    last = now
print(last >= end, worst < 1000000)
""")

    assert out == "True True"


def test_reset_and_crash_start_the_image_again_and_are_told_apart(board):
    """The terminal stays; memory does not."""
    cause = "import machine; print(machine.reset_cause())"
    assert board.run(cause) == "1"

    board.start("kept = 1\nimport machine\nmachine.reset()")
    board.enter()
    assert board.run(cause + "\nprint('kept' in globals())").split() == ["2", "False"]

    board.start("import machine\nmachine.mem32[0xE0000000 + 0x1000000 - 0x2000000]")
    board.enter()
    assert board.run(cause) == "5"
    assert int(board.run("import _qemu; print(_qemu.crash_pc())")) > 0


def test_entropy_differs_at_every_start(tmp_path):
    drawn = set()
    for _ in range(2):
        with Board(tmp_path / "board") as board:
            drawn.add(board.run("import os; print(os.urandom(16).hex(), os.urandom(16).hex())"))

    assert len(set(" ".join(drawn).split())) == 4


def test_flash_only_clears_bits_until_a_block_is_erased(board):
    out = board.run("""
import _qemu
from tasuki_hub.nor_flash import NorFlash
_qemu.open("nor.img", "wb").close()
nor = NorFlash(_qemu.open("nor.img", "r+b"), 4)
print(nor.blank())
buf = bytearray(2)
nor.writeblocks(1, b"\\xf0\\x0f", 300)
nor.writeblocks(1, b"\\xcc\\xcc", 300)
nor.readblocks(1, buf, 300)
print(buf.hex(), nor.blank())
nor.ioctl(6, 1)
nor.readblocks(1, buf, 300)
print(buf.hex(), nor.operations, nor.erases)
""")

    assert out.split() == ["True", "c00c", "False", "ffff", "3", "1"]


def operations_of(board, code):
    """How many programs and erases code needs on flash that is mounted."""
    return int(board.run(f"before = nor.operations\n{code}\nprint(nor.operations - before)"))


@pytest.mark.parametrize("torn", [0, 7, 4096], ids=["nothing", "torn", "whole"])
def test_a_power_cut_at_any_write_leaves_the_old_or_the_new_value(tmp_path, torn):
    """Each program and erase of a raised session counter is cut once; flash mounts, the key is there."""
    first = tmp_path / "first"
    with Board(first) as board:
        board.run(KEEP.format(cut=None) + "KeyStore('/flash').pin(bytes(32), bytes(range(32)))")
        board.run("keys = KeyStore('/flash')\nfor _ in range(40): keys.next_session()")
        count = operations_of(board, "keys.next_session()")
    assert count >= 3
    with Board(first) as board:
        mounting = int(board.run(KEEP.format(cut=None) + "keys = KeyStore('/flash')\nprint(nor.operations)"))

    for number in range(mounting, mounting + count):
        folder = tmp_path / f"cut{number}"
        copy_flash(first, folder)
        with Board(folder) as board:
            board.run(KEEP.format(cut=(number, torn)) + "keys = KeyStore('/flash')")
            board.until_off("keys.next_session()")
        with Board(folder) as board:
            out = board.run(
                KEEP.format(cut=None)
                + "k = KeyStore('/flash')\nprint(k.damaged, k.seed == bytes(32), k.session in (41, 42))"
            )
        assert out == "False True True", (number, out)
