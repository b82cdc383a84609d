"""Which program holds a port: for the one sentence that tells a person what to close."""

import os
from pathlib import Path


def holder(port: str) -> str:
    """Name and process id of the program that locked a port, empty when the system does not tell.

    Linux keeps every file lock in /proc/locks, with device and inode.
    """
    try:
        status = Path(port).stat()
        locks = Path("/proc/locks").read_text(encoding="ascii").splitlines()
    except OSError:
        return ""
    place = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    for line in locks:
        words = line.split()
        if len(words) > 5 and words[1] == "FLOCK" and words[5] == place:
            return _program(words[4])
    return ""


def _program(pid: str) -> str:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0").split(b"\0")
    except OSError:
        return f"process {pid}"
    names = [Path(word.decode(errors="replace")).name for word in words]
    if len(names) > 2 and names[0].startswith("python"):  # what it runs says more
        names = names[2:] if names[1] == "-m" else names[1:]
    shown = "".join(c if c.isprintable() else "?" for c in " ".join(names[:3]))
    return f"`{shown}` (process {pid})"
