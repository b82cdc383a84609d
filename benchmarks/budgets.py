"""The hub's budgets in instructions and bytes, counted in the emulator; exits 1 when one is missed.

    python benchmarks/budgets.py             measure, judge, compare with the recorded figures
    python benchmarks/budgets.py --record    and write them to RESULTS/budgets.json and README.md

Counts repeat within a percent (README.md says which), so that a figure which is more than 5 % above
the recorded one fails too: whoever makes something dearer says so by recording it.
"""

import argparse
import datetime
import json
import sys
from pathlib import Path
from typing import NamedTuple

import budgets_page
import hub_figures

RESULTS = Path(__file__).parent / "RESULTS" / "budgets.json"
_GROWTH = 1.05


class Row(NamedTuple):
    """One line of the table; a figure without a budget is told, recorded and compared."""

    figure: str
    text: str
    unit: str
    budget: int | None = None


_I = "instructions"
ROWS = (
    Row("viper_frame", "frame of 100 bytes (pack, leaf, CRC, COBS), viper", _I, 30_000),
    Row("c_frame", "the same, C module", _I, 14_000),
    Row("c_frame_packed", "the same records packed without loss, C module", _I),
    Row("viper_frame_packed", "the same, viper", _I),
    Row("c_frame_nodes", "a frame's share of its epoch's tree, C module", _I),
    Row("viper_sign", "Ed25519 signature, viper", _I, 30_000_000),
    Row("viper_sign_step", "longest step of it", _I),
    Row("viper_verify", "Ed25519 verification, viper", _I, 53_300_000),
    Row("viper_verify_step", "longest step of it", _I),
    Row("c_sign", "Ed25519 signature, C module", _I, 569_000),
    Row("c_verify", "Ed25519 verification, C module", _I, 1_382_000),
    Row("c_close", "close of an epoch of 6 streams, C module", _I, 300_000),
    Row("c_open", "opening the next", _I),
    Row("viper_close", "close of an epoch of 6 streams, viper", _I),
    Row("c_default_second", "a second of everything, default profile, C module", _I, 2_000_000),
    Row("c_full_second", "the same, full garment", _I, 3_500_000),
    Row("viper_default_second", "the same, default profile, viper", _I),
    Row("c_default_heap", "heap in use, default profile, C module", "bytes", 65_536),
    Row("c_full_heap", "the same, full garment", "bytes"),
    Row("viper_default_heap", "the same, default profile, no C module", "bytes"),
    Row("stock_heap", "stock firmware, default profile, all files on flash as .mpy", "bytes"),
    Row("c_stock_heap", "the same, the C module as a native .mpy", "bytes"),
    Row("c_sample_bytes", "heap that a sample takes, C module", "bytes", 0),
    Row("viper_sample_bytes", "the same, viper", "bytes", 0),
    Row("c_frame_bytes", "heap that a frame takes, C module", "bytes", 32),
    Row("viper_frame_bytes", "the same, viper", "bytes"),
    Row("c_flash", "image with the C module, flash", "bytes"),
    Row("c_ram", "the same, RAM with the heap of 160 KiB", "bytes"),
    Row("viper_flash", "image without it, flash", "bytes"),
    Row("viper_ram", "the same, RAM", "bytes"),
)


def missed(found: dict[str, int]) -> list[str]:
    """A sentence for each budget that is missed, and for anything that was lost on the way."""
    out = [
        f"{row.text}: {found[row.figure]:,} {row.unit}, budget {row.budget:,}"
        for row in ROWS
        if row.budget is not None and found[row.figure] > row.budget
    ]
    return out + [f"{name}: {n}" for name, n in found.items() if name.endswith("_lost") and n]


def grown(found: dict[str, int], recorded: dict[str, int]) -> list[str]:
    """A sentence for each figure that has grown by more than 5 %, or was never recorded."""
    out = []
    for row in ROWS:
        before = recorded.get(row.figure)
        if before is None:
            out.append(f"{row.text}: not recorded")
        elif found[row.figure] > before * _GROWTH:
            out.append(f"{row.text}: {found[row.figure]:,} {row.unit}, recorded {before:,}")
    return out


def table(found: dict[str, int]) -> str:
    """All rows: figure, budget, text."""
    lines = [f"{'measured':>12} {'at most':>12}"]
    for row in ROWS:
        budget = "" if row.budget is None else f"{row.budget:,}"
        lines.append(f"{found[row.figure]:>12,} {budget:>12}  {row.text}, {row.unit}")
    return "\n".join(lines)


def recorded() -> dict[str, int]:
    """The figures of RESULTS; empty when nothing was recorded."""
    figures: dict[str, int] = json.loads(RESULTS.read_text())["figures"] if RESULTS.exists() else {}
    return figures


def page() -> str:
    """README.md's tables of what was recorded."""
    kept = json.loads(RESULTS.read_text())
    limits = {row.figure: row.budget for row in ROWS if row.budget is not None}
    return budgets_page.page(kept["figures"], limits, kept["date"])


def record(found: dict[str, int]) -> None:
    """Write the figures of today, to RESULTS and to README.md."""
    RESULTS.parent.mkdir(exist_ok=True)
    text = {"date": datetime.datetime.now(datetime.UTC).date().isoformat(), "figures": found}
    RESULTS.write_text(json.dumps(text, indent=2, sort_keys=True) + "\n")
    budgets_page.write(page())


def main() -> int:
    """Measure and judge."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--record", action="store_true", help="write the figures to RESULTS/budgets.json")
    asked = parser.parse_args()
    if hub_figures.missing():
        print(hub_figures.missing(), file=sys.stderr)
        return 2
    found = hub_figures.measure()
    print(table(found))
    faults = missed(found)
    if asked.record:
        record(found)
    else:
        faults += grown(found, recorded())
    for fault in faults:
        print("missed: " + fault, file=sys.stderr)
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
