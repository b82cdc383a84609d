"""Files that are replaced whole: after a crash the old one or the new one is there, never a part of one."""

import os
from pathlib import Path


def replace(path: Path, data: bytes, mode: int = 0o666) -> None:
    """Write a file anew; mode as of os.open. OSError when it cannot be done, and the old one stays."""
    draft = path.with_name(path.name + ".new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Make names in a folder durable."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
