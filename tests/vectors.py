"""Reads the text vectors of protocol/vectors; the only reader that CPython tests use.

A file is blocks divided by empty lines. A block is `name: value` lines; the
first names the case. A line that starts with `#` says where the bytes come
from. A name may come more than once. How a value is written follows from its
name and stands at the top of each file.
"""

from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "protocol" / "vectors"
NOTHING = "-"


class Case:
    """One block of a vector file.

    Attributes:
        name: what the case shows, a phrase.
        lines: (name, value) in the file's order.
    """

    def __init__(self, lines: list[tuple[str, str]]) -> None:
        self.lines = lines
        self.name = self.text("case")

    def __repr__(self) -> str:
        return self.name

    def has(self, name: str) -> bool:
        """True when the case has such a line."""
        return any(key == name for key, _ in self.lines)

    def texts(self, name: str) -> list[str]:
        """Values of all lines of a name, none when there is no such line."""
        return [value for key, value in self.lines if key == name]

    def text(self, name: str) -> str:
        """Value of the one line of a name; KeyError for none or several."""
        values = self.texts(name)
        if len(values) != 1:
            raise KeyError(f"{len(values)} lines {name!r} in a case")
        return values[0]

    def number(self, name: str) -> int:
        """A decimal number."""
        return int(self.text(name))

    def bytes(self, name: str) -> "bytes":
        """Bytes from hex; `-` is no bytes."""
        return unhex(self.text(name))

    def each(self, name: str) -> "list[bytes]":
        """Bytes of all lines of a name."""
        return [unhex(value) for value in self.texts(name)]


def unhex(value: str) -> bytes:
    """Bytes of one value."""
    return b"" if value == NOTHING else bytes.fromhex(value)


def words(value: str) -> "tuple[int | bytes, ...]":
    """Values of a `head` or `row` line: decimal numbers, bytes as `h` and hex."""
    return tuple(unhex(word[1:] or NOTHING) if word[0] == "h" else int(word) for word in value.split())


def read(file: str, folder: Path = FOLDER) -> list[Case]:
    """The cases of one vector file, `frames` for frames.txt."""
    return list(_blocks((folder / f"{file}.txt").read_text(encoding="ascii").splitlines()))


def _blocks(lines: list[str]) -> Iterator[Case]:
    block: list[tuple[str, str]] = []
    for line in [*lines, ""]:
        if not line and block:
            yield Case(block)
            block = []
        if line and not line.startswith("#"):
            name, value = line.split(": ", 1)
            block.append((name, value))
