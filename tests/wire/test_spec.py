"""SPEC.md and the vectors are what the sources make of them."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tasuki_wire import cobs, codec, layout, packing

ROOT = Path(__file__).resolve().parent.parent.parent
SPEC = (ROOT / "protocol" / "SPEC.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("script", ["spec_tables.py", "make_vectors.py"])
def test_what_is_generated_is_up_to_date(script: str) -> None:
    """The same command that CI runs."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "packaging" / script), "--check"],
        env={"PYTHONPATH": str(ROOT / "protocol")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def first_cells(heading: str, at: int) -> list[str]:
    """Names in backquotes in a column of the tables of a section."""
    section = SPEC.split(f"\n## {heading}", 1)[1].split("\n## ", 1)[0]
    rows = [line.split("|") for line in section.splitlines() if line.startswith("| ")]
    return [name for row in rows for name in re.findall(r"^ `(\w+)` $", row[at])]


def test_every_signature_domain_has_a_row_that_says_its_body() -> None:
    """In the order of the table, none forgotten."""
    assert first_cells("14. Signatures", 1) == list(layout.DOMAINS)


def test_every_fault_has_a_row_in_the_order_of_the_checks() -> None:
    """The written order is the coded one."""
    assert first_cells("3. Checks", 2) == list(layout.FAULTS[1:])


def test_the_examples_in_the_text_are_true() -> None:
    """Seed, time and stuffing that SPEC writes out."""
    assert f"{codec.BY_NAME['body_temperature'].seed:08x}" in SPEC
    assert codec.schema_text((), layout.MESSAGES[3][5]) == "*temperature|h|1|degC|128\n"
    high, low = codec.time_words(3_600_000_123)
    assert f"high {high}   low {low}      {codec.struct.pack('<II', high, low).hex(' ')}" in SPEC
    out = bytearray(5)
    cobs.encode_into(out, b"\x11\x22\0\x33", 4)
    assert f"stuffed   {out.hex(' ')}  " in SPEC
    raw = codec.struct.pack("<4h", -3, 4, 4, 2)
    size = packing.pack_into(out, 0, raw, 0, 4, 1)
    assert f"raw  {raw.hex(' ')}\n" in SPEC
    assert re.search(rf" packed +{out[:size].hex(' ')}\n", SPEC)


def test_every_link_in_the_contents_leads_to_a_heading() -> None:
    """Anchors as GitHub makes them."""
    headings = re.findall(r"^## (.+)$", SPEC, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    assert set(re.findall(r"\(#([\w-]+)\)", SPEC)) == anchors
