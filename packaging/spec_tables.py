"""Writes the tables of protocol/SPEC.md from layout.py, between their markers.

    python packaging/spec_tables.py [--check]

A table stands between `<!-- table NAME -->` and `<!-- end -->`. `--check`
writes nothing and exits 1 when a table is out of date.
"""

import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from tasuki_wire import codec, items, layout, succession

SPEC = Path(__file__).resolve().parent.parent / "protocol" / "SPEC.md"
MARKS = re.compile(r"(<!-- table (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)
MODES = {layout.SAMPLES: "samples", layout.ONE: "one", layout.FRAGMENTS: "fragments"}
SIZES = {"B": 1, "H": 2, "I": 4, "b": 1, "h": 2, "i": 4, "T": 8, "s": 1}
TYPES = {"B": "u8", "H": "u16", "I": "u32", "b": "i8", "h": "i16", "i": "i32", "T": "time", "s": "bytes"}

Fields = tuple[tuple[str, str, int, str, int, str], ...]
Rows = Iterable[Iterable[object]]


def table(titles: str, rows: Rows) -> str:
    """A Markdown table; titles are divided by `|`."""
    head = titles.split("|")
    lines = [head, ["---"] * len(head), *[[str(cell) for cell in row] for row in rows]]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def field_rows(fields: Fields, at: int = 0) -> list[list[object]]:
    """Offset, name, type, unit and meaning of each field."""
    out: list[list[object]] = []
    for name, code, count, unit, scale, meaning in fields:
        rest = code == "s" and not count
        kind = TYPES[code] + (" (rest)" if rest else f"[{count}]" if count > 1 or code == "s" else "")
        value = f"{unit} / {scale}" if scale != 1 else unit
        out.append([at, f"`{name}`", kind, value, meaning])
        at += SIZES[code] * count
    return out


def fields(rows: Fields) -> str:
    """Table of one field list."""
    return table("offset|field|type|unit|meaning", field_rows(rows))


def kinds(link: bool) -> str:
    """A heading and a table for every link or sample kind."""
    out = ""
    for number, name, item, _, head, rows in layout.MESSAGES:
        if (item is None) == link:
            out += f"\n#### {number} `{name}`{_about(number)}\n\n"
            out += table("offset|field|type|unit|meaning", _head_and_rows(head, rows))
    return out + "\n"


def _about(number: int) -> str:
    kind = codec.KINDS[number]
    notes = [f"item {kind.item}"] if kind.item else []
    notes += ["in fragments"] if kind.mode == layout.FRAGMENTS else []
    return f" ({', '.join(notes)})" if notes else ""


def _head_and_rows(head: Fields, rows: Fields) -> list[list[object]]:
    size = sum(SIZES[code] * count for _, code, count, *_ in head)
    out = field_rows(head)
    if rows:
        repeated = field_rows(rows, size)
        repeated[0][0] = f"{size}, repeated"
        out += repeated
    return out


def overview() -> str:
    """Every kind in one line: number, name, item, mode, sizes and seed."""
    rows = []
    for kind in codec.KINDS.values():
        size = f"{kind.head_size}" if kind.head_size else ""
        size += " + rest" if kind.head_rest else ""
        size += (
            f"{' + ' if size else ''}n x {kind.row_size}{' + rest' if kind.row_rest else ''}"
            if kind.row_size
            else ""
        )
        rows.append(
            [kind.number, f"`{kind.name}`", kind.item or "link", MODES[kind.mode], size, f"`{kind.seed:08x}`"]
        )
    return table("kind|name|item|payload|bytes|seed", rows)


def numbered(names: Iterable[str]) -> Callable[[], str]:
    """Table of names whose place is their number."""
    return lambda: table("value|name", [[i, f"`{name}`"] for i, name in enumerate(names)])


def limits() -> str:
    """Sizes and bounds."""
    return table("limit|value", [
        ["frame before stuffing (header, payload, CRC)", f"{layout.MAX_FRAME} bytes"],
        ["frame after stuffing, without delimiter", f"{layout.MAX_FRAME + 1} bytes"],
        ["payload", f"{layout.MAX_PAYLOAD} bytes"],
        ["message bytes in a fragment", f"{layout.MAX_FRAGMENT}"],
        ["message in fragments", f"{layout.MAX_MESSAGE} bytes, {layout.MAX_FRAGMENTS} fragments"],
        ["seq, each time word", f"below 2^30 = {layout.WORD}"],
        ["sample streams", f"{layout.STREAMS}, numbers 0 to {layout.STREAMS - 1}"],
        ["frames in a block", f"1 to {layout.MAX_BLOCK_FRAMES}"],
        ["time from t0 to t1 of a block", f"{layout.MAX_BLOCK_US} us"],
        ["leaves in one `leaf_hashes`", f"{(layout.MAX_MESSAGE - 9) // layout.NODE_SIZE}"],
        ["usual length of an epoch", f"{layout.DEFAULT_EPOCH_US} us"],
    ])  # fmt: skip


def packed() -> str:
    """Kinds that may be packed: columns, and the most records of a frame."""
    kinds = [codec.KINDS[number] for number in layout.PACKED_KINDS]
    return table(
        "kind|name|columns|records in a frame, at most",
        [[k.number, f"`{k.name}`", k.columns, layout.MAX_PAYLOAD // k.row_size] for k in kinds],
    )


def profile(rows: Rows) -> Callable[[], str]:
    """Table of a profile's streams."""
    return lambda: table(
        "stream|kind|site|period, us|records in a frame",
        [[s, f"`{codec.KINDS[k].name}`", f"`{layout.SITES[site]}`", us, n] for s, k, site, us, n in rows],  # type: ignore[misc]
    )


TABLES: dict[str, Callable[[], str]] = {
    "header": lambda: fields(layout.HEADER),
    "fragment": lambda: fields(layout.FRAGMENT),
    "entry": lambda: fields(layout.ENTRY),
    "meta": lambda: fields(layout.META),
    "token": lambda: fields(layout.TOKEN),
    "order": lambda: fields(layout.ORDER),
    "succession": lambda: fields(succession.SUCCESSION),
    "calibration": lambda: fields(layout.CALIBRATION),
    "calibration_row": lambda: fields(layout.CALIBRATION_ROW),
    "overview": overview,
    "samples": lambda: kinds(link=False),
    "links": lambda: kinds(link=True),
    "limits": limits,
    "items": lambda: table("bit|item|category", [[i, f"`{n}`", c] for i, (n, c) in enumerate(items.ITEMS)]),
    "answers": numbered(layout.ANSWERS),
    "close_reasons": numbered(layout.CLOSE_REASONS),
    "life_cycle": numbered(layout.LIFE_CYCLE),
    "hub_states": numbered(layout.HUB_STATES),
    "reset_causes": numbered(layout.RESET_CAUSES),
    "power_states": numbered(layout.POWER_STATES),
    "power_reasons": numbered(layout.POWER_REASONS),
    "stream_states": numbered(layout.STREAM_STATES),
    "blobs": numbered(layout.BLOBS),
    "orders": numbered(layout.ORDERS),
    "sites": numbered(layout.SITES),
    "hello_flags": lambda: table("bit|name", [[i, f"`{n}`"] for i, n in enumerate(layout.HELLO_FLAGS)]),
    "packed": packed,
    "default_profile": profile(layout.DEFAULT_PROFILE),
    "stream_status": profile((layout.STREAM_STATUS,)),
    "full_profile": profile(layout.FULL_PROFILE[len(layout.DEFAULT_PROFILE) :]),
}


def fill(text: str) -> str:
    """SPEC's text with all tables of now; KeyError for a marker without a table."""
    return MARKS.sub(lambda m: f"{m[1]}\n{TABLES[m[2]]().strip()}\n\n{m[3]}", text)


def main() -> int:
    """Write SPEC.md, or tell that it is out of date."""
    old = SPEC.read_text(encoding="utf-8")
    new = fill(old)
    if "--check" not in sys.argv[1:]:
        SPEC.write_text(new, encoding="utf-8")
    elif new != old:
        print("the tables of protocol/SPEC.md are out of date: run packaging/spec_tables.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
