"""The hub's files as a package for MicroPython's own installer, mip."""

import json
from pathlib import Path

from tasuki import __version__
from tasuki.fleet import compiling, payload

NAME = "package.json"
# board: sys.platform that has it
PLATFORMS = {"unix": "linux", "qemu": "qemu", "common": ""}


def write(folder: Path, board: str, arch: str | None) -> int:
    """Write files and package.json to a folder; the number of files.

    Paths in it are relative, so that the folder can be served or copied anywhere.
    """
    files = payload.sources(PLATFORMS[board])
    if arch:
        files = compiling.compiled(files, arch)
    for name, data in files.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    content = {"urls": [[name, name] for name in sorted(files)], "deps": [], "version": __version__}
    (folder / NAME).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return len(files)
