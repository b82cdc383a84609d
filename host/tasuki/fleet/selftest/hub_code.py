"""What the self-test runs at a hub's prompt: its board made, tasuki_hub/selftest.py pasted, and the calls."""

import ast
import re
from functools import cache
from importlib import resources

from tasuki.fleet import literals
from tasuki.fleet.selftest.product import Product
from tasuki_wire import codec

# Fixed, and known to everybody: what it signs proves nothing but arithmetic (RFC 8032 section 7.1, TEST 2).
SEED = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
MESSAGE = b"tasuki/selftest/v1\0" + bytes(range(64))
# sys.platform to how its board is made at the prompt; a board of a product says so itself: `bench()`
_BOARDS = {
    # the terminal is raw already, and setting it again would drop what the host has not read yet
    "linux": (
        "import tasuki_hub.board_unix as _m\n"
        "class _S:\n setraw=lambda fd:None\n"
        "_S.was,_m.termios=_m.termios,_S\n"
        "_board=_m.Board()\n"
        "_m.termios=_S.was"
    ),
    "qemu": (
        "import tasuki_hub.board_qemu as _m,_qemu,json\n"
        "class _S:\n name='qemu';flash='/flash';nor=None;locked=False\n"
        "_S.config=json.load(_qemu.open('hub.json'))\n"
        "_board=_m.board(_S)\n"
        # the UART's divider of its 25 MHz (DDI 0479, 4.3.3; hub_line.c sets 16 at the start)
        "def _rate(baud):\n import machine\n machine.mem32[0x40004010]=25000000//baud if baud else 16\n"
        "_board.line_rate=_rate\n"
        "_board.line_rates=115200,460800,921600"
    ),
}
_ANY_BOARD = "import tasuki_hub.board as _m\n_board=_m.bench()"
_INTERRUPTIBLE = "\nimport micropython\nmicropython.kbd_intr(3)"
MEMORY = "memory()"
FLASH = "flash(_board)"
_ASKED = "\nprint({'board':_board.name,'rates':getattr(_board,'line_rates',())})"
SIGNATURE = f"from tasuki_hub import signer as _m\nsignature(_board,_m.engine(),{SEED!r},{MESSAGE!r})"


def board(platform: str) -> str:
    """Code that makes `_board` on a hub of this `sys.platform`, and lets Ctrl-C end what runs.

    It prints the board's name and the rates that its line has beside the usual one.
    """
    return _BOARDS.get(platform, _ANY_BOARD) + _INTERRUPTIBLE + _ASKED


def sensors(product: Product, sampled: bool) -> str:
    """Every part says who it is; sampled: and takes the product's number of records."""
    body = {n: k.row for n, k in codec.KINDS.items() if k.item not in (None, "device_status")}
    wanted = {sensor.number: sensor.records if sampled else 0 for sensor in product.sensors}
    return f"sensors(_board,Bystander(),{body!r},{wanted!r})"


def helpers() -> str:
    """What is pasted; made once, also for a whole tray."""
    with literals.ALONE:
        return _helpers()


@cache
def _helpers() -> str:
    tree = ast.parse((resources.files("tasuki_hub") / "selftest.py").read_text(encoding="utf-8"))
    return _shallow(ast.unparse(_without_docstrings(tree)))


def _shallow(source: str) -> str:
    """One blank a level: less to send. `ast.unparse` gives four, and writes every string in one line."""
    return re.sub("^(?: {4})+", lambda found: " " * (len(found[0]) // 4), source, flags=re.MULTILINE)


def _without_docstrings(tree: ast.Module) -> ast.Module:
    """They would be parsed on the hub, where the heap is small."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node):
            node.body = node.body[1:] or [ast.Pass()]
    return tree
