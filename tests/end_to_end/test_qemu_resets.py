"""Why the qemu board started: watchdog, brown-out and battery, on the real image."""

import pytest

from qemu_board import Board, needs_qemu
from tasuki_wire import layout

pytestmark = [pytest.mark.hub, needs_qemu]

CAUSE = "import machine; print(machine.reset_cause())"


def cause_of(board):
    return layout.RESET_CAUSES[int(board.run(CAUSE))]


@pytest.fixture
def board(tmp_path):
    with Board(tmp_path / "board") as one:
        yield one


def test_who_hangs_is_reset_by_the_watchdog_and_the_next_life_knows_where(board):
    """Also with interrupts off, as in a driver that waits for a part inside a critical section."""
    assert cause_of(board) == "power_on"

    board.start(
        "import _qemu, machine\n_qemu.watchdog(300)\nmachine.mem32[0xE000E180] = -1\nwhile True: pass"
    )
    board.enter()

    assert cause_of(board) == "watchdog"
    assert int(board.run("import _qemu; print(_qemu.crash_pc())")) > 0


def test_who_feeds_the_watchdog_lives_on_and_may_switch_it_off(board):
    out = board.run("""
import _qemu, time
_qemu.watchdog(1000)
for _ in range(15):
    time.sleep_ms(100)
    _qemu.feed()
_qemu.watchdog(0)
time.sleep_ms(1500)
print("alive")
""")

    assert out == "alive"
    assert cause_of(board) == "power_on"


def test_a_supply_that_fails_leaves_its_name(board):
    """_qemu.brown_out() stands for the supply monitor, which the emulator has not."""
    board.start("import _qemu; _qemu.brown_out()")
    board.enter()

    assert cause_of(board) == "brown_out"
