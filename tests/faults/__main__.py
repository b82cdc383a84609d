"""The fault matrix at full size, `make faults`: a table of zeros, or exit code 1."""

import argparse
import platform
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from faults import matrix
from faults import stage as staging

PAGE = Path(__file__).resolve().parents[2] / "docs" / "faults.md"
_LINE = "| {:<30} | {:>7} | {:>6} | {:>4} | {:>10} | {:>23} |"
_INTRO = """# The fault matrix

Blocks go from the outbox through a real mosquitto into a real PostgreSQL while something breaks. Then the
wearer withdraws ECG while more of it waits, and it goes on breaking. At the end every envelope in the
database is opened and compared with what was put. `make faults` runs it in minutes, with `RECORD=1` it
writes this page; the everyday tests run each row small (`tests/faults`, which say how each fault is made).

"""
_OUTRO = """
A block is one delivery, a block to one destination. *Faults* is how often it broke. *Leaked* counts blocks
of the withdrawn item that were committed after the withdrawal; for the row about the broker after its
tombstone was there, which is what a collector can know; for the row about erasing all of it that is there
after a collector has acknowledged, and at the end.
"""


def main():
    """Run all rows, or some; print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--blocks", type=int, default=10_500, help="for each row")
    parser.add_argument("--row", action="append", choices=matrix.ROWS)
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name}")
    options = parser.parse_args()
    head = ("fault", "blocks", "faults", "lost", "duplicated", "leaked after withdrawal")
    lines = [_LINE.format(*head), "| --- | ---: | ---: | ---: | ---: | ---: |"]
    print(lines[0], flush=True)
    clean, total, began = True, 0, time.monotonic()
    with staging.stage() as stage:
        for name in options.row or matrix.ROWS:
            found = matrix.ROWS[name](stage, options.blocks)
            row = (name, found.blocks, found.faults, found.lost, found.duplicated, found.leaked)
            lines.append(_LINE.format(*row))
            print(lines[-1], flush=True)
            clean = clean and found.clean and found.faults > 0
            total += found.blocks
    said = f"{total:,} blocks in {time.monotonic() - began:.0f} s, Python {platform.python_version()}."
    print(said)
    if options.write and not options.row:
        PAGE.write_text(_INTRO + "\n".join(lines) + f"\n\nThe last run: {said}\n" + _OUTRO, "utf-8")
    return 0 if clean else 1


if __name__ == "__main__":
    sys.exit(main())
