"""The self-test of a line's rates: those that a board declares, on a clean and on a noisy line."""

import pytest

from qemu_board import needs_qemu
from tasuki.fleet import using
from tasuki.fleet.selftest import hub_code

pytestmark = pytest.mark.hub

DIVIDER = "__import__('machine').mem32[0x40004010]"
LINE_RATE = '''    line_rates = (115_200, 921_600)

    def line_rate(self, baud):
        """Stands for a UART's rate."""

    def battery_mv(self):'''
NOISY = LINE_RATE.replace(
    'UART\'s rate."""',
    'UART\'s rate."""\n        self.write = lambda data: self._out.write(bytes([data[0] ^ 1]))',
)


@pytest.mark.parametrize(("board", "outcome"), [(LINE_RATE, "pass"), (NOISY, "fail")], ids=["clean", "noisy"])
def test_a_board_that_can_change_its_rate_shows_the_errors_at_each(bench, everything_shows, board, outcome):
    hub = bench.add(bare=False, kept=True)
    bench.spoil(hub, "tasuki_hub/board_unix.py", "    def battery_mv(self):", board)

    found = bench.selftest(drift_s=0.1, sensors=(), rates=(115_200, 921_600))

    assert found["rate.115200.errors"].outcome == found["rate.921600.errors"].outcome == outcome


@needs_qemu
def test_the_emulated_uart_is_set_to_each_of_its_rates_and_back(bench):
    """BAUDDIV of a UART that runs at 25 MHz; 16 is what the image starts with."""
    bench.add(kind="qemu", bare=False)
    with using.prompt_of(bench.ports[0]) as prompt:
        prompt.exec(hub_code.board("qemu"))
        rates = prompt.eval("_board.line_rates")
        dividers = [prompt.eval(f"[_board.line_rate({rate}), {DIVIDER}][1]") for rate in (*rates, 0)]

    assert [round(25e6 / divider, -3) for divider in dividers[:-1]] == pytest.approx(rates, rel=0.02)
    assert dividers[-1] == 16


def test_a_rate_of_the_product_that_the_boards_line_does_not_have_fails(bench, everything_shows):
    hub = bench.add(bare=False, kept=True)
    bench.spoil(hub, "tasuki_hub/board_unix.py", "    def battery_mv(self):", LINE_RATE)

    found = bench.selftest(drift_s=0.1, sensors=(), rates=(115_200, 3_000_000))

    assert found["rate.115200.errors"].outcome == "pass"
    assert found["rate.3000000.errors"].outcome == "fail"
    assert found["rate.3000000.errors"].reason == "the board's line has no such rate"


def test_a_board_that_cannot_change_its_rate_shows_none(bench, everything_shows):
    bench.add(bare=False, kept=True)

    found = bench.selftest(drift_s=0.1, sensors=())

    assert found["rate.115200.errors"].outcome == "not_applicable"
    assert "cannot change" in found["rate.115200.errors"].reason
