"""Writes the comb table of the hub's Ed25519 as a module of the hub.

    python packaging/comb_table.py 4 8 firmware/tasuki_hub/_comb.py
    python packaging/comb_table.py 5 1 firmware/tasuki_hub/_comb_large.py

The first is committed; the second is made for an image that freezes it, so
that its 78 kB stay in flash. Width and spacing are explained in comb.py.
"""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent.parent / "firmware")]
from tasuki_hub import comb  # noqa: E402
from tasuki_hub.steps import run  # noqa: E402

_LINE = 24  # table bytes in a line of source


def module_text(width: int, spacing: int) -> str:
    """Source of the module that holds the table."""
    table = run(comb.table_steps(width, spacing))
    lines = [
        f'"""Multiples of the base point, see comb.py. Made by packaging/comb_table.py {width} {spacing}."""',
        "",
        f"WIDTH = {width}",
        f"SPACING = {spacing}",
        "TABLE = (",
    ]
    for at in range(0, len(table), _LINE):
        escaped = "".join(f"\\x{byte:02x}" for byte in table[at : at + _LINE])
        lines.append(f'    b"{escaped}"')
    return "\n".join(lines) + "\n)\n"


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    Path(sys.argv[3]).write_text(module_text(int(sys.argv[1]), int(sys.argv[2])))
