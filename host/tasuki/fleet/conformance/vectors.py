"""The vectors of protocol/vectors that a hub can be tried with."""

from collections.abc import Iterator
from pathlib import Path

import tasuki_wire

FOLDER = Path(tasuki_wire.__file__).resolve().parent.parent / "vectors"


def cases(file: str) -> Iterator[dict[str, str]]:
    """Blocks of a vector file; of a name that comes more than once the last line counts."""
    block: dict[str, str] = {}
    for line in [*(FOLDER / f"{file}.txt").read_text(encoding="ascii").splitlines(), ""]:
        if not line and block:
            yield block
            block = {}
        if line and not line.startswith("#"):
            name, _, value = line.partition(": ")
            block[name] = value


def unhex(value: str) -> bytes:
    """Bytes of a value."""
    return b"" if value == "-" else bytes.fromhex(value)
