"""The rows as a table for people, and as JSON."""

import json
import platform
from datetime import date
from pathlib import Path

import peers
from constants import beat_hash, breath_hash

_RESULTS = Path(__file__).parents[1] / "RESULTS"
_README = Path(__file__).parents[1] / "README.md"
_BEGIN, _END = "<!-- filters: begin -->", "<!-- filters: end -->"
_PACKAGES = ("numpy", "scipy", "sleepecg", "wfdb", "neurokit2", "vqf")


def figure(value, digits):
    """A number as the table shows it; why there is none, otherwise."""
    if value is None:
        return "--"
    return value if isinstance(value, str) else f"{value:,.{digits}f}"


def lines(rows):
    """A Markdown table."""
    out = ["| what | target | ours | | peers in the same run |", "| --- | --- | --- | --- | --- |"]
    for row in rows:
        bound = "at most" if row.lower else "at least"
        target = "" if row.target is None else f"{bound} {row.target:g} {row.unit}"
        met = {True: "met", False: "**not met**", None: ""}[row.met]
        theirs = ", ".join(f"{name} {figure(value, row.digits)}" for name, value in row.peers.items())
        out.append(
            f"| {row.what} | {target} | {figure(row.ours, row.digits)} {row.unit} | {met} | {theirs} |"
        )
    notes = [f"- {row.what}: {note}." for row in rows for note in row.notes]
    return [*out, "", *notes]


def about():
    """Where and with what the table was made."""
    return {
        "date": date.today().isoformat(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "packages": {name: peers.version(name) for name in _PACKAGES},
        "beat_constants": beat_hash(),
        "breath_constants": breath_hash(),
    }


def keep(rows):
    """Write RESULTS/filters.json and the table in the README."""
    _RESULTS.mkdir(exist_ok=True)
    content = {"about": about(), "rows": [row.as_json() for row in rows]}
    text = json.dumps(content, indent=1, ensure_ascii=False)
    (_RESULTS / "filters.json").write_text(text + "\n", encoding="utf-8")
    made = about()
    versions = ", ".join(f"{name} {version}" for name, version in made["packages"].items())
    where = f"{made['date']}, {made['machine']}, Python {made['python']}"
    head = f"Made by `make bench-filters` on {where}; {versions}."
    readme = _README.read_text(encoding="utf-8")
    before, _, rest = readme.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    table = "\n".join([_BEGIN, head, "", *lines(rows), _END])
    _README.write_text(before + table + after, encoding="utf-8")
