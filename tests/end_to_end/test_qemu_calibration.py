"""A unit's constants on the flash of the qemu board: old or new ones, whenever the power goes."""

import pytest

from qemu_board import Board, copy_flash, needs_qemu
from tasuki.fleet import devkeys
from tasuki.fleet.calibration import Column, Constants

pytestmark = [pytest.mark.hub, needs_qemu]

DEVICE = b"8 bytes!"
# as much of a hub as the constants need; what the border does, it does at once
HUB = """
from tasuki_hub.setup_qemu import mount_flash
nor = mount_flash({cut})
import gc, os
from binascii import unhexlify
from tasuki_hub import signer
from tasuki_hub.calibration import Calibration
from tasuki_hub.steps import run
class Part:
    pass
hub = Part()
for name in ("board", "epochs", "jobs", "sampler"):
    setattr(hub, name, Part())
hub.board.flash, hub.blobs, hub.device, hub.crypto = "/flash", {{}}, {device}, signer.engine()
hub.jobs.add, hub.sampler.streams = run, []
hub.at_border = lambda reason, action: action(0)
calibration = Calibration(hub)
def receive(blob):
    with open("/flash/blob.new", "wb") as f:
        f.write(unhexlify(blob))
def accept():
    print(run(calibration.accept(hub, "/flash/blob.new")))
"""


def blob(version):
    """Hex of a signed blob."""
    return Constants(version, ()).blob(DEVICE, devkeys.signer("order")).hex()


def start(board, cut=None):
    """Boot the part of a hub; the version that it found."""
    return board.run(HUB.format(cut=cut, device=DEVICE) + "print(calibration.version)")


@pytest.mark.parametrize("torn", [0, 7], ids=["nothing", "torn"])
def test_a_power_cut_at_any_write_leaves_the_old_or_the_new_constants(tmp_path, torn):
    """Each program and erase of a blob that is accepted is cut once; flash mounts, one version is whole."""
    first = tmp_path / "first"
    with Board(first) as board:
        assert start(board) == "0"
        board.run(f"receive('{blob(1)}')\naccept()")
        board.run(f"receive('{blob(2)}')")
        copy_flash(first, tmp_path / "ready")
        assert (
            board.run("before = nor.operations\naccept()\nprint(nor.operations - before)").split()[0] == "ok"
        )
        count = int(board.run("print(nor.operations - before)"))
    with Board(tmp_path / "ready") as board:
        assert start(board) == "1"
        mounting = int(board.run("print(nor.operations)"))
    assert count >= 1

    found = set()
    for number in range(mounting, mounting + count):
        folder = tmp_path / f"cut{number}"
        copy_flash(tmp_path / "ready", folder)
        with Board(folder) as board:
            assert start(board, (number, torn)) == "1"
            board.until_off("accept()")
        with Board(folder) as board:
            found.add(start(board))
            assert board.run(f"receive('{blob(3)}')\naccept()\nprint(calibration.version)").split() == [
                "ok",
                "3",
            ]
    assert found <= {"1", "2"}


def test_constants_for_another_unit_or_of_another_key_are_refused_on_the_board(tmp_path):
    """The C module's verdict on a Cortex-M."""
    foreign = Constants(1, (Column(0, 0, 0, 1),)).blob(b"another!", devkeys.signer("order")).hex()
    forged = Constants(1, ()).blob(DEVICE, devkeys.signer("release")).hex()
    with Board(tmp_path / "board") as board:
        start(board)
        answers = [board.run(f"receive('{one}')\naccept()") for one in (foreign, forged, blob(1))]

    assert answers == ["wrong_device", "bad_signature", "ok"]
