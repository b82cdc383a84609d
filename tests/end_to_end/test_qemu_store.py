"""Stored epochs on the board's LittleFS: the power goes at each program and erase while one is written."""

import os

import pytest

from qemu_board import Board, copy_flash, needs_qemu

pytestmark = [pytest.mark.hub, needs_qemu]

# CI cuts every third operation; `make cuts` cuts all of them.
STEP = 1 if os.environ.get("TASUKI_CUTS") == "all" else 3
TORN = (0, 7, 4096)

OPEN = """
from tasuki_hub.setup_qemu import mount_flash
nor = mount_flash({cut})
from tasuki_hub.shelf import Shelf
shelf = Shelf("/flash/store", 64 * 4096)
def content(number):
    return b"".join([bytes((number * 7 + i & 255,)) * 256 for i in range(40)])
def store(number):
    assert shelf.begin(0)
    data = content(number)
    for at in range(0, len(data), 256):
        shelf.append(data[at : at + 256])
    shelf.finish(1, number)
def numbers():
    out, name = [], shelf.after("")
    while name:
        number = int(name[8:], 16)
        out.append(number)
        with shelf.open(name) as f:
            assert f.read() == content(number)
        name = shelf.after(name)
    return out
"""


def test_a_power_cut_while_an_epoch_is_written_costs_that_one_only(tmp_path):
    """Whole, torn or nothing of the operation: it mounts, older epochs are whole, the next can be written."""
    first = tmp_path / "first"
    with Board(first) as board:
        board.run(OPEN.format(cut=None) + "store(1)\nstore(2)")
    with Board(first) as board:
        board.run(OPEN.format(cut=None) + "before = nor.operations")
    probe = tmp_path / "probe"
    copy_flash(first, probe)
    with Board(probe) as board:
        board.run(OPEN.format(cut=None) + "before = nor.operations\nstore(3)")
        before, count = map(int, board.run("print(before, nor.operations)").split())
    assert count - before > 20

    for turn, number in enumerate(range(before, count, STEP)):
        folder = tmp_path / f"cut{number}"
        copy_flash(first, folder)
        with Board(folder) as board:
            board.run(OPEN.format(cut=(number, TORN[turn % 3])))
            board.until_off("store(3)")
        with Board(folder) as board:
            kept = board.run(OPEN.format(cut=None) + "print(numbers())")
            again = board.run("store(4)\nprint(numbers())")
        assert kept in ("[1, 2]", "[1, 2, 3]"), (number, kept)
        assert again == kept[:-1] + ", 4]", (number, again)
