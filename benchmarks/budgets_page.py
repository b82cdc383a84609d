"""The hub's figures as the tables of benchmarks/README.md, written from what was recorded."""

from collections.abc import Mapping
from pathlib import Path

README = Path(__file__).with_name("README.md")
_BEGIN, _END = "<!-- budgets: begin -->", "<!-- budgets: end -->"
# text, figure with the C module, figure without it; "" where it is not measured
_INSTRUCTIONS = (
    ("frame of 100 bytes", "c_frame", "viper_frame"),
    ("the same records packed without loss", "c_frame_packed", "viper_frame_packed"),
    ("a frame's share of the tree; without the C module hashed at the close", "c_frame_nodes", ""),
    ("Ed25519 signature", "c_sign", "viper_sign"),
    ("longest step of it", "c_sign_step", "viper_sign_step"),
    ("Ed25519 verification", "c_verify", "viper_verify"),
    ("longest step of it", "c_verify_step", "viper_verify_step"),
    ("close of an epoch of 6 streams", "c_close", "viper_close"),
    ("opening the next", "c_open", "viper_open"),
    ("a second of everything, default profile", "c_default_second", "viper_default_second"),
    ("the same, full garment", "c_full_second", ""),
)
_BYTES = (
    ("heap, default profile", "c_default_heap", "viper_default_heap"),
    ("heap, full garment", "c_full_heap", ""),
    ("heap, default profile, stock firmware with the files on its flash", "c_stock_heap", "stock_heap"),
    ("heap that a sample takes", "c_sample_bytes", "viper_sample_bytes"),
    ("heap that a frame takes", "c_frame_bytes", "viper_frame_bytes"),
    ("flash", "c_flash", "viper_flash"),
    ("RAM, with the heap of 160 KiB", "c_ram", "viper_ram"),
)


def page(figures: Mapping[str, int], budgets: Mapping[str, int], date: str) -> str:
    """Both tables; a figure above its budget is marked."""

    def cell(name: str) -> str:
        if not name:
            return ""
        over = figures[name] > budgets.get(name, figures[name])
        return f"**{figures[name]:,}, missed**" if over else f"{figures[name]:,}"

    def most(name: str) -> str:
        return f"{budgets[name]:,}" if name in budgets else ""

    out = [f"Measured on {date}; a budget that is missed is marked:"]
    for unit, rows in (("instructions", _INSTRUCTIONS), ("bytes", _BYTES)):
        out += ["", f"| {unit} | C module | at most | viper | at most |", "| --- | --- | --- | --- | --- |"]
        out += [
            f"| {text} | {cell(c)} | {most(c)} | {cell(viper)} | {most(viper)} |" for text, c, viper in rows
        ]
    return "\n".join(out) + "\n"


def written() -> str:
    """The tables as README.md has them."""
    return README.read_text(encoding="utf-8").partition(_BEGIN + "\n")[2].partition(_END)[0]


def write(text: str) -> None:
    """Put the tables into README.md."""
    before, _, rest = README.read_text(encoding="utf-8").partition(_BEGIN + "\n")
    _, _, after = rest.partition(_END)
    README.write_text(before + _BEGIN + "\n" + text + _END + after, encoding="utf-8")
