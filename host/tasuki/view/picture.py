"""Save the live view as a picture, e.g. for the README."""

import io
import re
from pathlib import Path

from rich.console import Console

from tasuki.view.screen import Screen
from tasuki.view.snapshot import Snapshot

_LINKS = re.compile(r"@font-face\s*\{.*?\}|<!--.*?-->", re.S)


def save_svg(snapshot: Snapshot, path: Path, lang: str = "en", width: int = 100, height: int = 32) -> None:
    """Write `snapshot` as the terminal would show it; the file loads nothing from elsewhere."""
    console = Console(
        record=True,
        width=width,
        height=height,
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
        legacy_windows=False,
    )
    console.print(Screen(snapshot, lang))
    # rich names a web font and its maker's site; the reader's own monospace font does as well
    svg = _LINKS.sub("", console.export_svg(title="tasuki demo"))
    svg = svg.replace("Fira Code, monospace", "DejaVu Sans Mono, Menlo, Consolas, monospace")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(svg, encoding="utf-8")
